import FieldgridModel
import Foundation
import GRDB
import GRDBSQLite

/// A hub's data in one SQLite file.
///
/// - One connection, which writes; `synchronous=FULL`, so that a receipt
///   survives power loss.
/// - `record.rec` is the scope's number in the high bits and the record's
///   number within the scope in the low 40: the primary key clusters by
///   scope and finds a record number without an index of its own.
package final class SQLiteHubStore: HubStore {
    private let queue: DatabaseQueue
    private let statements: StatementCache
    private let scopes = ScopeMemory()

    /// The version of SQLite that runs in this program, such as `3.40.1`.
    package static var engineVersion: String {
        String(cString: sqlite3_libversion())
    }

    /// Opens the file, and creates it when `create` is true.
    ///
    /// - Throws: ``HubError`` when the file is missing, is not a hub's, or was
    ///   written by a newer program.
    package init(path: String, create: Bool) throws {
        guard create || FileManager.default.fileExists(atPath: path) else {
            throw HubError(
                code: "hub.missing", message: "there is no hub database at \(path)",
                hint: "create a hub with `fieldgrid hub init`, or restore its backup")
        }
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -65536")
        }
        queue = try DatabaseQueue(path: path, configuration: configuration)
        statements = StatementCache()
        try queue.writeWithoutTransaction { db in
            _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
            try db.execute(sql: "PRAGMA synchronous = FULL")
            let level = try Int.fetchOne(db, sql: "PRAGMA synchronous")
            precondition(level == 2, "a hub must not acknowledge what power loss can take back")
            if PlantedBug.receiptBeforeDurable.isActive {
                try db.execute(sql: "PRAGMA synchronous = OFF")
            }
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 4000")
        }
        try queue.write { db in try SQLiteHubSchema.migrate(db) }
    }

    package func read<Result>(_ body: (any HubReading) throws -> Result) throws -> Result {
        try HubError.translating {
            // One connection: a read transaction on it sees one snapshot.
            try queue.writeWithoutTransaction { db in
                var result: Result?
                var isCommitted = false
                defer { if !isCommitted { scopes.forget() } }
                try db.inTransaction(.deferred) {
                    result = try body(try SQLiteHubTransaction(db, statements, scopes))
                    return .commit
                }
                isCommitted = true
                guard let result else { preconditionFailure("a transaction ran its body") }
                return result
            }
        }
    }

    package func write<Result>(_ body: (any HubWriting) throws -> Result) throws -> Result {
        try HubError.translating {
            try queue.writeWithoutTransaction { db in
                var result: Result?
                var isCommitted = false
                defer { if !isCommitted { scopes.forget() } }
                try db.inTransaction(.immediate) {
                    result = try body(try SQLiteHubTransaction(db, statements, scopes))
                    return .commit
                }
                isCommitted = true
                guard let result else { preconditionFailure("a transaction ran its body") }
                return result
            }
        }
    }

    package func close() throws {
        queue.inDatabase { _ in statements.removeAll() }
        try queue.close()
    }
}

/// Statements by their text, kept for the life of the connection.
///
/// Only ever used inside the queue's serialized accesses, which is the lock
/// that makes it safe to share.
final class StatementCache: @unchecked Sendable {
    private var statements: [String: SQLStatement] = [:]

    func statement(_ sql: String, _ db: Database) throws -> SQLStatement {
        if let known = statements[sql] { return known }
        guard let connection = db.sqliteConnection else {
            throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "the connection is closed")
        }
        let statement = try SQLStatement(sql, connection: connection)
        statements[sql] = statement
        return statement
    }

    func removeAll() { statements.removeAll() }
}

/// The tables of a hub's file and how they change with the program.
enum SQLiteHubSchema {
    private static let applicationID = 0x4647_4855  // "FGHU"
    private static let version = 2

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
            body BLOB NOT NULL) STRICT;
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
            entry INTEGER PRIMARY KEY, record INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
        CREATE INDEX history_record ON history(record);
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
}
