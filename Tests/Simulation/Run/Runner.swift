import FieldgridModel

/// One run from its beginning to its verdict.
struct Outcome {
    var plan: Plan
    var tier: Int
    var trace: Trace
    var marks: Set<Mark>
    var violation: Violation?
    /// Virtual time that passed, milliseconds, times the number of machines.
    var deviceMilliseconds: Int64 = 0
    var step = 0
}

enum Runner {
    /// Draws and runs the plan of a seed.
    static func run(seed: UInt64, tier: Int) -> Outcome {
        var generator = Generator(seed: seed, tier: tier)
        let options = generator.options
        let plan = Plan(
            seed: seed, tier: tier, nodes: options.nodes, old: options.old,
            replyBytes: options.replyBytes, operations: [])
        let steps = options.steps
        return run(plan) { simulation, index in
            index < steps ? try generator.next(simulation) : nil
        }
    }

    /// Runs a plan that is written down; `look` sees the world after its
    /// last operation.
    static func run(_ plan: Plan, look: (Simulation) -> Void = { _ in }) -> Outcome {
        run(plan) { simulation, index in
            if index < plan.operations.count { return plan.operations[index] }
            look(simulation)
            return nil
        }
    }

    private static func run(
        _ plan: Plan, next: (Simulation, Int) throws -> Operation?
    ) -> Outcome {
        var outcome = Outcome(plan: plan, tier: plan.tier, trace: Trace(), marks: [])
        outcome.plan.operations = []
        do {
            let simulation = try Simulation(plan)
            defer {
                outcome.trace = simulation.trace
                outcome.marks = simulation.marks
                outcome.step = simulation.step
                let passed = simulation.timeline.now - simulation.timeline.start
                outcome.deviceMilliseconds = passed * Int64(plan.nodes.count + 1)
            }
            while let operation = try next(simulation, outcome.plan.operations.count) {
                outcome.plan.operations.append(operation)
                try simulation.perform(operation)
            }
            try simulation.converge()
        } catch let violation as Violation {
            outcome.violation = violation
        } catch {
            outcome.violation = Violation("unexpected", "\(ErrorWord.of(error)): \(error)")
        }
        return outcome
    }
}
