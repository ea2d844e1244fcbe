import FieldgridModel
import FieldgridSync
import GRDB

extension ReplyApplication {
    /// Applies a delta to a record with own unacknowledged changes: what they
    /// cover goes into their base, the rest into the row (sync.md 9.16).
    mutating func applyBelowPending(
        _ delta: RecordDelta, _ id: RecordID, _ row: RecordRow?, _ layout: TypeLayout
    ) throws {
        var entries = try PendingEntry.all(of: id, db)
        let accepted = try entries.map { try isAccepted($0, delta) }
        // The usual answer to an own creation: just its number.
        if let row, delta.units.isEmpty, delta.presence == .alive, row.scope == delta.scope,
            entries.allSatisfy({ $0.kind == .creation && $0.units.isEmpty })
        {
            return try place(row, delta, layout)
        }
        var hold = Hold(entries: entries, accepted: accepted)
        var values: [Int: Value] = [:]
        if delta.presence == .deleted {
            hold.keep(.presence, delta.alias.map { .merged(into: $0) } ?? .deleted)
        } else {
            hold.keepIfCovered(.presence, .alive)
            let units = Self.units(of: delta, layout)
            for (unit, pulled) in units {
                var value = pulled
                if let policy = unit.operation, row != nil {
                    value = hold.redo(unit.number, over: pulled, policy)
                } else if hold.keepIfCovered(unit.number, pulled) {
                    continue
                }
                for (column, value) in zip(unit.columns, value.members) { values[column] = value }
            }
        }
        let scopeIsOurs = hold.keepIfCovered(.scope, UnitValue(.text(delta.scope.text)))
        if let row {
            let scope = scopeIsOurs ? row.scope : delta.scope
            try db.run(
                layout.sql.setNumber, .text(scope.text), .integer(delta.number.value),
                .integer(row.rec))
            try write(values, to: row.rec, layout)
            hold.agree(with: row, layout)
        } else {
            try Stubs.insert(
                id, delta.type, scope: delta.scope, number: delta.number.value,
                alias: delta.alias, db)
        }
        entries = hold.entries
        for index in entries.indices where hold.changed.contains(index) {
            if entries[index].kind == .update, entries[index].units.isEmpty {
                try entries[index].delete(db)
                try forgetIfSettled(entries[index].seq)
            } else {
                try entries[index].write(db)
            }
        }
    }

    /// Whether the hub had accepted a change when it sent this delta.
    ///
    /// A record whose creation was quarantined can only come after all.
    private func isAccepted(_ entry: PendingEntry, _ delta: RecordDelta) throws -> Bool {
        switch try Outbox.state(entry.seq, db) {
        case .accepted: return try Outbox.wasAccepted(entry.seq, asOf: reply, db)
        case .quarantined where entry.kind == .creation:
            try db.run(
                """
                UPDATE fg_outbox SET state = 1, scope = ?, position = 0, code = NULL,
                message = NULL WHERE seq = ?
                """, .text(delta.scope.text), .integer(entry.seq))
            return true
        case .quarantined, .waiting, .kept, nil: return false
        }
    }

    /// The declared units that a delta speaks of; all of them when it gives
    /// the whole record.
    private static func units(
        of delta: RecordDelta, _ layout: TypeLayout
    ) -> [(TypeLayout.Unit, UnitValue)] {
        var given: [UnitNumber: UnitValue] = [:]
        for unit in delta.units { given[unit.unit] = unit.value }
        return layout.units.compactMap { unit in
            if let value = given[unit.number] { return (unit, value) }
            guard delta.presence == .whole else { return nil }
            return (unit, UnitValue(unit.columns.map { _ in .null }))
        }
    }
}

/// The entries of one record while a delta goes into their bases.
private struct Hold {
    var entries: [PendingEntry]
    let accepted: [Bool]
    var changed: Set<Int> = []

    init(entries: [PendingEntry], accepted: [Bool]) {
        self.entries = entries
        self.accepted = accepted
    }

    /// Puts a value below the oldest change that covers its unit; false when
    /// none does.
    @discardableResult
    mutating func keepIfCovered(_ unit: UnitNumber, _ value: UnitValue) -> Bool {
        let index =
            unit == .presence
            ? entries.firstIndex { $0.units[.presence] != nil || $0.kind == .deletion }
            : entries.firstIndex { $0.covers(unit) }
        guard let index else { return false }
        if PlantedBug.baseNotFollowing.isActive { return true }
        keep(unit, value, at: index)
        return true
    }

    /// What the hub has, with the own operations done to it that it does not
    /// have yet.
    mutating func redo(
        _ unit: UnitNumber, over pulled: UnitValue, _ policy: MergePolicy
    ) -> UnitValue {
        var shown = pulled
        for index in entries.indices where entries[index].units[unit] != nil {
            changed.insert(index)
            guard !accepted[index], let operation = entries[index].units[unit]?.operation else {
                entries[index].units[unit] = nil
                continue
            }
            entries[index].units[unit]?.base = shown
            entries[index].units[unit]?.isPulled = true
            shown = UnitOperation.apply(operation, to: shown, policy: policy)
        }
        return shown
    }

    /// Puts a value below the oldest change, whatever that covers.
    mutating func keep(_ unit: UnitNumber, _ value: UnitValue) {
        if !entries.isEmpty { keep(unit, value, at: 0) }
    }

    private mutating func keep(_ unit: UnitNumber, _ value: UnitValue, at index: Int) {
        entries[index].units[unit] = PendingEntry.Unit(
            seen: entries[index].seen(unit), base: value, isDecided: accepted[index],
            isPulled: true)
        changed.insert(index)
        guard unit != .presence else { return }
        // Later ones stand on it too: whether it has them in it is known now, and not any more
        // when the oldest is let go of.
        for later in entries.indices.dropFirst(index + 1) where entries[later].units[unit] != nil {
            entries[later].units[unit]?.base = value
            entries[later].units[unit]?.isDecided = accepted[later]
            entries[later].units[unit]?.isPulled = true
            changed.insert(later)
        }
    }

    /// An unaccepted change whose value the hub came to have anyway waits
    /// for nothing.
    mutating func agree(with row: RecordRow, _ layout: TypeLayout) {
        for index in changed where !accepted[index] && entries[index].kind == .update {
            for (number, unit) in entries[index].units {
                guard unit.operation == nil, let declared = layout.unit(number),
                    layout.value(of: declared, in: row.values) == unit.base,
                    !entries.dropFirst(index + 1).contains(where: { $0.covers(number) })
                else { continue }
                entries[index].units[number] = nil
            }
        }
    }
}
