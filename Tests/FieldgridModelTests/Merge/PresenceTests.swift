import FieldgridModel
import Testing

@Suite struct PresenceTests {
    private func record(edited edit: Edit) -> RecordState {
        var state = RecordState(
            type: TypeNumber(1), id: World.record, scope: World.scope, number: RecordNumber(1),
            entered: Position(1))
        let created = Edit(author: 1, seq: 1, value: 1, time: 0, seen: 0)
        state.units[.presence] = UnitState.after([created], policy: .presence).state
        var unit = UnitState.empty
        for (place, edit) in [created, edit].enumerated() {
            _ = unit.merge(
                edit.side(at: Int64(place) + 1), seen: edit.seenByAuthor, policy: .latest,
                conflictID: World.conflict, base: { UnitValue(.null) })
        }
        state.units[World.unit] = unit
        return state
    }

    @Test func aDeleteThatSawEverythingDeletes() {
        var state = record(edited: Edit(author: 2, seq: 1, value: 5, time: 1, seen: 1))
        let delete = Edit(author: 1, seq: 2, value: 0, time: 2, seen: 2)
        _ = state.reconcilePresence(
            with: delete.side(at: 3).offer, deletes: true, seen: delete.seenByAuthor,
            conflictID: World.conflict)
        #expect(!state.isAlive)
        #expect(state.units[.presence]?.conflict == nil)
    }

    @Test func aDeleteNeverSilentlyDestroysAnEditItHadNotSeen() {
        var state = record(edited: Edit(author: 2, seq: 1, value: 5, time: 1, seen: 1))
        let delete = Edit(author: 1, seq: 2, value: 0, time: 2, seen: 1)
        _ = state.reconcilePresence(
            with: delete.side(at: 3).offer, deletes: true, seen: delete.seenByAuthor,
            conflictID: World.conflict)
        #expect(state.isAlive)
        #expect(state.units[.presence]?.conflict?.state == .open)
    }

    @Test func anEditThatHadNotSeenTheDeleteRevives() {
        var state = record(edited: Edit(author: 1, seq: 2, value: 5, time: 1, seen: 1))
        let delete = Edit(author: 1, seq: 3, value: 0, time: 2, seen: 2)
        _ = state.reconcilePresence(
            with: delete.side(at: 3).offer, deletes: true, seen: delete.seenByAuthor,
            conflictID: World.conflict)
        let edit = Edit(author: 2, seq: 1, value: 6, time: 3, seen: 2)
        _ = state.reconcilePresence(
            with: edit.side(at: 4).offer, deletes: false, seen: edit.seenByAuthor,
            conflictID: World.conflict)
        #expect(state.isAlive)
        #expect(state.units[.presence]?.conflict?.state == .open)
    }
}
