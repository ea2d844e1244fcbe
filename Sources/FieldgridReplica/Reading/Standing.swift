package import FieldgridModel
import GRDB

extension Replica {
    /// How a unit stands: as the conflict tells, unless the hub's value here
    /// is another one by now; then what was saved here since, merged as the
    /// hub will merge it.
    package func standing(
        of number: UnitNumber, in id: RecordID, type: RecordType, told: ToldUnit
    ) throws -> UnitState {
        guard let policy = type.policy(of: number) else { return told.state }
        let layout = try memory.layout(type.number)
        return try read { db in
            let pending = try PendingEntry.all(of: id, db)
            let holds = pending.compactMap { $0.units[number] }
            let shown = try holds.first?.base ?? self.shown(number, of: id, layout, db)
            if let shown, let told = told.shown, shown != told { return .empty }
            var state = told.state
            for own in try unanswered(of: id, told.state.conflict?.id, db) {
                let hold = pending.first { $0.seq == own.number }?.units[number]
                // What was decided of it is what shows.
                if hold?.isDecided == true { continue }
                for change in own.changeset.changes
                where change.record == id && change.unit == number {
                    let hasSeen = hold.map { !$0.isPulled } ?? true
                    state.take(change, of: own.changeset, from: identity.node, policy, hasSeen)
                }
            }
            return state
        }
    }

    /// The value that the unit has in its row; nil where that is gone.
    private func shown(
        _ number: UnitNumber, of id: RecordID, _ layout: TypeLayout, _ db: Database
    ) throws -> UnitValue? {
        let row = try RecordRow.find(id, layout, db)
        if number == .presence {
            if row != nil { return .alive }
            guard try Stubs.find(id, db) != nil else { return nil }
            return try Stubs.alias(of: id, db).map { .merged(into: $0) } ?? .deleted
        }
        guard let row else { return nil }
        if number == .scope { return UnitValue(.text(row.scope.text)) }
        return layout.unit(number).map { layout.value(of: $0, in: row.values) }
    }

    /// Own changesets about a record, or a conflict, that the hub has not
    /// answered or whose answer was not pulled yet, oldest first.
    private func unanswered(
        of id: RecordID, _ conflict: RecordID?, _ db: Database
    ) throws -> [(number: Int64, changeset: Changeset)] {
        let query = try Query(
            db,
            """
            SELECT seq FROM fg_outbox WHERE state IN (0, 1)
            AND (seq IN (SELECT seq FROM fg_pending WHERE id = ?1) OR instr(settles, ?2))
            ORDER BY seq
            """)
        query.bind(1, id.blob)
        query.bind(2, conflict?.description ?? "none")
        var numbers: [Int64] = []
        while try query.step() { numbers.append(query.integer(0)) }
        return try numbers.compactMap { number in
            try Outbox.entry(number, db).map { (number, $0.changeset) }
        }
    }
}

extension UnitState {
    /// What the hub will do with an own change once it is sent.
    fileprivate mutating func take(
        _ change: Change, of changeset: Changeset, from node: NodeID, _ policy: UnitPolicy,
        _ hasSeen: Bool
    ) {
        let offer = Offer(
            Offer.Facts(
                identity: changeset.identity, node: node, author: changeset.author,
                source: changeset.source, time: changeset.time, isClamped: false,
                accepted: (ScopeCode(""), Position(.max))))
        let named = hasSeen ? sides.map(\.offer.identity) : change.settles?.sides ?? []
        let seen = Seen(identity: changeset.identity, context: [:], named: named)
        if let settles = change.settles, settles.isUndo {
            _ = undo(settles.conflict, by: offer, seen: seen)
            return
        }
        let side = Side(value: change.value, offer: offer, settles: change.settles?.conflict)
        // No conflict begins here: the hub names those.
        _ = merge(
            side, seen: seen, policy: policy, conflictID: { _, _ in change.record },
            base: { UnitValue(.null) })
    }
}
