import FieldgridModel
import GRDB

/// Why a replica could not do what it was asked, and what to do about it.
///
/// When one is thrown, the transaction it came from has changed nothing.
/// Messages name records and fields, never their values.
package struct ReplicaError: Error, Hashable, Sendable {
    /// Stable: they are in people's notes and scripts.
    ///
    /// Never rename one.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        case storageFull = "replica.storage-full"
        case storageFailed = "replica.storage-failed"
        case locked = "replica.locked"
        case damaged = "replica.damaged"
        case missing = "replica.missing"
        case exists = "replica.exists"
        case layoutUnknown = "replica.layout-unknown"
        case unexpected = "replica.unexpected"
        case schemaName = "schema.name"
        case typeUnknown = "type.unknown"
        case recordUnknown = "record.unknown"
        case recordExists = "record.exists"
        case valueType = "value.type"
        case valueNUL = "value.nul"
        case changesetTooLarge = "changeset.too-large"
        case replyAhead = "reply.ahead"
        case deltaUnknown = "delta.unknown-record"
    }

    package var code: Code
    /// What was expected and what was found.
    package var message: String
    /// What to do.
    package var hint: String

    package init(_ code: Code, _ message: String, hint: String) {
        self.code = code
        self.message = message
        self.hint = hint
    }
}

extension ReplicaError: CustomStringConvertible {
    package var description: String { "\(message). \(hint)." }
}

extension ReplicaError {
    static func noRoom(for path: String) -> ReplicaError {
        ReplicaError(
            .storageFull, "there is no room left for \(path), so nothing was saved",
            hint: "Free some space and save again; everything saved before is safe")
    }

    /// What an error of SQLite means for a person; errors that are none of
    /// SQLite's are handed back as they are.
    static func of(_ error: any Error, path: String) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        let found = error.message ?? "SQLite result \(error.resultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_FULL:
            return noRoom(for: path)
        case .SQLITE_IOERR where !isReading(error):
            // SQLite says so too when a full disk cannot hold its index of
            // the log, or a file may not grow.
            return ReplicaError(
                .storageFull,
                "\(path) could not be written, so nothing was saved: there is no room on the disk "
                    + "or for a larger file, or the disk fails (\(found))",
                hint: "Free some space (`df`, `ulimit -f`), look for errors of the disk (`dmesg`), "
                    + "then save again; everything saved before is safe")
        case .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
            return ReplicaError(
                .storageFailed, "\(path) cannot be read or written (\(found))",
                hint: "Check the disk, the folder's owner and its permissions, then try again")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return ReplicaError(
                .locked, "another program holds \(path)",
                hint: "Close the program that has the database open, then try again")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return ReplicaError(
                .damaged, "\(path) is damaged (\(found))",
                hint: "Keep a copy of the folder and ask the hub's operator before going on")
        case .SQLITE_CONSTRAINT where found.contains("cannot store"):
            return ReplicaError(
                .valueType, "a value has another type than its column (\(found))",
                hint: "Correct the value and save again")
        default:
            return ReplicaError(
                .unexpected, "SQLite refused the operation on \(path) (\(found))",
                hint: "Nothing was changed; report this with the message")
        }
    }

    private static func isReading(_ error: DatabaseError) -> Bool {
        [.SQLITE_IOERR_READ, .SQLITE_IOERR_SHORT_READ, .SQLITE_IOERR_ACCESS]
            .contains(error.extendedResultCode)
    }

    static func typeUnknown(_ type: TypeNumber) -> ReplicaError {
        ReplicaError(
            .typeUnknown, "record type \(type.value) is not in this node's schema",
            hint: "Run `fieldgrid node sync` to fetch the hub's schema")
    }

    static func recordUnknown(_ id: RecordID, type: String) -> ReplicaError {
        ReplicaError(
            .recordUnknown, "there is no \(type) \(id) on this node",
            hint: "List the records of the type; it may have been deleted or moved away")
    }
}
