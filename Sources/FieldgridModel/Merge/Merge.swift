/// What the author of a change had seen when making it.
package struct Seen: Sendable {
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
    /// Where the record lives and since when: whoever has seen it arrive has
    /// seen all that was accepted where it lived before.
    package var home: (scope: ScopeCode, entered: Position)?
    /// The record that the change was made to, and those that were merged into
    /// it, where it was merged into another: its author has seen only what was
    /// given to them (sync.md 9.19).
    package var origins: Set<RecordID>?

    package init(
        identity: ChangesetIdentity, context: [ScopeCode: Position], exception: Position? = nil,
        named: [ChangesetIdentity] = [], ancestry: [ChangesetIdentity] = [],
        home: (scope: ScopeCode, entered: Position)? = nil
    ) {
        self.identity = identity
        self.context = context
        self.exception = exception
        self.named = named
        self.ancestry = ancestry
        self.home = home
    }

    package func includes(_ side: Side) -> Bool {
        if named.contains(side.offer.identity) { return true }
        if let origins, side.origin.map({ origins.contains($0) }) != true { return false }
        return includes(side.offer)
    }

    package func includes(_ offer: Offer) -> Bool {
        if offer.identity.incarnation == identity.incarnation,
            offer.identity.seq < identity.seq, !PlantedBug.ownEarlierNotSeen.isActive
        {
            return true
        }
        for ancestor in ancestry where ancestor.incarnation == offer.identity.incarnation {
            if offer.identity.seq <= ancestor.seq { return true }
        }
        if named.contains(offer.identity) { return true }
        if let home, home.scope != offer.scope {
            var through = context[home.scope] ?? .zero
            if let exception { through = min(through, exception) }
            if through >= home.entered { return true }
        }
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
        /// An operation that was combined with the others.
        case combines
        /// A decision was taken back.
        case undoes
        /// A delete of a record that had been merged into another meanwhile:
        /// it is only told.
        case late
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
        if policy.isOperation { return combine(offered, seen: seen, policy: policy) }
        if case .declared(.fixed) = policy, isSet(against: offered, seen: seen) {
            changed = max(changed, offered.offer.position)
            return MergeOutcome(effect: .refused, rule: .fixed)
        }
        return try mergeRegister(
            offered, seen: seen, policy: policy, conflictID: conflictID, base: base)
    }

    private mutating func mergeRegister(
        _ offered: Side, seen: Seen, policy: UnitPolicy,
        conflictID: (ChangesetIdentity, ChangesetIdentity) throws -> RecordID,
        base: () throws -> UnitValue
    ) rethrows -> MergeOutcome {
        var side = offered
        let rivals = sides.filter { !seen.includes($0) }
        let replaced = sides.filter { seen.includes($0) }
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
                conflict?.replaced = side.settles == ended.id ? replaced : []
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
            conflict = ConflictReference(
                id: id, state: state, kind: policy == .presence ? .deleted : .hard,
                base: try base())
        }
        if let settled = conflict?.id, side.settles == settled {
            // Settled apart by two people: undoing it brings back what either had seen.
            let known = Set(conflict?.replaced.map(\.offer.identity) ?? [])
            conflict?.replaced += replaced.filter { !known.contains($0.offer.identity) }
        }
        // What was settled once and reopened is no news to anybody, and no rule decides it again.
        let isReopened = conflict?.state == .reopened
        conflict?.state = isReopened ? .reopened : state
        outcome.conflict = conflict?.id
        outcome.conflictState = conflict?.state
        return outcome
    }

    /// Whether a value that is set once was set before, to the author's
    /// knowledge.
    private func isSet(against offered: Side, seen: Seen) -> Bool {
        guard offered.settles == nil else { return false }
        return sides.contains {
            !$0.value.isNull && $0.value != offered.value && seen.includes($0)
        }
    }
}
