import FieldgridModel
import FieldgridSync

extension Acceptance {
    /// How far a device's clock may run ahead before its time is bounded.
    static let driftMillisecondsMax: Int64 = 10 * 60 * 1000

    /// Decides a batch: sequence, digests, then each changeset in turn.
    ///
    /// - Returns: the answer to the whole, and a receipt for each changeset,
    ///   repeated ones included.
    /// - Throws: ``HubError`` when the batch is not what its digests say, or
    ///   belongs to another device.
    func accept(_ batch: ChangesetBatch, from author: Author) throws -> (ChainAnswer, [Receipt]) {
        guard let first = batch.changesets.first, let last = batch.changesets.last else {
            return (.follows, [])
        }
        let incarnation = first.identity.incarnation
        let digests = try chain(of: batch)
        var head =
            try incarnations[incarnation] ?? store.incarnation(incarnation)
            ?? IncarnationHead(node: author.node, lastSeq: 0, digest: .start)
        guard head.node == author.node else {
            throw HubError(
                code: "incarnation.foreign",
                message: "incarnation \(incarnation) belongs to another device",
                hint: "this folder is a copy of another device's: enrol it anew with `node join`")
        }
        guard first.identity.seq <= head.lastSeq + 1 else {
            return (.gap(expected: head.lastSeq + 1), [])
        }
        if let fork = try fork(in: batch, digests: digests, head: head) {
            return (.fork(at: fork), [])
        }
        try prefetch(batch.changesets.lazy.flatMap(\.changes).map(\.record))
        var receipts = try repeated(incarnation, first.identity.seq, last.identity.seq, head)
        for (changeset, digest) in zip(batch.changesets, digests)
        where changeset.identity.seq > head.lastSeq {
            let outcome = try decide(changeset, from: author)
            head.lastSeq = changeset.identity.seq
            head.digest = digest
            let seq = changeset.identity.seq
            answers.append(
                (incarnation, StoredAnswer(seq: seq, digest: digest, outcome: outcome)))
            receipts.append(Receipt(seq: seq, outcome: outcome))
        }
        incarnations[incarnation] = head
        try deriveAftermath()
        return (.follows, receipts)
    }

    /// The digest of each changeset, checked against the head that travelled.
    private func chain(of batch: ChangesetBatch) throws -> [ContentDigest] {
        var digests: [ContentDigest] = []
        var previous = batch.previous
        for changeset in batch.changesets {
            previous = ContentDigest.of(changeset, after: previous)
            digests.append(previous)
        }
        guard previous == batch.head else {
            throw HubError(
                code: "batch.altered",
                message: "the changesets do not have the digest they were sealed with",
                hint: "send them again; if it fails again, keep the folder for the developers")
        }
        return digests
    }

    /// The first sequence at which the batch and the hub tell different
    /// stories of one incarnation.
    private func fork(
        in batch: ChangesetBatch, digests: [ContentDigest], head: IncarnationHead
    ) throws -> Int64? {
        let first = batch.changesets[0].identity
        let through = min(head.lastSeq, first.seq + Int64(digests.count) - 1)
        if first.seq == 1 {
            if batch.previous != .start { return 1 }
        } else {
            let before = try store.answers(first.incarnation, (first.seq - 1)...(first.seq - 1))
            if before.first?.digest != batch.previous { return first.seq }
        }
        guard first.seq <= through else { return nil }
        let known = try store.answers(first.incarnation, first.seq...through)
        for (answer, digest) in zip(known, digests) where answer.digest != digest {
            return answer.seq
        }
        return nil
    }

    /// The receipts of what was answered before.
    private func repeated(
        _ incarnation: IncarnationID, _ first: Int64, _ last: Int64, _ head: IncarnationHead
    ) throws -> [Receipt] {
        guard first <= head.lastSeq else { return [] }
        return try store.answers(incarnation, first...min(last, head.lastSeq)).map {
            Receipt(seq: $0.seq, outcome: $0.outcome)
        }
    }

    /// Accepts one changeset, or names what it waits for.
    func decide(_ changeset: Changeset, from author: Author) throws -> Receipt.Outcome {
        let earlier = try waitingEntries(beside: changeset)
        // Later changes to something quarantined are judged with it: the
        // correction of a refused creation is simply the next edit.
        let fold = earlier.map(\.changeset) + [changeset]
        if let refusal = try refusal(of: fold, from: author) {
            waiting[changeset.identity] = WaitingChangeset(
                changeset: changeset, node: author.node, code: refusal.code,
                message: refusal.message, since: now)
            return .quarantined(refusal.code, message: refusal.message)
        }
        for entry in earlier {
            _ = try merge(entry.changeset, from: author)
            waiting[entry.changeset.identity] = nil
            freed.append(entry.changeset.identity)
        }
        return try merge(changeset, from: author)
    }

    /// What waits of the same incarnation and cannot be told apart from this
    /// changeset: the creation of a record it touches, or the same units.
    private func waitingEntries(beside changeset: Changeset) throws -> [WaitingChangeset] {
        let incarnation = changeset.identity.incarnation
        let ids = Set(changeset.changes.map(\.record))
        var entries: [ChangesetIdentity: WaitingChangeset] = [:]
        if storeIsClear == nil { storeIsClear = try store.waitingCount() == 0 }
        if storeIsClear == true, waiting.isEmpty { return [] }
        for entry in try store.waiting(for: ids.sorted(), of: incarnation)
        where !freed.contains(entry.changeset.identity) {
            entries[entry.changeset.identity] = entry
        }
        for (identity, entry) in waiting
        where identity.incarnation == incarnation
            && entry.changeset.changes.contains(where: { ids.contains($0.record) })
        {
            entries[identity] = entry
        }
        let touched = Set(changeset.changes.map { UnitOfRecord($0) })
        let bound = try entries.values.filter { entry in
            try entry.changeset.changes.contains { change in
                try touched.contains(UnitOfRecord(change))
                    || (ids.contains(change.record) && record(change.record) == nil)
            }
        }
        return bound.sorted { $0.changeset.identity < $1.changeset.identity }
    }

    private struct UnitOfRecord: Hashable {
        var record: RecordID
        var unit: UnitNumber

        init(_ change: Change) {
            record = change.record
            unit = change.unit
        }
    }

    /// The time that counts, and whether it had to be moved to a bound:
    /// not after the hub's now plus drift, not before the moment the hub
    /// accepted what the author had seen.
    func bounded(_ changeset: Changeset) throws -> (time: HybridTime, isClamped: Bool) {
        let latest = now + Self.driftMillisecondsMax
        if changeset.time.milliseconds > latest {
            return (HybridTime(milliseconds: latest), true)
        }
        guard changeset.epoch == hub.epoch else { return (changeset.time, false) }
        var earliest: Int64 = 0
        for (scope, position) in changeset.context where position > .zero {
            let known = acceptedTimes[scope]?[position]
            let moment = try known ?? store.acceptedAt(scope, position) ?? 0
            acceptedTimes[scope, default: [:]][position] = moment
            earliest = max(earliest, moment)
        }
        // The same drift is granted backwards: hub and node need not agree to
        // the second for an edit to be honest.
        if changeset.time.milliseconds < earliest - Self.driftMillisecondsMax {
            return (HybridTime(milliseconds: earliest), true)
        }
        return (changeset.time, false)
    }
}
