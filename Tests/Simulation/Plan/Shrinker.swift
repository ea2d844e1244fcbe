/// Makes a failing plan small: delta debugging over its operations, then its
/// faults, then its values.
struct Shrinker {
    private let invariant: String
    private let deadline: ContinuousClock.Instant
    private(set) var plan: Plan
    /// How many candidates were run.
    private(set) var runs = 0

    /// - Parameter within: how long it may take.
    static func shrink(_ plan: Plan, of violation: Violation, within: Duration) -> Plan {
        var shrinker = Shrinker(
            invariant: violation.invariant,
            deadline: ContinuousClock().now.advanced(by: within), plan: plan)
        shrinker.run()
        return shrinker.plan
    }

    private init(invariant: String, deadline: ContinuousClock.Instant, plan: Plan) {
        self.invariant = invariant
        self.deadline = deadline
        self.plan = plan
    }

    private mutating func run() {
        dropNodes()
        var before = Int.max
        while plan.operations.count < before, !isOver {
            before = plan.operations.count
            dropOperations()
        }
        for index in plan.operations.indices { simplify(index) }
    }

    private var isOver: Bool { ContinuousClock().now >= deadline }

    /// Takes the candidate when it still fails in the same way.
    private mutating func accept(_ operations: [Operation]) -> Bool {
        guard !isOver else { return false }
        var candidate = plan
        candidate.operations = operations
        runs += 1
        guard Runner.run(candidate).violation?.invariant == invariant else { return false }
        plan = candidate
        return true
    }

    /// Lets whole machines do nothing.
    private mutating func dropNodes() {
        for who in [Operation.hub] + Array(plan.nodes.indices) {
            let rest = plan.operations.filter { $0.who != who }
            if rest.count < plan.operations.count { _ = accept(rest) }
        }
    }

    private mutating func dropOperations() {
        var size = max(1, plan.operations.count / 2)
        while true {
            var start = 0
            while start < plan.operations.count, !isOver {
                var rest = plan.operations
                rest.removeSubrange(start..<min(start + size, rest.count))
                if !accept(rest) { start += size }
            }
            guard size > 1, !isOver else { return }
            size /= 2
        }
    }

    private mutating func simplify(_ index: Int) {
        for simpler in simplifications(of: plan.operations[index]) {
            var operations = plan.operations
            operations[index] = simpler
            if accept(operations) { return }
        }
    }

    private func simplifications(of operation: Operation) -> [Operation] {
        var quick = operation
        quick.after = min(operation.after, 1000)
        var candidates: [Operation] = []
        func add(_ action: Action) {
            var simpler = quick
            simpler.what = action
            candidates.append(simpler)
        }
        switch operation.what {
        case .send(let link) where link != .fine: add(.send(link: .fine))
        case .sync(let legs) where !legs.isEmpty: add(.sync(legs: []))
        case .edit(let record, let values, let source) where values.count > 1:
            for value in values { add(.edit(record: record, values: [value], source: source)) }
        case .create(let record, let grid, let values, let source) where values.count > 1:
            add(.create(record: record, grid: grid, values: [values[0]], source: source))
        case .batch(let first, let count, let grid) where count > 1:
            add(.batch(first: first, count: 1, grid: grid))
        default: break
        }
        if quick != operation { candidates.append(quick) }
        return candidates
    }
}

extension Link {
    static let fine = Link(up: .fine, down: .fine, repeated: nil)
}
