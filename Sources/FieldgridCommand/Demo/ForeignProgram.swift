import Foundation

/// Edits a database through SQLite's C interface and nothing of ours, as
/// another program would: no function of the engine is registered, and none
/// of its code runs.
enum ForeignProgram {
    private typealias Open =
        @convention(c) (
            UnsafePointer<CChar>?, UnsafeMutablePointer<OpaquePointer?>?
        ) -> Int32
    private typealias Execute =
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?, OpaquePointer?, OpaquePointer?, OpaquePointer?
        ) -> Int32
    private typealias Close = @convention(c) (OpaquePointer?) -> Int32

    static func run(_ sql: String, on path: String) throws {
        let library = dlopen("libsqlite3.so.0", RTLD_NOW)
        guard let open = dlsym(library, "sqlite3_open"),
            let execute = dlsym(library, "sqlite3_exec"),
            let close = dlsym(library, "sqlite3_close")
        else { throw DemoFailure(reason: "SQLite's library is not at hand") }
        var database: OpaquePointer?
        defer { _ = unsafeBitCast(close, to: Close.self)(database) }
        guard unsafeBitCast(open, to: Open.self)(path, &database) == 0,
            unsafeBitCast(execute, to: Execute.self)(database, sql, nil, nil, nil) == 0
        else { throw DemoFailure(reason: "SQLite refused: \(sql)") }
    }
}
