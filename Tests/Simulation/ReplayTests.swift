import Foundation
import Testing

/// `make simulate SEED=n` runs one seed and writes what came of it;
/// `make simulate PLAN=file` runs what is written down.
@Suite struct ReplayTests {
    private static let environment = ProcessInfo.processInfo.environment

    private static var isAsked: Bool {
        environment["SIMULATION_SEED"] != nil || environment["SIMULATION_PLAN"] != nil
    }

    private func outcome() throws -> Outcome {
        if let path = Self.environment["SIMULATION_PLAN"] {
            return Runner.run(try Plan(json: String(contentsOfFile: path, encoding: .utf8)))
        }
        let seed = try #require(Self.environment["SIMULATION_SEED"].flatMap { UInt64($0) })
        let tier = Self.environment["SIMULATION_TIER"].flatMap { Int($0) } ?? 1
        return Runner.run(seed: seed, tier: tier)
    }

    @Test(.enabled(if: isAsked)) func whatWasAskedForHoldsEveryPromise() throws {
        let outcome = try outcome()
        var report = outcome.report
        let seconds = Self.environment["SIMULATION_SHRINK"].flatMap { Int($0) } ?? 20
        if let violation = outcome.violation, seconds > 0 {
            let plan = Shrinker.shrink(outcome.plan, of: violation, within: .seconds(seconds))
            report = try plan.json() + "\n" + Runner.run(plan).report + report
        }
        if let path = Self.environment["SIMULATION_REPORT"] {
            try report.write(toFile: path, atomically: true, encoding: .utf8)
        }
        #expect(outcome.violation == nil)
    }
}
