import FieldgridModel
import GRDB
import GRDBSQLite

/// One prepared statement, bound by position from 1, used again and again.
///
/// GRDB owns the connection and the transaction; the statements of the merge
/// path bind bytes and integers straight into SQLite, because a value box per
/// argument doubled the time of a merge.
final class SQLStatement {
    private let handle: OpaquePointer
    private let connection: OpaquePointer

    init(_ sql: String, connection: OpaquePointer) throws {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(
            connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else {
            throw DatabaseError(
                resultCode: ResultCode(rawValue: code),
                message: String(cString: sqlite3_errmsg(connection)), sql: sql)
        }
        self.handle = handle
        self.connection = connection
    }

    deinit { sqlite3_finalize(handle) }

    /// SQLite copies the bytes before the call returns.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    @discardableResult
    func bind(_ index: Int32, _ value: Int64) -> SQLStatement {
        sqlite3_bind_int64(handle, index, value)
        return self
    }

    @discardableResult
    func bind(_ index: Int32, _ value: Int64?) -> SQLStatement {
        guard let value else {
            sqlite3_bind_null(handle, index)
            return self
        }
        return bind(index, value)
    }

    @discardableResult
    func bind(_ index: Int32, bytes: [UInt8]) -> SQLStatement {
        // An empty array has no address, and a null address would bind NULL.
        if bytes.isEmpty {
            sqlite3_bind_zeroblob(handle, index, 0)
        } else {
            sqlite3_bind_blob(handle, index, bytes, Int32(bytes.count), Self.transient)
        }
        return self
    }

    @discardableResult
    func bind(_ index: Int32, _ bits: UUIDBits) -> SQLStatement {
        withUnsafeBytes(of: (bits.high.bigEndian, bits.low.bigEndian)) {
            _ = sqlite3_bind_blob(handle, index, $0.baseAddress, 16, Self.transient)
        }
        return self
    }

    @discardableResult
    func bind(_ index: Int32, text: String?) -> SQLStatement {
        guard let text else {
            sqlite3_bind_null(handle, index)
            return self
        }
        sqlite3_bind_text(handle, index, text, Int32(text.utf8.count), Self.transient)
        return self
    }

    /// Runs a statement that gives no rows.
    func run() throws {
        defer { sqlite3_reset(handle) }
        let code = sqlite3_step(handle)
        guard code == SQLITE_DONE || code == SQLITE_ROW else { throw failure(code) }
    }

    /// Calls `body` for each row until it returns false.
    func forEach(_ body: (SQLRow) throws -> Bool) throws {
        defer { sqlite3_reset(handle) }
        while true {
            let code = sqlite3_step(handle)
            if code == SQLITE_DONE { return }
            guard code == SQLITE_ROW else { throw failure(code) }
            guard try body(SQLRow(handle: handle)) else { return }
        }
    }

    /// The first row, mapped; nil when there is none.
    func first<Result>(_ body: (SQLRow) throws -> Result) throws -> Result? {
        var result: Result?
        try forEach { row in
            result = try body(row)
            return false
        }
        return result
    }

    private func failure(_ code: Int32) -> DatabaseError {
        DatabaseError(
            resultCode: ResultCode(rawValue: sqlite3_extended_errcode(connection)),
            message: String(cString: sqlite3_errmsg(connection)),
            sql: sqlite3_sql(handle).map { String(cString: $0) })
    }
}

/// The row a statement stands on; valid until its next step.
struct SQLRow {
    fileprivate let handle: OpaquePointer

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    func bytes(_ column: Int32) -> [UInt8] {
        let count = Int(sqlite3_column_bytes(handle, column))
        guard count > 0, let address = sqlite3_column_blob(handle, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: address, count: count))
    }

    func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }

    func bits(_ column: Int32) throws -> UUIDBits {
        guard sqlite3_column_bytes(handle, column) == 16,
            let address = sqlite3_column_blob(handle, column)
        else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "an id is not 16 bytes")
        }
        // Read where they are: an array for each would be the most of it.
        return UUIDBits(
            high: UInt64(bigEndian: address.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: address.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
}
