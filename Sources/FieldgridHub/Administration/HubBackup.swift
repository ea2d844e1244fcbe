package import FieldgridModel
import FieldgridSchema
import FieldgridSync
import Foundation
import GRDB

/// A copy of a hub's database in one file, without the hub's private key.
package struct HubBackup: Hashable, Sendable {
    package var path: String
    package var hub: NodeID
    package var epoch: EpochID
    package var records: Int
    package var bytes: Int64

    /// Copies a hub's database, which may be in use, and reads the copy from
    /// end to end before it takes the name it was asked for.
    ///
    /// - Throws: ``HubError``; then there is no file of that name, unless
    ///   there was one before.
    package static func write(database: String, to path: String) throws -> HubBackup {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw HubError(
                code: "backup.exists", message: "there is a file \(path) already",
                hint: "name another one with --to; backups are never overwritten")
        }
        let draft = path + ".part"
        try? FileManager.default.removeItem(atPath: draft)
        do {
            try Self.copy(database, to: draft, for: path)
            var backup = try verify(draft)
            backup.path = path
            try Self.makeDurable(draft)
            guard unsafe rename(draft, path) == 0 else {
                throw HubError.unwritable(path, FolderError.systemText(errno))
            }
            try Self.makeDurable((path as NSString).deletingLastPathComponent)
            return backup
        } catch {
            try? FileManager.default.removeItem(atPath: draft)
            throw error
        }
    }

    private static func copy(_ database: String, to draft: String, for path: String) throws {
        // SQLite would only say that it cannot open the file.
        let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw HubError.unwritable(path, FolderError.systemText(errno))
        }
        close(descriptor)
        try HubError.translating {
            let queue = try DatabaseQueue(path: database, configuration: Self.reading)
            defer { try? queue.close() }
            do {
                try queue.writeWithoutTransaction { db in
                    try db.execute(sql: "VACUUM INTO ?", arguments: [draft])
                }
            } catch let error as DatabaseError where error.isOfWriting {
                // Nothing is written to but the copy.
                throw HubError.unwritable(path, error.message ?? "\(error.resultCode)")
            }
        }
    }

    /// Reads a backup from end to end: its pages, and every record in it.
    ///
    /// - Throws: `backup.damaged` when it is not what a hub wrote.
    package static func verify(_ path: String) throws -> HubBackup {
        guard FileManager.default.fileExists(atPath: path) else {
            throw HubError(
                code: "backup.missing", message: "there is no backup \(path)",
                hint: "name the file that `fieldgrid hub backup` wrote")
        }
        guard (try? FileManager.default.contentsOfDirectory(atPath: path)) == nil else {
            throw HubError.damaged(path, "it is a folder")
        }
        do {
            let queue = try DatabaseQueue(path: path, configuration: reading)
            defer { try? queue.close() }
            return try queue.read { db in
                guard try String.fetchOne(db, sql: "PRAGMA integrity_check") == "ok" else {
                    throw HubError.damaged(path, "its pages are not whole")
                }
                return try read(db, path)
            }
        } catch let error as HubError {
            throw error
        } catch let error as DatabaseError {
            throw HubError.damaged(path, error.reasonOfReading)
        } catch {
            throw HubError.damaged(path, "\(error)")
        }
    }

    private static func read(_ db: Database, _ path: String) throws -> HubBackup {
        let statements = StatementCache()
        defer { statements.removeAll() }
        let view = try SQLiteHubTransaction(db, statements, ScopeMemory())
        let identity = try Hub.identity(view)
        guard let document = try view.schemaDocument(identity.schema) else {
            throw HubError.damaged(path, "it has no schema")
        }
        let schema = try Schema(canonicalJSON: document)
        var records = 0
        for type in schema.types {
            try view.forEachRecord(of: type.number) { _ in
                records += 1
                return true
            }
        }
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int64
        return HubBackup(
            path: path, hub: identity.node, epoch: identity.epoch, records: records,
            bytes: size ?? 0)
    }

    private static var reading: Configuration {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(30)
        return configuration
    }

    static func makeDurable(_ path: String) throws {
        let descriptor = unsafe open(path.isEmpty ? "." : path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw HubError(
                code: "storage.io", message: "\(path) could not be made durable",
                hint: "check the disk (`dmesg`), then make the backup again")
        }
    }
}

