import FieldgridHub
import FieldgridModel
import FieldgridNode
import FieldgridSchema
import FieldgridService
import FieldgridSync
import Foundation

/// The hub's machine: the production hub on a disk that can fail.
final class SimulatedHub {
    let disk: Disk
    let clock: WrongClock
    let key: DeviceKey
    private(set) var store: SQLiteHubStore
    private(set) var hub: Hub
    private var lives: UInt64 = 0
    private let seed: UInt64
    private let replyBytes: Int?
    private static let file = "hub.sqlite"
    private static let copy = "backup.sqlite"
    private static let draft = "restoring.sqlite"

    init(_ timeline: Timeline, seed: UInt64, replyBytes: Int?) throws {
        self.seed = seed
        self.replyBytes = replyBytes
        disk = try Disk("hub")
        clock = WrongClock(timeline)
        var random = SeededRandom(seed: seed, for: "hub key")
        key = DeviceKey.generate(using: &random)
        guard let seeds = Town.seeds else { throw SimulationError("the seeds do not read") }
        store = try SQLiteHubStore(path: disk.path(Self.file), create: true)
        hub = try Hub.create(
            in: store, seed: seeds, clock: clock,
            random: RandomSource(SeededRandom(seed: seed, for: "hub")))
        dress()
    }

    deinit { try? store.close() }

    /// What is not in its file.
    private func dress() {
        hub.headKey = key
        if let replyBytes { hub.replyBytesMax = replyBytes }
    }

    func restart(whileStopped body: () throws -> Void = {}) throws {
        try? store.close()
        lives += 1
        try body()
        // Where either cannot be opened, the closed one stays, and is seen to be closed.
        (store, hub) = try open(Self.file, "hub \(lives)")
        dress()
    }

    private func open(_ file: String, _ draws: String) throws -> (SQLiteHubStore, Hub) {
        let opened = try SQLiteHubStore(path: disk.path(file), create: false)
        do {
            let random = RandomSource(SeededRandom(seed: seed, for: draws))
            return (opened, try Hub(store: opened, clock: clock, random: random))
        } catch {
            try? opened.close()
            throw error
        }
    }

    /// Power is cut, and comes back.
    func crash(chance: UInt64) throws {
        disk.crash(chance: chance)
        try restart()
    }

    // MARK: Copies

    /// An unverified one is never confirmed: nodes keep what it has.
    ///
    /// - Parameter copied: called when the copy is there, whatever fails after it.
    func backUp(isVerified: Bool, copied: () -> Void) throws {
        try hub.noteBackup()
        try restart {
            try self.disk.copy(Self.file, as: Self.copy)
            copied()
        }
        if isVerified { try hub.confirmBackup() }
    }

    var hasBackup: Bool { disk.has(Self.copy) }

    /// Puts the backup back; unannounced, as a copy of the file would.
    ///
    /// Announced, the new epoch begins in a draft, as the program has it: where
    /// that fails, the database is the one that was there.
    ///
    /// - Parameter done: called when the backup is in place, whatever fails after it.
    func restore(isAnnounced: Bool, done: () -> Void) throws {
        var source = Self.copy
        if isAnnounced {
            source = Self.draft
            disk.remove(Self.draft)
            try disk.copy(Self.copy, as: Self.draft)
            let (opened, restored) = try open(Self.draft, "draft \(lives)")
            defer { try? opened.close() }
            try restored.beginEpoch(because: .restored)
            try opened.closeIntoOneFile()
            // The file takes its new name without its log.
            disk.removeLog(of: Self.draft)
        }
        try restart {
            try self.disk.copy(source, as: Self.file)
            done()
        }
    }

    func enrol(_ index: Int, scope: ScopeCode, key deviceKey: DeviceKey) throws -> DeviceRow {
        let issued = try hub.issueCode(
            scope: scope, holder: "虚构\(index)", role: .assistant, hubKey: key.publicKey)
        let nonce = Array("nonce-\(index)".utf8)
        let claim = EnrolmentClaim(
            publicKey: deviceKey.publicKey, lookup: issued.code.lookup, nonce: nonce,
            proof: issued.code.key.proof(of: deviceKey.publicKey, nonce: nonce),
            name: "node \(index)", platform: "simulated")
        _ = try hub.enrol(claim, hubKey: key.publicKey)
        guard let row = try hub.device(keyID: deviceKey.publicKey.keyID) else {
            throw SimulationError("node \(index) is not enrolled")
        }
        return row
    }

    /// What the front door does: who asks is checked before what is said.
    func answer(_ call: HTTPCall) throws -> HTTPAnswer {
        let signature = try ReceivedSignature(call.target, headers: call.headers)
        var status = 200
        var type = ExchangeCodec.contentType
        var body: [UInt8]
        do {
            try signature.checkTime(hubMilliseconds: clock.milliseconds)
            guard let device = try hub.device(keyID: signature.keyID),
                let key = DevicePublicKey(device.publicKey)
            else { throw SignatureProblem.deviceUnknown(keyID: signature.keyID) }
            try signature.checkSignature(by: key)
            guard device.revokedAt == nil else {
                throw SignatureProblem.deviceRevoked(keyID: signature.keyID)
            }
            try signature.checkBody(call.body)
            (type, body) = try said(to: call, device)
        } catch let problem as SignatureProblem {
            (status, type, body) = (401, "application/json", refusal(problem.code))
        } catch let error as HubError {
            let isGone = error.code == "snapshot.gone"
            (status, type, body) = (isGone ? 404 : 500, "application/json", refusal(error.code))
        } catch let error as WireError {
            (status, type, body) = (400, "application/json", refusal("\(error)"))
        }
        let headers = signature.signResponse(
            status: status, body: body, key: key, milliseconds: clock.milliseconds)
        return HTTPAnswer(
            status: status, headers: headers + [HeaderField("content-type", type)], body: body)
    }

    private func said(to call: HTTPCall, _ device: DeviceRow) throws -> (String, [UInt8]) {
        let path = call.target.path
        guard path.hasPrefix(RangedFile.snapshotPath) else {
            return (ExchangeCodec.contentType, try hub.exchange(call.body, device: device))
        }
        if path == RangedFile.snapshotPath {
            let answer = SnapshotAnswer(snapshot: try shelf.offer(to: device))
            // One spelling, or two runs of a seed would differ.
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return ("application/json", Array(try encoder.encode(answer)))
        }
        let from = call.target.query.dropFirst("from=".count).prefix { $0 != "&" }
        let range = try shelf.range(
            of: String(path.dropFirst(RangedFile.snapshotPath.count + 1)), from: Int(from) ?? 0,
            for: device, hub: hub.identity)
        // Short, so that one copy takes several.
        return (RangedFile.contentType, Array(range.prefix(4096)))
    }

    private lazy var shelf: SnapshotShelf = {
        var limit = SnapshotShelf.Limit()
        limit.recordsMin = 0
        return SnapshotShelf(folder: disk.folder + "/snapshots", limit: limit) { [self] in
            try Hub(
                store: SQLiteHubStore(path: disk.path(Self.file), create: false), clock: clock,
                random: RandomSource(SeededRandom(seed: seed, for: "shelf")))
        }
    }()

    private func refusal(_ code: String) -> [UInt8] {
        let text = """
            {"code":"\(code)","message":"refused","hint":"none","time":\(clock.milliseconds)}
            """
        return Array(text.utf8)
    }

    func service(_ random: SeededRandom) throws -> RecordService {
        var random = random
        return try RecordService(
            store: hub, place: .hub, author: "虚构文员", clock: clock,
            newID: { RecordID(.version7(milliseconds: 0, using: &random)) })
    }
}
