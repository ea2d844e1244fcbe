/// What the sides of a unit come to under its policy: a pure function of the
/// set of sides, whatever order they arrived in.
package struct Decision: Hashable, Sendable {
    /// The rule that named the winner.
    ///
    /// Stored with every conflict.
    package enum Rule: String, Hashable, Sendable, CaseIterable {
        /// There is one value.
        case only
        /// The later hybrid time.
        case latest
        /// How the value was learnt.
        case precedence
        /// The policy leaves it to a person; the later time shows meanwhile.
        case review
        /// The later time was not to be trusted, so a person decides.
        case clampedTime = "clamped_time"
        /// A person's decision stands until people agree on another.
        case settlement
        /// The greatest or least value.
        case max, min
        /// An edit revives a deleted record until a person decides.
        case revival
        /// Only the hub writes this unit.
        case hubOnly = "hub_only"
        /// The earliest value; what is set stays.
        case fixed
        /// Operations are combined: increments, elements, entries.
        case counter, set, append
    }

    /// Index into the sides that were given.
    package var winner: Int
    package var rule: Rule
    /// Nil when there is nothing to decide.
    package var state: ConflictState?

    /// - Precondition: there is at least one side.
    package static func of(_ sides: [Side], policy: UnitPolicy) -> Decision {
        precondition(!sides.isEmpty, "a unit without sides has nothing to decide")
        // By far the most.
        if sides.count == 1 { return Decision(winner: 0, rule: .only, state: nil) }
        let newest = latest(of: sides.indices, in: sides)
        let isContested = PlantedBug.equalValuesConflict.isActive && sides.count > 1
        guard isContested || sides.contains(where: { $0.value != sides[newest].value }) else {
            return Decision(winner: newest, rule: .only, state: nil)
        }
        let settlements = sides.indices.filter { sides[$0].settles != nil }
        if !settlements.isEmpty, policy.isRegister {
            return Decision(
                winner: latest(of: settlements, in: sides), rule: .settlement, state: .reopened)
        }
        switch policy {
        case .presence:
            let alive = sides.indices.filter { sides[$0].value.single == .integer(1) }
            return Decision(winner: latest(of: alive, in: sides), rule: .revival, state: .open)
        case .declared(.max):
            return Decision(winner: extreme(of: sides, by: >), rule: .max, state: nil)
        case .declared(.min):
            return Decision(winner: extreme(of: sides, by: <), rule: .min, state: nil)
        case .declared(.latest), .declared(.hub):
            return byTime(among: Array(sides.indices), in: sides, rule: .latest)
        case .declared(.fixed): return byFirst(in: sides)
        case .declared(.counter): return Decision(winner: newest, rule: .counter, state: nil)
        case .declared(.set): return Decision(winner: newest, rule: .set, state: nil)
        case .declared(.append): return Decision(winner: newest, rule: .append, state: nil)
        case .declared(.review):
            let decision = byTime(among: Array(sides.indices), in: sides, rule: .review)
            return Decision(winner: decision.winner, rule: decision.rule, state: .open)
        case .declared(.precedence(let order)):
            let ranks = sides.map { order.firstIndex(of: $0.offer.source) ?? order.count }
            let best = ranks.min() ?? 0
            let candidates = sides.indices.filter { ranks[$0] == best }
            guard candidates.contains(where: { sides[$0].value != sides[candidates[0]].value })
            else {
                return Decision(
                    winner: latest(of: candidates, in: sides), rule: .precedence, state: .decided)
            }
            return byTime(among: candidates, in: sides, rule: .latest)
        }
    }

    /// Later time wins, unless the later time was clamped: then the latest
    /// trusted time shows, and a person decides.
    private static func byTime(
        among candidates: [Int], in sides: [Side], rule: Rule
    ) -> Decision {
        let newest = latest(of: candidates, in: sides)
        guard sides[newest].offer.isClamped else {
            return Decision(winner: newest, rule: rule, state: .decided)
        }
        let trusted = candidates.filter { !sides[$0].offer.isClamped }
        let shown = trusted.isEmpty ? newest : latest(of: trusted, in: sides)
        return Decision(winner: shown, rule: .clampedTime, state: .open)
    }

    /// The earliest trusted value stands; where none is to be trusted, a
    /// person decides.
    private static func byFirst(in sides: [Side]) -> Decision {
        let set = sides.indices.filter { !sides[$0].value.isNull }
        let trusted = set.filter { !sides[$0].offer.isClamped }
        guard let first = trusted.min(by: { isEarlier(sides[$0], sides[$1]) }) else {
            let shown = set.min { isEarlier(sides[$0], sides[$1]) } ?? 0
            return Decision(winner: shown, rule: .clampedTime, state: .open)
        }
        return Decision(winner: first, rule: .fixed, state: .decided)
    }

    private static func isEarlier(_ left: Side, _ right: Side) -> Bool {
        (left.offer.time, left.offer.identity) < (right.offer.time, right.offer.identity)
    }

    /// Ties in time go to the greater incarnation, then the later sequence.
    private static func latest(of indices: some Collection<Int>, in sides: [Side]) -> Int {
        if PlantedBug.winnerByArrival.isActive, let last = indices.max() { return last }
        let order = indices.max {
            let left = sides[$0].offer
            let right = sides[$1].offer
            return (left.time, left.identity) < (right.time, right.identity)
        }
        guard let order else { preconditionFailure("latest of no sides") }
        return order
    }

    private static func extreme(of sides: [Side], by better: (Value, Value) -> Bool) -> Int {
        var best = 0
        for index in sides.indices.dropFirst() where !sides[index].value.isNull {
            let isBetter = better(sides[index].value.single, sides[best].value.single)
            if sides[best].value.isNull || isBetter { best = index }
        }
        return best
    }
}

/// The policy of a unit, including those that no schema declares.
package enum UnitPolicy: Hashable, Sendable {
    case declared(MergePolicy)
    /// Whether a record is there: an edit revives, and a person decides.
    case presence

    /// False for the lattices, where every concurrent value has its part.
    package var isRegister: Bool {
        switch self {
        case .declared(.max), .declared(.min): false
        case .declared(let policy): !policy.isOperation
        case .presence: true
        }
    }

    /// Edits carry what they do, not what they leave.
    package var isOperation: Bool {
        if case .declared(let policy) = self { policy.isOperation } else { false }
    }

    /// The order of sources that decides, where it does.
    package var sourceOrder: [ValueSource] {
        if case .declared(.precedence(let order)) = self { order } else { [] }
    }

    /// The word for it in conflicts and history.
    package var name: String {
        switch self {
        case .presence: "presence"
        case .declared(.latest): "latest"
        case .declared(.review): "review"
        case .declared(.precedence): "precedence"
        case .declared(.max): "max"
        case .declared(.min): "min"
        case .declared(.hub): "hub"
        case .declared(.fixed): "fixed"
        case .declared(.counter): "counter"
        case .declared(.set): "set"
        case .declared(.append): "append"
        }
    }
}
