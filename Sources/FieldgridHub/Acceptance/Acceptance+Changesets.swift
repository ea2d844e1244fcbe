import FieldgridModel
import FieldgridSync

extension Acceptance {
    /// How far a device's clock may run ahead before its time is bounded.
    static let driftMillisecondsMax: Int64 = 10 * 60 * 1000

    /// How many receipts one reply repeats.
    static let repeatedMax: Int64 = 20_000

    /// What the hub answers to one batch.
    struct Answer {
        var chain = ChainAnswer.follows
        /// Of everything the hub knows of the incarnation from the batch's
        /// first changeset on, also beyond the batch.
        var receipts: [Receipt] = []
    }

    /// Decides a batch: sequence, digests, then each changeset in turn.
    ///
    /// - Throws: ``HubError`` when the batch is not what its digests say, or
    ///   belongs to another device.
    func accept(_ batch: ChangesetBatch, from author: Author) throws -> Answer {
        guard let first = batch.changesets.first?.identity else { return Answer() }
        let incarnation = first.incarnation
        let digests = try chain(of: batch)
        guard var head = try head(of: batch, from: author) else {
            return Answer(chain: .gap(expected: 1))
        }
        guard first.seq <= head.lastSeq + 1 else {
            return Answer(chain: .gap(expected: head.lastSeq + 1))
        }
        let known = try repeated(incarnation, from: first.seq, head)
        if let fork = try fork(in: batch, digests: digests, head: head) {
            return Answer(chain: .fork(at: fork), receipts: known.filter { $0.seq < fork })
        }
        var answer = Answer(receipts: known)
        try prefetch(batch.changesets.lazy.flatMap(\.changes).map(\.record))
        incarnations[incarnation] = head
        ancestries[incarnation] = try ancestry(of: incarnation)
        for (changeset, digest) in zip(batch.changesets, digests)
        where changeset.identity.seq > head.lastSeq {
            let outcome = try decide(changeset, from: author)
            head.lastSeq = changeset.identity.seq
            head.digest = digest
            let stored = StoredAnswer(
                seq: head.lastSeq, digest: digest, outcome: outcome,
                isTimeMoved: isAhead(changeset))
            answers.append((incarnation, stored))
            answer.receipts.append(stored.receipt)
        }
        incarnations[incarnation] = head
        try replayWaiting()
        try deriveAftermath()
        return answer
    }

    /// How far the hub has followed the batch's incarnation; nil when it has
    /// not heard of it and the batch is not its beginning.
    private func head(of batch: ChangesetBatch, from author: Author) throws -> IncarnationHead? {
        guard let first = batch.changesets.first?.identity else { return nil }
        if let head = try head(of: first.incarnation) {
            try check(head, of: first.incarnation, is: author)
            return head
        }
        guard first.seq == 1 else { return nil }
        if let parent = batch.parent, let above = try head(of: parent.incarnation) {
            try check(above, of: parent.incarnation, is: author)
        }
        return IncarnationHead(
            node: author.node, lastSeq: 0, digest: .start(after: batch.parent),
            parent: batch.parent)
    }

    private func head(of incarnation: IncarnationID) throws -> IncarnationHead? {
        try incarnations[incarnation] ?? store.incarnation(incarnation)
    }

    private func check(
        _ head: IncarnationHead, of incarnation: IncarnationID, is author: Author
    ) throws {
        guard head.node == author.node else { throw HubError.foreign(incarnation) }
    }

    /// How many incarnations back an author's own earlier work counts as
    /// seen without being in the context.
    private static let ancestorsMax = 64

    /// What an incarnation continues, and what that one continued in turn.
    func ancestry(of incarnation: IncarnationID) throws -> [ChangesetIdentity] {
        if let known = ancestries[incarnation] { return known }
        var ancestry: [ChangesetIdentity] = []
        var passed: Set = [incarnation]
        var next = try head(of: incarnation)?.parent
        while let parent = next, ancestry.count < Self.ancestorsMax,
            passed.insert(parent.incarnation).inserted
        {
            ancestry.append(parent)
            next = try head(of: parent.incarnation)?.parent
        }
        ancestries[incarnation] = ancestry
        return ancestry
    }

