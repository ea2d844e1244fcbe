import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSchema
import Testing

/// Two records of one thing in the world (sync.md 9.19).
@Suite struct DuplicateTests {
    private static let shared: [String: Value] = ["code": .text("A-1")]

    /// Each node made a record with the same code; the office holds both.
    private func twins(
        _ first: [String: Value] = [:], _ second: [String: Value] = [:]
    ) throws -> (hub: TestHub, first: RealNode, second: RealNode, id: RecordID) {
        let hub = try Probe.hub()
        let one = try RealNode(hub, hub.enrol("虚构·甲"))
        let two = try RealNode(hub, hub.enrol("虚构·乙"))
        let values = Self.shared
        try one.edit(
            .test(1), .create(TestHub.village), values.merging(first) { $1 }, type: "probe")
        hub.clock.advance(minutes: 1)
        try two.edit(
            .test(2), .create(TestHub.village), values.merging(second) { $1 }, type: "probe")
        try Probe.settle(hub, [one, two])
        return (hub, one, two, .duplicate(.test(1), .test(2)))
    }

    private func merge(_ node: RealNode, _ id: RecordID, also: [RecordEdit] = []) throws {
        let settlement = Settlement(conflict: id, sides: [])
        try node.save(
            [
                try node.edited(
                    .test(2), .merge(into: .test(1)), type: "probe",
                    settlements: ["presence": settlement])
            ] + also)
    }

    @Test func bothAreAcceptedAndOneConflictSaysSo() throws {
        let (_, first, _, id) = try twins()
        let conflict = try #require(try first.conflicts().first)
        #expect(try first.conflicts().count == 1)
        #expect(conflict["id"] == .text(id.description))
        #expect(conflict["kind"] == .text("duplicate"))
        #expect(conflict["state"] == .text("open"))
        #expect(try first.shown(.test(2), "code", type: "probe") != nil)
    }

    @Test func aConflictGoesWhereBothAreHeldWhenAVillageGoesToAnotherTownship() throws {
        let hub = try Probe.hub()
        let one = try RealNode(hub, hub.enrol("虚构·甲", TestHub.township))
        let values = Self.shared
        try one.edit(.test(1), .create(TestHub.township), values, type: "probe")
        try one.edit(.test(2), .create(TestHub.village), values, type: "probe")
        try one.exchange()
        let id = RecordID.duplicate(.test(1), .test(2))
        #expect(try hub.state(id)?.scope == TestHub.township)
        try hub.hang(TestHub.village, below: ScopeCode("220602100"))
        #expect(try hub.state(id)?.scope == ScopeCode("220602"))
    }

    @Test func mergingKeepsWhatEitherHadByTheUsualPolicies() throws {
        let (hub, first, second, id) = try twins(
            ["name": .text("虚构甲名"), "visits": .integer(3)],
            ["name": .text("虚构乙名"), "people": .integer(7), "visits": .integer(4)])
        try merge(first, id)
        try Probe.settle(hub, [first, second])
        #expect(try second.shown(.test(2), "code", type: "probe") == nil)
        #expect(try second.shown(.test(1), "name", type: "probe") == .text("虚构乙名"))
        #expect(try second.shown(.test(1), "people", type: "probe") == .integer(7))
        #expect(try second.shown(.test(1), "visits", type: "probe") == .integer(7))
        let states = try second.conflicts().map { [$0["kind"], $0["state"]] }
        #expect(states.contains([.text("duplicate"), .text("settled")]))
        #expect(states.contains([.text("hard"), .text("decided")]))
    }

    @Test func aDeviceKnowsIntoWhichRecordItMergedBeforeTheHubAnswers() throws {
        let (hub, first, _, id) = try twins()
        try merge(first, id)
        let gone = try #require(try first.replica.record(.test(2), type: hub.type("probe")))
        #expect(!gone.isAlive)
        #expect(gone.alias == .test(1))
    }

