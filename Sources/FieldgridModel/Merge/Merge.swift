/// What the author of a change had seen when making it.
package struct Seen: Hashable, Sendable {
    /// The author's own earlier changesets are always seen.
    package var identity: ChangesetIdentity
    package var context: [ScopeCode: Position]
    /// Replaces the context downwards for one unit (sync.md 9.1).
    package var exception: Position?
    /// Sides that a settlement names.
    package var named: [ChangesetIdentity]
    /// The incarnations that this one continues, each with the last sequence
    /// of it that the author had before going on under another name.
    package var ancestry: [ChangesetIdentity]

    package init(
        identity: ChangesetIdentity, context: [ScopeCode: Position], exception: Position? = nil,
        named: [ChangesetIdentity] = [], ancestry: [ChangesetIdentity] = []
    ) {
        self.identity = identity
        self.context = context
        self.exception = exception
        self.named = named
        self.ancestry = ancestry
    }

    package func includes(_ offer: Offer) -> Bool {
        if offer.identity.incarnation == identity.incarnation,
            offer.identity.seq < identity.seq
        {
            return true
        }
        for ancestor in ancestry where ancestor.incarnation == offer.identity.incarnation {
            if offer.identity.seq <= ancestor.seq { return true }
        }
        if named.contains(offer.identity) { return true }
        var through = context[offer.scope] ?? .zero
        if let exception { through = min(through, exception) }
        return offer.position <= through
    }
}

/// What became of one offered value.
///
/// Stored in the history with its inputs.
package struct MergeOutcome: Hashable, Sendable {
    package enum Effect: String, Hashable, Sendable, CaseIterable {
        /// Nothing concurrent: the value stands.
        case stands
        /// Concurrent, and equal to what stands.
        case agrees
        /// Concurrent and different: this value leads.
        case wins
        /// Concurrent and different: another value leads.
        case loses
        /// This value ended a conflict.
        case settles
        /// Not merged: its author may not write this unit.
        case refused
    }

    package var effect: Effect
    package var rule: Decision.Rule
    /// The conflict that this value opened, extended or ended.
    package var conflict: RecordID?
    package var conflictState: ConflictState?
    /// The changesets whose values it was weighed against.
    package var rivals: [ChangesetIdentity]

    package init(
        effect: Effect, rule: Decision.Rule, conflict: RecordID? = nil,
        conflictState: ConflictState? = nil, rivals: [ChangesetIdentity] = []
    ) {
        self.effect = effect
        self.rule = rule
        self.conflict = conflict
        self.conflictState = conflictState
        self.rivals = rivals
    }
}

extension UnitState {
    /// A unit that nothing was offered for yet.
    package static let empty = UnitState(changed: .zero, sides: [])

    /// The index of the side that shows, and why.
    package func decision(policy: UnitPolicy) -> Decision { .of(sides, policy: policy) }

    /// The value that shows; null for a unit without sides.
    package func value(policy: UnitPolicy) -> UnitValue? {
        sides.isEmpty ? nil : sides[decision(policy: policy).winner].value
    }

    /// Merges one offered value: the one merge of hub and node.
    ///
    /// Steps after sync.md section 3.1:
    /// 1. the offer replaces the sides its author had seen;
    /// 2. equal sides count as one value but keep their identity;
    /// 3. one value left means no conflict;
    /// 4. otherwise one conflict is opened, or the present one extended;
    /// 6. an offer that saw every side of a conflict settles it.
    ///
    /// - Parameters:
    ///   - conflictID: names a new conflict from the two identities that
    ///     opened it.
    ///   - base: what both sides started from; asked only when one opens.
    package mutating func merge(
        _ offered: Side, seen: Seen, policy: UnitPolicy,
        conflictID: (ChangesetIdentity, ChangesetIdentity) throws -> RecordID,
        base: () throws -> UnitValue
    ) rethrows -> MergeOutcome {
        var side = offered
        let rivals = sides.filter { !seen.includes($0.offer) }
        let disagrees = rivals.contains { $0.value != side.value }
        let wasActive = conflict.map { $0.state != .settled } ?? false
        if !disagrees, let ended = conflict, wasActive, ended.state.waitsForPerson {
            // Rule 6: seeing every side of an open conflict settles it.
            side.settles = ended.id
        }
        sides = rivals + [side]
        changed = max(changed, offered.offer.position)
        let decision = Decision.of(sides, policy: policy)
        var outcome = MergeOutcome(
            effect: rivals.isEmpty ? .stands : .agrees, rule: decision.rule, conflict: nil,
            conflictState: nil, rivals: rivals.map(\.offer.identity))
        guard let state = decision.state else {
            if !rivals.isEmpty, disagrees {
                outcome.effect = decision.winner == sides.count - 1 ? .wins : .loses
            }
            if let ended = conflict, wasActive {
                conflict?.state = .settled
                outcome.effect = .settles
                outcome.conflict = ended.id
                outcome.conflictState = .settled
            }
            if sides.allSatisfy({ $0.settles != conflict?.id }) { conflict = nil }
            return outcome
        }
        outcome.effect = decision.winner == sides.count - 1 ? .wins : .loses
        if conflict == nil {
            let id = try conflictID(rivals[0].offer.identity, side.offer.identity)
            conflict = ConflictReference(id: id, state: state, base: try base())
        }
        conflict?.state = state
        outcome.conflict = conflict?.id
        outcome.conflictState = state
        return outcome
    }
}
