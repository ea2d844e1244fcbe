import FieldgridHub
import FieldgridModel
import FieldgridNode
import FieldgridReplica
import FieldgridSchema
import FieldgridService
import FieldgridSync

/// A node's machine: the production replica on a disk that can fail.
final class SimulatedNode {
    let index: Int
    let disk: Disk
    let clock: WrongClock
    let key: DeviceKey
    let device: DeviceRow
    private(set) var replica: Replica { didSet { replica.hubKey = hubKey } }
    private let hubKey: DevicePublicKey
    /// Grows with each restart; replies to an earlier life find nobody.
    private(set) var lives: UInt64 = 0
    /// What the file beside the database says.
    let stamps = MemoryStamp()
    /// The last request, to tell whose receipts a reply brings.
    var asked: ExchangeRequest?
    /// Hub time minus ours, for signatures.
    var clockOffset: Int64 = 0
    /// The number of the request whose reply is awaited.
    var awaited: Int?
    /// The last number of its outbox that went onto a stick.
    var exportedThrough: Int64 = 0
    /// It has not had its first copy yet.
    var isEmpty = false
    /// Its program reads no schema but the first.
    let isOld: Bool
    private let seed: UInt64
    private static let file = "node.sqlite"

    /// A copy of another machine's folder, used beside it.
    init(_ index: Int, copyOf other: SimulatedNode, _ timeline: Timeline) throws {
        self.index = index
        seed = other.seed
        isOld = other.isOld
        hubKey = other.hubKey
        disk = try Disk("node\(index)")
        clock = WrongClock(timeline)
        key = other.key
        device = other.device
        clockOffset = other.clockOffset
        try other.disk.copy(Self.file, to: disk, as: Self.file)
        if let stamp = other.stamps.stamp { stamps.keep(stamp) }
        replica = try Replica(
            path: disk.path(Self.file),
            world: Self.world(clock, seed: seed, index: index, lives: 0, isOld: isOld))
        replica.hubKey = hubKey
    }

    init(
        _ index: Int, scope: ScopeCode, hub: SimulatedHub, _ timeline: Timeline, seed: UInt64,
        isOld: Bool
    ) throws {
        self.index = index
        self.seed = seed
        self.isOld = isOld
        hubKey = hub.key.publicKey
        disk = try Disk("node\(index)")
        clock = WrongClock(timeline)
        var random = SeededRandom(seed: seed, for: "key \(index)")
        key = DeviceKey.generate(using: &random)
        device = try hub.enrol(index, scope: scope, key: key)
        let empty = Schema(
            name: "", version: 0, label: Label(zh: "", en: ""), types: [], codeLists: [])
        replica = try Replica.create(
            at: disk.path(Self.file),
            identity: ReplicaIdentity(
                node: device.node, holder: device.holder, scopes: [device.scope]),
            schema: empty, schemaDocument: [],
            world: Self.world(clock, seed: seed, index: index, lives: 0, isOld: isOld))
        replica.hubKey = hubKey
    }

    deinit { try? replica.close() }

    private static func world(
        _ clock: WrongClock, seed: UInt64, index: Int, lives: UInt64, isOld: Bool
    ) -> ReplicaWorld {
        ReplicaWorld(
            clock: clock, random: SeededRandom(seed: seed, for: "node \(index) life \(lives)"),
            decodeSchema: {
                let schema = try Schema(canonicalJSON: $0)
                guard !isOld || schema.version == 1 else {
                    throw SimulationError("an old program does not read it")
                }
                return schema
            })
    }

    var scope: ScopeCode { device.scope }

    func restart(whileStopped body: () throws -> Void = {}) throws {
        try? replica.close()
        lives += 1
        awaited = nil
        try body()
        let opened = try Replica(
            path: disk.path(Self.file),
            world: Self.world(clock, seed: seed, index: index, lives: lives, isOld: isOld))
        do {
            try opened.goOnIfRewound(behind: stamps.stamp)
        } catch {
            // No program goes on with a file that it could not compare with its stamp.
            try? opened.close()
            throw error
        }
        replica = opened
    }

    // MARK: Copies

    private static let copy = "backup.sqlite"
    /// The stamp when the backup was made, for a whole machine put back.
    private var stampCopy: SentStamp?

    func backUp() throws {
        try restart { try self.disk.copy(Self.file, as: Self.copy) }
        stampCopy = stamps.stamp
    }

    var hasBackup: Bool { disk.has(Self.copy) }

    /// Puts the backup back; with `wholeMachine` the stamp goes back too.
    func restore(wholeMachine: Bool) throws {
        if wholeMachine, let stampCopy { stamps.keep(stampCopy) }
        try restart { try self.disk.copy(Self.copy, as: Self.file) }
    }

    /// Power is cut, and comes back.
    func crash(chance: UInt64) throws {
        disk.crash(chance: chance)
        try restart()
    }

    var path: String { disk.path(Self.file) }

    func client(_ transport: any HTTPTransport, hub: DevicePublicKey, draws: Int) -> HubClient {
        HubClient(
            transport: transport, key: key, hub: .key(hub), clock: clock,
            random: RandomSource(SeededRandom(seed: seed, for: "nonce \(index) \(draws)")),
            clockOffset: clockOffset)
    }

    func service(_ random: SeededRandom) throws -> RecordService {
        var random = random
        return try RecordService(
            store: replica, place: .node, author: device.holder, clock: clock,
            settledHere: replica.settledLocally(),
            newID: { RecordID(.version7(milliseconds: 0, using: &random)) })
    }
}