    @Test func theValuesThatAPersonChoseStandWithoutAnotherConflict() throws {
        let (hub, first, second, id) = try twins(
            ["name": .text("虚构甲名")], ["name": .text("虚构乙名")])
        try merge(
            first, id,
            also: [
                first.edited(.test(1), .update, ["name": .text("虚构正名")], type: "probe")
            ])
        try Probe.settle(hub, [first, second])
        #expect(try second.shown(.test(1), "name", type: "probe") == .text("虚构正名"))
        #expect(try second.conflicts().allSatisfy { $0["state"] != .text("open") })
    }

    @Test func whoChoosesTheValuesOfTheRecordThatStaysGetsThem() throws {
        let (hub, first, second, id) = try twins(
            ["name": .text("虚构甲名")], ["name": .text("虚构乙名")])
        var choice = try first.edited(
            .test(1), .update, ["name": .text("虚构甲名")], type: "probe")
        choice.restates = true
        try merge(first, id, also: [choice])
        try Probe.settle(hub, [first, second])
        #expect(try second.shown(.test(1), "name", type: "probe") == .text("虚构甲名"))
        #expect(try second.conflicts().allSatisfy { $0["state"] == .text("settled") })
    }

    @Test(arguments: ["code", "name"])
    func whoDeletesOneOfTwoDestroysNoEditThatHeHadNotSeen(field: String) throws {
        let (hub, first, second, _) = try twins()
        try first.edit(.test(2), .update, [field: .text("B-9")], type: "probe")
        try second.edit(.test(2), .delete, type: "probe")
        try second.exchange()
        try Probe.settle(hub, [first, second])
        #expect(try second.shown(.test(2), field, type: "probe") == .text("B-9"))
        let states = try second.conflicts().map { [$0["kind"], $0["state"]] }
        #expect(states.contains([.text("deleted"), .text("open")]))
        #expect(states.contains([.text("duplicate"), .text("settled")]))
    }

    @Test(arguments: [DuplicateOutcome.merged, .apart, nil])
    func howItEndedIsSaid(outcome: DuplicateOutcome?) throws {
        let (hub, first, second, id) = try twins()
        let settlement = ["presence": Settlement(conflict: id, sides: [])]
        switch outcome {
        case .merged: try merge(first, id)
        case .apart:
            try first.edit(.test(2), .update, type: "probe", settlements: settlement)
        case nil:
            try first.edit(.test(2), .update, ["code": .text("A-2")], type: "probe")
        }
        try Probe.settle(hub, [first, second])
        let reason = try #require(try second.conflicts().first?["reason"]?.text)
        let said = outcome.map { "\"outcome\":\"\($0.rawValue)\"" }
        #expect(said.map(reason.contains) ?? !reason.contains("outcome"))
        #expect(try second.conflicts().first?["state"] == .text("settled"))
    }

    @Test func aLateEditThroughTheOtherIdReachesTheRecordThatStayed() throws {
        let (hub, first, second, id) = try twins()
        try merge(first, id)
        try first.exchange()
        try second.edit(.test(2), .update, ["people": .integer(12)], type: "probe")
        try Probe.settle(hub, [first, second])
        #expect(try first.shown(.test(1), "people", type: "probe") == .integer(12))
    }

    @Test func aLateEditThroughTheOtherIdHasNotSeenWhatTheRecordThatStayedHad() throws {
        let (hub, first, second, id) = try twins(["arrears": .integer(100)], [:])
        try merge(first, id)
        try first.exchange()
        try second.edit(.test(2), .update, ["arrears": .integer(900)], type: "probe")
        try Probe.settle(hub, [first, second])
        let sides = try #require(try hub.state(.test(1))?.units[UnitNumber(11)]?.sides)
        #expect(sides.map(\.value.single) == [.integer(100), .integer(900)])
    }

    @Test func aLateDeleteThroughTheOtherIdDestroysNothing() throws {
        let (hub, first, second, id) = try twins()
        try merge(first, id)
        try first.exchange()
        try second.edit(.test(2), .delete, type: "probe")
        try Probe.settle(hub, [first, second])
        #expect(try first.shown(.test(1), "code", type: "probe") == .text("A-1"))
    }

