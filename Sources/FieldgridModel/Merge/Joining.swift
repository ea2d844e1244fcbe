/// Two records of one thing in the world become one, and can be parted again
/// (sync.md 9.19).
///
/// - What was given to the record that goes becomes sides of the one that
///   stays, each with its origin: the record that it was given to, which may
///   have been merged into the one that goes. The policies then say what shows.
/// - The record that goes keeps its own units as they are, and late changes
///   through its id go into both.
extension UnitState {
    /// Adds the sides of the same unit of a record that is merged into this
    /// one.
    ///
    /// - Returns: the conflict that this opened or extended, if it did.
    package mutating func join(
        _ others: [Side], from origin: RecordID, at position: Position, policy: UnitPolicy,
        conflictID: (ChangesetIdentity, ChangesetIdentity) -> RecordID
    ) -> ConflictReference? {
        guard !others.isEmpty else { return nil }
        let before = sides
        for var side in others {
            side.origin = side.origin ?? origin
            side.settles = nil
            sides.append(side)
        }
        changed = max(changed, position)
        guard let state = Decision.of(sides, policy: policy).state else { return nil }
        if conflict == nil {
            let first = before.first ?? sides[0]
            let id = conflictID(first.offer.identity, others[0].offer.identity)
            let base = UnitValue(first.value.members.map { _ in .null })
            conflict = ConflictReference(id: id, state: state, base: base)
        }
        conflict?.state = state
        return conflict
    }

    /// Takes away what came from a record that is its own again, and from
    /// those that were merged into it.
    ///
    /// - Returns: the conflict that this ended, if it did.
    package mutating func part(
        from origins: Set<RecordID>, at position: Position, policy: UnitPolicy
    ) -> ConflictReference? {
        func isGone(_ side: Side) -> Bool { side.origin.map { origins.contains($0) } ?? false }
        conflict?.replaced.removeAll(where: isGone)
        guard sides.contains(where: isGone) else { return nil }
        sides.removeAll(where: isGone)
        changed = max(changed, position)
        guard var ended = conflict else { return nil }
        if let state = sides.isEmpty ? nil : Decision.of(sides, policy: policy).state {
            conflict?.state = state
            return conflict
        }
        conflict = nil
        ended.state = .settled
        return ended
    }
}
