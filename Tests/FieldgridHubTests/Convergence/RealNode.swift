import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSchema
import FieldgridSync
import Foundation

/// A node with its real replica on disk, exchanging with a hub in the same
/// process through the real bytes.
final class RealNode {
    let hub: TestHub
    let device: DeviceRow
    private(set) var replica: Replica { didSet { replica.hubKey = hub.key.publicKey } }
    /// What it does not share with the hub, where a test says so.
    let clock: TestClock
    /// Why it went on under a new name, in order.
    private(set) var reborn: [Reincarnation] = []

    /// What the last reply did.
    private(set) var last = AppliedReply()
    /// Records that it sent again because the hub had lost them.
    private(set) var salvaged = 0
    /// Records that differed from the hub's although nothing explains it.
    private(set) var repaired: [RepairedRecord] = []
    /// How often it began anew because it had been away for too long, and how
    /// many records went with that.
    private(set) var rebases = 0
    private(set) var removed = 0

    init(
        _ hub: TestHub, _ device: DeviceRow, clock: TestClock? = nil, joins: Bool = true
    ) throws {
        self.hub = hub
        self.device = device
        self.clock = clock ?? hub.clock
        replica = try Replica.create(
            at: hub.folder.path + "/\(device.node).sqlite",
            identity: ReplicaIdentity(
                node: device.node, holder: device.holder, scopes: [device.scope]),
            schema: Schema(
                name: "", version: 0, label: Label(zh: "", en: ""), types: [], codeLists: []),
            schemaDocument: [], world: Self.world(hub, self.clock))
        replica.hubKey = hub.key.publicKey
        if joins { try exchange() }
    }

    /// The same device on a copy of its file.
    init(_ original: RealNode, copy path: String) throws {
        hub = original.hub
        device = original.device
        clock = original.clock
        replica = try Replica(path: path, world: Self.world(hub, clock))
        replica.hubKey = hub.key.publicKey
    }

    private static func world(
        _ hub: TestHub, _ clock: TestClock, reading version: Int = .max
    ) -> ReplicaWorld {
        hub.openings += 1
        return ReplicaWorld(
            clock: clock, random: SeededRandom(seed: hub.openings),
            decodeSchema: { document in
                let schema = try Schema(canonicalJSON: document)
                guard schema.version <= version else { throw TooNew(version: schema.version) }
                return schema
            })
    }

    /// What an older program says to a newer schema.
    struct TooNew: Error, CustomStringConvertible {
        var version: Int
        var description: String { "this program does not know version \(version)" }
    }

    /// Opens the same file again, as after an end at any moment, with a
    /// program that reads schemas up to a version.
    func reopen(reading version: Int = .max) throws {
        try replica.close()
        replica = try Replica(
            path: replica.path, world: Self.world(hub, clock, reading: version))
    }

    /// A hub, and a node with one employer that the hub has.
    static func withOneEmployer(_ id: RecordID) throws -> (TestHub, RealNode) {
        let hub = try TestHub()
        let node = try RealNode(hub, try hub.enrol("虚构·王"))
        try node.edit(id, .create(TestHub.village), ["name": .text("虚构木业")])
        try node.exchange()
        return (hub, node)
    }

    /// A copy of the file as it is now.
    func copy() throws -> String {
        try replica.close()
        let path = "\(replica.path).\(hub.openings)"
        try FileManager.default.copyItem(atPath: replica.path, toPath: path)
        replica = try Replica(path: replica.path, world: Self.world(hub, clock))
        return path
    }

    /// Puts a copy in the place of the file.
    func restore(_ copy: String) throws {
        try replica.close()
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: replica.path + suffix)
        }
        try FileManager.default.copyItem(atPath: copy, toPath: replica.path)
        replica = try Replica(path: replica.path, world: Self.world(hub, clock))
    }

    /// Exchanges until nothing waits on either side.
    func exchange() throws {
        for _ in 0..<100 {
            let request = try replica.nextRequest()
            let applied = try exchange(request.encoded)
            last = applied
            if !applied.hasMore, applied.outboxLeft == 0 { return }
        }
        throw HubError(code: "test", message: "the exchange does not come to an end", hint: "")
    }

    /// Exchanges once.
    @discardableResult
    func exchange(_ request: [UInt8]) throws -> AppliedReply {
        let reply = try ExchangeCodec.decodeReply(try hub.hub.exchange(request, device: device))
        let applied = try replica.apply(reply)
        salvaged += applied.salvaged
        repaired += applied.repaired
        rebases += applied.rebased ? 1 : 0
        removed += applied.removed
        if let cause = applied.reincarnated { reborn.append(cause) }
        return applied
    }

    func edit(
        _ id: RecordID, _ kind: RecordEdit.Kind, _ values: [String: Value] = [:],
        type typeName: String = "employer", settlements: [String: Settlement] = [:]
    ) throws {
        try save([edited(id, kind, values, type: typeName, settlements: settlements)])
    }

    /// An edit with fields and units by name.
    func edited(
        _ id: RecordID, _ kind: RecordEdit.Kind, _ values: [String: Value] = [:],
        type typeName: String = "employer", settlements: [String: Settlement] = [:]
    ) throws -> RecordEdit {
        let type = try hub.type(typeName)
        var numbered: [UnitNumber: Value] = [:]
        for (name, value) in values {
            if let field = type.field(named: name) { numbered[field.number] = value }
        }
        var settled: [UnitNumber: Settlement] = [:]
        for (name, settlement) in settlements {
            if let unit = type.unitNumber(named: name) { settled[unit] = settlement }
        }
        return RecordEdit(
            type: type.number, id: id, kind: kind, values: numbered, settlements: settled)
    }

    func save(_ edits: [RecordEdit]) throws {
        try replica.save(
            ActionDraft(
                author: device.holder, source: .onSite, savedAt: clock.milliseconds,
                edits: edits))
    }

    /// A field's value as this node's people see it; nil when the record is
    /// not there.
    func shown(_ id: RecordID, _ field: String, type typeName: String = "employer") throws -> Value?
    {
        let type = try hub.type(typeName)
        guard let record = try replica.record(id, type: type), record.isAlive,
            let number = type.field(named: field)?.number
        else { return nil }
        return record.values[number] ?? .null
    }

    /// The conflict records this node has, by field.
    func conflicts() throws -> [[String: Value]] {
        let type = try hub.type("conflict")
        var found: [[String: Value]] = []
        try replica.forEachRecord(of: type, where: []) { record in
            var values: [String: Value] = ["id": .text(record.id.description)]
            for field in type.fields { values[field.name] = record.values[field.number] ?? .null }
            found.append(values)
            return true
        }
        return found
    }
}

/// Whole states as text, one line per record, for comparing and for reading.
enum Dump {
    static func lines(of store: any RecordStore, type: RecordType) throws -> [String] {
        var lines: [String] = []
        try store.forEachRecord(of: type, where: []) { record in
            let values = record.values.sorted { $0.key < $1.key }
                .map { "\($0.key.value)=\($0.value)" }
            lines.append("\(record.id) \(record.scope) \(values.joined(separator: " "))")
            return true
        }
        return lines.sorted()
    }

    /// The first lines that only one side has; empty when there are none.
    static func difference(hub: [String], node: [String]) -> String {
        let missing = hub.filter { !node.contains($0) }.prefix(3).map { "hub: \($0)" }
        let extra = node.filter { !hub.contains($0) }.prefix(3).map { "node: \($0)" }
        return (missing + extra).joined(separator: "\n")
    }
}
