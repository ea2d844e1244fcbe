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
                hint: "put its last backup there with `fieldgrid hub restore --from FILE`; without "
                    + "one, create a hub in another folder with `fieldgrid hub init`")
        }
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA cache_size = -49152")
        }
        let queue = try HubError.translating {
            try DatabaseQueue(path: path, configuration: configuration)
        }
        self.queue = queue
        statements = StatementCache()
        try HubError.translating {
            try queue.writeWithoutTransaction { db in
                _ = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
                try db.execute(sql: "PRAGMA synchronous = FULL")
                let level = try Int.fetchOne(db, sql: "PRAGMA synchronous")
                precondition(
                    level == 2, "a hub must not acknowledge what power loss can take back")
                if PlantedBug.receiptBeforeDurable.isActive {
                    try db.execute(sql: "PRAGMA synchronous = OFF")
                }
                try db.execute(sql: "PRAGMA wal_autocheckpoint = 4000")
            }
            try queue.write { db in try SQLiteHubSchema.migrate(db) }
        }
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

    /// Closes the store when all of it is in its one file, durable.
    ///
    /// - Throws: ``HubError`` where the file cannot take what its log has. A
    ///   mere ``close()`` says nothing of that, and leaves the log beside it.
    package func closeIntoOneFile() throws {
        try HubError.translating {
            try queue.writeWithoutTransaction { db in
                statements.removeAll()
                _ = try db.checkpoint(.truncate)
            }
        }
        try close()
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
