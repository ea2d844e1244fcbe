import FieldgridModel
import FieldgridSync
import GRDB

/// One transaction on a hub's SQLite file.
final class SQLiteHubTransaction: HubWriting {
    let db: Database
    private let cache: StatementCache
    let scopes: ScopeMemory
    /// What this transaction wrote of the records, as it is in the file: the
    /// reply to a batch tells the same records, and need not decode them.
    private var written: [RecordID: RecordState] = [:]
    /// What was found by its number, until it is asked for by its id.
    private var found: [RecordID: RecordState] = [:]
    /// Where records that were read or written by their names lie.
    private var rows: [RecordID: RecordPlace] = [:]

    /// The bits of `record.rec` below the scope.
    private static let numberBits: Int64 = 40

    init(_ db: Database, _ cache: StatementCache, _ scopes: ScopeMemory) throws {
        self.db = db
        self.cache = cache
        self.scopes = scopes
        // Inside the transaction, so that nobody writes between this and what is read.
        scopes.begin(at: try sql("PRAGMA data_version").first { $0.integer(0) } ?? 0)
    }

    func sql(_ text: String) throws -> SQLStatement { try cache.statement(text, db) }

    // MARK: Scopes

    private func loadScopes() throws {
        guard scopes.ids.isEmpty else { return }
        try sql("SELECT id, code FROM scope").forEach { row in
            scopes.remember(ScopeCode(row.text(1)), row.integer(0))
            return true
        }
    }

    func scopeID(_ code: ScopeCode) throws -> Int64? {
        try loadScopes()
        return scopes.ids[code]
    }

    private func makeScopeID(_ code: ScopeCode) throws -> Int64 {
        if let known = try scopeID(code) { return known }
        try sql("INSERT INTO scope(code, position, next_number) VALUES(?1, 0, 1)")
            .bind(1, text: code.text).run()
        scopes.remember(code, db.lastInsertedRowID)
        scopes.heads = nil
        return db.lastInsertedRowID
    }

    func code(of scope: Int64) throws -> ScopeCode {
        try loadScopes()
        guard let code = scopes.codes[scope] else {
            throw DatabaseError(
                resultCode: .SQLITE_CORRUPT, message: "scope \(scope) has no code")
        }
        return code
    }

    func heads() throws -> [ScopeCode: ScopeHead] {
        if let known = scopes.heads { return known }
        var heads: [ScopeCode: ScopeHead] = [:]
        try sql("SELECT id, code, position, next_number, horizon FROM scope").forEach { row in
            let code = ScopeCode(row.text(1))
            scopes.remember(code, row.integer(0))
            heads[code] = ScopeHead(
                position: Position(row.integer(2)), nextNumber: RecordNumber(row.integer(3)),
                horizon: Position(row.integer(4)))
            return true
        }
        scopes.heads = heads
        return heads
    }

    func put(heads: [ScopeCode: ScopeHead], at time: Int64) throws {
        for (code, head) in heads.sorted(by: { $0.key < $1.key }) {
            let id = try makeScopeID(code)
            try sql("UPDATE scope SET position = ?2, next_number = ?3 WHERE id = ?1")
                .bind(1, id).bind(2, head.position.value).bind(3, head.nextNumber.value).run()
            try sql("INSERT OR REPLACE INTO scope_time VALUES(?1, ?2, ?3)")
                .bind(1, id).bind(2, head.position.value).bind(3, time).run()
            let horizon = scopes.heads?[code]?.horizon
            scopes.heads?[code] = horizon.map { horizon in
                ScopeHead(
                    position: head.position, nextNumber: head.nextNumber, horizon: horizon)
            }
            if horizon == nil { scopes.heads = nil }
        }
    }

    func acceptedAt(_ scope: ScopeCode, _ position: Position) throws -> Int64? {
        guard let id = try scopeID(scope) else { return nil }
        return try sql(
            """
            SELECT accepted_at FROM scope_time WHERE scope = ?1 AND position <= ?2
            ORDER BY position DESC LIMIT 1
            """
        ).bind(1, id).bind(2, position.value).first { $0.integer(0) }
    }

    // MARK: Records

    func rec(_ scope: Int64, _ number: RecordNumber) -> Int64 {
        scope << Self.numberBits | number.value
    }

    func record(_ row: SQLRow) throws -> RecordState {
        let id = RecordID(try row.bits(1))
        if !written.isEmpty, let state = written[id] { return state }
        let rec = row.integer(0)
        let number = RecordNumber(rec & (1 << Self.numberBits - 1))
        return try RecordCodec.decode(
            row.bytes(3), type: TypeNumber(Int(row.integer(2))), id: id,
            scope: code(of: rec >> Self.numberBits), number: number)
    }

