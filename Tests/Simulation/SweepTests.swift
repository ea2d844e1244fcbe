import FieldgridModel
import Testing

/// Every operation of a disk fails once: the first, then the second, until
/// none is left to fail.
///
/// Nothing is lost, whatever it hits.
@Suite struct SweepTests {
    enum Subject: String, CaseIterable, Sendable {
        case save, push, pull, merge, migration, backup, restore

        /// What opens several databases takes a hundred operations and more,
        /// and the five failures reach all of them between them.
        var stride: Int { self == .backup || self == .restore ? 3 : 1 }
    }

    /// Who does something.
    private struct Step {
        var who: Int
        var what: Action

        init(_ who: Int, _ what: Action) {
            self.who = who
            self.what = what
        }
    }

    /// What happens before a disk fails, then what it fails in, what happens
    /// after that, and which machine's disk it is.
    private struct Scene {
        var before: [Step]
        var during: Step
        var after: [Step] = []
        var disk: Int
    }

    private static func scene(_ subject: Subject) -> Scene {
        let name = Entry(field: Town.Site.name.value, text: "值1")
        let phone = Entry(field: Town.Site.phone.value, text: "值2")
        let create = Action.create(record: 1, grid: 3, values: [name], source: 2)
        let edit = Action.edit(record: 1, values: [phone], source: 2)
        let sync = Action.sync(legs: [])
        let backUp = Step(Operation.hub, .hubBackUp(isVerified: true))
        let restore = Step(Operation.hub, .hubRestore(isAnnounced: true))
        let edited = [Step(0, create), Step(0, edit)]
        let hub = Operation.hub
        switch subject {
        case .save: return Scene(before: [Step(0, create)], during: Step(0, edit), disk: 0)
        case .push: return Scene(before: edited, during: Step(0, sync), disk: 0)
        case .pull:
            return Scene(
                before: [Step(0, create), Step(0, sync)], during: Step(1, sync), disk: 1)
        case .merge: return Scene(before: edited, during: Step(0, sync), disk: hub)
        case .migration:
            return Scene(
                before: [Step(0, create), Step(0, .restart)], during: Step(0, .restart), disk: 0)
        case .backup:
            return Scene(
                before: edited, during: backUp, after: [Step(0, sync), restore], disk: hub)
        case .restore:
            return Scene(
                before: [Step(0, create), backUp, Step(0, edit), Step(0, sync)], during: restore,
                disk: hub)
        }
    }

    /// - Returns: how the run ended, and whether the failure was reached.
    private static func run(
        _ subject: Subject, _ failure: Disk.Failure, at place: Int
    ) -> (violation: Violation?, isReached: Bool) {
        let scene = scene(subject)
        func fault(at place: Int) -> Step {
            let what: Action =
                failure == .power
                ? .crash(after: place, chance: UInt64(place) | 1)
                : .disk(failure: failure, after: place, count: 1)
            return Step(scene.disk, what)
        }
        // What follows is out of the fault's reach.
        let steps =
            scene.before + [fault(at: place), scene.during, fault(at: .max / 2)] + scene.after
        let operations = steps.map { Operation(after: 1000, who: $0.who, what: $0.what) }
        let plan = Plan(seed: 7, tier: 2, nodes: [3, 1], operations: operations)
        var isReached = false
        let outcome = Runner.run(plan) { simulation in
            isReached = simulation.disk(of: scene.disk).failures > 0
        }
        return (outcome.violation, isReached)
    }

    @Test(arguments: Subject.allCases, Disk.Failure.allCases)
    func nothingIsLostWhicheverOperationFails(subject: Subject, failure: Disk.Failure) {
        var places = failure.rawValue % subject.stride
        while places < 400 {
            places += subject.stride
            let (violation, isReached) = Self.run(subject, failure, at: places)
            if let violation { Issue.record("operation \(places): \(violation)") }
            if !isReached { break }
        }
        #expect(places > 1 && places < 400, "the sweep reached its end")
    }
}
