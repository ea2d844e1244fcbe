import FieldgridModel
import FieldgridSync

extension Acceptance {
    /// Merges what a changeset says about whether a record is there: that it
    /// is new, deleted, revived by an edit, merged into another, or apart.
    func mergePresence(
        _ changes: ArraySlice<Change>, _ offer: Offer, _ merging: Merging,
        into state: inout RecordState
    ) throws -> HistoryUnit? {
        let stated = changes.first { $0.unit == .presence }
        let change = stated ?? Self.impliedPresence(of: state, by: changes)
        let id = state.id
        let namer = { (first: ChangesetIdentity, second: ChangesetIdentity) in
            RecordID.conflict(record: id, unit: .presence, between: first, and: second)
        }
        let seen = try seen(change, merging, of: state)
        let outcome: MergeOutcome
        if state.alias != nil, change.settles == nil {
            guard stated != nil else { return nil }
            // It is gone already; a delete must not reach the record it went into.
            outcome = MergeOutcome(effect: .late, rule: .only)
        } else if let settles = change.settles, settles.isUndo {
            var unit = state.units[.presence] ?? .empty
            outcome = undo(settles, in: &unit, by: offer, seen: seen)
            state.units[.presence] = unit
        } else if stated != nil, state.units[.presence] == nil || change.settles != nil {
            var unit = state.units[.presence] ?? .empty
            outcome = unit.merge(
                Side(value: change.value, offer: offer, settles: change.settles?.conflict),
                seen: seen, policy: .presence, conflictID: namer, base: { .alive })
            state.units[.presence] = unit
        } else {
            let merged = state.reconcilePresence(
                with: offer, deletes: stated?.value == .deleted, seen: seen, conflictID: namer)
            guard let merged else { return nil }
            outcome = merged
        }
        noteConflict(outcome, .presence, state, offer, note: change.settles?.note)
        return HistoryUnit(
            unit: .presence, value: change.value, outcome: outcome, note: change.settles?.note)
    }

    /// Whoever changes a record says that it is there, having seen of that no
    /// more than of what was changed: what a repair found has seen nothing, and
    /// decides nothing.
    private static func impliedPresence(
        of state: RecordState, by changes: ArraySlice<Change>
    ) -> Change {
        var change = Change(
            type: state.type, record: state.id, unit: .presence, value: .alive)
        let exceptions = changes.compactMap(\.seenThrough)
        if exceptions.count == changes.count { change.seenThrough = exceptions.max() }
        return change
    }
}
