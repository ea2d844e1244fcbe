package import FieldgridModel
import FieldgridReplica
import FieldgridSchema
import FieldgridSync

/// A bundle for the hub, and what is in it.
package struct ExportedBundle: Hashable, Sendable {
    package var file: [UInt8] = []
    package var changesets = 0
    package var firstSequence: Int64?
    package var lastSequence: Int64?
    package var sections = 0
    /// Saved actions that this bundle had no room for.
    package var left = 0
    package var positions: [ScopeCode: Position] = [:]
    package var files = ExportedFiles()
}

/// The files in one part of a bundle.
package struct ExportedFiles: Hashable, Sendable {
    package var count = 0
    package var bytes = 0
    /// The last in the order of names: the next part goes on behind it.
    package var last: String?
    /// Those behind it that this part had no room, or no budget, for.
    package var left = 0
    /// Files that are not any more what was added.
    package var damaged: [String] = []
}

/// What came of importing the hub's bundle.
package struct ImportedBundle: Hashable, Sendable {
    package var report = SyncReport()
    package var madeAt: Int64 = 0
    /// Everything in it was made before what the device has.
    package var isStale = false
    /// The hub has more for the device than this bundle could hold.
    package var hasMore = false
    package var outboxLeft = 0
}

extension NodeSession {
    /// What surrounds a frame, and the numbers in it, at most.
    private static let margin = 64
    /// How much of saved actions every part of a bundle repeats, so that the
    /// largest file still fits beside them.
    private static let repeatedMax = 900 << 10

    /// Everything that waits for the hub, as far as one bundle holds it, and
    /// where the device stands.
    ///
    /// Files need several parts: each is a bundle of its own, and repeats the
    /// saved actions that name the files, so that parts may come in any order.
    ///
    /// - Parameter start: a sequence from which on, when what comes before it
    ///   is on another stick; by default the oldest that has no receipt.
    /// - Parameter budget: how many bytes of files this part may hold.
    /// - Parameter after: the last file of the part before.
    package func exportBundle(
        from start: Int64? = nil, attachmentBudget budget: Int = 0, after: String? = nil
    ) throws -> ExportedBundle {
        var result = ExportedBundle()
        let asked = asked(after: after)
        let reserved = asked.isEmpty ? 0 : asked.count * 33 + Self.margin
        var sections = try requests(
            from: start, room: SealedBundle.Limit.sectionsBytes - reserved, into: &result)
        if after != nil, sections.reduce(0, { $0 + $1.count }) > Self.repeatedMax { sections = [] }
        if !asked.isEmpty {
            let used = sections.reduce(reserved) { $0 + $1.count + 8 }
            let room = min(budget, SealedBundle.Limit.sectionsBytes - used)
            sections.append(carried(asked, after: after, room: room, &result.files).frame)
        }
        result.sections = sections.count
        result.file =
            SealedBundle(
                direction: .toHub, node: document.node, incarnation: replica.incarnation,
                hub: try hubKey(), madeAt: now, sections: sections
            ).sealed(by: try folder.key())
        return result
    }

    private func requests(
        from start: Int64?, room: Int, into result: inout ExportedBundle
    ) throws -> [[UInt8]] {
        var sections: [[UInt8]] = []
        var bytes = 0
        var next = try start ?? replica.firstToSend()
        // One is left for the files.
        while sections.count < SealedBundle.Limit.sections - 1 {
            let (request, encoded) = try replica.request(from: next, naming: .ids)
            guard sections.isEmpty || request.batch != nil else { break }
            bytes += encoded.count + 8
            guard sections.isEmpty || bytes <= room else { break }
            sections.append(encoded)
            result.positions = request.positions
            guard let batch = request.batch, let first = next else { break }
            try stamp(batch)
            result.changesets += batch.changesets.count
            result.firstSequence = result.firstSequence ?? first
            result.lastSequence = first + Int64(batch.changesets.count) - 1
            next = first + Int64(batch.changesets.count)
            if first + Int64(batch.changesets.count) > replica.lastSequence { break }
        }
        result.left = result.lastSequence.map { Int(replica.lastSequence - $0) } ?? 0
        return sections
    }

    // MARK: Files

    /// The files that this part names: all that wait, or those behind the part
    /// before where they are too many.
    private func asked(after: String?) -> [String] {
        let waiting = attachments.outgoing()
        guard waiting.count > CarriedFiles.Limit.files else { return waiting }
        return Array(
            waiting.filter { $0 > after ?? "" }.prefix(CarriedFiles.Limit.files))
    }

