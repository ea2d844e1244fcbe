import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSchema
import FieldgridSync
import Testing

/// Hubs and nodes with different schemas (sync.md 9.21).
@Suite struct SchemaSkewTests {
    private let shop = RecordID.test(1)

    /// The hub's schema with one more field of employers.
    private func extended(_ hub: TestHub) throws -> Schema {
        var schema = hub.hub.schema
        let place = try #require(schema.types.firstIndex { $0.name == "employer" })
        var field = try #require(schema.types[place].field(named: "phone"))
        field.number = UnitNumber(4_000)
        field.name = "fax"
        schema.types[place].fields.append(field)
        return schema
    }

    @Test func aNewFieldReachesNodesAndMakesNoChanges() throws {
        let (hub, node) = try RealNode.withOneEmployer(shop)
        let positions = node.replica.positions
        let change = try hub.hub.publish(try extended(hub).canonicalJSON())
        #expect(change.sentences == ["new field employer.fax"])
        try node.exchange()
        #expect(node.replica.positions == positions)
        #expect(try node.replica.counts().outbox == 0)
        try node.edit(shop, .update, ["fax": .text("13800000001")])
        try node.exchange()
        #expect(try hub.hub.shown("fax", of: shop) == .text("13800000001"))
        try expectAgreement(hub, node)
    }

    @Test func aSchemaThatReusesANumberIsRefused() throws {
        let (hub, _) = try RealNode.withOneEmployer(shop)
        let tag = hub.hub.identity.schema
        var schema = hub.hub.schema
        let place = try #require(schema.types.firstIndex { $0.name == "employer" })
        schema.types[place].fields[1].name = "renamed"
        let error = #expect(throws: HubError.self) {
            try hub.hub.publish(try schema.canonicalJSON())
        }
        #expect(error?.code == "schema.incompatible")
        #expect(hub.hub.identity.schema == tag)
    }

    @Test func workMadeUnderAnEarlierSchemaIsAccepted() throws {
        let (hub, node) = try RealNode.withOneEmployer(shop)
        try node.edit(shop, .update, ["phone": .text("13800000001")])
        _ = try hub.hub.publish(try extended(hub).canonicalJSON())
        try node.exchange()
        #expect(try hub.hub.shown("phone", of: shop) == .text("13800000001"))
        #expect(try node.replica.counts().quarantined == 0)
    }

    @Test func workMadeUnderASchemaNobodyPublishedWaits() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·王"))
        try node.create("employer", shop, ["name": .text("虚构木业")])
        node.sealed[0].schema = SchemaTag(77)
        let reply = try node.exchange()
        guard case .quarantined(let code, _)? = reply.receipts.first?.outcome else {
            Issue.record("it was accepted")
            return
        }
        #expect(code == .schema)
    }

    @Test func workMadeUnderASchemaThatIsPublishedLaterIsAcceptedThen() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·王"))
        let next = try extended(hub).canonicalJSON()
        try node.create("employer", shop, ["name": .text("虚构木业")])
        node.sealed[0].schema = SchemaTag(document: next)
        try node.exchange()
        #expect(try hub.state(shop) == nil)
        _ = try hub.hub.publish(next)
        #expect(try hub.state(shop)?.isAlive == true)
    }

    @Test(arguments: ["phone", "licence_photo"])
    func aRegisterThatBecomesAListOfEntriesIsRefused(name: String) throws {
        let hub = try TestHub()
        var schema = hub.hub.schema
        let place = try #require(schema.types.firstIndex { $0.name == "employer" })
        let field = try #require(
            schema.types[place].fields.firstIndex { $0.name == name })
        schema.types[place].fields[field].policy = .append
        let error = #expect(throws: HubError.self) {
            try hub.hub.publish(try schema.canonicalJSON())
        }
        #expect(error?.message.contains(name) == true)
    }
}
