import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSchema
import Testing

/// Decisions of rules and people, and taking them back (sync.md 9.13, 9.14).
@Suite struct DecisionTests {
    private let arrears = "arrears"

    /// Both edit the arrears apart; the conflict is open.
    private func open() throws -> (hub: TestHub, first: RealNode, second: RealNode, id: RecordID) {
        let (hub, first, second) = try Probe.pair([arrears: .integer(0)])
        try first.edit(.test(1), .update, [arrears: .integer(100)], type: "probe")
        hub.clock.advance(minutes: 1)
        try second.edit(.test(1), .update, [arrears: .integer(200)], type: "probe")
        try Probe.settle(hub, [first, second])
        let text = try #require(try first.conflicts().first?["id"]?.text)
        return (hub, first, second, try #require(RecordID(text)))
    }

    private func state(_ node: RealNode) throws -> [Value?] {
        try node.conflicts().map { $0["state"] }
    }

    private func settle(_ node: RealNode, _ id: RecordID, _ value: Int64) throws {
        let state = try #require(try node.hub.state(.test(1)))
        let unit = try #require(state.units[UnitNumber(11)])
        try node.edit(
            .test(1), .update, [arrears: .integer(value)], type: "probe",
            settlements: [
                arrears: Settlement(conflict: id, sides: unit.sides.map(\.offer.identity))
            ])
    }

    private func undo(_ node: RealNode, _ id: RecordID) throws {
        try node.edit(
            .test(1), .update, type: "probe",
            settlements: [arrears: Settlement(conflict: id, sides: [], isUndo: true)])
    }

    @Test func aSettlementTakenBackBringsTheSidesBackToEveryReplica() throws {
        let (hub, first, second, id) = try open()
        try settle(first, id, 100)
        try Probe.settle(hub, [first, second])
        #expect(try state(second) == [.text("settled")])
        #expect(try second.shown(.test(1), arrears, type: "probe") == .integer(100))

        try undo(second, id)
        try Probe.settle(hub, [first, second])
        #expect(try state(first) == [.text("reopened")])
        #expect(try first.shown(.test(1), arrears, type: "probe") == .integer(200))
        let sides = try #require(try hub.state(.test(1))?.units[UnitNumber(11)]?.sides)
        #expect(sides.map(\.value.single) == [.integer(100), .integer(200)])
    }

    @Test func aRulesDecisionTakenBackKeepsItsValueAndWaitsForAPerson() throws {
        let (hub, first, second) = try Probe.pair()
        try first.edit(.test(1), .update, ["name": .text("虚构甲名")], type: "probe")
        hub.clock.advance(minutes: 1)
        try second.edit(.test(1), .update, ["name": .text("虚构乙名")], type: "probe")
        try Probe.settle(hub, [first, second])
        #expect(try state(first) == [.text("decided")])
        let id = try #require(try first.conflicts().first?["id"]?.text.flatMap { RecordID($0) })
        try first.edit(
            .test(1), .update, type: "probe",
            settlements: ["name": Settlement(conflict: id, sides: [], isUndo: true)])
        try Probe.settle(hub, [first, second])
        #expect(try state(second) == [.text("reopened")])
        #expect(try second.shown(.test(1), "name", type: "probe") == .text("虚构乙名"))
    }

    @Test func whatALaterChangeSupersededIsNotTakenBackAndSaysByWhom() throws {
        let (hub, first, second, id) = try open()
        try settle(first, id, 100)
        try Probe.settle(hub, [first, second])
        try second.edit(.test(1), .update, [arrears: .integer(300)], type: "probe")
        try Probe.settle(hub, [first, second])
        try undo(first, id)
        try first.exchange()
        let waiting = try #require(try first.replica.quarantined().first)
        #expect(waiting.code == .superseded)
        #expect(waiting.message.contains("虚构·乙"))
        #expect(try first.shown(.test(1), arrears, type: "probe") == .integer(300))
    }

    @Test func aChangeConcurrentWithTheUndoJoinsAsASide() throws {
        let (hub, first, second, id) = try open()
        try settle(first, id, 100)
        try Probe.settle(hub, [first, second])
        try second.edit(.test(1), .update, [arrears: .integer(500)], type: "probe")
        try undo(first, id)
        try first.exchange()
        try Probe.settle(hub, [first, second])
        let sides = try #require(try hub.state(.test(1))?.units[UnitNumber(11)]?.sides)
        #expect(sides.map(\.value.single).contains(.integer(500)))
        #expect(try state(first) == [.text("reopened")])
    }

    @Test func twoPeopleWhoSettleApartAndDisagreeReopenIt() throws {
        let (hub, first, second, id) = try open()
        try settle(first, id, 100)
        try settle(second, id, 200)
        try Probe.settle(hub, [first, second])
        #expect(try state(first) == [.text("reopened")])
        try settle(first, id, 150)
        try Probe.settle(hub, [first, second])
        #expect(try state(second) == [.text("settled")])
    }

    @Test func settlementsThatAnUndoBroughtBackAreNotTakenBackTogether() throws {
        let (hub, first, second, id) = try open()
        try settle(first, id, 100)
        try settle(second, id, 200)
        try Probe.settle(hub, [first, second])
        try settle(first, id, 150)
        try Probe.settle(hub, [first, second])
        try undo(second, id)
        try Probe.settle(hub, [first, second])
        // No device of ours asks for it: the conflict waits for a person.
        try undo(first, id)
        try first.exchange()
        #expect(try first.replica.quarantined().map(\.code) == [.superseded])
        let sides = try #require(try hub.state(.test(1))?.units[UnitNumber(11)]?.sides)
        #expect(sides.map(\.value.single) == [.integer(100), .integer(200)])
        #expect(try state(second) == [.text("reopened")])
    }

    @Test func aDecisionToDeleteIsTakenBackAndTheRecordIsThereAgain() throws {
        let (hub, first, second) = try Probe.pair()
        try first.edit(.test(1), .delete, type: "probe")
        try second.edit(.test(1), .update, ["name": .text("虚构新名")], type: "probe")
        try Probe.settle(hub, [first, second])
        let id = try #require(try first.conflicts().first?["id"]?.text.flatMap { RecordID($0) })
        let presence = try #require(try hub.state(.test(1))?.units[.presence])
        try first.edit(
            .test(1), .delete, type: "probe",
            settlements: [
                "presence": Settlement(conflict: id, sides: presence.sides.map(\.offer.identity))
            ])
        try Probe.settle(hub, [first, second])
        #expect(try second.shown(.test(1), "name", type: "probe") == nil)
        try second.edit(
            .test(1), .update, type: "probe",
            settlements: ["presence": Settlement(conflict: id, sides: [], isUndo: true)])
        try Probe.settle(hub, [first, second])
        #expect(try first.shown(.test(1), "name", type: "probe") == .text("虚构新名"))
        #expect(try state(first) == [.text("reopened")])
    }

    /// Two settle apart whether a record is there, the later for its deletion.
    @Test(arguments: [true, false])
    func whetherARecordIsThereIsDecidedAlsoWhereItIsGone(stays: Bool) throws {
        let (hub, first, second) = try Probe.pair()
        try first.edit(.test(1), .delete, type: "probe")
        try second.edit(.test(1), .update, ["name": .text("虚构新名")], type: "probe")
        try Probe.settle(hub, [first, second])
        let id = try #require(try first.conflicts().first?["id"]?.text.flatMap { RecordID($0) })
        func decide(_ node: RealNode, stays: Bool) throws {
            let presence = try #require(try hub.state(.test(1))?.units[.presence])
            let seen = presence.sides.map(\.offer.identity)
            try node.edit(
                .test(1), stays ? .update : .delete, type: "probe",
                settlements: ["presence": Settlement(conflict: id, sides: seen)])
        }
        try decide(first, stays: true)
        hub.clock.advance(minutes: 1)
        try decide(second, stays: false)
        try Probe.settle(hub, [first, second])
        #expect(try state(first) == [.text("reopened")])
        #expect(try first.shown(.test(1), "name", type: "probe") == nil)

        try decide(first, stays: stays)
        try Probe.settle(hub, [first, second])
        #expect(try state(second) == [.text("settled")])
        let name: Value? = stays ? .text("虚构新名") : nil
        #expect(try first.shown(.test(1), "name", type: "probe") == name)
        #expect(try second.shown(.test(1), "name", type: "probe") == name)
    }

    @Test func aMergedRecordThatBreaksARuleIsAConflictUntilTheRuleHolds() throws {
        let (hub, first, second) = try Probe.pair(["people": .integer(10), "insured": .integer(5)])
        try first.edit(.test(1), .update, ["people": .integer(6)], type: "probe")
        try second.edit(.test(1), .update, ["insured": .integer(9)], type: "probe")
        try Probe.settle(hub, [first, second])
        let conflict = try #require(try first.conflicts().first)
        #expect(conflict["kind"] == .text("inconsistent"))
        #expect(conflict["unit"] == .text("insured_are_people"))
        #expect(conflict["state"] == .text("open"))
        try second.edit(.test(1), .update, ["people": .integer(9)], type: "probe")
        try Probe.settle(hub, [first, second])
        #expect(try state(first) == [.text("settled")])
    }
}
