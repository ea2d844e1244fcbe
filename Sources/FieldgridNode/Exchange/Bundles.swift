package import FieldgridModel
import FieldgridReplica
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
    /// Everything that waits for the hub, as far as one bundle holds it, and
    /// where the device stands.
    ///
    /// - Parameter start: a sequence from which on, when what comes before it
    ///   is on another stick; by default the oldest that has no receipt.
    package func exportBundle(from start: Int64? = nil) throws -> ExportedBundle {
        var result = ExportedBundle()
        var sections: [[UInt8]] = []
        var bytes = 0
        var next = try start ?? replica.firstToSend()
        while sections.count < SealedBundle.Limit.sections {
            let (request, encoded) = try replica.request(from: next)
            guard sections.isEmpty || request.batch != nil else { break }
            bytes += encoded.count + 8
            guard sections.isEmpty || bytes <= SealedBundle.Limit.sectionsBytes else { break }
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
        result.sections = sections.count
        result.left = result.lastSequence.map { Int(replica.lastSequence - $0) } ?? 0
        result.file =
            SealedBundle(
                direction: .toHub, node: document.node, incarnation: replica.incarnation,
                hub: try hubKey(), madeAt: now, sections: sections
            ).sealed(by: try folder.key())
        return result
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
        var result = ImportedBundle(madeAt: bundle.madeAt, isStale: true)
        for section in bundle.sections {
            let epoch = try decode(section).epoch
            // Epochs are named in the order they begin.
            if let known = replica.epoch, epoch.bits < known.bits { return result }
        }
        for section in bundle.sections { try apply(decode(section), into: &result) }
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
        // Who begins anew takes what the reply brings after that.
        if applied.epochChanged || applied.rebased { applied = try replica.apply(reply) }
        result.report.removed += applied.removed
        guard applied.alarms.isEmpty else { throw SyncFailure.alarm(applied.alarms) }
        result.report.pulled += applied.pulled
        result.report.breaks += applied.breaks
        result.report.schemaChanged = result.report.schemaChanged || applied.schemaChanged
        result.isStale = result.isStale && applied.isStale
        result.hasMore = applied.hasMore
        if let cause = applied.reincarnated { result.report.reincarnated.append(cause) }
        result.outboxLeft = applied.outboxLeft
    }
}
