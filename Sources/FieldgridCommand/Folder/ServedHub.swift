import FieldgridHub
import FieldgridModel
import FieldgridNode
import FieldgridSchema
import FieldgridService
import FieldgridSync
import Foundation
import Logging

/// A hub that answers the network and its folder's commands.
// The server runs everything that throws on one thread of its own; the rest
// is constant.
final class ServedHub: HubOperations, @unchecked Sendable {
    private let open: OpenHub
    private let desk: HubDesk
    /// Used from the server's second thread only.
    private let snapshots: SnapshotShelf
    let health: HubHealth

    init(_ open: OpenHub, folder: HubFolder, snapshotFrom: Int64) {
        self.open = open
        var limit = SnapshotShelf.Limit()
        limit.recordsMin = snapshotFrom
        snapshots = SnapshotShelf(folder: folder.snapshotsPath, limit: limit) {
            try folder.reader()
        }
        desk = HubDesk(open, lock: nil)
        health = HubHealth(version: Version.text, sqliteVersion: SQLiteHubStore.engineVersion)
    }

    var hubKey: DeviceKey { open.key }
    func now() -> Int64 { SystemClock().milliseconds }

    func device(keyID: String) throws -> EnrolledDevice? {
        guard let row = try open.hub.device(keyID: keyID),
            let publicKey = DevicePublicKey(row.publicKey)
        else { return nil }
        return EnrolledDevice(
            node: row.node, publicKey: publicKey, holder: row.holder,
            role: DeviceRole(rawValue: row.role) ?? .assistant, scope: row.scope,
            isRevoked: row.revokedAt != nil)
    }

    func enrol(_ claim: EnrolmentClaim) throws -> EnrolmentAnswer {
        try open.hub.enrol(claim, hubKey: open.key.publicKey)
    }

    func exchange(_ body: [UInt8], device: EnrolledDevice) throws -> [UInt8] {
        try open.hub.exchange(body, device: try row(device))
    }

    func exchangeJSON(_ body: [UInt8], device: EnrolledDevice) throws -> [UInt8] {
        let form = ExchangeDocument(schema: open.hub.schema)
        let request: ReceivedRequest
        do {
            request = try form.request(body)
        } catch {
            throw HubError(
                code: "request.malformed", message: "The body is not an exchange: \(error).",
                hint: "The wire format's document describes the JSON form.")
        }
        let reply = try open.hub.exchange(request, device: try row(device))
        return ExchangeDocument.document(of: reply, schema: open.hub.schema).bytes
    }

    func snapshot(for device: EnrolledDevice) throws -> SnapshotOffer? {
        try snapshots.offer(to: DeviceRow(device))
    }

    func snapshotRange(_ id: String, from: Int, device: EnrolledDevice) throws -> [UInt8] {
        try snapshots.range(
            of: id, from: from, for: DeviceRow(device), hub: open.hub.identity)
    }

    func takeChanged(among scopes: Set<ScopeCode>) -> Set<ScopeCode> {
        open.hub.takeChanged(among: scopes)
    }

    func mayFetch(_ attachment: String, device: EnrolledDevice) throws -> Bool {
        try open.hub.isNamed(attachment, within: device.scope)
    }

    func maySend(_ attachment: String, device: EnrolledDevice) throws -> Bool {
        try open.hub.isWelcome(attachment, from: device.scope)
    }

    func attachmentRange(_ name: String, from: Int) throws -> [UInt8]? {
        open.attachments.read(name, from: from, atMost: RangedFile.rangeMax)
    }

    func store(
        _ bytes: [UInt8], of attachment: String, at offset: Int, size: Int
    ) throws -> AttachmentProgress {
        try open.attachments.receive(bytes, of: attachment, at: offset, size: size)
    }

    func tick() throws { try open.hub.tick() }

    func perform(_ request: [UInt8], device: EnrolledDevice?) throws -> [UInt8] {
        let reply = Result { try answer(request, device: device) }
        return ServiceWire.encode(reply.mapError { ServiceError.of($0) })
    }

    private func answer(_ bytes: [UInt8], device: EnrolledDevice?) throws -> ServiceReply {
        let request = try ServiceWire.request(bytes)
        guard let device else { return try desk.answer(request) }
        let grids = open.hub.grids
        try DeviceRights(device: device, grids: grids, key: open.key).check(request, hub: open.hub)
        let store = ScopedStore(open.hub, scope: device.scope) {
            grids.covers(device.scope, $0)
        }
        return try desk.answer(request, author: device.holder, store: store)
    }

