package import FieldgridModel
package import FieldgridReplica
package import FieldgridSchema
import FieldgridSync
import Foundation

/// What a node takes from outside.
package struct NodeSources: Sendable {
    package var clock: any WallClock
    package var random: RandomSource
    /// How the hub at an address is reached, and for how long it is tried.
    package var transport: @Sendable (HubAddress, CurlTransport.Limits) -> any HTTPTransport

    package init(
        clock: any WallClock, random: RandomSource,
        transport: @escaping @Sendable (HubAddress, CurlTransport.Limits) -> any HTTPTransport
    ) {
        self.clock = clock
        self.random = random
        self.transport = transport
    }

    /// The machine's own.
    package static var system: NodeSources {
        NodeSources(clock: SystemClock(), random: .system) { CurlTransport(hub: $0, limits: $1) }
    }

    var world: ReplicaWorld {
        ReplicaWorld(clock: clock, random: random) { try Schema(canonicalJSON: $0) }
    }
}

/// A node's folder, opened: its replica, and its way to the hub.
///
/// Whoever has one holds the folder's lock for as long.
package final class NodeSession {
    package let folder: NodeFolder
    package let document: NodeDocument
    package let replica: Replica
    /// Files beside the data.
    package let attachments: AttachmentFolder
    private let key: DeviceKey
    private let stamps: FolderStamp
    private let reserve: RoomReserve
    /// The database had sent more than is in it, and went on under a new name.
    private var wasRewound: Bool
    private let sources: NodeSources

    /// - throws: ``FolderError`` when the folder is no node's or is damaged,
    ///   `ReplicaError` when its database cannot be opened.
    package init(_ folder: NodeFolder, sources: NodeSources = .system) throws {
        self.folder = folder
        self.sources = sources
        attachments = AttachmentFolder(folder: folder.path) {
            RangedFile.name(of: ContentDigest.of($0).bytes)
        }
        document = try folder.document()
        key = try folder.key()
        reserve = RoomReserve(folder: folder.path)
        do {
            replica = try Replica(path: folder.databasePath, world: sources.world)
            reserve.keep()
        } catch let error as ReplicaError where error.code == .storageFull && reserve.release() {
            replica = try Replica(path: folder.databasePath, world: sources.world)
            replica.refusesSaves = true
        }
        replica.hubKey = DevicePublicKey(base64: document.hubKey)
        stamps = FolderStamp(folder.stampPath)
        wasRewound = try replica.goOnIfRewound(behind: stamps.stamp)
    }

    /// Exchanges with the hub at once, until nothing waits on either side.
    ///
    /// Files go after the data and before a wait, at most `attachmentBudget` bytes of them; where
    /// these end before the files do, there is no wait.
    package func sync(
        attachmentBudget: Int = 0, waitSeconds: Int = 0, progress: (SyncProgress) -> Void = { _ in }
    ) throws -> SyncReport {
        let alarms = try replica.alarms()
        guard alarms.isEmpty else { throw SyncFailure.alarm(alarms) }
        let client = try client(.init())
        defer { folder.clockOffset = client.clockOffset }
        let copy = SnapshotFetch(folder: folder.path, replica: replica, client: client)
        let copied = try copy.run(progress: progress)
        var driver = ExchangeDriver(replica: replica, client: client, stamps: stamps)
        var files = AttachmentExchange(
            files: attachments, client: client, budget: attachmentBudget)
        // Files do not wait for news; without files, nothing comes before the wait.
        let sendsFirst = waitSeconds > 0 && attachmentBudget > 0 && !attachments.outgoing().isEmpty
        var report = SyncReport()
        var areOfferedAgain = false
        for seconds in sendsFirst ? [0, waitSeconds] : [waitSeconds] {
            guard report.pulled == 0, !files.hasUsedItsBudget else { break }
            report = try driver.run(
                waitSeconds: seconds, progress: progress,
                wholeCopy: { try copy.run(progress: progress) })
            if report.epochChanged, !areOfferedAgain {
                // What was acknowledged after the hub's backup is only here.
                try attachments.offerAgain()
                areOfferedAgain = true
            }
            report.attachments = try files.sendAll()
        }
        report.pulled += copied
        if wasRewound { report.reincarnated.insert(.stamp, at: 0) }
        wasRewound = false
        report.conflictsOpen = try replica.counts().conflictsOpen
        report.traffic = client.traffic
        return report
    }

    /// Fetches a file from the hub, at most so many bytes of it now.
    ///
    /// - Returns: whether it is here now.
    package func fetch(_ attachment: String, budget: Int) throws -> Bool {
        if attachments.size(of: attachment) != nil { return true }
        let client = try client(.init())
        defer { folder.clockOffset = client.clockOffset }
        var files = AttachmentExchange(files: attachments, client: client, budget: budget)
        return try files.fetch(attachment)
    }

    /// Whether the hub, and no other, answers within a few seconds.
    package func isHubReachable() -> Bool {
        guard let client = try? client(.quick) else { return false }
        let answer = try? client.get("/sync/v1/time")
        folder.clockOffset = client.clockOffset
        return answer != nil
    }

    /// The hub's clock minus this device's, milliseconds, as the last exchange
    /// that found them too far apart learnt it; 0 where none did.
    ///
    /// One that puts the hub's clock before this device was enrolled was learnt while
    /// this clock stood otherwise, and says nothing any more.
    package var hubClockOffset: Int64 {
        let offset = folder.clockOffset
        let (hubNow, isOver) = sources.clock.milliseconds.addingReportingOverflow(offset)
        return isOver || hubNow < document.enrolledAt ? 0 : offset
    }

    package func close() throws {
        try replica.close()
        if replica.refusesSaves { reserve.keep(again: true) }
    }

    /// Remembers what is about to leave, so that a database put back from a
    /// copy is noticed.
    func stamp(_ batch: ChangesetBatch) throws {
        guard let last = batch.changesets.last?.identity else { return }
        let known = stamps.stamp
        if let known, known.incarnation == last.incarnation, known.sent >= last.seq { return }
        try stamps.keep(SentStamp(incarnation: last.incarnation, sent: last.seq))
    }

    /// UTC milliseconds.
    var now: Int64 { sources.clock.milliseconds }

    func hubKey() throws -> DevicePublicKey {
        guard let key = DevicePublicKey(base64: document.hubKey) else {
            throw FolderError.damaged(folder.documentPath)
        }
        return key
    }

    private func client(_ limits: CurlTransport.Limits) throws -> HubClient {
        guard let address = HubAddress(document.hub),
            let hubKey = DevicePublicKey(base64: document.hubKey)
        else { throw FolderError.damaged(folder.documentPath) }
        return HubClient(
            transport: sources.transport(address, limits), key: key, hub: .key(hubKey),
            clock: sources.clock, random: sources.random, clockOffset: folder.clockOffset)
    }
}

