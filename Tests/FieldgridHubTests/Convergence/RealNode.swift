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
    let replica: Replica

    init(_ hub: TestHub, _ device: DeviceRow) throws {
        self.hub = hub
        self.device = device
        replica = try Replica.create(
            at: hub.folder.path + "/\(device.node).sqlite",
            identity: ReplicaIdentity(
                node: device.node, holder: device.holder, scopes: [device.scope]),
            schema: Schema(
                name: "", version: 0, label: Label(zh: "", en: ""), types: [], codeLists: []),
            schemaDocument: [],
            world: ReplicaWorld(
                clock: hub.clock, random: SeededRandom(seed: device.node.bits.low),
                decodeSchema: { try Schema(canonicalJSON: $0) }))
        try exchange()
    }

    /// Exchanges until nothing waits on either side.
    func exchange() throws {
        for _ in 0..<100 {
            let request = try replica.nextRequest()
            let reply = try ExchangeCodec.decodeReply(
                try hub.hub.exchange(request.encoded, device: device))
            let applied = try replica.apply(reply)
            if !applied.hasMore, applied.outboxLeft == 0 { return }
        }
        throw HubError(code: "test", message: "the exchange does not come to an end", hint: "")
    }

    func edit(_ id: RecordID, _ kind: RecordEdit.Kind, _ values: [String: Value] = [:]) throws {
        let type = try hub.type("employer")
        var numbered: [UnitNumber: Value] = [:]
        for (name, value) in values {
            if let field = type.field(named: name) { numbered[field.number] = value }
        }
        try replica.save(
            ActionDraft(
                author: device.holder, source: .onSite, savedAt: hub.clock.milliseconds,
                edits: [RecordEdit(type: type.number, id: id, kind: kind, values: numbered)]))
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
