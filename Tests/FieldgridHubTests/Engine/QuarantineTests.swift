import FieldgridHub
import FieldgridModel
import FieldgridSync
import Testing

@Suite struct QuarantineTests {
    private func outcome(_ reply: ExchangeReply, _ seq: Int64) -> Receipt.Outcome? {
        reply.receipts.first { $0.seq == seq }?.outcome
    }

    private func code(_ reply: ExchangeReply, _ seq: Int64) -> QuarantineCode? {
        guard case .quarantined(let code, _)? = outcome(reply, seq) else { return nil }
        return code
    }

    @Test func aRefusedChangesetDoesNotHoldUpTheOnesAfterIt() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        try node.create("employer", .test(1), ["name": .text("虚构木业"), "uscc": .text("912206")])
        try node.create("employer", .test(2), ["name": .text("虚构粮油")])
        let reply = try node.exchange()
        #expect(code(reply, 1) == .rule)
        #expect(code(reply, 2) == nil)
        #expect(try hub.hub.record(.test(2), type: hub.type("employer")) != nil)
    }

    @Test func theHubTellsWhatItHasSetAsideWhoseItIsAndWhy() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        try node.create("employer", .test(1), ["name": .text("虚构木业"), "uscc": .text("912206")])
        try node.exchange()
        hub.clock.advance(minutes: 5)
        try node.create(
            "employer", .test(2), ["name": .text("虚构粮油")], scope: ScopeCode("999999"))
        try node.exchange()
        let entries = try hub.hub.quarantine()
        #expect(entries.map(\.waiting.code) == [.rule, .scopeUnknown])
        #expect(entries.map(\.waiting.changeset.identity.seq) == [1, 2])
        #expect(entries.map(\.device?.holder) == ["虚构·甲", "虚构·甲"])
        #expect(entries.map { $0.records.map(\.id) } == [[.test(1)], [.test(2)]])
        #expect(entries.flatMap(\.records).map(\.name) == ["虚构木业", "虚构粮油"])
        #expect(entries.flatMap(\.records).map(\.type) == ["employer", "employer"])
        try node.set("employer", .test(1), ["uscc": .text("912206020000000005")])
        try node.exchange()
        #expect(try hub.hub.quarantine().map(\.waiting.code) == [.scopeUnknown])
    }

    @Test func theCorrectionOfARefusedCreationIsTheNextEdit() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        try node.create(
            "employer", .test(1), ["name": .text("虚构木业"), "uscc": .text("912206")])
        try node.exchange()
        try node.set("employer", .test(1), ["phone": .text("13804390001")])
        #expect(code(try node.exchange(), 2) == .rule, "it waits with the creation")
        try node.set("employer", .test(1), ["uscc": .text("912206020000000005")])
        let reply = try node.exchange()
        #expect(code(reply, 3) == nil)
        let type = try hub.type("employer")
        let record = try #require(try hub.hub.record(.test(1), type: type))
        let phone = try #require(type.field(named: "phone")).number
        let uscc = try #require(type.field(named: "uscc")).number
        #expect(record.values[phone] == .text("13804390001"))
        #expect(record.values[uscc] == .text("912206020000000005"))
        #expect(try hub.hub.status().quarantined == 0)
    }

    @Test func aRefusedEditDoesNotHoldUpEditsOfOtherUnits() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        try node.create("employer", .test(1), ["name": .text("虚构木业")])
        try node.set("employer", .test(1), ["uscc": .text("912206")])
        try node.set("employer", .test(1), ["phone": .text("13804390001")])
        try node.set("employer", .test(1), ["uscc": .text("912206020000000005")])
        let reply = try node.exchange()
        #expect((1...4).map { code(reply, $0) } == [nil, .rule, nil, nil])
        #expect(try hub.hub.status().quarantined == 0)
    }

    @Test func aGridOutsideTheEnrolmentIsRefused() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        try node.create(
            "employer", .test(1), ["name": .text("虚构木业")], scope: TestHub.otherVillage)
        try node.create(
            "employer", .test(2), ["name": .text("虚构木业")], scope: ScopeCode("999999"))
        let reply = try node.exchange()
        #expect(code(reply, 1) == .scopeForbidden)
        #expect(code(reply, 2) == .scopeUnknown)
    }

    @Test func onlyTheHubWritesTheGridTree() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        try node.create(
            "grid", .test(1),
            ["code": .text("220602103299"), "name": .text("虚构村"), "level": .integer(3)])
        #expect(code(try node.exchange(), 1) == .hubOnly)
    }

    @Test func aChildOfAMissingRecordIsParkedWhereItsAuthorPutItUntilThatComes() throws {
        let hub = try TestHub()
        var office = SketchNode(hub, try hub.enrol("虚构·乙", TestHub.township))
        try office.create(
            "snapshot", .test(5),
            ["employer": .text(RecordID.test(1).description), "period": .text("2026H2")],
            scope: TestHub.village)
        #expect(code(try office.exchange(), 1) == nil)
        #expect(try hub.state(.test(5))?.scope == TestHub.village)

        var other = SketchNode(hub, try hub.enrol("虚构·丙", TestHub.otherVillage))
        try other.create("employer", .test(1), ["name": .text("虚构木业")])
        try other.exchange()
        #expect(try hub.state(.test(5))?.scope == TestHub.otherVillage)
        try office.exchange()
        #expect(office.records[.test(5)] != nil)
    }

    /// What a form never makes, and a faulty client might.
    @Test(arguments: [
        (UnitNumber.presence, Value.integer(7), QuarantineCode.rule),
        (UnitNumber.scope, .null, .scopeUnknown),
        (UnitNumber.scope, .integer(5), .scopeUnknown),
        (UnitNumber(2), .text("e\u{301}"), .rule),
        (UnitNumber(2), .text(""), .rule),
        (UnitNumber(2), .text("a\u{0}b"), .rule),
    ])
    func valuesThatAreNotCanonicalAreRefused(
        unit: UnitNumber, value: Value, expected: QuarantineCode
    ) throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        try node.create("employer", .test(1), ["name": .text("虚构木业")])
        node.save([
            Change(
                type: try hub.type("employer").number, record: .test(1), unit: unit,
                value: UnitValue(value))
        ])
        let reply = try node.exchange()
        #expect([code(reply, 1), code(reply, 2)] == [nil, expected])
    }

    @Test(arguments: [("虚构·别人", ValueSource.onSite), ("虚构·甲", .hub)])
    func aDeviceSpeaksForItsHolderOnly(author: String, source: ValueSource) throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        try node.create("employer", .test(1), ["name": .text("虚构木业")], source: source)
        node.sealed[0].author = author
        #expect(code(try node.exchange(), 1) == .author)
    }

    @Test func quarantineIsRememberedAcrossRestarts() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        try node.create("employer", .test(1), [:])
        try node.exchange()
        #expect(try hub.reopened().status().quarantined == 1)
    }
}