    private func carried(
        _ names: [String], after: String?, room: Int, _ result: inout ExportedFiles
    ) -> CarriedFiles {
        var files: [CarriedFiles.File] = []
        var isFull = false
        for name in names {
            var content: [UInt8] = []
            if name > after ?? "" {
                let size = attachments.size(of: name) ?? 0
                isFull = isFull || result.bytes + size > room
                if isFull {
                    result.left += 1
                } else if let bytes = attachments.read(name), attachments.isIntact(name) {
                    content = bytes
                    result.count += 1
                    result.bytes += bytes.count
                    result.last = name
                } else {
                    result.damaged.append(name)
                }
            }
            files.append(CarriedFiles.File(name: name, content: content))
        }
        return CarriedFiles(files)
    }

    /// What the hub says that it has needs not be sent any more.
    private func acknowledge(_ receipts: FileReceipts, into result: inout ImportedBundle) {
        let waiting = Set(attachments.outgoing())
        for name in receipts.names where waiting.contains(name) {
            attachments.acknowledge(name)
            result.report.attachments.sent += 1
        }
    }

    /// Applies the hub's bundle, through the same door as an answer from the
    /// network.
    ///
    /// Everything in it is read before anything is applied. One that is
    /// imported again, or late, changes nothing.
    ///
    /// - throws: ``BundleProblem`` for what is no whole bundle of this
    ///   device's hub for this device, `ReplicaError` with the code
    ///   `reply.ahead` when an earlier one is missing.
    package func importBundle(_ file: [UInt8]) throws -> ImportedBundle {
        let hubKey = try hubKey()
        let (bundle, signer) = try SealedBundle.open(file, as: .toNode)
        guard bundle.hub == hubKey, signer == hubKey else {
            throw BundleProblem.foreignHub(found: bundle.hub)
        }
        guard bundle.node == document.node else { throw BundleProblem.foreignDevice }
        let isForAnyLife = bundle.incarnation.bits == UUIDBits(high: 0, low: 0)
        guard isForAnyLife || bundle.incarnation == replica.incarnation else {
            throw BundleProblem.otherIncarnation
        }
        let contents = try BundleContents(bundle)
        var result = ImportedBundle(madeAt: bundle.madeAt, isStale: true)
        result.report.attachments.waiting = attachments.outgoing().count
        for section in contents.exchanges {
            let epoch = try decode(section).epoch
            // Epochs are named in the order they begin.
            if let known = replica.epoch, epoch.bits < known.bits { return result }
        }
        for section in contents.exchanges { try apply(decode(section), into: &result) }
        if result.report.epochChanged { try attachments.offerAgain() }
        acknowledge(contents.receipts, into: &result)
        result.report.attachments.waiting = attachments.outgoing().count
        result.report.positions = replica.positions
        result.report.conflictsOpen = try replica.counts().conflictsOpen
        return result
    }

    private func decode(_ section: [UInt8]) throws(BundleProblem) -> ExchangeReply {
        do throws(WireError) {
            return try ExchangeCodec.decodeReply(section)
        } catch {
            throw .damaged(error.description)
        }
    }

    private func apply(_ reply: ExchangeReply, into result: inout ImportedBundle) throws {
        var applied = try replica.apply(reply)
        guard applied.alarms.isEmpty else { throw SyncFailure.alarm(applied.alarms) }
        result.report.pushed += applied.accepted
        result.report.quarantined += applied.quarantined
        result.report.rebased = result.report.rebased || applied.rebased
        result.report.epochChanged = result.report.epochChanged || applied.epochChanged
        // Who begins anew takes what the reply brings after that.
        if applied.epochChanged || applied.rebased { applied = try replica.apply(reply) }
        result.report.removed += applied.removed
        guard applied.alarms.isEmpty else { throw SyncFailure.alarm(applied.alarms) }
        result.report.pulled += applied.pulled
        result.report.breaks += applied.breaks
        result.report.schemaChanged = result.report.schemaChanged || applied.schemaChanged
        result.report.schemaSentences += applied.schemaSentences
        result.report.schemaProblem = applied.schemaProblem ?? result.report.schemaProblem
        result.isStale = result.isStale && applied.isStale
        result.hasMore = applied.hasMore
        if let cause = applied.reincarnated { result.report.reincarnated.append(cause) }
        result.outboxLeft = applied.outboxLeft
    }
}
