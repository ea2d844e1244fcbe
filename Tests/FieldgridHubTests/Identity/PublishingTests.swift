import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSchema
import FieldgridService
import FieldgridSync
import Testing

/// What publishing a schema does to what is there already (sync.md 9.21).
@Suite struct PublishingTests {
    private func disputed() throws -> (hub: TestHub, nodes: [RealNode]) {
        let (hub, first, second) = try Probe.pair(["people": .integer(10)])
        try second.edit(.test(1), .update, ["people": .integer(30)], type: "probe")
        hub.clock.advance(minutes: 1)
        try first.edit(.test(1), .update, ["people": .integer(20)], type: "probe")
        try Probe.settle(hub, [first, second])
        return (hub, [first, second])
    }

    @Test func aNewFieldChangesNothingButTheSchema() throws {
        let (hub, nodes) = try disputed()
        let node = nodes[0]
        let before = try hub.contents()
        let idle = try hub.hub.exchange(node.replica.nextRequest().encoded, device: node.device)
        var quiet = try ExchangeCodec.decodeReply(idle)
        (quiet.sums, quiet.checked, quiet.audit) = ([], nil, [])
        let rows = try node.contents()
        let change = try hub.republish { try $0.add("fax", like: "name", 40) }
        #expect(change.sentences == ["new field probe.fax"])
        #expect(try hub.contents() == before, "no position, no record, no history")
        let request = try node.replica.nextRequest()
        let bytes = try hub.hub.exchange(request.encoded, device: node.device)
        var reply = try ExchangeCodec.decodeReply(bytes)
        #expect(reply.records.isEmpty)
        #expect(reply.schemaDocument == (try hub.hub.schema.canonicalJSON()))
        (reply.schemaDocument, reply.audit) = (nil, [])
        let rest = ExchangeCodec.encode(reply).count
        #expect(rest == ExchangeCodec.encode(quiet).count, "the document is all there is")
        try node.exchange()
        #expect(try node.contents() == rows, "every row is as it was")
        #expect(try node.replica.counts().outbox == 0)
        let after = try hub.hub.exchange(node.replica.nextRequest().encoded, device: node.device)
        #expect(after.count == idle.count)
    }

    @Test func anotherPolicyDecidesAnewWhatIsDisputedAndEverybodyHearsOfIt() throws {
        let (hub, nodes) = try disputed()
        #expect(try nodes[0].shown(.test(1), "people", type: "probe") == .integer(20))
        let position = try #require(nodes[0].replica.positions[TestHub.village])
        try hub.republish { try $0.alter("people") { $0.policy = .max } }
        try Probe.settle(hub, nodes)
        #expect(try nodes[1].shown(.test(1), "people", type: "probe") == .integer(30))
        #expect(try #require(nodes[0].replica.positions[TestHub.village]) > position)
        #expect(try hub.conflictList().map { $0["state"].text } == ["settled"])
        try hub.republish { try $0.alter("people") { $0.policy = .review } }
        try Probe.settle(hub, nodes)
        #expect(try hub.conflictList(all: false).map { $0["unit"].text } == ["people"])
    }

    @Test func aPolicyThatDecidesTheSameMovesNothing() throws {
        let (hub, _) = try disputed()
        let before = try hub.contents()
        try hub.republish { try $0.alter("people") { $0.policy = .precedence([.onSite]) } }
        #expect(try hub.contents() == before)
    }

    @Test func reasonsNameTheSchemaTheyWereMadeUnderAndDecideTheSameEverAfter() throws {
        let (hub, nodes) = try disputed()
        let earlier = hub.hub.identity.schema
        try hub.republish { try $0.alter("people") { $0.policy = .precedence([.onSite]) } }
        try nodes[0].exchange()
        let service = try RecordService(
            store: nodes[0].replica, place: .node, author: "虚构·甲", clock: hub.clock,
            newID: { .test(990) })
        let reasons = try service.storedReasons().values
        #expect(reasons.map(\.schema) == [earlier])
        for reason in reasons { #expect(reason.replayed == reason.stored) }
        let conflict = try #require(try hub.conflictList().first)
        #expect(
            conflict["reason"]["policy_version"].text.flatMap { UInt64($0, radix: 16) }
                == earlier.value)
    }

    @Test func aNewNaturalKeyFindsTheDuplicatesThatAreThereAlready() throws {
        let (hub, first, second) = try Probe.pair(["maker": .text("虚构·丁")])
        try second.edit(
            .test(2), .create(TestHub.village), ["maker": .text("虚构·丁")], type: "probe")
        try Probe.settle(hub, [first, second])
        #expect(try hub.conflictList().isEmpty)
        try hub.republish { $0.naturalKeys.insert(["maker"], at: 0) }
        #expect(try hub.conflictList().map { $0["kind"].text } == ["duplicate"])
        try Probe.settle(hub, [first, second])
        try hub.republish { $0.naturalKeys.removeFirst() }
        #expect(try hub.conflictList(all: false).isEmpty, "no key says so any more")
        try first.edit(.test(1), .update, ["code": .text("B-1")], type: "probe")
        try second.edit(
            .test(3), .create(TestHub.village), ["code": .text("B-1")], type: "probe")
        try Probe.settle(hub, [first, second])
        #expect(try hub.conflictList(all: false).map { $0["kind"].text } == ["duplicate"])
    }

    @Test func aSchemaThatCannotFollowLeavesEverythingAsItWas() throws {
        let (hub, _) = try disputed()
        let (tag, before) = (hub.hub.identity.schema, try hub.contents())
        let error = #expect(throws: HubError.self) {
            try hub.republish {
                try $0.add("fax", like: "name", 40)
                $0.fields.removeAll { $0.name == "tags" }
            }
        }
        #expect(error?.message.contains("field probe.tags is missing") == true)
        #expect(hub.hub.identity.schema == tag)
        #expect(try hub.contents() == before)
    }
}
