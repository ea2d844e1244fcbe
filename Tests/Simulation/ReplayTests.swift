import Foundation
import Testing

/// `make simulate SEED=n` runs one seed and writes what came of it.
@Suite struct ReplayTests {
    private static let environment = ProcessInfo.processInfo.environment

    @Test(.enabled(if: environment["SIMULATION_SEED"] != nil))
    func theSeedThatWasAskedForHoldsEveryPromise() throws {
        let seed = try #require(Self.environment["SIMULATION_SEED"].flatMap { UInt64($0) })
        let tier = Self.environment["SIMULATION_TIER"].flatMap { Int($0) } ?? 1
        let outcome = Runner.run(seed: seed, tier: tier)
        var report = outcome.report
        if let violation = outcome.violation {
            let plan = Shrinker.shrink(outcome.plan, of: violation, within: .seconds(20))
            report = try plan.json() + "\n" + Runner.run(plan).report + report
        }
        if let path = Self.environment["SIMULATION_REPORT"] {
            try report.write(toFile: path, atomically: true, encoding: .utf8)
        }
        #expect(outcome.violation == nil)
    }
}