extension HubError {
    fileprivate static func damaged(_ path: String, _ why: String) -> HubError {
        HubError(
            code: "backup.damaged", message: "\(path) is no whole backup of a hub: \(why)",
            hint: "use an earlier backup; the hub's database was not touched")
    }

    fileprivate static func unwritable(_ path: String, _ why: String) -> HubError {
        HubError(
            code: "backup.unwritable", message: "the backup \(path) cannot be written: \(why)",
            hint: "make room, rights or the folder there, or name another file with --to; the "
                + "hub's database was not touched")
    }
}

extension DatabaseError {
    /// What SQLite found in a file that ought to be a backup, without its statement.
    fileprivate var reasonOfReading: String {
        switch resultCode {
        case .SQLITE_NOTADB: "it is no database"
        case .SQLITE_ERROR: "it is another program's database (\(message ?? "\(resultCode)"))"
        default: message ?? "\(resultCode)"
        }
    }
}

extension Hub {
    /// Notes how far every incarnation is, before a backup is made.
    package func noteBackup() throws {
        let now = now
        try store.write { view in
            try view.noteBackup(verified: false)
            try view.set(.backupNoted, to: String(now))
            try view.note(.backupNoted, in: identity.epoch, at: now)
        }
    }

    /// Notes that the backup made since ``noteBackup()`` is whole: nodes need
    /// not keep what it has.
    package func confirmBackup() throws {
        try store.write { view in
            guard let noted = try view.setting(.backupNoted) else { return }
            try view.noteBackup(verified: true)
            try view.set(.backupVerified, to: noted)
            try view.note(
                .backupVerified(notedAt: Int64(noted) ?? 0), in: identity.epoch,
                at: clock.milliseconds)
        }
    }

    /// The backup that this database was put back from was whole, and is the
    /// last one: it was noted before it was made, and confirmed only after.
    fileprivate func noteRestored() throws {
        try store.write { view in
            guard let noted = try view.setting(.backupNoted) else { return }
            try view.set(.backupVerified, to: noted)
        }
    }

    /// When the last verified backup was made, UTC milliseconds.
    package var lastBackupAt: Int64? {
        get throws { try store.read { try $0.setting(.backupVerified) }.flatMap { Int64($0) } }
    }

    /// Puts a backup in the place of a hub's database and begins a new epoch
    /// in it; the database that was there is set aside beside it.
    ///
    /// The caller holds the folder's lock.
    ///
    /// - Returns: the name of what was set aside, if there was anything.
    package static func restore(
        _ backup: HubBackup, to database: String, clock: any WallClock, random: RandomSource
    ) throws -> String? {
        let files = FileManager.default
        let draft = database + ".restoring"
        for suffix in ["", "-wal", "-shm"] { try? files.removeItem(atPath: draft + suffix) }
        var store: SQLiteHubStore?
        do {
            try files.copyItem(atPath: backup.path, toPath: draft)
            // Which brings a copy of an earlier layout to this one.
            let opened = try SQLiteHubStore(path: draft, create: false)
            store = opened
            let hub = try Hub(store: opened, clock: clock, random: random)
            try hub.beginEpoch(because: .restored)
            try hub.noteRestored()
            // It takes its new name without its log.
            try opened.closeIntoOneFile()
        } catch {
            try? store?.close()
            for suffix in ["", "-wal", "-shm"] { try? files.removeItem(atPath: draft + suffix) }
            throw error
        }
        try HubBackup.makeDurable(draft)
        var aside: String?
        let name = "\(database).replaced-\(clock.milliseconds)"
        // A log whose database is gone would be taken for that of the new one.
        for suffix in ["", "-wal", "-shm"] where files.fileExists(atPath: database + suffix) {
            try files.moveItem(atPath: database + suffix, toPath: name + suffix)
            if suffix.isEmpty { aside = name }
        }
        try files.moveItem(atPath: draft, toPath: database)
        try HubBackup.makeDurable((database as NSString).deletingLastPathComponent)
        return aside
    }
}