    @Test func referencesFollowAndComeBackWhenItIsUndone() throws {
        let (hub, first, second, id) = try twins(["people": .integer(3)], ["people": .integer(8)])
        let reference = Value.text(RecordID.test(2).description)
        try first.edit(
            .test(5), .create(TestHub.village), ["sister": reference], type: "probe")
        try Probe.settle(hub, [first, second])
        try merge(second, id)
        try Probe.settle(hub, [first, second])
        #expect(
            try first.shown(.test(5), "sister", type: "probe")
                == .text(RecordID.test(1).description))

        // Made through the merged record while it was merged: it goes back with it.
        try first.edit(
            .test(2), .update, type: "probe",
            settlements: ["presence": Settlement(conflict: id, sides: [], isUndo: true)])
        try Probe.settle(hub, [first, second])
        #expect(try second.shown(.test(5), "sister", type: "probe") == reference)
        #expect(try second.shown(.test(1), "people", type: "probe") == .integer(3))
        #expect(try second.shown(.test(2), "people", type: "probe") == .integer(8))
        let all = try first.conflicts()
        let reopened = try #require(all.first { $0["kind"] == .text("duplicate") })
        #expect(reopened["state"] == .text("reopened"))
        let sides = try #require(reopened["sides"]?.text)
        #expect(sides.contains(RecordID.test(1).description))
        #expect(sides.contains(RecordID.test(2).description), "both are shown again")
    }

    @Test func undoingGivesEachIdBackTheChangesMadeThroughIt() throws {
        let (hub, first, second, id) = try twins()
        try merge(first, id)
        try first.exchange()
        try second.edit(.test(2), .update, ["people": .integer(12)], type: "probe")
        try second.exchange()
        try first.exchange()
        try first.edit(.test(1), .update, ["name": .text("虚构甲名")], type: "probe")
        try Probe.settle(hub, [first, second])
        try first.edit(
            .test(2), .update, type: "probe",
            settlements: ["presence": Settlement(conflict: id, sides: [], isUndo: true)])
        try Probe.settle(hub, [first, second])
        #expect(try first.shown(.test(2), "people", type: "probe") == .integer(12))
        #expect(try first.shown(.test(1), "people", type: "probe") == .null)
        #expect(try first.shown(.test(1), "name", type: "probe") == .text("虚构甲名"))
        #expect(try first.conflicts().map { $0["state"] } == [.text("reopened")])
    }

    @Test func aCorrectedCodeEndsTheConflictByItself() throws {
        let (hub, first, second, _) = try twins()
        try second.edit(.test(2), .update, ["code": .text("A-2")], type: "probe")
        try Probe.settle(hub, [first, second])
        #expect(try first.conflicts().map { $0["state"] } == [.text("settled")])
    }

    @Test func twoThingsAfterAllStayTwo() throws {
        let (hub, first, second, id) = try twins()
        try first.edit(
            .test(2), .update, type: "probe",
            settlements: ["presence": Settlement(conflict: id, sides: [])])
        try Probe.settle(hub, [first, second])
        #expect(try second.conflicts().map { $0["state"] } == [.text("settled")])
        try second.edit(.test(2), .update, ["name": .text("虚构乙名")], type: "probe")
        try Probe.settle(hub, [first, second])
        #expect(try second.conflicts().map { $0["state"] } == [.text("settled")])
    }

    @Test func duplicatesOfTwoGridsAreShownToWhoHoldsBoth() throws {
        let hub = try Probe.hub()
        let one = try RealNode(hub, hub.enrol("虚构·甲"))
        let two = try RealNode(hub, hub.enrol("虚构·丙", TestHub.otherVillage))
        let office = try RealNode(hub, hub.enrol("虚构·所", TestHub.township))
        try one.edit(.test(1), .create(TestHub.village), Self.shared, type: "probe")
        try two.edit(.test(2), .create(TestHub.otherVillage), Self.shared, type: "probe")
        for node in [one, two, office, one, two] { try node.exchange() }
        #expect(try one.conflicts().isEmpty)
        #expect(try two.conflicts().isEmpty)
        #expect(try office.conflicts().count == 1)
        try merge(office, .duplicate(.test(1), .test(2)))
        for node in [office, one, two] { try node.exchange() }
        #expect(try two.shown(.test(2), "code", type: "probe") == nil)
        #expect(try one.shown(.test(1), "code", type: "probe") == .text("A-1"))
    }
}
