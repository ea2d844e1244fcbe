import FieldgridModel
import Testing

/// The simulator is proved by mistakes that it must find.
@Suite struct PlantedBugTests {
    /// Seeds that each mistake is looked for in, both tiers in turn.
    private static let seedsMax: UInt64 = 120

    #if DEBUG
        private static func seedThatFinds(_ bug: PlantedBug) -> (seed: UInt64, found: Violation)? {
            for seed in 1...seedsMax {
                let tier = seed % 4 < 2 ? 1 : 2
                let found = PlantedBug.$planted.withValue(bug) {
                    Runner.run(seed: seed, tier: tier).violation
                }
                // Only what is in order without the mistake can prove it found.
                if let found, Runner.run(seed: seed, tier: tier).violation == nil {
                    return (seed, found)
                }
            }
            return nil
        }

        @Test func everyPlantedBugIsFound() async throws {
            let found = await withTaskGroup(of: (PlantedBug, String?).self) { group in
                var waiting = PlantedBug.allCases[...]
                var finished: [PlantedBug: String] = [:]
                func start() {
                    guard let bug = waiting.popFirst() else { return }
                    group.addTask {
                        let result = Self.seedThatFinds(bug)
                        return (bug, result.map { "seed \($0.seed), \($0.found.invariant)" })
                    }
                }
                for _ in 0..<2 { start() }
                for await (bug, text) in group {
                    finished[bug] = text
                    start()
                }
                return finished
            }
            for bug in PlantedBug.allCases where found[bug] == nil {
                Issue.record("\(bug.rawValue) was not found in \(Self.seedsMax) seeds")
            }
            let score = "planted bugs found: \(found.count) of \(PlantedBug.allCases.count)"
            Swift.print(score)
            for bug in PlantedBug.allCases {
                Swift.print("  \(bug.rawValue): \(found[bug] ?? "-")")
            }
            #expect(found.count == PlantedBug.allCases.count, "\(score)")
        }
    #endif
}
