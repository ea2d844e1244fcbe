extension UnitState {
    /// Takes on another policy: what shows, and who has the last word, follow
    /// from the same sides.
    ///
    /// - Returns: nil, and changes nothing, where both are as they were.
    package mutating func adopt(
        _ policy: UnitPolicy, replacing old: UnitPolicy, at position: Position,
        conflictID: (ChangesetIdentity, ChangesetIdentity) -> RecordID
    ) -> MergeOutcome? {
        guard sides.count > 1 else { return nil }
        let before = Decision.of(sides, policy: old)
        let after = Decision.of(sides, policy: policy)
        let showsTheSame = sides[before.winner].value == sides[after.winner].value
        guard !showsTheSame || before.state != after.state else { return nil }
        changed = max(changed, position)
        if let state = after.state {
            if conflict == nil {
                let first = sides[0]
                conflict = ConflictReference(
                    id: conflictID(first.offer.identity, sides[1].offer.identity), state: state,
                    base: UnitValue(first.value.members.map { _ in .null }))
            }
            // What a person has to say again no rule decides.
            if conflict?.state != .reopened { conflict?.state = state }
        } else {
            conflict?.state = .settled
        }
        return MergeOutcome(
            effect: .stands, rule: after.rule, conflict: conflict?.id,
            conflictState: conflict?.state, rivals: sides.map(\.offer.identity))
    }
}