    /// A record that is about to be changed, and where it lies.
    private func placed(_ row: SQLRow) throws -> RecordState {
        let state = try record(row)
        rows[state.id] = RecordPlace(rec: row.integer(0), history: row.integer(4))
        return state
    }

    private func place(of id: RecordID) throws -> RecordPlace? {
        if let known = rows[id] { return known }
        return try sql("SELECT rec, history FROM record WHERE id = ?1").bind(1, id.bits)
            .first { RecordPlace(rec: $0.integer(0), history: $0.integer(1)) }
    }

    func records(_ ids: [RecordID]) throws -> [RecordID: RecordState] {
        let statement = try sql("SELECT rec, id, type, body, history FROM record WHERE id = ?1")
        var records: [RecordID: RecordState] = [:]
        records.reserveCapacity(ids.count)
        for id in ids {
            // Handed on, not shared: who changes it copies nothing.
            records[id] =
                try found.removeValue(forKey: id) ?? statement.bind(1, id.bits).first(placed)
        }
        return records
    }

    func ids(of numbers: [(scope: ScopeCode, number: RecordNumber)]) throws -> [RecordID?] {
        // Whole: who names a record is about to change it.
        let statement = try sql("SELECT rec, id, type, body, history FROM record WHERE rec = ?1")
        let forwarded = try sql(
            """
            SELECT id FROM departure WHERE scope = ?1 AND number = ?2
            UNION ALL SELECT id FROM forwarding WHERE scope = ?1 AND number = ?2
            """)
        return try numbers.map { scope, number in
            guard let scopeID = try scopeID(scope), number.value < 1 << Self.numberBits else {
                return nil
            }
            let state = try statement.bind(1, rec(scopeID, number)).first(placed)
            if let state { found[state.id] = state }
            let present = state?.id
            // A node that has not heard of a move still says the old number.
            return try present
                ?? forwarded.bind(1, scopeID).bind(2, number.value)
                .first { RecordID(try $0.bits(0)) }
        }
    }

    func forEachChanged(
        in scope: ScopeCode, after position: Position, sharedOnly: Bool,
        _ body: (RecordState) throws -> Bool
    ) throws {
        guard let id = try scopeID(scope) else { return }
        let statement = try sql(
            """
            SELECT rec, id, type, body FROM record
            WHERE scope = ?1 AND latest > ?2\(sharedOnly ? " AND shared = 1" : "")
            ORDER BY latest, rec
            """)
        statement.bind(1, id).bind(2, position.value)
        try statement.forEach { try body(try record($0)) }
    }

    func forEachRecord(of type: TypeNumber, _ body: (RecordState) throws -> Bool) throws {
        // A fresh statement: the body may come back here for another type.
        guard let connection = db.sqliteConnection else { return }
        let statement = try SQLStatement(
            "SELECT rec, id, type, body FROM record WHERE type = ?1 ORDER BY rec",
            connection: connection)
        try statement.bind(1, Int64(type.value)).forEach { try body(try record($0)) }
    }

    func put(
        _ records: [StorableRecord], _ history: [HistoryRow]
    ) throws -> [HistoryPlace] {
        var latest: [RecordID: Int64] = [:]
        let places = try history.map { row in
            let previous = try latest[row.record] ?? place(of: row.record)?.history ?? 0
            let written = try append(row, after: previous)
            latest[row.record] = written.entry
            return written
        }
        for record in records {
            try write(record, after: latest.removeValue(forKey: record.state.id))
        }
        // What was offered and changed nothing of its record.
        for (id, entry) in latest {
            rows[id]?.history = entry
            try sql("UPDATE record SET history = ?2 WHERE id = ?1").bind(1, id.bits)
                .bind(2, entry).run()
            guard db.changesCount == 1 else {
                throw DatabaseError(
                    resultCode: .SQLITE_CORRUPT, message: "a history without its record, \(id)")
            }
        }
        return places
    }

