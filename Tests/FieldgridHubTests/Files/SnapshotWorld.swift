import FieldgridHub
import FieldgridModel
import FieldgridNode
import FieldgridReplica
import FieldgridSchema
import FieldgridSync
import Foundation

/// The hub's answers about snapshots, in this process, over a link that
/// carries only so many bytes at once and breaks when a test says so.
final class SnapshotLink: HTTPTransport {
    let address = "a test"
    let hub: TestHub
    let device: DeviceRow
    let shelf: SnapshotShelf
    /// The link gives this many bytes of each range.
    var rangeMax = 1 << 20
    /// It breaks after this many requests.
    var requestsLeft = Int.max
    /// Every range has one byte changed.
    var isNoisy = false
    private(set) var ranges: [String] = []
    private(set) var offers = 0

    init(_ hub: TestHub, _ device: DeviceRow, limit: SnapshotShelf.Limit) {
        self.hub = hub
        self.device = device
        shelf = hub.shelf(limit)
    }

    func send(_ call: HTTPCall) throws(TransportFailure) -> HTTPAnswer {
        guard requestsLeft > 0 else { throw .unreachable("cut", mayHaveArrived: true) }
        requestsLeft -= 1
        guard let signature = try? ReceivedSignature(call.target, headers: call.headers) else {
            throw .notHTTP("not signed")
        }
        do {
            let (type, body) = try answer(call.target)
            return said(signature, 200, type, body)
        } catch {
            let code = (error as? HubError)?.code ?? "test"
            let text = "{\"code\":\"\(code)\",\"message\":\"\",\"hint\":\"\"}"
            return said(signature, 404, "application/json", Array(text.utf8))
        }
    }

    private func answer(_ target: RequestTarget) throws -> (String, [UInt8]) {
        guard target.method == "GET" else {
            offers += 1
            let answer = SnapshotAnswer(snapshot: try shelf.offer(to: device))
            return ("application/json", Array(try JSONEncoder().encode(answer)))
        }
        ranges.append(target.query)
        let id = String(target.path.dropFirst(RangedFile.snapshotPath.count + 1))
        var bytes = Array(
            try shelf.range(
                of: id, from: Int(target.query.dropFirst(5).prefix { $0 != "&" }) ?? 0, for: device,
                hub: hub.hub.identity
            ).prefix(rangeMax))
        if isNoisy { bytes[0] ^= 1 }
        return (RangedFile.contentType, bytes)
    }

    private func said(
        _ signature: ReceivedSignature, _ status: Int, _ type: String, _ body: [UInt8]
    ) -> HTTPAnswer {
        HTTPAnswer(
            status: status,
            headers: [HeaderField("content-type", type)]
                + signature.signResponse(
                    status: status, body: body, key: hub.key, milliseconds: 0),
            body: body)
    }

    func client() throws -> HubClient {
        HubClient(
            transport: self, key: try hub.key(of: device), hub: .key(hub.key.publicKey),
            clock: hub.clock, random: RandomSource(SeededRandom(seed: 3)))
    }
}

extension TestHub {
    var snapshotsPath: String { folder.path + "/snapshots" }

    func shelf(_ limit: SnapshotShelf.Limit) -> SnapshotShelf {
        SnapshotShelf(folder: snapshotsPath, limit: limit) { try self.reopened() }
    }

    var snapshots: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: snapshotsPath)) ?? []).sorted()
    }

    /// A replica of a device that has not exchanged.
    func emptyReplica(_ device: DeviceRow) throws -> Replica {
        try Replica.create(
            at: folder.path + "/\(device.node)-empty.sqlite",
            identity: ReplicaIdentity(
                node: device.node, holder: device.holder, scopes: [device.scope]),
            schema: Schema(
                name: "", version: 0, label: Label(zh: "", en: ""), types: [], codeLists: []),
            schemaDocument: [],
            world: ReplicaWorld(
                clock: clock, random: SeededRandom(seed: 9),
                decodeSchema: { try Schema(canonicalJSON: $0) }))
    }
}
