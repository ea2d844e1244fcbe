import Crypto
import FieldgridModel
package import FieldgridSync
import Foundation

/// The snapshots in a hub's folder: each is the answers that a device of one
/// scope without data would get, one after the other, in one file.
///
/// - A file is built from one consistent read, beside the hub's own
///   connection, so nobody waits for it; it is written frame by frame.
/// - It is named by its content and used by every device of the scope while
///   it is fresh. What was accepted since comes by exchange.
/// - It is a cache: the folder may be removed at any time.
///
/// Not to be used from two threads at the same time.
package final class SnapshotShelf {
    package struct Limit: Hashable, Sendable {
        /// Where fewer records are in scope, an exchange is as good.
        package var recordsMin: Int64 = 20_000
        /// How long a file is offered to further devices.
        package var freshMilliseconds: Int64 = 6 * 3_600_000
        /// How long a device has to fetch it.
        package var keptMilliseconds: Int64 = 48 * 3_600_000
        package var files = 8
        package var bytes = 2 << 30

        package init() {}
    }

    private let folder: String
    private let limit: Limit
    private let open: () throws -> Hub

    /// `open` gives a hub of its own to read from, with its own connection.
    package init(folder: String, limit: Limit = Limit(), open: @escaping () throws -> Hub) {
        self.folder = folder
        self.limit = limit
        self.open = open
    }

    /// The snapshot for a device without data; nil where an exchange is as
    /// good.
    package func offer(to device: DeviceRow) throws -> SnapshotOffer? {
        let hub = try open()
        defer { try? hub.store.close() }
        let records = try hub.recordsInScope(of: device)
        guard records >= limit.recordsMin else { return nil }
        try writing {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
        }
        let group = Self.group(of: device.scope, hub.identity)
        let now = hub.now
        let fresh = files().first {
            $0.group == group && (0...limit.freshMilliseconds).contains(now - $0.madeAt)
        }
        let file = try fresh ?? make(for: device, group: group, hub)
        tidy(now: now, keeping: file)
        return SnapshotOffer(id: file.id, bytes: file.bytes, records: Int(records))
    }

    /// A range of a snapshot of the device's scope.
    ///
    /// - Throws: ``HubError`` with the code `snapshot.gone` when it is not, or
    ///   no longer, there.
    package func range(
        of id: String, from offset: Int, for device: DeviceRow, hub identity: HubIdentity
    ) throws -> [UInt8] {
        let group = Self.group(of: device.scope, identity)
        guard let file = files().first(where: { $0.id == id && $0.group == group }),
            let handle = FileHandle(forReadingAtPath: path(of: file))
        else {
            throw HubError(
                code: "snapshot.gone", message: "the snapshot is not here any more",
                hint: "ask for a new one; the device does so by itself")
        }
        defer { try? handle.close() }
        try handle.seek(toOffset: UInt64(max(0, min(offset, file.bytes))))
        return Array(try handle.read(upToCount: RangedFile.rangeMax) ?? Data())
    }

    // MARK: Files

    private struct File: Hashable {
        var group: String
        var madeAt: Int64
        var id: String
        var bytes: Int
        var name: String { "\(group)-\(madeAt)-\(id).fgs" }
    }

    private func path(of file: File) -> String { folder + "/" + file.name }

    /// What is one for all devices of a scope, in one life of the database
    /// and with one schema.
    private static func group(of scope: ScopeCode, _ hub: HubIdentity) -> String {
        let text = "\(scope.text) \(hub.epoch) \(hub.schema.value)"
        return String(RangedFile.name(of: ContentDigest.of(Array(text.utf8)).bytes).prefix(16))
    }

    /// The newest first.
    private func files() -> [File] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.compactMap { name -> File? in
            let parts = name.split(separator: "-")
            guard parts.count == 3, let madeAt = Int64(parts[1]), parts[2].hasSuffix(".fgs"),
                RangedFile.isName(parts[2].dropLast(4))
            else { return nil }
            let attributes = try? FileManager.default.attributesOfItem(
                atPath: folder + "/" + name)
            let bytes = (attributes?[.size] as? NSNumber)?.intValue ?? 0
            return File(
                group: String(parts[0]), madeAt: madeAt, id: String(parts[2].dropLast(4)),
                bytes: bytes)
        }.sorted { ($0.madeAt, $0.id) > ($1.madeAt, $1.id) }
    }

    /// Keeps the disk bounded, the newest first, and `file` always.
    private func tidy(now: Int64, keeping kept: File) {
        var count = 1
        var bytes = kept.bytes
        for file in files() where file != kept {
            count += 1
            bytes += file.bytes
            let isOld = now - file.madeAt > limit.keptMilliseconds
            if isOld || count > limit.files || bytes > limit.bytes { unlink(path(of: file)) }
        }
    }

    private func make(for device: DeviceRow, group: String, _ hub: Hub) throws -> File {
        let draft = folder + "/draft.tmp"
        unlink(draft)
        guard FileManager.default.createFile(atPath: draft, contents: nil),
            let handle = FileHandle(forWritingAtPath: draft)
        else { throw unwritable }
        // What could not be finished takes no room from the hub.
        var isKept = false
        defer {
            try? handle.close()
            if !isKept { unlink(draft) }
        }
        var digest = SHA256()
        var bytes = 0
        try hub.forEachSnapshotFrame(for: device) { frame in
            let section = SnapshotFile.section(frame)
            digest.update(data: section)
            bytes += section.count
            try writing { try handle.write(contentsOf: section) }
        }
        try writing { try handle.synchronize() }
        let file = File(
            group: group, madeAt: hub.now, id: RangedFile.name(of: Array(digest.finalize())),
            bytes: bytes)
        guard rename(draft, path(of: file)) == 0 else { throw unwritable }
        isKept = true
        return file
    }

    private var unwritable: HubError {
        HubError(
            code: "snapshot.failed", message: "a snapshot cannot be written to \(folder)",
            hint: "make room or rights there; until then devices fetch by exchange")
    }

    private func writing<Answer>(_ body: () throws -> Answer) throws -> Answer {
        do {
            return try body()
        } catch {
            throw unwritable
        }
    }
}

extension Hub {
    /// How many record numbers were given in what a device receives, its
    /// ancestors' shared records left out.
    fileprivate func recordsInScope(of device: DeviceRow) throws -> Int64 {
        let heads = try store.read { try $0.heads() }
        return grids.subtree(of: device.scope).reduce(0) { sum, scope in
            sum + (heads[scope]?.nextNumber.value ?? 1) - 1
        }
    }

    /// The replies that a device without data gets, from one snapshot of the
    /// store, one at a time.
    fileprivate func forEachSnapshotFrame(
        for device: DeviceRow, _ body: ([UInt8]) throws -> Void
    ) throws {
        let nobody = IncarnationID(UUIDBits(high: 0, low: 0))
        try store.read { view in
            var asked = ReceivedRequest(
                schema: SchemaTag(0), epoch: nil, positions: [:], incarnation: nobody,
                replyBytesMax: 4 << 20, batch: nil)
            while true {
                let reply = try reply(to: asked, from: device, view: view)
                try body(ExchangeCodec.encode(reply))
                guard reply.hasMore else { return }
                asked.schema = reply.schema
                asked.epoch = reply.epoch
                asked.stands.follow(reply)
            }
        }
    }
}
