import FieldgridModel
import FieldgridSync
import GRDB

extension ReplyApplication {
    /// Applies what the hub says of one record that is in scope.
    mutating func apply(_ delta: RecordDelta) throws {
        guard let layout = memory.layouts[delta.type] else { return try carry(whole: delta) }
        memory.note(delta.number.value, in: delta.scope)
        if try applyAsNew(delta, layout) { return }
        let (id, row) = try locate(delta, layout)
        try carryUnknownUnits(of: delta, id, layout)
        guard try !isPending(id) else {
            return try applyBelowPending(delta, id, row, layout)
        }
        if delta.presence == .deleted {
            if let row { try db.run(layout.sql.delete, .integer(row.rec)) }
            try Stubs.insert(
                id, delta.type, scope: delta.scope, number: delta.number.value,
                alias: delta.alias, db)
        } else if let row {
            try update(row, with: delta, layout)
        } else {
            try insert(delta, id, layout)
        }
    }

    /// What a new device gets a hundred thousand times: a record that it does
    /// not have, written without looking for it first.
    private func applyAsNew(_ delta: RecordDelta, _ layout: TypeLayout) throws -> Bool {
        guard let id = delta.id, delta.presence == .whole, !hasPending, !hasGone, !hasCarried,
            delta.units.allSatisfy({ layout.unit($0.unit) != nil })
        else { return false }
        return try insert(delta, id, layout, by: layout.sql.insertIfNew)
    }

    /// The record that a delta is about, and its row if it has one.
    func locate(
        _ delta: RecordDelta, _ layout: TypeLayout
    ) throws -> (RecordID, RecordRow?) {
        if let id = delta.id { return (id, try RecordRow.find(id, layout, db)) }
        for row in try RecordRow.all(number: delta.number, layout, db) {
            guard let id = row.id, try hubScope(of: row, id) == delta.scope else { continue }
            return (id, row)
        }
        let query = try Query(
            db, "SELECT id FROM fg_gone WHERE type = ? AND scope = ? AND num = ?")
        query.bind(1, Int64(delta.type.value))
        query.bind(2, delta.scope.text)
        query.bind(3, delta.number.value)
        defer { query.finish() }
        guard try query.step(), let id = RecordID(blob: query.blob(0)) else {
            throw ReplicaError(
                .deltaUnknown,
                "the hub sent a change of \(layout.type.name) \(delta.number.value) of "
                    + "\(delta.scope), which this node does not have",
                hint: "Nothing was changed; report this, and join again in a new folder")
        }
        return (id, nil)
    }

    /// Where the hub has a record, whatever own move waits.
    private func hubScope(of row: RecordRow, _ id: RecordID) throws -> ScopeCode {
        guard try isPending(id) else { return row.scope }
        for entry in try PendingEntry.all(of: id, db) {
            if let base = entry.units[.scope]?.base.single.text { return ScopeCode(base) }
        }
        return row.scope
    }

    /// A new row, with what was carried for the record put into it.
    func insert(_ delta: RecordDelta, _ id: RecordID, _ layout: TypeLayout) throws {
        try insert(delta, id, layout, by: layout.sql.insert)
        try Stubs.remove(id, db)
    }

    /// - Returns: whether there is a row more.
    @discardableResult
    private func insert(
        _ delta: RecordDelta, _ id: RecordID, _ layout: TypeLayout, by sql: String
    ) throws -> Bool {
        let query = try Query(db, sql)
        query.bind(1, id.description)
        query.bind(2, delta.scope.text)
        query.bind(3, delta.number.value)
        for unit in delta.units {
            guard let declared = layout.unit(unit.unit) else { continue }
            unit.value.forEachMember { place, value in
                if place < declared.columns.count {
                    query.bind(declared.columns[place] + 4, value)
                }
            }
        }
        try query.run()
        return db.changesCount > 0
    }

    private func update(
        _ row: RecordRow, with delta: RecordDelta, _ layout: TypeLayout
    ) throws {
        if row.scope != delta.scope || row.number != delta.number.value {
            try place(row, delta, layout)
        }
        var values: [Int: Value] = [:]
        if delta.presence == .whole {
            for column in 0..<layout.columnCount { values[column] = .null }
        }
        for unit in delta.units {
            guard let declared = layout.unit(unit.unit) else { continue }
            for (column, value) in zip(declared.columns, unit.value.members) {
                values[column] = value
            }
        }
        try write(values, to: row.rec, layout)
    }

    func place(_ row: RecordRow, _ delta: RecordDelta, _ layout: TypeLayout) throws {
        try db.run(
            layout.sql.setNumber, .text(delta.scope.text), .integer(delta.number.value),
            .integer(row.rec))
    }

    func write(_ values: [Int: Value], to rec: Int64, _ layout: TypeLayout) throws {
        guard !values.isEmpty else { return }
        let columns = values.keys.sorted()
        let query = try Query(db, layout.sql.update(columns))
        for (index, column) in columns.enumerated() {
            query.bind(index + 1, values[column] ?? .null)
        }
        query.bind(columns.count + 1, rec)
        try query.run()
    }

    /// A record moved to a scope of others: its row goes, unless another
    /// delta of the reply has placed it in one of ours.
    mutating func leave(_ delta: RecordDelta) throws {
        guard let layout = memory.layouts[delta.type] else { return try uncarry(delta) }
        var found: RecordRow?
        if let id = delta.id {
            found = try RecordRow.find(id, layout, db)
        } else {
            found = try RecordRow.all(number: delta.number, layout, db).first {
                guard let id = $0.id else { return false }
                return try hubScope(of: $0, id) == delta.scope
            }
        }
        guard let row = found, let id = row.id, try hubScope(of: row, id) == delta.scope else {
            return
        }
        // It left and came back, and has another number since.
        if let number = row.number, number != delta.number.value { return }
        guard try isPending(id) else {
            return try db.run(layout.sql.delete, .integer(row.rec))
        }
        try markLeft(row, id, layout)
    }

    /// A record that left stays while own changes of it are not decided, and
    /// goes with them.
    func markLeft(_ row: RecordRow, _ id: RecordID, _ layout: TypeLayout) throws {
        var entries = try PendingEntry.all(of: id, db)
        guard !entries.isEmpty else { return }
        // Its number was that of the scope it left; the row may show another one.
        try db.run(
            layout.sql.setNumber, .text(row.scope.text), .null, .integer(row.rec))
        let seen = entries[0].seen(.presence)
        entries[0].units[.presence] = PendingEntry.Unit(
            seen: seen, base: .deleted, isDecided: true)
        try entries[0].write(db)
    }
}
