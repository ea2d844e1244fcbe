import FieldgridHub
import FieldgridModel
import FieldgridNode
import FieldgridReplica
import FieldgridSchema
import FieldgridSync
import Foundation

/// A hub's folder as `fieldgrid hub serve` opens it, used in this process.
final class BenchHub {
    static let file = "hub.sqlite"
    static let holder = "虚构文员"

    let store: SQLiteHubStore
    let hub: Hub
    let key: DeviceKey

    /// Makes a new one in an empty folder.
    static func create(in folder: String, _ seed: HubSeed) throws -> BenchHub {
        var random = SeededRandom(seed: 20_261_123)
        let key = DeviceKey.generate(using: &random)
        try Files.remove(folder + "/" + file)
        let store = try SQLiteHubStore(path: folder + "/" + file, create: true)
        let hub = try Hub.create(
            in: store, seed: seed, clock: SystemClock(), random: RandomSource(random))
        try Data(key.pem.utf8).write(to: URL(filePath: folder + "/key.pem"))
        let document = """
            {"created_at":"2026-11-23T00:00:00Z","fingerprint":"\(key.publicKey.fingerprint)",\
            "hub":"\(hub.identity.node)"}
            """
        try Data(document.utf8).write(to: URL(filePath: folder + "/hub.json"))
        return BenchHub(store, hub, key)
    }

    /// Opens one, or a copy of its database.
    convenience init(_ folder: String, database: String = BenchHub.file) throws {
        let pem = try String(contentsOfFile: folder + "/key.pem", encoding: .utf8)
        guard let key = DeviceKey(pem: pem) else { throw BenchmarkError("no key in \(folder)") }
        let store = try SQLiteHubStore(path: folder + "/" + database, create: false)
        let hub = try Hub(store: store, clock: SystemClock(), random: .system)
        self.init(store, hub, key)
    }

    private init(_ store: SQLiteHubStore, _ hub: Hub, _ key: DeviceKey) {
        (self.store, self.hub, self.key) = (store, hub, key)
        hub.headKey = key
    }

    /// The key of a device by its number, the same in every run.
    static func deviceKey(_ number: Int) -> DeviceKey {
        var random = SeededRandom(seed: UInt64(7_000_000 + number))
        return DeviceKey.generate(using: &random)
    }

    /// What a device asks that knows the hub's logs as they are now.
    func question(seeing scopes: some Sequence<ScopeCode>) throws -> AuditQuestion {
        let logs = [.administration] + scopes.map(AuditLog.scope)
        let extents = try store.read { try $0.auditExtents(of: logs) }
        return AuditQuestion(
            digest: AuditDigest(of: extents.map { ($0.key, $0.value.size, $0.value.root) }),
            sizes: extents.mapValues(\.size))
    }

    func enrol(_ number: Int, scope: ScopeCode) throws -> DeviceRow {
        let deviceKey = Self.deviceKey(number)
        let issued = try hub.issueCode(
            scope: scope, holder: Self.holder, role: .assistant, hubKey: key.publicKey)
        let nonce = Array("nonce-\(number)".utf8)
        let claim = EnrolmentClaim(
            publicKey: deviceKey.publicKey, lookup: issued.code.lookup, nonce: nonce,
            proof: issued.code.key.proof(of: deviceKey.publicKey, nonce: nonce),
            name: "node \(number)", platform: "benchmark")
        _ = try hub.enrol(claim, hubKey: key.publicKey)
        return try device(number)
    }

    func device(_ number: Int) throws -> DeviceRow {
        let keyID = Self.deviceKey(number).publicKey.keyID
        guard let row = try hub.device(keyID: keyID) else {
            throw BenchmarkError("device \(number) is not enrolled")
        }
        return row
    }

    /// A new replica of a device, without data.
    func replica(_ device: DeviceRow, at path: String) throws -> Replica {
        try Files.remove(path)
        let empty = Schema(
            name: "", version: 0, label: Label(zh: "", en: ""), types: [], codeLists: [])
        let replica = try Replica.create(
            at: path,
            identity: ReplicaIdentity(
                node: device.node, holder: device.holder, scopes: [device.scope]),
            schema: empty, schemaDocument: [], world: BenchNode.world)
        replica.hubKey = key.publicKey
        return replica
    }

    /// Makes a snapshot for a device in a folder of its own.
    func snapshot(for device: DeviceRow, folder: String, database: String) throws -> String {
        try? FileManager.default.removeItem(atPath: folder + "/snapshots")
        var limit = SnapshotShelf.Limit()
        limit.recordsMin = 0
        let shelf = SnapshotShelf(folder: folder + "/snapshots", limit: limit) {
            try Hub(
                store: SQLiteHubStore(path: folder + "/" + database, create: false),
                clock: SystemClock(), random: .system)
        }
        guard try shelf.offer(to: device) != nil else { throw BenchmarkError("no snapshot") }
        let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/snapshots")
        guard let name = names.first else { throw BenchmarkError("no snapshot") }
        return folder + "/snapshots/" + name
    }

    func close() throws { try store.close() }
}

/// A node's replica in this process.
enum BenchNode {
    static let file = "node.sqlite"

    static var world: ReplicaWorld {
        ReplicaWorld(
            clock: SystemClock(), random: RandomSource.system,
            decodeSchema: { try Schema(canonicalJSON: $0) })
    }

    static func open(_ path: String, hubKey: DevicePublicKey) throws -> Replica {
        let replica = try Replica(path: path, world: world)
        replica.hubKey = hubKey
        return replica
    }

    /// Applies a snapshot's frames, as a joining device does.
    static func apply(_ snapshot: String, to replica: Replica) throws -> Int {
        guard let handle = FileHandle(forReadingAtPath: snapshot) else {
            throw BenchmarkError("no snapshot at \(snapshot)")
        }
        defer { try? handle.close() }
        var records = 0
        while let head = try handle.read(upToCount: 8), head.count == 8 {
            let size = head.reduce(0) { $0 << 8 | Int($1) }
            let frame = Array(try handle.read(upToCount: size) ?? Data())
            records += try replica.apply(try ExchangeCodec.decodeReply(frame)).pulled
        }
        return records
    }
}

enum Files {
    static func remove(_ path: String) throws {
        for suffix in ["", "-wal", "-shm"]
        where FileManager.default.fileExists(atPath: path + suffix) {
            try FileManager.default.removeItem(atPath: path + suffix)
        }
    }

    /// Copies a closed database.
    static func copy(_ path: String, to copy: String) throws {
        try remove(copy)
        try FileManager.default.copyItem(atPath: path, toPath: copy)
    }

    static func size(_ path: String) -> Double {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? NSNumber)?.doubleValue ?? 0
    }
}
