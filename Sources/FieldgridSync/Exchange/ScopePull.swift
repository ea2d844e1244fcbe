package import FieldgridModel

/// How far a node is in a scope that it fetches in several replies.
///
/// Its position counts what came in the order of last change. Of a record that
/// changed again since, it may have nothing yet; so what the hub sends is
/// reckoned from where the pull began, and not from the position.
package struct ScopePull: Hashable, Sendable {
    /// The position up to which the node has everything.
    package var base: Position
    /// Where the hub stood when it last said which records left the scope.
    package var told: Position

    package init(base: Position, told: Position) {
        self.base = base
        self.told = told
    }

    /// The scopes that a node at `positions` goes on fetching after a reply.
    package static func after(
        _ reply: ExchangeReply, at positions: [ScopeCode: Position],
        _ pulls: [ScopeCode: ScopePull]
    ) -> [ScopeCode: ScopePull] {
        var next: [ScopeCode: ScopePull] = [:]
        for (scope, reached) in reply.positions {
            let head = reply.heads[scope] ?? reached
            guard reached < head else { continue }
            let before = positions[scope] ?? .zero
            // A reply that did not come to this scope says nothing of what left it.
            next[scope] =
                reached > before
                ? ScopePull(base: pulls[scope]?.base ?? before, told: head) : pulls[scope]
        }
        return next
    }
}

/// What a node says of where it stands in its scopes.
package struct ScopeStands: Hashable, Sendable {
    /// How far the node has applied each scope.
    package var positions: [ScopeCode: Position]
    /// The scopes of which more is to come.
    package var pulls: [ScopeCode: ScopePull] = [:]
    /// The lowest context of anything that the node may still send, where it
    /// is below the position.
    package var oldest: [ScopeCode: Position] = [:]

    package init(
        positions: [ScopeCode: Position], pulls: [ScopeCode: ScopePull] = [:],
        oldest: [ScopeCode: Position] = [:]
    ) {
        self.positions = positions
        self.pulls = pulls
        self.oldest = oldest
    }

    /// The position up to which the node has everything.
    package func base(_ scope: ScopeCode) -> Position {
        pulls[scope]?.base ?? positions[scope] ?? .zero
    }

    /// The position up to which the node was told what left a scope; nil where
    /// it has nothing of it.
    package func told(_ scope: ScopeCode) -> Position? {
        if let pull = pulls[scope] { return pull.told }
        return positions[scope].flatMap { $0 == .zero ? nil : $0 }
    }

    /// The same after a reply, for who answers in the node's place.
    package mutating func follow(_ reply: ExchangeReply) {
        pulls = ScopePull.after(reply, at: positions, pulls)
        positions = reply.positions
    }

    /// Whether the node missed what the hub no longer tells: records that left
    /// a scope up to its horizon.
    package func isBelow(_ horizons: [ScopeCode: Position]) -> Bool {
        horizons.contains { scope, horizon in told(scope).map { $0 < horizon } ?? false }
    }
}
