import FieldgridModel
import GRDB
import GRDBSQLite

/// A prepared statement stepped through SQLite's C interface: no row objects
/// on the paths that see every record.
///
/// One statement is used by one reader at a time: finish reading before the
/// same SQL is asked for again.
struct Query {
    private let statement: Statement
    private let connection: OpaquePointer?
    private let handle: OpaquePointer

    init(_ db: Database, _ sql: String) throws {
        statement = try db.cachedStatement(sql: sql)
        connection = db.sqliteConnection
        handle = statement.sqliteStatement
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    /// Tells SQLite to copy the bytes.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    func bind(_ place: Int, _ value: Int64?) {
        if let value {
            sqlite3_bind_int64(handle, Int32(place), value)
        } else {
            sqlite3_bind_null(handle, Int32(place))
        }
    }

    func bind(_ place: Int, _ value: String?) {
        if var value {
            value.withUTF8 {
                // An empty buffer may have no address, which would bind NULL.
                let start = UnsafeRawPointer($0.baseAddress) ?? UnsafeRawPointer(handle)
                _ = sqlite3_bind_text(
                    handle, Int32(place), start.assumingMemoryBound(to: CChar.self),
                    Int32($0.count), Self.copied)
            }
        } else {
            sqlite3_bind_null(handle, Int32(place))
        }
    }

    func bind(_ place: Int, _ value: [UInt8]) {
        value.withUnsafeBytes {
            let start = $0.baseAddress ?? UnsafeRawPointer(handle)
            _ = sqlite3_bind_blob(handle, Int32(place), start, Int32($0.count), Self.copied)
        }
    }

    func bind(_ place: Int, _ value: Value) {
        switch value {
        case .null: sqlite3_bind_null(handle, Int32(place))
        case .integer(let value): sqlite3_bind_int64(handle, Int32(place), value)
        case .text(let value): bind(place, value)
        }
    }

    /// Moves to the next row; false, and ready for use again, after the last.
    func step() throws -> Bool {
        let result = sqlite3_step(handle)
        if result == SQLITE_ROW { return true }
        let code = sqlite3_extended_errcode(connection)
        let message = result == SQLITE_DONE ? nil : sqlite3_errmsg(connection)
        let text = message.map { String(cString: $0) }
        sqlite3_reset(handle)
        if result == SQLITE_DONE { return false }
        throw DatabaseError(
            resultCode: ResultCode(rawValue: code), message: text, sql: statement.sql)
    }

    /// Runs to the end.
    func run() throws { while try step() {} }

    /// Stops reading before the last row.
    func finish() { sqlite3_reset(handle) }

    func isNull(_ column: Int) -> Bool {
        sqlite3_column_type(handle, Int32(column)) == SQLITE_NULL
    }

    func integer(_ column: Int) -> Int64 { sqlite3_column_int64(handle, Int32(column)) }

    func integerIfAny(_ column: Int) -> Int64? { isNull(column) ? nil : integer(column) }

    /// Text that is not UTF-8 is repaired; U+0000 is kept.
    func text(_ column: Int) -> String {
        guard let start = sqlite3_column_text(handle, Int32(column)) else { return "" }
        let count = Int(sqlite3_column_bytes(handle, Int32(column)))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    func textIfAny(_ column: Int) -> String? { isNull(column) ? nil : text(column) }

    func blob(_ column: Int) -> [UInt8] {
        guard let start = sqlite3_column_blob(handle, Int32(column)) else { return [] }
        let count = Int(sqlite3_column_bytes(handle, Int32(column)))
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    func value(_ column: Int) -> Value {
        switch sqlite3_column_type(handle, Int32(column)) {
        case SQLITE_NULL: .null
        case SQLITE_INTEGER: .integer(integer(column))
        default: .text(text(column))
        }
    }
}

extension Database {
    /// Runs a statement that changes the layout or the connection.
    ///
    /// GRDB has to see it, to drop what it prepared under the old one.
    func define(_ sql: String) throws { try execute(sql: sql) }

    /// The first column of the first row.
    func integer(_ sql: String) throws -> Int64? {
        let query = try Query(self, sql)
        defer { query.finish() }
        return try query.step() ? query.integerIfAny(0) : nil
    }

    /// Runs a kept statement with these values.
    func run(_ sql: String, _ values: Value...) throws {
        let query = try Query(self, sql)
        for (index, value) in values.enumerated() { query.bind(index + 1, value) }
        try query.run()
    }
}

extension UUIDIdentifier {
    /// The 16 bytes, for tables of the engine.
    var blob: [UInt8] { bits.bytes }

    init?(blob: [UInt8]) {
        guard let bits = UUIDBits(bytes: blob) else { return nil }
        self.init(bits)
    }
}
