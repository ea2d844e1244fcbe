import FieldgridModel
import Foundation
import Testing

@Suite struct SimulationTests {
    @Test(arguments: UInt64(1)...40)
    func everyPromiseHoldsWhileMachinesCrashAndTheNetworkFails(seed: UInt64) {
        let outcome = Runner.run(seed: seed, tier: 1)
        if outcome.violation != nil { Issue.record("\(outcome.report)") }
    }

    @Test(arguments: UInt64(1)...4)
    func aSeedRunTwiceLeavesTheSameTrace(seed: UInt64) {
        let first = Runner.run(seed: seed, tier: 1)
        let second = Runner.run(seed: seed, tier: 1)
        #expect(first.trace == second.trace)
    }
}
