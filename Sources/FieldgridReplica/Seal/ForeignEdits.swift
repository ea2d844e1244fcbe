import FieldgridModel
import GRDB

/// Seals what other programs wrote into the file while we were not looking:
/// one changeset per record, before anything else happens.
enum ForeignEdits {
    /// Who made an edit that no program of ours saved.
    static let author = Changeset.outsideProgram

    static func seal(
        _ memory: inout ReplicaMemory, _ db: Database, mint: @escaping () -> RecordID,
        into report: inout OpeningReport
    ) throws {
        guard try !LogFold.isEmpty(db) else { return }
        let fold = LogFold(db, memory, mint: mint)
        for difference in try fold.differences() {
            do {
                let whole = try canonical(difference, db)
                let head = ActionHead(author: author, source: .onSite, savedAt: difference.at)
                if try Sealing.seal([whole], as: head, &memory, db) != nil {
                    report.foreignEditsSealed += 1
                }
                try Stubs.note(whole, db)
            } catch let error as ReplicaError where error.code == .changesetTooLarge {
                report.foreignEditsRefused.append(
                    ForeignEditRefusal(record: difference.id.description, error: error))
            }
        }
        try db.run("DELETE FROM fg_log")
    }

    /// Puts the spelling of what was written right, in the row too, so that
    /// what is sealed is what is stored.
    private static func canonical(
        _ difference: RecordDifference, _ db: Database
    ) throws -> RecordDifference {
        guard var row = difference.after else { return difference }
        var difference = difference
        let layout = difference.layout
        row.values = zip(row.values, layout.type.fields).map { value, field in
            CanonicalText.nearest(to: value, field: field)
        }
        // A number is the hub's to give; a replaced row keeps the one it had.
        row.number = difference.before?.number
        difference.after = row
        let all = Array(0..<layout.columnCount)
        try db.uncaptured {
            try db.run(
                "UPDATE \(layout.sql.table) SET num = ? WHERE rec = ?",
                row.number.map { .integer($0) } ?? .null, .integer(row.rec))
            guard !all.isEmpty else { return }
            let query = try Query(db, layout.sql.update(all))
            for column in all { query.bind(column + 1, row.values[column]) }
            query.bind(all.count + 1, row.rec)
            try query.run()
        }
        return difference
    }
}

/// The names of deleted records: a late value for one finds it by number.
enum Stubs {
    static func note(_ difference: RecordDifference, _ db: Database) throws {
        if difference.after != nil {
            guard difference.before == nil else { return }
            try remove(difference.id, db)
        } else if let before = difference.before {
            try insert(
                difference.id, difference.layout.type.number, scope: before.scope,
                number: before.number, db)
        }
    }

    static func insert(
        _ id: RecordID, _ type: TypeNumber, scope: ScopeCode, number: Int64?,
        alias: RecordID? = nil, _ db: Database
    ) throws {
        let query = try Query(
            db,
            "INSERT OR REPLACE INTO fg_gone(id, type, scope, num, alias) VALUES(?, ?, ?, ?, ?)")
        query.bind(5, alias?.description)
        query.bind(1, id.blob)
        query.bind(2, Int64(type.value))
        query.bind(3, scope.text)
        query.bind(4, number)
        try query.run()
    }

    static func remove(_ id: RecordID, _ db: Database) throws {
        let query = try Query(db, "DELETE FROM fg_gone WHERE id = ?")
        query.bind(1, id.blob)
        try query.run()
    }

    /// The record that one was merged into, as far as this node was told.
    static func alias(of id: RecordID, _ db: Database) throws -> RecordID? {
        let query = try Query(db, "SELECT alias FROM fg_gone WHERE id = ?")
        query.bind(1, id.blob)
        defer { query.finish() }
        return try query.step() ? query.textIfAny(0).flatMap { RecordID($0) } : nil
    }

    /// The type and place of a deleted record.
    static func find(
        _ id: RecordID, _ db: Database
    ) throws -> (type: TypeNumber, scope: ScopeCode)? {
        let query = try Query(db, "SELECT type, scope FROM fg_gone WHERE id = ?")
        query.bind(1, id.blob)
        defer { query.finish() }
        guard try query.step() else { return nil }
        return (TypeNumber(Int(query.integer(0))), ScopeCode(query.text(1)))
    }
}
