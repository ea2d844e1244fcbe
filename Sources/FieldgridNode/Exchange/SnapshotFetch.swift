import Crypto
package import FieldgridReplica
import FieldgridSchema
import FieldgridSync
import Foundation

/// Brings a device without data its first copy as a file, in ranges, and
/// applies it; what is newer comes by exchange afterwards.
///
/// - What was fetched stays in the folder: after an end at any byte it goes
///   on there.
/// - Nothing is applied before the whole file has the digest it is named by.
/// - Applying is that of replies, each in its own transaction; after an end
///   in the middle, those that are there already are passed over.
package struct SnapshotFetch {
    private let folder: String
    private let replica: Replica
    private let client: HubClient

    package init(folder: String, replica: Replica, client: HubClient) {
        self.folder = folder
        self.replica = replica
        self.client = client
    }

    private var documentPath: String { folder + "/snapshot.json" }
    private var dataPath: String { folder + "/snapshot.part" }

    /// - Returns: how many records were applied.
    package func run(progress: (SyncProgress) -> Void) throws -> Int {
        guard let offer = try pending() ?? ask() else { return 0 }
        do {
            try fetch(offer, progress)
        } catch let failure as HubFailure {
            guard case .refused(let refusal) = failure, refusal.code == "snapshot.gone" else {
                throw failure
            }
            // The hub has made room meanwhile: from the beginning with the next one.
            forget()
            guard let next = try ask() else { return 0 }
            try fetch(next, progress)
            return try finish(next, progress)
        }
        return try finish(offer, progress)
    }

    /// One that an earlier run began.
    private func pending() throws -> SnapshotOffer? {
        guard let bytes = DurableFile.read(documentPath) else { return nil }
        return try? JSONDecoder().decode(SnapshotOffer.self, from: Data(bytes))
    }

    /// Only a device asks that has nothing, or begins anew with all that it saved received.
    ///
    /// One with saved work exchanges: its receipts must not come after the values that were
    /// decided of them.
    private func ask() throws -> SnapshotOffer? {
        guard replica.positions.isEmpty else { return nil }
        let hasSent = try replica.isRebasing && replica.counts().outbox == 0
        guard hasSent || replica.lastSequence == 0 else { return nil }
        let bytes: [UInt8]
        do throws(HubFailure) {
            bytes = try client.post(
                RangedFile.snapshotPath, contentType: "application/json", body: [],
                mayBeRepeated: true)
        } catch {
            // A hub that has no snapshots has exchanges.
            if case .refused(let refusal) = error, refusal.status < 500 { return nil }
            throw error
        }
        let answer = try? JSONDecoder().decode(SnapshotAnswer.self, from: Data(bytes))
        guard let offer = answer?.snapshot, RangedFile.isName(offer.id), offer.bytes > 0 else {
            return nil
        }
        unlink(dataPath)
        try DurableFile.write(Array(try JSONEncoder().encode(offer)), to: documentPath)
        return offer
    }

    private func fetch(_ offer: SnapshotOffer, _ progress: (SyncProgress) -> Void) throws {
        if !FileManager.default.fileExists(atPath: dataPath) {
            try DurableFile.write([], to: dataPath)
        }
        let handle = try writing { try FileHandle(forWritingTo: URL(fileURLWithPath: dataPath)) }
        defer { try? handle.close() }
        var offset = try writing { Int(try handle.seekToEnd()) }
        while offset < offer.bytes {
            let range = try client.range(
                RangedFile.snapshotPath + "/" + offer.id, from: offset)
            guard !range.isEmpty, offset + range.count <= offer.bytes else { break }
            try writing { try handle.write(contentsOf: range) }
            offset += range.count
            progress(SyncProgress(snapshot: (offset, offer.bytes), traffic: client.traffic))
        }
    }

    private func finish(
        _ offer: SnapshotOffer, _ progress: (SyncProgress) -> Void
    ) throws -> Int {
        guard try digest() == offer.id else {
            forget()
            throw SyncFailure.snapshotDamaged
        }
        let handle = try reading { try FileHandle(forReadingFrom: URL(fileURLWithPath: dataPath)) }
        defer { try? handle.close() }
        let read = { count in
            try reading { Array(try handle.read(upToCount: count) ?? Data()) }
        }
        var records = 0
        do {
            try SnapshotFile.forEachFrame(read: read) { frame in
                records += try apply(frame)
                progress(SyncProgress(pulled: records, traffic: client.traffic))
            }
        } catch is SnapshotFile.Damage {
            throw SyncFailure.snapshotDamaged
        }
        forget()
        return records
    }

    private func apply(_ frame: [UInt8]) throws -> Int {
        let reply = try ExchangeCodec.decodeReply(frame)
        let known = replica.positions
        let isThere = reply.positions.allSatisfy { scope, position in
            known[scope].map { $0 >= position } ?? false
        }
        return isThere ? 0 : try replica.apply(reply).pulled
    }

    private func digest() throws -> String {
        guard let handle = FileHandle(forReadingAtPath: dataPath) else { return "" }
        defer { try? handle.close() }
        var digest = SHA256()
        while let bytes = try reading({ try handle.read(upToCount: 1 << 20) }), !bytes.isEmpty {
            digest.update(data: bytes)
        }
        return RangedFile.name(of: Array(digest.finalize()))
    }

    /// What a disk refuses is said with the file it is about.
    private func writing<Answer>(_ body: () throws -> Answer) throws -> Answer {
        do {
            return try body()
        } catch {
            throw FolderError.noRoom(for: dataPath, because: error)
        }
    }

    private func reading<Answer>(_ body: () throws -> Answer) throws -> Answer {
        do {
            return try body()
        } catch {
            throw FolderError.unreadable(dataPath, because: error)
        }
    }

    private func forget() {
        unlink(documentPath)
        unlink(dataPath)
    }
}

extension SyncFailure {
    static let snapshotDamaged = SyncFailure(
        code: "snapshot.damaged", message: "The first copy did not arrive as it was sent.",
        hint: "Nothing was changed. Run `fieldgrid node sync` again: it is fetched anew.")
}
