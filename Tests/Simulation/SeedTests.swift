import FieldgridModel
import Foundation
import Testing

@Suite struct SimulationTests {
    /// Both tiers in turn: what was not synced is lost at a crash; and each
    /// sector by itself, on disks that fail.
    private static func tier(_ seed: UInt64) -> Int { seed % 4 < 2 ? 1 : 2 }

    @Test func everyPromiseHoldsAndEveryStateIsReached() async {
        let tally = await withTaskGroup(of: [Outcome].self) { group in
            for half in 0..<2 {
                group.addTask {
                    Self.seeds.filter { $0 % 2 == UInt64(half) }
                        .map { Runner.run(seed: $0, tier: Self.tier($0)) }
                }
            }
            var tally = Tally()
            for await outcomes in group { outcomes.forEach { tally.add($0) } }
            return tally
        }
        for failure in tally.failures.prefix(3) { Issue.record("\(failure.report)") }
        #expect(tally.failures.isEmpty, "\(tally.text)")
        #expect(tally.unseen.isEmpty, "states that no seed reached")
    }

    /// Always the same, so that whoever changed something knows it was that.
    private static let seeds = UInt64(1)...272

    @Test(arguments: [3, 8, 22, 31, 46] as [UInt64])
    func aSeedRunTwiceLeavesTheSameTrace(seed: UInt64) {
        let first = Runner.run(seed: seed, tier: Self.tier(seed))
        let second = Runner.run(seed: seed, tier: Self.tier(seed))
        #expect(first.trace == second.trace)
    }
}
