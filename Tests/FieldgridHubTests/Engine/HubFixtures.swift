@testable import FieldgridHub
import FieldgridModel
import FieldgridSchema
import FieldgridSync
import Foundation

/// A clock that a test moves.
final class TestClock: WallClock, @unchecked Sendable {
    // Only ever used from the one thread of its test.
    var milliseconds: Int64

    init(_ text: String = "2026-07-24T09:00:00+08:00") {
        milliseconds = Instants.milliseconds(text) ?? 0
    }

    func advance(minutes: Int64) { milliseconds += minutes * 60_000 }
    func set(_ text: String) { milliseconds = Instants.milliseconds(text) ?? milliseconds }
}

/// A hub with the labour schema and the grids of 浑江区 in a temporary file.
final class TestHub {
    static let district = ScopeCode("220602")
    static let township = ScopeCode("220602103")
    static let village = ScopeCode("220602103201")
    static let otherVillage = ScopeCode("220602103202")

    let folder: URL
    let clock: TestClock
    private(set) var hub: Hub
    private var store: SQLiteHubStore
    let key: DeviceKey
    private var devices = 0
    /// How often a node's replica was opened, so that no two draw the same.
    var openings: UInt64 = 0

    /// - Parameter extra: record types beside those of the labour schema.
    init(clock: TestClock = TestClock(), extra: [SchemaFile] = []) throws {
        self.clock = clock
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("fieldgrid-hub-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let schema = try SchemaReader.read(files: EmbeddedFiles.schema + extra)
        let today = LocalDate(
            milliseconds: clock.milliseconds, offsetMinutes: LocalDate.shanghaiOffsetMinutes)
        let seeds = try SeedReader.read(files: EmbeddedFiles.seeds, schema: schema, today: today)
        store = try SQLiteHubStore(path: folder.path + "/hub.sqlite", create: true)
        hub = try Hub.create(
            in: store, seed: HubSeed(schema: schema, records: seeds.grids), clock: clock,
            random: RandomSource(SeededRandom(seed: 7)))
        var random = SeededRandom(seed: 99)
        key = DeviceKey.generate(using: &random)
        hub.headKey = key
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// A verified backup of the hub as it is now.
    func backup() throws -> HubBackup {
        openings += 1
        try hub.noteBackup()
        let backup = try HubBackup.write(
            database: folder.path + "/hub.sqlite", to: folder.path + "/backup-\(openings)")
        try hub.confirmBackup()
        return backup
    }

    /// Puts a backup in the place of the database, as `hub restore` does, or
    /// as somebody does who only copies files.
    func restore(
        _ backup: HubBackup, behindItsBack: Bool = false, whileStopped: () throws -> Void = {}
    ) throws {
        openings += 1
        let random = RandomSource(SeededRandom(seed: 5_000 + openings))
        let path = folder.path + "/hub.sqlite"
        try store.close()
        try whileStopped()
        if behindItsBack {
            for suffix in ["", "-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: path + suffix)
            }
            try FileManager.default.copyItem(atPath: backup.path, toPath: path)
        } else {
            _ = try Hub.restore(backup, to: path, clock: clock, random: random)
        }
        store = try SQLiteHubStore(path: path, create: false)
        hub = try Hub(
            store: store, clock: clock,
            random: RandomSource(SeededRandom(seed: 9_000 + openings)))
        hub.headKey = key
    }

    /// Opens the same file again, as after a restart.
    func reopened() throws -> Hub {
        try Hub(
            store: SQLiteHubStore(path: folder.path + "/hub.sqlite", create: false), clock: clock,
            random: RandomSource(SeededRandom(seed: 8)))
    }

    /// Enrols a device through a code, as a person would.
    func enrol(
        _ holder: String, _ scope: ScopeCode = TestHub.village,
        role: DeviceRole = .assistant
    ) throws -> DeviceRow {
        let issued = try hub.issueCode(
            scope: scope, holder: holder, role: role, hubKey: key.publicKey)
        devices += 1
        var random = SeededRandom(seed: UInt64(1_000 + devices))
        let deviceKey = DeviceKey.generate(using: &random)
        let nonce = Array("nonce-\(devices)".utf8)
        let claim = EnrolmentClaim(
            publicKey: deviceKey.publicKey, lookup: issued.code.lookup, nonce: nonce,
            proof: issued.code.key.proof(of: deviceKey.publicKey, nonce: nonce), name: "test",
            platform: "linux")
        _ = try hub.enrol(claim, hubKey: key.publicKey)
        guard let row = try hub.device(keyID: deviceKey.publicKey.keyID) else {
            throw HubError(code: "test", message: "the device is not enrolled", hint: "")
        }
        return row
    }

    /// Hangs a grid elsewhere in the tree, as a clerk would.
    func hang(_ code: ScopeCode, below parent: ScopeCode) throws {
        let type = try self.type("grid")
        guard let named = type.field(named: "code")?.number,
            let above = type.field(named: "parent")?.number,
            let id = try hub.find(type, key: [named: .text(code.text)])
        else { throw HubError(code: "test", message: "there is no grid \(code)", hint: "") }
        try hub.save(
            ActionDraft(
                author: "虚构文员", source: .registry, savedAt: clock.milliseconds,
                edits: [
                    RecordEdit(
                        type: type.number, id: id, kind: .update,
                        values: [above: .text(parent.text)])
                ]))
    }

    /// What the hub keeps of a record.
    func state(_ id: RecordID) throws -> RecordState? {
        try hub.store.read { try $0.records([id])[id] }
    }

    /// A type of the labour schema.
    func type(_ name: String) throws -> RecordType {
        guard let type = hub.schema.type(named: name) else {
            throw HubError(code: "test", message: "no type \(name)", hint: "")
        }
        return type
    }
}

/// The smallest node: it seals what a test says and remembers what it pulls.
///
/// Written apart from the replica, to check the hub by itself.
struct SketchNode {
    let hub: TestHub
    let device: DeviceRow
    let incarnation: IncarnationID
    var seq: Int64 = 0
    var head = ContentDigest.start
    var sealed: [Changeset] = []
    var positions: [ScopeCode: Position] = [:]
    var epoch: EpochID
    var records: [RecordID: [UnitNumber: UnitValue]] = [:]
    var ids: [ScopeCode: [RecordNumber: RecordID]] = [:]
    /// The time its next save is stamped with; the hub's, unless set.
    var time: HybridTime?

    init(_ hub: TestHub, _ device: DeviceRow) {
        self.hub = hub
        self.device = device
        incarnation = IncarnationID(device.node.bits)
        epoch = hub.hub.identity.epoch
    }

    mutating func save(
        _ changes: [Change], seen: [ScopeCode: Position]? = nil, source: ValueSource = .onSite
    ) {
        seq += 1
        sealed.append(
            Changeset(
                identity: ChangesetIdentity(incarnation: incarnation, seq: seq),
                author: device.holder,
                time: time ?? HybridTime(milliseconds: hub.clock.milliseconds, counter: Int(seq)),
                source: source, schema: hub.hub.identity.schema, epoch: epoch,
                context: seen ?? positions, changes: changes))
    }

    /// Creates a record of a type with fields by name.
    mutating func create(
        _ typeName: String, _ id: RecordID, _ values: [String: Value],
        scope: ScopeCode? = nil, source: ValueSource = .onSite
    ) throws {
        let type = try hub.type(typeName)
        let place = scope ?? device.scope
        save(
            [
                Change(type: type.number, record: id, unit: .presence, value: .alive),
                Change(
                    type: type.number, record: id, unit: .scope,
                    value: UnitValue(.text(place.text))),
            ] + (try changes(type, id, values)), source: source)
    }

    mutating func set(_ typeName: String, _ id: RecordID, _ values: [String: Value]) throws {
        save(try changes(hub.type(typeName), id, values))
    }

    private func changes(
        _ type: RecordType, _ id: RecordID, _ values: [String: Value]
    ) throws -> [Change] {
        values.sorted { $0.key < $1.key }.compactMap { name, value in
            type.field(named: name).map {
                Change(
                    type: type.number, record: id, unit: type.unit(of: $0),
                    value: UnitValue(value))
            }
        }
    }

    func request(_ changesets: [Changeset]? = nil, previous: ContentDigest? = nil) -> [UInt8] {
        let batch = changesets ?? sealed
        return ExchangeCodec.encode(
            ExchangeRequest(
                schema: hub.hub.identity.schema, epoch: epoch, positions: positions,
                incarnation: incarnation, sealed: seq,
                batch: batch.isEmpty
                    ? nil : ChangesetBatch(following: previous ?? head, batch)),
            number: { _ in nil })
    }

    /// Sends what is sealed, and applies the answer.
    @discardableResult
    mutating func exchange() throws -> ExchangeReply {
        let reply = try send(request())
        head = sealed.reduce(head) { ContentDigest.of($1, after: $0) }
        sealed = []
        apply(reply)
        return reply
    }

    func send(_ body: [UInt8]) throws -> ExchangeReply {
        try ExchangeCodec.decodeReply(try hub.hub.exchange(body, device: device))
    }

    mutating func apply(_ reply: ExchangeReply) {
        for delta in reply.records {
            if let id = delta.id { ids[delta.scope, default: [:]][delta.number] = id }
            guard let id = ids[delta.scope]?[delta.number] else { continue }
            switch delta.presence {
            case .deleted, .left: records[id] = nil
            case .whole: records[id] = [:]
            case .alive: break
            }
            guard delta.presence == .alive || delta.presence == .whole else { continue }
            for unit in delta.units { records[id, default: [:]][unit.unit] = unit.value }
        }
        positions = reply.positions
    }
}

extension RecordID {
    static func test(_ name: UInt64) -> RecordID {
        RecordID(
            UUIDBits(high: 0x0198_0000_0000_7000, low: 0x8000_0000_0000_0000 | name))
    }
}
