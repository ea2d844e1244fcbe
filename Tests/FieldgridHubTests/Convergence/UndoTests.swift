import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridService
import Testing

/// Taking a decision back where the device knows already that another change
/// took its place: it is refused there, with the hub's own reason.
@Suite struct UndoTests {
    private let hub: TestHub
    private let first: RealNode
    private let second: RealNode

    init() throws {
        (hub, first, second) = try Probe.pair(["name": .text("虚构试样"), "arrears": .integer(0)])
    }

    /// Both edit a field apart; the conflict as the first device has it.
    private func contest(_ field: String, _ one: Value, _ other: Value) throws -> String {
        try edit(first, field, one)
        hub.clock.advance(minutes: 1)
        try edit(second, field, other)
        try exchange()
        return try #require(try first.conflicts().first?["id"]?.text)
    }

    private func edit(_ node: RealNode, _ field: String, _ value: Value) throws {
        try node.edit(.test(1), .update, [field: value], type: "probe")
    }

    private func exchange() throws {
        try Probe.settle(hub, [first, second])
        hub.clock.advance(minutes: 1)
    }

    private func ask(_ node: RealNode, _ request: ConflictRequest) throws {
        let service = try RecordService(
            store: node.replica, place: .node, author: node.device.holder, clock: node.clock,
            settledHere: node.replica.settledLocally(), newID: { .test(9_000) })
        _ = try service.answer(.conflicts(ask: request))
    }

    private func settle(_ node: RealNode, _ id: String, side: Int) throws {
        try ask(node, .resolve(ids: [id], choice: .side(number: side), note: nil))
    }

    /// What the device says to taking a decision back; nil when it is saved.
    private func refusal(_ node: RealNode, _ id: String) throws -> ServiceError? {
        let before = try node.replica.counts().outbox
        do {
            try ask(node, .undo(ids: [id], note: nil))
            #expect(try node.replica.counts().outbox == before + 1)
            return nil
        } catch let error as ServiceError {
            #expect(try node.replica.counts().outbox == before)
            return error
        }
    }

    /// A decision that stands is taken back, and the hub takes it.
    private func expectTaken(_ node: RealNode, _ id: String) throws {
        #expect(try refusal(node, id) == nil)
        try exchange()
        #expect(try node.replica.quarantined().isEmpty)
        #expect(try node.conflicts().map { $0["state"] } == [.text("reopened")])
    }

    @Test func whatALaterEditSupersededIsRefusedOnceTheDeviceHasIt() throws {
        let id = try contest("arrears", .integer(100), .integer(200))
        try settle(first, id, side: 1)
        try exchange()
        try edit(second, "arrears", .integer(300))
        try exchange()
        let error = try #require(try refusal(first, id))
        #expect(error.code == "undo.superseded")
        #expect(error.message.contains("superseded by a later change"))
        #expect(error.hint?.contains("record set probe \(RecordID.test(1))") == true)
    }

    @Test func theReasonIsTheOneThatTheHubGives() throws {
        let id = try contest("name", .text("虚构甲名"), .text("虚构乙名"))
        try edit(second, "name", .text("虚构丙名"))
        try exchange()
        // A rule's decision that an edit ended: the conflict says by whom.
        let error = try #require(try refusal(first, id))
        #expect(error.message.contains("虚构·乙"))
        let conflict = try #require(RecordID(id))
        try first.edit(
            .test(1), .update, type: "probe",
            settlements: ["name": Settlement(conflict: conflict, sides: [], isUndo: true)])
        try first.exchange()
        let refused = try #require(try first.replica.quarantined().first)
        #expect(refused.code?.rawValue == error.code)
        #expect(refused.message == error.message)
    }

    @Test func anOwnLaterEditSupersedesAlsoBeforeItIsSent() throws {
        let id = try contest("arrears", .integer(100), .integer(200))
        try settle(first, id, side: 1)
        try exchange()
        try edit(first, "arrears", .integer(300))
        let error = try #require(try refusal(first, id))
        #expect(error.code == "undo.superseded")
        #expect(error.message.contains("虚构·甲"))
    }

    @Test func anOwnEditThatHadNotSeenTheDecisionSupersedesNothing() throws {
        let id = try contest("arrears", .integer(100), .integer(200))
        try settle(first, id, side: 1)
        try first.exchange()
        let asked = try second.replica.nextRequest().encoded
        try edit(second, "arrears", .integer(300))
        // The decision comes while the edit, which had not seen it, still waits.
        try second.exchange(asked)
        try expectTaken(second, id)
    }

