package import FieldgridModel
import GRDB

extension Replica {
    /// The record; one that an own unanswered action deleted is given with
    /// the values it had, one deleted for good without any.
    package func record(_ id: RecordID, type: RecordType) throws -> StoredRecord? {
        let layout = try memory.layout(type.number)
        return try read { db in
            let pending = try PendingEntry.all(of: id, db)
            if let row = try RecordRow.find(id, layout, db) {
                return try stored(row, id, pending, layout, db)
            }
            if let deletion = pending.last, deletion.kind == .deletion {
                return try stored(deletion, pending, layout, db)
            }
            guard let stub = try Stubs.find(id, db), stub.type == type.number else { return nil }
            var gone = StoredRecord(
                type: type.number, id: id, scope: stub.scope, isAlive: false, values: [:])
            gone.alias = try Stubs.alias(of: id, db)
            return gone
        }
    }

    private func stored(
        _ row: RecordRow, _ id: RecordID, _ pending: [PendingEntry], _ layout: TypeLayout,
        _ db: Database
    ) throws -> StoredRecord {
        let fields = layout.type.fields
        var values: [UnitNumber: Value] = [:]
        values.reserveCapacity(fields.count)
        for (column, value) in row.values.enumerated() where !value.isNull {
            values[fields[column].number] = value
        }
        return StoredRecord(
            type: layout.type.number, id: id, scope: row.scope, values: values,
            unsynced: try unsynced(pending, row, layout, db))
    }

    private func stored(
        _ deletion: PendingEntry, _ pending: [PendingEntry], _ layout: TypeLayout, _ db: Database
    ) throws -> StoredRecord {
        var values: [UnitNumber: Value] = [:]
        for unit in layout.units {
            let base = deletion.units[unit.number]?.base.members ?? []
            for (column, value) in zip(unit.columns, base) where !value.isNull {
                values[layout.type.fields[column].number] = value
            }
        }
        var record = StoredRecord(
            type: layout.type.number, id: deletion.id, scope: deletion.scope, isAlive: false,
            values: values, unsynced: try unsynced(pending, nil, layout, db))
        record.alias = try mergedInto(deletion, db)
        return record
    }

    /// The record that an own, unanswered action merged this one into, if it did.
    private func mergedInto(_ deletion: PendingEntry, _ db: Database) throws -> RecordID? {
        try Outbox.entry(deletion.seq, db)?.changeset.changes
            .first { $0.record == deletion.id && $0.unit == .presence }?
            .value.single.text.flatMap { RecordID($0) }
    }

    /// The units that show own values, with the reason where the hub set the
    /// latest of them aside.
    private func unsynced(
        _ pending: [PendingEntry], _ row: RecordRow?, _ layout: TypeLayout, _ db: Database
    ) throws -> [UnsyncedUnit] {
        guard !pending.isEmpty else { return [] }
        var units: [UnitNumber: UnsyncedUnit] = [:]
        for entry in pending {
            let (code, message) = try quarantine(entry.seq, db)
            var numbers = Set(entry.units.keys)
            switch entry.kind {
            case .update: break
            case .deletion: numbers = [.presence]
            case .creation:
                numbers = Set(
                    layout.units.filter { unit in
                        row.map { !layout.value(of: unit, in: $0.values).isNull } ?? false
                    }.map(\.number))
                numbers.insert(.presence)
            }
            for number in numbers {
                units[number] = UnsyncedUnit(unit: number, quarantine: code, message: message)
            }
        }
        return units.values.sorted { $0.unit < $1.unit }
    }

    private func quarantine(
        _ seq: Int64, _ db: Database
    ) throws -> (QuarantineCode?, String?) {
        let query = try Query(db, "SELECT code, message FROM fg_outbox WHERE seq = ?")
        query.bind(1, seq)
        defer { query.finish() }
        guard try query.step() else { return (nil, nil) }
        return (
            query.textIfAny(0).flatMap { QuarantineCode(rawValue: $0) }, query.textIfAny(1)
        )
    }

    /// Records are read in pages, so that the body may use the replica, and
    /// memory stays flat.
    package func forEachRecord(
        of type: RecordType, where conditions: [FieldCondition],
        _ body: (StoredRecord) throws -> Bool
    ) throws {
        let layout = try memory.layout(type.number)
        let wanted = conditions.compactMap { condition in
            layout.columnIndex[condition.field].map { ($0, condition.value) }
        }
        guard wanted.count == conditions.count else { return }
        var last = Int64.min
        while true {
            let page = try read { try self.page(after: &last, wanted, layout, $0) }
            guard let page else { return }
            for record in page {
                guard try body(record) else { return }
            }
        }
    }

    private static let pageSize: Int64 = 500

    private func page(
        after last: inout Int64, _ wanted: [(column: Int, value: Value)], _ layout: TypeLayout,
        _ db: Database
    ) throws -> [StoredRecord]? {
        let query = try Query(db, layout.sql.selectPage)
        query.bind(1, last)
        query.bind(2, Self.pageSize)
        var rows: [RecordRow] = []
        var isEmpty = true
        while try query.step() {
            isEmpty = false
            last = query.integer(0)
            guard wanted.allSatisfy({ query.value(4 + $0.column) == $0.value }) else { continue }
            rows.append(RecordRow(query, columns: layout.columnCount))
        }
        if isEmpty { return nil }
        let hasPending = try db.integer("SELECT 1 FROM fg_pending LIMIT 1") != nil
        return try rows.compactMap { row in
            guard let id = row.id else { return nil }
            let pending = hasPending ? try PendingEntry.all(of: id, db) : []
            return try stored(row, id, pending, layout, db)
        }
    }

    package func find(_ type: RecordType, key: [UnitNumber: Value]) throws -> RecordID? {
        let layout = try memory.layout(type.number)
        let fields = key.keys.sorted()
        let values = try fields.map { number in
            guard let field = type.field(number) else { return Value.null }
            return try CanonicalText.value(of: key[number] ?? .null, field: field)
        }
        guard !fields.isEmpty, fields.allSatisfy({ layout.columnIndex[$0] != nil }) else {
            return nil
        }
        return try read { db in
            for rec in try memory.keys.rows(fields, values, layout, db).sorted() {
                guard let row = try RecordRow.find(rec: rec, layout, db) else { continue }
                let found = fields.compactMap { layout.columnIndex[$0] }.map { row.values[$0] }
                if found == values { return row.id }
            }
            return nil
        }
    }
}
