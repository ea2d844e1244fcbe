import FieldgridModel
import FieldgridSync
import Foundation
import GRDB

/// What went wrong at a hub, for a person who has to do something about it.
package struct HubError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A stable word, in the wire and in logs.
    package var code: String
    package var message: String
    /// What to do next.
    package var hint: String

    package init(code: String, message: String, hint: String) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    package var description: String { "\(message) (\(code)); \(hint)" }

    /// Runs a body and says storage failures in words that help.
    static func translating<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw HubError(error)
        }
    }

    private init(_ error: DatabaseError) {
        let detail = error.message ?? "\(error.resultCode)"
        switch error.resultCode {
        case .SQLITE_FULL:
            self.init(
                code: "storage.full",
                message: "there is no room on the hub's disk: nothing was changed",
                hint: "free some space and repeat the command; nodes will send again by themselves")
        case .SQLITE_IOERR where error.isOfWriting:
            // SQLite says so too when a full disk cannot hold its index of
            // the log, or a file may not grow.
            self.init(
                code: "storage.full",
                message: "the hub could not write, so nothing was changed: there is no room on its "
                    + "disk or for a larger file, or the disk fails (\(detail))",
                hint: "free some space at the hub (`df`, `ulimit -f`) and look for errors of the "
                    + "disk (`dmesg`); nodes will send again by themselves")
        case .SQLITE_IOERR:
            self.init(
                code: "storage.io", message: "the hub's disk failed: \(detail)",
                hint: "stop the hub, check the disk (`dmesg`), then start it again; receipts were "
                    + "given only for what is durable")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                code: "storage.busy", message: "another program is writing the hub's database",
                hint: "let it finish, or find it with `fuser`, and repeat the command")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            self.init(
                code: "storage.corrupt", message: "the hub's database is damaged: \(detail)",
                hint: "stop the hub and restore its last backup; nodes keep what was not received")
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
            self.init(
                code: "storage.access", message: "the hub's database cannot be written: \(detail)",
                hint: "check the owner and the mode of the folder")
        default:
            self.init(
                code: "storage.failed", message: "the hub's database failed: \(detail)",
                hint: "repeat the command; if it fails again, keep the message for the developers")
        }
    }
}

extension DatabaseError {
    /// There is no room, or the disk does not take what is written.
    var isOfWriting: Bool {
        switch resultCode {
        case .SQLITE_FULL: true
        case .SQLITE_IOERR:
            ![.SQLITE_IOERR_READ, .SQLITE_IOERR_SHORT_READ, .SQLITE_IOERR_ACCESS]
                .contains(extendedResultCode)
        default: false
        }
    }
}