    @Test func ofTwoConflictsOfAFieldOnlyTheNewerCanBeTakenBack() throws {
        let older = try contest("arrears", .integer(100), .integer(200))
        try settle(first, older, side: 1)
        try exchange()
        try edit(first, "arrears", .integer(300))
        hub.clock.advance(minutes: 1)
        try edit(second, "arrears", .integer(400))
        try exchange()
        let ids = try first.conflicts().compactMap { $0["id"]?.text }
        let newer = try #require(ids.first { $0 != older })
        // The same value again: only the newer conflict tells that the older is over.
        try settle(first, newer, side: 1)
        try exchange()
        #expect(try refusal(first, older)?.code == "undo.superseded")
        #expect(try refusal(first, newer) == nil)
    }

    @Test func aDecisionOfThisDeviceIsTakenBackBeforeItIsSentAndOnlyOnce() throws {
        let id = try contest("arrears", .integer(100), .integer(200))
        try settle(first, id, side: 1)
        #expect(try refusal(first, id) == nil)
        #expect(try refusal(first, id)?.code == "conflict.undecided")
        try exchange()
        #expect(try first.replica.quarantined().isEmpty)
        #expect(try first.conflicts().map { $0["state"] } == [.text("reopened")])
    }

    @Test(arguments: ["name", "arrears"])
    func aDecisionThatStandsIsTakenBack(_ field: String) throws {
        let isName = field == "name"
        let id = try contest(
            field, isName ? .text("虚构甲名") : .integer(100),
            isName ? .text("虚构乙名") : .integer(200))
        if !isName {
            try settle(first, id, side: 2)
            try exchange()
        }
        try expectTaken(first, id)
    }

    /// Edits, decisions and exchanges in any order: what a device refuses the
    /// hub would have refused too.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func aDeviceRefusesNothingThatTheHubWouldTake(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var refusals = 0
        for step in 1...120 {
            let node = Bool.random(using: &random) ? first : second
            let field = Bool.random(using: &random) ? "name" : "arrears"
            let value = Int64.random(in: 1...3, using: &random)
            let conflicts = try node.conflicts().compactMap { $0["id"]?.text }
            hub.clock.advance(minutes: 1)
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                try edit(node, field, field == "name" ? .text("虚构\(value)") : .integer(value))
            case 2, 3: try node.exchange()
            case 4:
                guard let id = conflicts.randomElement(using: &random) else { continue }
                // One that is settled already is no matter here.
                try? settle(node, id, side: 1)
            default:
                guard let id = conflicts.randomElement(using: &random),
                    try refusal(node, id)?.code == "undo.superseded"
                else { continue }
                refusals += 1
                try expectRefused(undoing: id, at: node, "seed \(seed) step \(step)")
            }
        }
        #expect(refusals > 0)
    }

    /// Takes a decision back without asking the device first.
    private func expectRefused(undoing id: String, at node: RealNode, _ place: Comment) throws {
        let conflict = try #require(RecordID(id))
        let shown = try node.conflicts().first { $0["id"] == .text(id) }
        let unit = try #require(shown?["unit"]?.text)
        try node.edit(
            .test(1), .update, type: "probe",
            settlements: [unit: Settlement(conflict: conflict, sides: [], isUndo: true)])
        let seq = node.replica.lastSequence
        try node.exchange()
        let refused = try node.replica.quarantined().first { $0.changeset.identity.seq == seq }
        #expect(refused?.code == .superseded, place)
    }

    @Test func theHubsClerkIsToldTheSame() throws {
        let id = try contest("arrears", .integer(100), .integer(200))
        try settle(first, id, side: 1)
        try exchange()
        try edit(second, "arrears", .integer(300))
        try exchange()
        let service = try RecordService(
            store: hub.hub, place: .hub, author: "虚构·录入员", clock: hub.clock,
            newID: { .test(9_000) })
        let error = #expect(throws: ServiceError.self) {
            try service.answer(.conflicts(ask: .undo(ids: [id], note: nil)))
        }
        #expect(error?.code == "undo.superseded")
        #expect(error?.message.contains("虚构·乙") == true)
    }
}