    /// - Parameter entry: the last row of its history, where one was appended.
    private func write(_ record: StorableRecord, after entry: Int64?) throws {
        let state = record.state
        let scope = try makeScopeID(state.scope)
        let before = try place(of: state.id)
        let place = RecordPlace(
            rec: rec(scope, state.number), history: entry ?? before?.history ?? 0)
        let body = RecordCodec.encode(state)
        if let before, before.rec == place.rec {
            try sql("UPDATE record SET latest = ?2, history = ?3, body = ?4 WHERE rec = ?1")
                .bind(1, place.rec).bind(2, state.latest.value).bind(3, place.history)
                .bind(4, bytes: body).run()
        } else {
            if let before {
                try sql("DELETE FROM record WHERE rec = ?1").bind(1, before.rec).run()
            }
            try sql(
                """
                INSERT INTO record(rec, id, type, scope, latest, shared, history, body)
                VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                """
            ).bind(1, place.rec).bind(2, state.id.bits).bind(3, Int64(state.type.value))
                .bind(4, scope).bind(5, state.latest.value).bind(6, record.isShared ? 1 : 0)
                .bind(7, place.history).bind(8, bytes: body).run()
        }
        rows[state.id] = place
        written[state.id] = state
        found[state.id] = nil
        if let keys = record.keys { try replaceKeys(of: record, with: keys) }
    }

    private func replaceKeys(
        of record: StorableRecord, with keys: [NaturalKey]
    ) throws {
        var present: [[UInt8]] = []
        try sql("SELECT key FROM natural_key WHERE id = ?1").bind(1, record.state.id.bits)
            .forEach { row in
                present.append(row.bytes(0))
                return true
            }
        let wanted = keys.map(\.bytes)
        let type = Int64(record.state.type.value)
        for key in present where !wanted.contains(key) {
            try sql("DELETE FROM natural_key WHERE type = ?1 AND key = ?2 AND id = ?3")
                .bind(1, type).bind(2, bytes: key).bind(3, record.state.id.bits).run()
        }
        for key in wanted where !present.contains(key) {
            try sql("INSERT INTO natural_key VALUES(?1, ?2, ?3)")
                .bind(1, type).bind(2, bytes: key).bind(3, record.state.id.bits).run()
        }
    }

    func find(_ type: TypeNumber, key: NaturalKey) throws -> [RecordID] {
        var ids: [RecordID] = []
        try sql("SELECT id FROM natural_key WHERE type = ?1 AND key = ?2")
            .bind(1, Int64(type.value)).bind(2, bytes: key.bytes).forEach { row in
                ids.append(RecordID(try row.bits(0)))
                return true
            }
        return ids
    }

    func departures(from scope: ScopeCode, after position: Position) throws -> [Departure] {
        guard let id = try scopeID(scope) else { return [] }
        var departures: [Departure] = []
        try sql(
            """
            SELECT position, number, id, type, destination FROM departure
            WHERE scope = ?1 AND position > ?2 ORDER BY position, number
            """
        ).bind(1, id).bind(2, position.value).forEach { row in
            departures.append(
                Departure(
                    scope: scope, number: RecordNumber(row.integer(1)),
                    id: RecordID(try row.bits(2)), type: TypeNumber(Int(row.integer(3))),
                    position: Position(row.integer(0)), destination: ScopeCode(row.text(4))))
            return true
        }
        return departures
    }

    func departures(of id: RecordID) throws -> [Departure] {
        var departures: [Departure] = []
        try sql(
            """
            SELECT position, number, scope, type, destination FROM departure
            WHERE id = ?1 ORDER BY scope, position
            """
        ).bind(1, id.bits).forEach { row in
            departures.append(
                Departure(
                    scope: try code(of: row.integer(2)), number: RecordNumber(row.integer(1)),
                    id: id, type: TypeNumber(Int(row.integer(3))),
                    position: Position(row.integer(0)), destination: ScopeCode(row.text(4))))
            return true
        }
        return departures
    }

    func put(_ departures: [Departure]) throws {
        for departure in departures {
            try sql("INSERT INTO departure VALUES(?1, ?2, ?3, ?4, ?5, ?6)")
                .bind(1, try makeScopeID(departure.scope)).bind(2, departure.position.value)
                .bind(3, departure.number.value).bind(4, departure.id.bits)
                .bind(5, Int64(departure.type.value)).bind(6, text: departure.destination.text)
                .run()
        }
    }

    func link(_ links: [(parent: RecordID, child: RecordID)]) throws {
        let insert = try sql("INSERT OR IGNORE INTO link VALUES(?1, ?2)")
        for (parent, child) in links {
            try insert.bind(1, parent.bits).bind(2, child.bits).run()
        }
    }

    func dependents(of id: RecordID) throws -> [RecordID] {
        var ids: [RecordID] = []
        try sql("SELECT child FROM link WHERE parent = ?1").bind(1, id.bits).forEach { row in
            ids.append(RecordID(try row.bits(0)))
            return true
        }
        return ids
    }
}

/// Where a record lies in a hub's file.
private struct RecordPlace {
    var rec: Int64
    /// The last row of its history, 0 before the first.
    var history: Int64
}
