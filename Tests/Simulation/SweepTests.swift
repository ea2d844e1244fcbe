import FieldgridModel
import Testing

/// Every operation of a disk fails once: the first, then the second, until
/// none is left to fail.
///
/// Nothing is lost, whatever it hits.
@Suite struct SweepTests {
    enum Subject: String, CaseIterable, Sendable {
        case save, push, pull, merge, migration
    }

    /// What happens before the disk fails, then what it fails in, and which
    /// machine's disk it is.
    private static func plan(_ subject: Subject) -> (before: [Action], during: Action, who: Int) {
        let name = Entry(field: Town.Site.name.value, text: "值1")
        let phone = Entry(field: Town.Site.phone.value, text: "值2")
        let create = Action.create(record: 1, grid: 3, values: [name], source: 2)
        let edit = Action.edit(record: 1, values: [phone], source: 2)
        switch subject {
        case .save: return ([create], edit, 0)
        case .push: return ([create, edit], .sync(legs: []), 0)
        case .pull: return ([], .sync(legs: []), 1)
        case .merge: return ([create, edit], .sync(legs: []), Operation.hub)
        case .migration: return ([create, .restart], .restart, 0)
        }
    }

    /// - Returns: how the run ended, and whether the failure was reached.
    private static func run(
        _ subject: Subject, _ failure: Disk.Failure, at place: Int
    ) -> (violation: Violation?, isReached: Bool) {
        let (before, during, who) = plan(subject)
        let acting = who == Operation.hub ? 0 : who
        var operations = before.map { Operation(after: 1000, who: 0, what: $0) }
        if subject == .pull {
            let name = Entry(field: Town.Site.name.value, text: "值1")
            operations = [
                Operation(
                    after: 1000, who: 0,
                    what: .create(record: 1, grid: 3, values: [name], source: 2)),
                Operation(after: 1000, who: 0, what: .sync(legs: [])),
            ]
        }
        let fault: Action =
            failure == .power
            ? .crash(after: place, chance: UInt64(place) | 1)
            : .disk(failure: failure, after: place, count: 1)
        operations.append(Operation(after: 1000, who: who, what: fault))
        operations.append(Operation(after: 1000, who: acting, what: during))
        let plan = Plan(seed: 7, tier: 2, nodes: [3, 1], operations: operations)
        var isReached = false
        let outcome = Runner.run(plan) { simulation in
            isReached = simulation.disk(of: who).failures > 0
        }
        return (outcome.violation, isReached)
    }

    @Test(arguments: Subject.allCases, Disk.Failure.allCases)
    func nothingIsLostWhicheverOperationFails(subject: Subject, failure: Disk.Failure) {
        var places = 0
        while places < 400 {
            places += 1
            let (violation, isReached) = Self.run(subject, failure, at: places)
            if let violation { Issue.record("operation \(places): \(violation)") }
            if !isReached { break }
        }
        #expect(places > 1 && places < 400, "the sweep reached its end")
    }
}
