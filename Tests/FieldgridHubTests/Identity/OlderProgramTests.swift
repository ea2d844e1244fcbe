import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSchema
import FieldgridSync
import GRDB
import Testing

/// A device whose program cannot read the hub's newest schema (sync.md
/// section 5): it pulls, exports, and pushes what it has.
@Suite struct OlderProgramTests {
    let hub: TestHub
    let old: RealNode
    let new: RealNode

    init() throws {
        hub = try Probe.hub()
        old = try RealNode(hub, hub.enrol("虚构·甲"))
        new = try RealNode(hub, hub.enrol("虚构·乙"))
        try old.edit(.test(1), .create(TestHub.village), ["name": .text("虚构一")], type: "probe")
        for node in [old, new] { try node.exchange() }
        try old.reopen(reading: hub.hub.schema.version)
        try publish()
    }

    /// A field and a type more.
    private func publish() throws {
        var schema = try hub.altered { try $0.add("fax", like: "name", 40) }
        var type = try #require(schema.type(named: "probe"))
        type.number = TypeNumber(301)
        type.name = "sample"
        type.fields.removeAll { $0.kind == .reference(type: "probe") }
        schema.types.append(type)
        _ = try hub.hub.publish(try schema.canonicalJSON())
        try new.exchange()
        try new.edit(.test(1), .update, ["fax": .text("0439-1")], type: "probe")
        try new.edit(.test(9), .create(TestHub.village), ["name": .text("虚构样")], type: "sample")
        try new.exchange()
    }

    private func outside<Answer>(_ body: (Database) throws -> Answer) throws -> Answer {
        try DatabaseQueue(path: old.replica.path).write(body)
    }

    @Test func itSaysInWordsWhatItCannotReadAndThatOnlyAsOftenAsNeeded() throws {
        try old.exchange()
        let problem = "this program does not know version \(hub.hub.schema.version)"
        #expect(old.last.schemaProblem == problem)
        #expect(!old.last.schemaChanged)
        let request = try old.replica.nextRequest()
        let bytes = try hub.hub.exchange(request.encoded, device: old.device)
        #expect(bytes.count < 300, "the schema is not sent again")
        try old.exchange()
        #expect(old.last.schemaProblem == problem)
    }

    @Test func itPullsEditsAndPushesWhatItHas() throws {
        try new.edit(.test(2), .create(TestHub.village), ["name": .text("虚构二")], type: "probe")
        try new.exchange()
        try old.exchange()
        #expect(try old.shown(.test(2), "name", type: "probe") == .text("虚构二"))
        try old.edit(.test(1), .update, ["name": .text("虚构改")], type: "probe")
        try old.edit(.test(3), .create(TestHub.village), ["name": .text("虚构三")], type: "probe")
        try old.exchange()
        for node in [old, new] { try node.exchange() }
        #expect(try new.shown(.test(1), "name", type: "probe") == .text("虚构改"))
        #expect(try new.shown(.test(1), "fax", type: "probe") == .text("0439-1"))
        #expect(try new.shown(.test(3), "name", type: "probe") == .text("虚构三"))
        #expect(try old.replica.counts() == new.replica.counts())
    }

    @Test func itExportsItsTableAndItsBundleAndTakesTheAnswer() throws {
        try old.edit(.test(3), .create(TestHub.village), ["name": .text("虚构三")], type: "probe")
        let answer = try #require(hub.imported(old.exported()).reply)
        try old.imported(answer.file)
        #expect(try old.replica.counts().outbox == 0)
        let type = try #require(old.replica.schema.type(named: "probe"))
        let names = try Dump.lines(of: old.replica, type: type)
        #expect(names.count == 2)
        #expect(old.replica.unreadSchema != nil)
        // The next one says that it has the schema, readable or not.
        let next = try #require(hub.imported(old.exported()).reply)
        #expect(next.file.count < 600)
    }

    @Test func whatItCarriesIsUntouchedByItsOwnEditsAndMovesWithTheUpgrade() throws {
        try old.exchange()
        try old.edit(.test(1), .update, ["people": .integer(3)], type: "probe")
        try old.exchange()
        try old.exchange()
        #expect(
            try outside { try Int.fetchOne($0, sql: "SELECT count(*) FROM fg_carried") } ?? 0 > 2)
        try old.reopen()
        let sentences = old.replica.openingReport.schemaSentences
        #expect(sentences == ["new field probe.fax", "new record type sample"])
        #expect(try old.shown(.test(1), "fax", type: "probe") == .text("0439-1"))
        #expect(try old.shown(.test(9), "name", type: "sample") == .text("虚构样"))
        #expect(try outside { try Int.fetchOne($0, sql: "SELECT count(*) FROM fg_carried") } == 0)
        #expect(old.replica.unreadSchema == nil)
        try Probe.settle(hub, [old, new])
        #expect(old.repaired.isEmpty, "what was carried is what the hub has")
        #expect(try old.replica.counts().outbox == 0)
    }

    @Test func theUpgradeWithoutANetworkSealsFirstWhatOthersWroteUnderTheOldSchema() throws {
        let earlier = SchemaTag(document: try old.replica.schema.canonicalJSON())
        try old.exchange()
        try outside { try $0.execute(sql: "UPDATE probe SET name = '虚构外'") }
        try old.reopen()
        let request = try old.replica.nextRequest().request
        #expect(request.batch?.changesets.map(\.schema) == [earlier])
        #expect(try old.shown(.test(1), "fax", type: "probe") == .text("0439-1"))
        try Probe.settle(hub, [old, new])
        #expect(try new.shown(.test(1), "name", type: "probe") == .text("虚构外"))
    }

    @Test func whatOthersWroteIsSealedBeforeAnExchangeBringsANewSchema() throws {
        let node = try RealNode(hub, hub.enrol("虚构·丙"))
        let earlier = hub.hub.identity.schema
        try hub.republish { try $0.add("email", like: "name", 41) }
        try DatabaseQueue(path: node.replica.path).write {
            try $0.execute(sql: "UPDATE probe SET name = '虚构外'")
        }
        let request = try node.replica.nextRequest()
        #expect(request.request.batch == nil, "nobody has looked at the log yet")
        let reply = try ExchangeCodec.decodeReply(
            hub.hub.exchange(request.encoded, device: node.device))
        let applied = try node.replica.apply(reply)
        #expect(applied.schemaSentences == ["new field probe.email"])
        let sealed = try node.replica.nextRequest().request.batch?.changesets
        #expect(sealed?.map(\.schema) == [earlier])
        try Probe.settle(hub, [node, new])
        #expect(try new.shown(.test(1), "name", type: "probe") == .text("虚构外"))
    }

    @Test func aHubThatWentBackToTheOldSchemaIsUnderstoodAgain() throws {
        let other = try Probe.hub()
        let node = try RealNode(other, other.enrol("虚构·甲"))
        try node.reopen(reading: other.hub.schema.version)
        let backup = try other.backup()
        try other.republish { try $0.add("fax", like: "name", 40) }
        try node.exchange()
        #expect(node.replica.unreadSchema != nil)
        try other.restore(backup)
        for _ in 0..<2 { try node.exchange() }
        #expect(node.replica.unreadSchema == nil)
    }
}