    private func isAhead(_ changeset: Changeset) -> Bool {
        changeset.time.milliseconds > now + Self.driftMillisecondsMax
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
        if PlantedBug.rewindUnnoticed.isActive { return nil }
        let first = batch.changesets[0].identity
        let through = min(head.lastSeq, first.seq + Int64(digests.count) - 1)
        if first.seq == 1 {
            if batch.previous != .start(after: head.parent) { return 1 }
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

    /// The receipts of what was answered before, from a sequence on.
    private func repeated(
        _ incarnation: IncarnationID, from first: Int64, _ head: IncarnationHead
    ) throws -> [Receipt] {
        guard first <= head.lastSeq else { return [] }
        let last = min(head.lastSeq, first + Self.repeatedMax)
        return try store.answers(incarnation, first...last).map(\.receipt)
    }

    /// Accepts one changeset, or names what it waits for.
    func decide(
        _ changeset: Changeset, from author: Author, isReplay: Bool = false
    ) throws -> Receipt.Outcome {
        if let answer = try earlierAnswer(to: changeset, from: author) {
            if isReplay { free(changeset.identity, answer) }
            return answer
        }
        let earlier = try waitingEntries(beside: changeset)
        // Later changes to something quarantined are judged with it: the
        // correction of a refused creation is simply the next edit.
        let fold = earlier.map(\.changeset) + [changeset]
        if let refusal = try refusal(of: fold, from: author) {
            if !isReplay, !PlantedBug.quarantineDropped.isActive {
                waiting[changeset.identity] = WaitingChangeset(
                    changeset: changeset, node: author.node, code: refusal.code,
                    message: refusal.message, since: now)
            }
            return .quarantined(refusal.code, message: refusal.message)
        }
        // What waited for the record itself is of the scope that this brings it into.
        let brings = try bringsWhatIsMissing(changeset, to: earlier)
        let first = brings ? try merge(changeset, from: author) : nil
        for entry in earlier {
            try free(entry.changeset.identity, merge(entry.changeset, from: author))
        }
        let outcome = try first ?? merge(changeset, from: author)
        if isReplay { free(changeset.identity, outcome) }
        return outcome
    }

    /// Whether a changeset creates a record that earlier ones, which wait,
    /// change and do not create: it was lost with a hub's file, and comes
    /// again as a later one.
    private func bringsWhatIsMissing(
        _ changeset: Changeset, to earlier: [WaitingChangeset]
    ) throws -> Bool {
        let changes = earlier.flatMap(\.changeset.changes)
        let created = Set(changes.filter(\.creates).map(\.record))
        return try changeset.changes.contains { change in
            try change.creates && record(change.record) == nil
                && !created.contains(change.record)
                && changes.contains { $0.record == change.record }
        }
    }

    /// Takes out of quarantine what was accepted after all.
    private func free(_ identity: ChangesetIdentity, _ outcome: Receipt.Outcome) {
        waiting[identity] = nil
        freed.append(identity)
        if case .accepted(let scope, let position) = outcome {
            released.append(Release(identity, scope, position))
        }
    }

    /// What waits of the same incarnation and cannot be told apart from this
    /// changeset: the creation of a record it touches, or the same units.
    private func waitingEntries(beside changeset: Changeset) throws -> [WaitingChangeset] {
        let own = changeset.identity.incarnation
        // The oldest first: what an incarnation continues came before it.
        let line = try ancestry(of: own).map(\.incarnation).reversed() + [own]
        let ids = Set(changeset.changes.map(\.record))
        var entries: [ChangesetIdentity: WaitingChangeset] = [:]
        if storeIsClear == nil { storeIsClear = try store.waitingCount() == 0 }
        if storeIsClear == true, waiting.isEmpty { return [] }
        func isEarlier(_ identity: ChangesetIdentity) -> Bool {
            let own = changeset.identity
            return identity.incarnation == own.incarnation
                ? identity.seq < own.seq : line.contains(identity.incarnation)
        }
        for incarnation in line {
            for entry in try store.waiting(for: ids.sorted(), of: incarnation)
            where !freed.contains(entry.changeset.identity)
                && isEarlier(entry.changeset.identity)
            {
                entries[entry.changeset.identity] = entry
            }
        }
        for (identity, entry) in waiting
        where isEarlier(identity)
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
        let age = { (entry: WaitingChangeset) in
            let identity = entry.changeset.identity
            return (line.firstIndex(of: identity.incarnation) ?? 0, identity.seq)
        }
        return bound.sorted { age($0) < age($1) }
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
        if PlantedBug.futureTimeAccepted.isActive { return (changeset.time, false) }
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

extension Change {
    fileprivate var creates: Bool { unit == .presence && value == .alive }
}

extension HubReading {
    /// Whether an asker had sealed less of its incarnation than the hub has:
    /// its database was rewound, and even its own values must be sent to it.
    ///
    /// - Throws: `incarnation.foreign`.
    func rewound(_ request: ReceivedRequest, _ node: NodeID) throws -> ChainAnswer? {
        guard let head = try incarnation(request.incarnation) else { return nil }
        guard head.node == node else { throw HubError.foreign(request.incarnation) }
        guard let sealed = request.sealed, head.lastSeq > sealed,
            !PlantedBug.rewindUnnoticed.isActive
        else { return nil }
        return .fork(at: sealed + 1)
    }
}

extension HubError {
    static func foreign(_ incarnation: IncarnationID) -> HubError {
        HubError(
            code: "incarnation.foreign",
            message: "incarnation \(incarnation) belongs to another device",
            hint: "this folder is a copy of another device's: enrol it anew with `node join`")
    }
}
