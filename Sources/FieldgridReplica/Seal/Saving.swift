package import FieldgridModel
import GRDB

extension Replica {
    /// Saves one action: rows, changeset and outbox in one durable
    /// transaction, or nothing.
    ///
    /// - Throws: ``ReplicaError``.
    package func save(_ draft: ActionDraft) throws { try save([draft]) }

    /// Saves many actions in one transaction, one changeset for each.
    package func save(_ drafts: [ActionDraft]) throws {
        if refusesSaves { throw ReplicaError.noRoom(for: path) }
        try transact { db, memory in
            var report = OpeningReport()
            try ForeignEdits.seal(&memory, db, mint: mintID, into: &report)
            for draft in drafts {
                for edit in draft.edits { try RowWriting.write(edit, memory, db) }
                try seal(draft, &memory, db)
            }
        }
    }

    private func seal(
        _ draft: ActionDraft, _ memory: inout ReplicaMemory, _ db: Database
    ) throws {
        var head = ActionHead(
            author: draft.author, source: draft.source, savedAt: draft.savedAt)
        for edit in draft.edits { head.edits[edit.id] = edit }
        var differences = try LogFold(db, memory, mint: mintID).differences()
        try addSettlements(of: draft, to: &differences, memory, db)
        try Sealing.seal(differences, as: head, &memory, db)
        for difference in differences {
            try Stubs.note(difference, db)
            if let row = difference.after {
                memory.keys.note(row, difference.layout)
            }
        }
        try db.run("DELETE FROM fg_log")
    }

    /// A settlement or a choice that keeps the value as it is leaves nothing in
    /// the log.
    private func addSettlements(
        of draft: ActionDraft, to differences: inout [RecordDifference],
        _ memory: ReplicaMemory, _ db: Database
    ) throws {
        for edit in draft.edits where !edit.settlements.isEmpty || edit.restates {
            guard !differences.contains(where: { $0.id == edit.id }) else { continue }
            let layout = try memory.layout(edit.type)
            guard let row = try RecordRow.find(edit.id, layout, db) else {
                // Whether a record is there can be decided where it is not, and a
                // decision about it taken back.
                if edit.settlements[.presence] != nil {
                    differences.append(
                        RecordDifference(layout: layout, id: edit.id, at: draft.savedAt))
                }
                continue
            }
            let before = RecordDifference.Snapshot(
                scope: row.scope, number: row.number, values: row.values)
            differences.append(
                RecordDifference(
                    layout: layout, id: edit.id, before: before, after: row, at: draft.savedAt))
        }
    }

    /// A name for a record that came without one.
    func mintID() -> RecordID {
        RecordID(.version7(milliseconds: world.clock.milliseconds, using: &random))
    }
}

/// Writes what an action says into the rows; the triggers capture it.
enum RowWriting {
    static func write(_ edit: RecordEdit, _ memory: ReplicaMemory, _ db: Database) throws {
        let layout = try memory.layout(edit.type)
        switch edit.kind {
        case .create(let scope): try create(edit, in: scope, layout, db)
        case .update: try update(edit, scope: nil, layout, db)
        case .move(let scope): try update(edit, scope: scope, layout, db)
        case .delete, .merge:
            // Who confirms a deletion may hold a device on which it has happened.
            let isConfirmed = edit.kind == .delete && edit.settlements[.presence] != nil
            if isConfirmed, try RecordRow.find(edit.id, layout, db) == nil { return }
            let row = try row(of: edit, layout, db)
            try db.run(layout.sql.delete, .integer(row))
        }
    }

    private static func create(
        _ edit: RecordEdit, in scope: ScopeCode, _ layout: TypeLayout, _ db: Database
    ) throws {
        let query = try Query(db, layout.sql.insert)
        query.bind(1, edit.id.description)
        query.bind(2, scope.text)
        for (number, value) in edit.values {
            guard let column = layout.columnIndex[number] else { continue }
            query.bind(
                column + 4, try CanonicalText.value(of: value, field: layout.type.fields[column]))
        }
        do {
            try query.run()
        } catch let error as DatabaseError where error.isDuplicate {
            throw ReplicaError(
                .recordExists, "there is a \(layout.type.name) \(edit.id) already",
                hint: "Change that record instead of making it again")
        }
    }

    private static func update(
        _ edit: RecordEdit, scope: ScopeCode?, _ layout: TypeLayout, _ db: Database
    ) throws {
        let columns = edit.values.keys.compactMap { layout.columnIndex[$0] }.sorted()
        guard scope != nil || !columns.isEmpty else { return }
        let rec = try row(of: edit, layout, db)
        let query = try Query(db, layout.sql.update(columns, scope: scope != nil))
        var place = 1
        if let scope {
            query.bind(place, scope.text)
            place += 1
        }
        for column in columns {
            let field = layout.type.fields[column]
            query.bind(
                place, try CanonicalText.value(of: edit.values[field.number] ?? .null, field: field)
            )
            place += 1
        }
        query.bind(place, rec)
        try query.run()
    }

    private static func row(
        of edit: RecordEdit, _ layout: TypeLayout, _ db: Database
    ) throws -> Int64 {
        let query = try Query(db, "SELECT rec FROM \(layout.sql.table) WHERE id = ?")
        query.bind(1, edit.id.description)
        defer { query.finish() }
        guard try query.step() else {
            throw ReplicaError.recordUnknown(edit.id, type: layout.type.name)
        }
        return query.integer(0)
    }
}

extension DatabaseError {
    /// The id is taken.
    var isDuplicate: Bool {
        extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE
            || extendedResultCode == .SQLITE_CONSTRAINT_PRIMARYKEY
    }
}