    private func row(_ device: EnrolledDevice) throws -> DeviceRow {
        guard let row = try open.hub.device(keyID: device.publicKey.keyID) else {
            throw HubError(
                code: "device.unknown", message: "This device is not enrolled here.",
                hint: "Join the hub with `fieldgrid node join`.")
        }
        return row
    }
}

/// What a device may ask of the hub beside exchanging.
struct DeviceRights {
    let device: EnrolledDevice
    let grids: GridTree
    /// The hub's own, which bundles name.
    let key: DeviceKey

    /// - Throws: ``ServiceError`` with the code `role.forbidden` or
    ///   `scope.forbidden`.
    func check(_ request: ServiceRequest, hub: Hub) throws {
        switch request {
        case .record(.history), .record(.show), .schema: return
        default: break
        }
        guard device.role == .supervisor else {
            throw ServiceError(
                "role.forbidden", "\(device.holder)'s device may not ask this of the hub.",
                hint: "It needs a supervisor's device, or the hub's own terminal.")
        }
        switch request {
        case .attachment(.get(let name, _)):
            try require(try hub.isNamed(name, within: device.scope))
        case .refresh(.open), .refresh(.close), .refresh(.run):
            try require(grids.roots.contains(device.scope))
        case .hub(.enrol(let scope, _, _)):
            try require(grids.covers(device.scope, ScopeCode(scope)))
        case .hub(.revoke(let name)):
            let target = try hub.devices().first {
                $0.node.description == name || $0.keyID == name
            }
            try require(target.map { grids.covers(device.scope, $0.scope) } ?? false)
        case .hub(.backupBegins), .hub(.backupDone), .hub(.publish), .hub(.trim):
            try require(false)
        case .hub(.importBundle(let file, _)):
            let target = try hub.device(ofBundle: Array(file), key: key)
            try require(grids.covers(device.scope, target.scope))
        case .hub(.exportBundle(let name)), .hub(.review(letThrough: .some(let name))):
            try require(grids.covers(device.scope, try hub.device(named: name).scope))
        case .hub(.devices), .hub(.status), .hub(.quarantine), .hub(.review(letThrough: nil)):
            try require(grids.roots.contains(device.scope))
        case .schema, .record, .imports, .conflicts, .tasks, .refresh(.status), .node,
            .attachment(.add):
            return
        }
    }

    private func require(_ isAllowed: Bool) throws(ServiceError) {
        guard !isAllowed else { return }
        throw ServiceError(
            "scope.forbidden", "That lies outside the grid \(device.scope) of this device.",
            hint: "Ask somebody whose device is enrolled for it, or the district hub.")
    }
}

/// `hub serve`: owns the folder, answers, and ends cleanly.
struct HubServing {
    let folder: String
    let listen: String
    let snapshotFrom: Int64
    let leaseDays: Int64

    func run() async throws {
        guard try FolderKind.of(folder) == .hub else {
            throw ServiceError.notHere(
                "The folder \(folder) is a node's, not a hub's.",
                hint: "Name the hub's folder with --data.")
        }
        var configuration = HubServer.Configuration()
        try configuration.listen(on: listen)
        guard SocketDesk(folder: folder) == nil else {
            throw ServiceError(
                "hub.served", "The folder \(folder) is being served already.",
                hint: "Stop that server first; commands go through it meanwhile.")
        }
        let lock = try FolderAccess.lock(folder, command: "hub serve")
        defer { lock.release() }
        let socket = try FolderSocket.path(for: folder)
        // Under the lock no other server can be behind it.
        unlink(socket)
        defer { unlink(socket) }
        configuration.socketPath = socket
        let open = try HubFolder(path: folder).open()
        defer { try? open.store.close() }
        open.hub.retention = Retention(leaseDays: leaseDays)
        var logger = Logger(label: "fieldgrid.hub") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        let server = HubServer(
            hub: ServedHub(open, folder: HubFolder(path: folder), snapshotFrom: snapshotFrom),
            configuration: configuration,
            logger: logger
        ) { url in
            Console.say("listening on \(url)")
        }
        try await server.run()
    }
}
