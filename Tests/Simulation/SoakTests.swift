import Foundation
import Testing

/// `make soak MINUTES=n` runs fresh seeds, one after the other on two cores,
/// and says how many it managed.
@Suite struct SoakTests {
    private static let environment = ProcessInfo.processInfo.environment

    @Test(.enabled(if: environment["SOAK_MINUTES"] != nil), arguments: [0, 1])
    func everySeedHoldsEveryPromise(half: Int) throws {
        let minutes = Self.environment["SOAK_MINUTES"].flatMap { Double($0) } ?? 1
        let first = Self.environment["SOAK_FIRST"].flatMap { UInt64($0) } ?? 1
        let report = try #require(Self.environment["SOAK_REPORT"])
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: .seconds(minutes * 60))
        var tally = Tally()
        var seed = first + UInt64(half)
        while clock.now < end {
            let outcome = Runner.run(seed: seed, tier: seed % 4 < 2 ? 1 : 2)
            tally.add(outcome)
            seed += 2
        }
        try tally.text.write(toFile: report + ".\(half)", atomically: true, encoding: .utf8)
        #expect(tally.failures.isEmpty)
    }
}

/// What a number of runs came to.
struct Tally {
    private(set) var seeds = 0
    private(set) var operations = 0
    private(set) var deviceMilliseconds: Int64 = 0
    private(set) var marks: [Mark: Int] = [:]
    private(set) var failures: [Outcome] = []

    mutating func add(_ outcome: Outcome) {
        seeds += 1
        operations += outcome.step
        deviceMilliseconds += outcome.deviceMilliseconds
        for mark in outcome.marks { marks[mark, default: 0] += 1 }
        if outcome.violation != nil { failures.append(outcome) }
    }

    /// Marks that no run reached.
    var unseen: [Mark] { Mark.allCases.filter { marks[$0] == nil } }

    var text: String {
        var lines = failures.map { outcome in
            let finding = outcome.violation.map { "\($0)" } ?? ""
            return "seed \(outcome.plan.seed) tier \(outcome.tier) step \(outcome.step): \(finding)"
        }
        lines.append("seeds \(seeds) operations \(operations)")
        lines.append("device-days \(deviceMilliseconds / 86_400_000)")
        lines.append(
            "reached "
                + Mark.allCases.map { "\($0.rawValue) \(marks[$0, default: 0])" }
                .joined(separator: ", "))
        return lines.joined(separator: "\n") + "\n"
    }
}
