import FieldgridModel
import Foundation
import GRDB

/// The tables of a hub's file and how they change with the program.
enum SQLiteHubSchema {
    private static let applicationID = 0x4647_4855  // "FGHU"
    private static let version = 3

    static func migrate(_ db: Database) throws {
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let present = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard application == applicationID || (application == 0 && present == 0) else {
            throw HubError(
                code: "hub.not-a-hub", message: "the database file is not a Fieldgrid hub's",
                hint: "name the folder that `fieldgrid hub init` made")
        }
        guard present <= version else {
            throw HubError(
                code: "hub.newer",
                message: "the hub's database has layout \(present), this program knows \(version)",
                hint: "run the newer fieldgrid that wrote it")
        }
        guard present < version else { return }
        guard present != 2 else { return try linkHistory(db) }
        guard present == 0 else {
            throw HubError(
                code: "hub.older",
                message: "the hub's database has layout \(present), from before the first release; "
                    + "this program keeps layout \(version)",
                hint: "write its records out with `record export` of the fieldgrid that wrote "
                    + "it, and `record import` them into a new hub")
        }
        let parts = [
            tables, SQLiteHubTransaction.bundleTables, SQLiteHubTransaction.retentionTables,
            SQLiteHubTransaction.auditTables,
        ]
        try db.execute(sql: parts.joined())
        try db.execute(
            sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(version)")
    }

    private static let tables = """
        CREATE TABLE setting(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE scope(
            id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE,
            position INTEGER NOT NULL, next_number INTEGER NOT NULL,
            horizon INTEGER NOT NULL DEFAULT 0) STRICT;
        CREATE TABLE scope_time(
            scope INTEGER NOT NULL, position INTEGER NOT NULL, accepted_at INTEGER NOT NULL,
            PRIMARY KEY(scope, position)) STRICT, WITHOUT ROWID;
        CREATE TABLE record(
            rec INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, type INTEGER NOT NULL,
            scope INTEGER NOT NULL, latest INTEGER NOT NULL, shared INTEGER NOT NULL,
            history INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
        CREATE INDEX record_changed ON record(scope, latest, shared);
        CREATE INDEX record_type ON record(type);
        CREATE TABLE departure(
            scope INTEGER NOT NULL, position INTEGER NOT NULL, number INTEGER NOT NULL,
            id BLOB NOT NULL, type INTEGER NOT NULL, destination TEXT NOT NULL,
            PRIMARY KEY(scope, position, number)) STRICT, WITHOUT ROWID;
        CREATE INDEX departure_number ON departure(scope, number);
        CREATE INDEX departure_id ON departure(id);
        CREATE TABLE natural_key(
            type INTEGER NOT NULL, key BLOB NOT NULL, id BLOB NOT NULL,
            PRIMARY KEY(type, key, id)) STRICT, WITHOUT ROWID;
        CREATE INDEX natural_key_id ON natural_key(id);
        CREATE TABLE link(
            parent BLOB NOT NULL, child BLOB NOT NULL,
            PRIMARY KEY(parent, child)) STRICT, WITHOUT ROWID;
        CREATE TABLE incarnation(
            id INTEGER PRIMARY KEY, incarnation BLOB NOT NULL UNIQUE, node BLOB NOT NULL,
            last_seq INTEGER NOT NULL, digest BLOB NOT NULL, parent BLOB,
            parent_seq INTEGER, noted INTEGER NOT NULL DEFAULT 0,
            covered INTEGER NOT NULL DEFAULT 0) STRICT;
        CREATE TABLE answer(
            incarnation INTEGER NOT NULL, seq INTEGER NOT NULL, digest BLOB NOT NULL,
            scope INTEGER, position INTEGER, code TEXT, message TEXT, moved INTEGER NOT NULL,
            released_scope INTEGER, released_position INTEGER,
            PRIMARY KEY(incarnation, seq)) STRICT, WITHOUT ROWID;
        CREATE TABLE history(
            entry INTEGER PRIMARY KEY, previous INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
        CREATE TABLE waiting(
            incarnation BLOB NOT NULL, seq INTEGER NOT NULL, node BLOB NOT NULL,
            code TEXT NOT NULL, message TEXT NOT NULL, since INTEGER NOT NULL,
            body BLOB NOT NULL, PRIMARY KEY(incarnation, seq)) STRICT, WITHOUT ROWID;
        CREATE TABLE waiting_record(
            record BLOB NOT NULL, incarnation BLOB NOT NULL, seq INTEGER NOT NULL,
            PRIMARY KEY(record, incarnation, seq)) STRICT, WITHOUT ROWID;
        CREATE TABLE schema(
            tag INTEGER PRIMARY KEY, document BLOB NOT NULL,
            published_at INTEGER NOT NULL) STRICT;
        CREATE TABLE epoch(
            ordinal INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, began_at INTEGER NOT NULL,
            cause TEXT NOT NULL, forks BLOB NOT NULL) STRICT;
        CREATE TABLE device(
            node BLOB PRIMARY KEY, key_id TEXT NOT NULL UNIQUE, public_key BLOB NOT NULL,
            holder TEXT NOT NULL, role TEXT NOT NULL, scope TEXT NOT NULL, name TEXT NOT NULL,
            enrolled_at INTEGER NOT NULL, revoked_at INTEGER,
            last_seen_at INTEGER) STRICT, WITHOUT ROWID;
        CREATE TABLE enrolment(
            lookup BLOB PRIMARY KEY, key BLOB NOT NULL, scope TEXT NOT NULL, holder TEXT NOT NULL,
            role TEXT NOT NULL, expires_at INTEGER NOT NULL, used_by BLOB) STRICT, WITHOUT ROWID;
        """

    /// From layout 2, whose history was found by an index of records.
    private static func linkHistory(_ db: Database) throws {
        try db.execute(
            sql: """
                DROP INDEX history_record;
                ALTER TABLE history RENAME COLUMN record TO previous;
                ALTER TABLE record ADD COLUMN history INTEGER NOT NULL DEFAULT 0;
                """)
        let bodies = try db.makeStatement(
            sql: "SELECT body FROM history WHERE entry = ?")
        let link = try db.makeStatement(sql: "UPDATE history SET previous = ? WHERE entry = ?")
        let last = try Int64.fetchOne(db, sql: "SELECT max(entry) FROM history") ?? 0
        var latest: [RecordID: Int64] = [:]
        for entry in stride(from: Int64(1), through: last, by: 1) {
            guard let body = try Data.fetchOne(bodies, arguments: [entry]) else { continue }
            let id = try HistoryCodec.decode(Array(body)).record
            try link.execute(arguments: [latest[id] ?? 0, entry])
            latest[id] = entry
        }
        let place = try db.makeStatement(sql: "UPDATE record SET history = ? WHERE id = ?")
        for (id, entry) in latest { try place.execute(arguments: [entry, Data(id.bits.bytes)]) }
        try db.execute(sql: "PRAGMA user_version = 3")
    }
}
