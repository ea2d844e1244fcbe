import FieldgridModel

/// The merge by its definition, as slow as it likes: a list of every value
/// that was offered for one unit, in the hub's order, and nothing else.
///
/// Written apart from the production's merge, to be compared with it. Sides
/// are what no other change has seen; everything else follows from them.
struct Reference {
    struct Offered {
        var identity: ChangesetIdentity
        var scope: ScopeCode
        var position: Position
        var time: HybridTime
        var isClamped: Bool
        var source: ValueSource
        var value: UnitValue
        /// What its author had been shown, scope by scope; nil for the hub
        /// itself, which sees all.
        var context: [ScopeCode: Position]?
        var exception: Position?
        var named: [ChangesetIdentity]
        var isSettlement: Bool
        /// Own earlier lives: everything of them up to a sequence.
        var ancestors: [ChangesetIdentity]
        /// Where the record lives now, and since when.
        var home: (scope: ScopeCode, entered: Position)?
    }

    enum State: String { case none, open, decided, settled, reopened }

    let policy: MergePolicy
    private(set) var sides: [Offered] = []
    private(set) var state = State.none
    private var offers: [Offered] = []

    init(policy: MergePolicy) { self.policy = policy }

    /// Whether the author of `later` knew of `earlier`.
    static func knew(_ later: Offered, of earlier: Offered) -> Bool {
        if later.identity.incarnation == earlier.identity.incarnation,
            earlier.identity.seq < later.identity.seq
        {
            return true
        }
        if later.named.contains(earlier.identity) { return true }
        if later.ancestors.contains(where: {
            $0.incarnation == earlier.identity.incarnation && earlier.identity.seq <= $0.seq
        }) {
            return true
        }
        guard later.context != nil else { return true }
        // Whoever saw the record arrive has seen what was accepted where it came from.
        if let home = later.home, later.scope == home.scope, earlier.scope != home.scope,
            shown(of: home.scope, to: later) >= home.entered
        {
            return true
        }
        return earlier.position <= shown(of: earlier.scope, to: later)
    }

    private static func shown(of scope: ScopeCode, to author: Offered) -> Position {
        var shown = author.context?[scope] ?? .zero
        if let exception = author.exception { shown = min(shown, exception) }
        return shown
    }

    /// Whether a value that is set once was set to another, as the author
    /// knew.
    func isSet(_ offer: Offered) -> Bool {
        policy == .fixed && !offer.isSettlement
            && sides.contains {
                !$0.value.isNull && $0.value != offer.value && Self.knew(offer, of: $0)
            }
    }

    mutating func accept(_ offer: Offered) {
        var offer = offer
        let waited = state == .open || state == .reopened
        let unknown = sides.filter { !Self.knew(offer, of: $0) }
        // Whoever saw every side of an open conflict and saves a value settles it.
        if waited, unknown.allSatisfy({ $0.value == offer.value }) { offer.isSettlement = true }
        offers.append(offer)
        sides = offers.indices.filter { index in
            !offers[(index + 1)...].contains { Self.knew($0, of: offers[index]) }
        }.map { offers[$0] }
        let disagree = sides.contains { $0.value != sides[0].value }
        if !disagree {
            state = state != .none && sides.contains(where: \.isSettlement) ? .settled : .none
        } else if sides.contains(where: \.isSettlement), isRegister {
            state = .reopened
        } else {
            // What people settled once and disagree on is theirs, whatever comes.
            state = state == .reopened ? .reopened : judgement
        }
    }

    private var isRegister: Bool { policy != .max && policy != .min }

    /// What the policy makes of sides that disagree and that no person chose.
    private var judgement: State {
        switch policy {
        case .max, .min, .counter, .set, .append: .none
        case .review: .open
        case .fixed: trustedFirst == nil ? .open : .decided
        case .precedence(let order):
            candidates(order).contains { $0.value != candidates(order)[0].value }
                ? (newest(candidates(order)).isClamped ? .open : .decided) : .decided
        default: newest(sides).isClamped ? .open : .decided
        }
    }

    /// The earliest value whose time is to be trusted.
    private var trustedFirst: Offered? {
        sides.filter { !$0.value.isNull && !$0.isClamped }
            .min { ($0.time, $0.identity) < ($1.time, $1.identity) }
    }

    private func candidates(_ order: [ValueSource]) -> [Offered] {
        let rank = { (side: Offered) in order.firstIndex(of: side.source) ?? order.count }
        let best = sides.map(rank).min() ?? 0
        return sides.filter { rank($0) == best }
    }

    private func newest(_ some: [Offered]) -> Offered {
        var found = some[0]
        for side in some.dropFirst()
        where (side.time, side.identity) > (found.time, found.identity) { found = side }
        return found
    }

    private func newestTrusted(_ some: [Offered]) -> Offered {
        let latest = newest(some)
        let trusted = some.filter { !$0.isClamped }
        return latest.isClamped && !trusted.isEmpty ? newest(trusted) : latest
    }

    /// The value that shows.
    var shown: UnitValue? {
        guard !sides.isEmpty else { return nil }
        let settlements = sides.filter(\.isSettlement)
        let disagree = sides.contains { $0.value != sides[0].value }
        if !disagree { return sides[0].value }
        if !settlements.isEmpty, isRegister { return newest(settlements).value }
        switch policy {
        case .max: return sides.map(\.value).max { $0.single < $1.single }
        case .min:
            return sides.map(\.value).filter { !$0.isNull }.min { $0.single < $1.single }
        case .precedence(let order): return newestTrusted(candidates(order)).value
        case .review: return newestTrusted(sides).value
        case .fixed:
            let set = sides.filter { !$0.value.isNull }
            return (trustedFirst ?? set.min { ($0.time, $0.identity) < ($1.time, $1.identity) })?
                .value ?? sides[0].value
        default: return newestTrusted(sides).value
        }
    }
}
