import FieldgridHub
import FieldgridModel
import FieldgridNode
import FieldgridSchema
import FieldgridService
import FieldgridSync
import Foundation

/// A hub's folder: `hub.sqlite`, `hub.json`, `key.pem` and the lock.
struct HubFolder {
    static let fileName = "hub.json"

    let path: String
    var databasePath: String { path + "/hub.sqlite" }
    var snapshotsPath: String { path + "/snapshots" }
    private var keyPath: String { path + "/key.pem" }

    /// Makes a hub with its schema, grids and key; tells how many grids.
    ///
    /// `hub.json` comes last: a folder without it was not finished, and is
    /// begun anew.
    func create(schemaFolder: String?, seedFolder: String?) throws -> (schema: Schema, grids: Int) {
        // Before anything is waited for: a hub that is served is held for as long.
        try checkIsNew()
        let clock = SystemClock()
        let schema =
            try schemaFolder.map { try SchemaFolder.schema(at: URL(fileURLWithPath: $0)) }
            ?? SchemaReader.read(files: EmbeddedFiles.schema)
        let files =
            try seedFolder.map { try SchemaFolder.seeds(at: URL(fileURLWithPath: $0)) }
            ?? EmbeddedFiles.seeds
        let today = LocalDate(
            milliseconds: clock.milliseconds, offsetMinutes: LocalDate.shanghaiOffsetMinutes)
        let seeds = try SeedReader.read(files: files, schema: schema, today: today)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let lock = try FolderLock(
            folder: path, command: "hub init", waitingUpTo: FolderAccess.lockWait)
        defer { lock.release() }
        try checkIsNew()
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: databasePath + suffix)
        }
        var random = SystemRandomNumberGenerator()
        let key = DeviceKey.generate(using: &random)
        try DurableFile.write(Array(key.pem.utf8), to: keyPath, mode: 0o600)
        let store = try SQLiteHubStore(path: databasePath, create: true)
        let hub = try Hub.create(
            in: store, seed: HubSeed(schema: schema, records: seeds.grids), clock: clock,
            random: .init(random))
        let description = HubDescription(
            hub: hub.identity.node.description, fingerprint: key.publicKey.fingerprint.text,
            createdAt: Instants.text(clock.milliseconds))
        try store.close()
        try DurableFile.write(description.bytes(), to: path + "/" + Self.fileName)
        return (schema, seeds.grids.count)
    }

    private func checkIsNew() throws {
        for (name, kind) in [(Self.fileName, "a hub's"), ("node.json", "a node's")]
        where FileManager.default.fileExists(atPath: path + "/" + name) {
            let user = FolderLock.holder(of: path).map { ", in use by \($0)" } ?? ""
            throw HubError(
                code: "hub.exists", message: "The folder \(path) is \(kind) already\(user).",
                hint: "Use it as it is, or name another folder with --data.")
        }
    }

    /// Puts a backup in the place of the database; the key stays.
    ///
    /// - Returns: what was set aside.
    func restore(from path: String) throws -> (backup: HubBackup, aside: String?) {
        guard SocketDesk(folder: self.path) == nil else {
            throw ServiceError(
                "hub.served", "The folder \(self.path) is being served.",
                hint: "Stop the server first, then restore.")
        }
        let lock = try FolderAccess.lock(self.path, command: "hub restore")
        defer { lock.release() }
        guard let pem = DurableFile.read(keyPath),
            DeviceKey(pem: String(decoding: pem, as: UTF8.self)) != nil
        else {
            throw HubError(
                code: "hub.key-missing", message: "The hub's key \(keyPath) cannot be read.",
                hint: "Put the copy of key.pem into the folder first: devices trust no other key.")
        }
        let backup = try HubBackup.verify(path)
        if let present = try? HubBackup.verify(databasePath), present.hub != backup.hub {
            throw HubError(
                code: "backup.foreign", message: "\(path) is a backup of another hub.",
                hint: "Name the folder of hub \(backup.hub) with --data.")
        }
        let aside = try Hub.restore(
            backup, to: databasePath, clock: SystemClock(),
            random: .init(SystemRandomNumberGenerator()))
        return (backup, aside)
    }

    func key() throws -> DeviceKey {
        guard let pem = DurableFile.read(keyPath).map({ String(decoding: $0, as: UTF8.self) }),
            let key = DeviceKey(pem: pem)
        else {
            throw HubError(
                code: "hub.key-missing", message: "The hub's key \(keyPath) cannot be read.",
                hint: "Restore it from the backup: devices trust no other key.")
        }
        return key
    }

    /// The caller holds the lock.
    func open() throws -> OpenHub {
        let key = try key()
        let store = try SQLiteHubStore(path: databasePath, create: false)
        let hub = try Hub(
            store: store, clock: SystemClock(),
            random: .init(SystemRandomNumberGenerator()))
        hub.headKey = key
        return OpenHub(hub: hub, key: key, store: store, attachments: attachments)
    }
}

extension HubFolder {
    var attachments: AttachmentFolder {
        AttachmentFolder(folder: path) { RangedFile.name(of: ContentDigest.of($0).bytes) }
    }

    /// The hub on a connection of its own, to read from while the other one
    /// goes on.
    func reader() throws -> Hub {
        try Hub(
            store: SQLiteHubStore(path: databasePath, create: false), clock: SystemClock(),
            random: .init(SystemRandomNumberGenerator()))
    }
}

/// A hub whose database is open.
struct OpenHub {
    var hub: Hub
    var key: DeviceKey
    var store: SQLiteHubStore
    /// Files beside the data.
    var attachments: AttachmentFolder
}

/// What `hub.json` says, for people and for telling the folder's kind.
private struct HubDescription: Codable {
    var hub: String
    var fingerprint: String
    var createdAt: String

    enum CodingKeys: String, CodingKey {
        case hub, fingerprint
        case createdAt = "created_at"
    }

    func bytes() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return Array(try encoder.encode(self)) + [0x0a]
    }
}