extension NodeJoining {
    /// Makes the folder a node's, and opens it.
    ///
    /// What follows is the first exchange, which brings schema, code lists
    /// and grid tree.
    ///
    /// A join that fails leaves nothing in the folder, unless the hub may
    /// have enrolled the device: then the same command goes on from there.
    ///
    /// The session's folder stays locked until the lock is released.
    package func join(
        _ folder: NodeFolder, command: String, waitingUpTo wait: Duration,
        sources: NodeSources = .system
    ) throws -> (session: NodeSession, lock: FolderLock) {
        let isNew = try Self.makeFolder(folder)
        do {
            let lock = try FolderLock(folder: folder.path, command: command, waitingUpTo: wait)
            // Another join may have finished while this one waited.
            if folder.isJoined {
                throw FolderError.alreadyJoined(folder.path, as: try? folder.document())
            }
            _ = try run(
                in: folder, transport: sources.transport(hub, .init()), clock: sources.clock,
                random: sources.random
            ) { document in
                try Self.makeDatabase(in: folder, for: document, world: sources.world)
            }
            return (try NodeSession(folder, sources: sources), lock)
        } catch {
            if isNew { Self.removeFolder(folder) }
            throw error
        }
    }

    /// A join that was killed may have left an empty database of the same
    /// device; any other one is somebody's work.
    private static func makeDatabase(
        in folder: NodeFolder, for document: NodeDocument, world: ReplicaWorld
    ) throws {
        let identity = ReplicaIdentity(
            node: document.node, holder: document.holder, scopes: [document.scope])
        guard !FileManager.default.fileExists(atPath: folder.databasePath) else {
            let replica = try Replica(path: folder.databasePath, world: world)
            defer { try? replica.close() }
            guard replica.identity == identity, replica.lastSequence == 0 else {
                throw FolderError(
                    code: "folder.has-database",
                    message: "\(folder.databasePath) is another device's database.",
                    hint: "Join into a new folder, and keep this one.")
            }
            return
        }
        let empty = Schema(
            name: "", version: 0, label: Label(zh: "", en: ""), types: [], codeLists: [])
        do {
            let replica = try Replica.create(
                at: folder.databasePath, identity: identity, schema: empty, schemaDocument: [],
                world: world)
            try replica.close()
        } catch {
            for suffix in ["", "-wal", "-shm"] { unlink(folder.databasePath + suffix) }
            throw error
        }
    }
}
