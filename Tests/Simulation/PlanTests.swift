import FieldgridModel
import Foundation
import Testing

/// Plans that once found something, kept for good: a seed dies with the next
/// change of the generator, a plan does not.
@Suite struct PlanTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Plans")

    static let names: [String] = {
        let found = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        return (found ?? []).filter { $0.hasSuffix(".json") }.sorted()
    }()

    private func plan(_ name: String) throws -> Plan {
        try Plan(
            json: String(
                contentsOf: Self.folder.appendingPathComponent(name), encoding: .utf8))
    }

    @Test(arguments: names)
    func whatWasFoundOnceStaysMended(name: String) throws {
        let outcome = Runner.run(try plan(name))
        if outcome.violation != nil { Issue.record("\(name): \(outcome.report)") }
    }

    @Test func thePlansAreFound() { #expect(Self.names.count >= 3) }

    @Test func aPlanReadsBackAsItWasWritten() throws {
        let outcome = Runner.run(seed: 5, tier: 2)
        #expect(try Plan(json: outcome.plan.json()) == outcome.plan)
    }

    @Test func aPlanLeavesTheTraceOfItsSeed() {
        let drawn = Runner.run(seed: 6, tier: 1)
        #expect(Runner.run(drawn.plan).trace == drawn.trace)
    }

    #if DEBUG
        @Test func aFailingPlanIsShrunkToAFewOperations() throws {
            try PlantedBug.$planted.withValue(.quarantineDropped) {
                let failing = try #require(
                    (1...40).lazy.map { Runner.run(seed: $0, tier: 1) }.first {
                        $0.violation != nil
                    })
                let violation = try #require(failing.violation)
                let plan = Shrinker.shrink(failing.plan, of: violation, within: .seconds(600))
                #expect(plan.operations.count < 10)
                #expect(Runner.run(plan).violation?.invariant == violation.invariant)
            }
        }
    #endif
}
