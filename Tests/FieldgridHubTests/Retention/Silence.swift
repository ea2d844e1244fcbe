@testable import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSync
import Testing

/// A village's device that was silent for longer than the lease, and a
/// township's that went on.
struct Silence {
    let hub: TestHub
    let absent: RealNode
    let present: RealNode

    static let day: Int64 = 24 * 60

    /// Employers 1 to 6 are in the village, 7 in the next one; both devices
    /// have what they may.
    init(_ absentScope: ScopeCode = TestHub.village) throws {
        hub = try TestHub()
        present = try RealNode(hub, try hub.enrol("虚构·乡", TestHub.township))
        for name in UInt64(1)...7 {
            try present.edit(
                .test(name), .create(name == 7 ? TestHub.otherVillage : TestHub.village),
                ["name": .text("虚构\(name)")])
        }
        try present.exchange()
        absent = try RealNode(hub, try hub.enrol("虚构·村", absentScope))
        hub.clock.advance(minutes: 5)
    }

    /// What happens while the other one is away: a deletion, a move out and a
    /// move in.
    func goOn() throws {
        pass(days: 200)
        try present.edit(.test(1), .delete)
        try present.edit(.test(2), .move(TestHub.otherVillage))
        try present.edit(.test(7), .move(TestHub.village))
        try present.exchange()
    }

    func pass(days: Int64) { hub.clock.advance(minutes: days * Self.day) }

    /// A year after that the hub forgets who it has not heard.
    @discardableResult
    func forget() throws -> TrimReport {
        pass(days: 300)
        try present.exchange()
        return try hub.hub.trim()
    }

    func villageLines(of store: any RecordStore) throws -> [String] {
        try Dump.lines(of: store, type: hub.type("employer"))
            .filter { $0.contains(" \(TestHub.village) ") }
    }

    /// The device shows what the hub has of its village, nothing waits, and a
    /// comparison finds no difference.
    func expectAgreement(sourceLocation: SourceLocation = #_sourceLocation) throws {
        for name in ["employer", "conflict", "task", "grid"] {
            let type = try hub.type(name)
            let apart = Dump.difference(
                hub: try Dump.lines(of: hub.hub, type: type).filter {
                    type.shared || $0.contains(" \(TestHub.village) ")
                }, node: try Dump.lines(of: absent.replica, type: type))
            #expect(apart == "", "\(name)", sourceLocation: sourceLocation)
        }
        #expect(try absent.replica.counts().outbox == 0, sourceLocation: sourceLocation)
        for _ in 0..<4 { try absent.exchange() }
        #expect(absent.repaired.isEmpty, sourceLocation: sourceLocation)
    }

    func departures(_ scope: ScopeCode = TestHub.village) throws -> [Departure] {
        try hub.hub.store.read { try $0.departures(from: scope, after: .zero) }
    }

    func horizon(_ scope: ScopeCode = TestHub.village) throws -> Position? {
        try hub.hub.store.read { try $0.heads()[scope]?.horizon }
    }
}
