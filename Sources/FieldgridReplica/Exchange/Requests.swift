import FieldgridModel
package import FieldgridSync
import GRDB

/// How a request names the records that its changesets touch.
package enum RecordNaming: Hashable, Sendable {
    /// By the numbers that the hub gave them, where it did: short, and true
    /// only for a hub that still means the same by them.
    case numbers
    /// By their ids, which every hub understands at any time.
    case ids
}

/// How much of the outbox goes into one request.
package enum RequestLimit {
    package static let changesets = ExchangeRequest.Limit.changesets
    package static let bytes = 4 << 20
}

extension Replica {
    /// What to say to the hub now: where this node stands, and the oldest
    /// changesets that it has not acknowledged.
    package func nextRequest(
        maxChangesets: Int = RequestLimit.changesets, maxBytes: Int = RequestLimit.bytes,
        naming: RecordNaming = .numbers
    ) throws -> (request: ExchangeRequest, encoded: [UInt8]) {
        try request(from: nil, maxChangesets: maxChangesets, maxBytes: maxBytes, naming: naming)
    }

    /// The same from a sequence on, when what came before is under way by
    /// another way.
    package func request(
        from seq: Int64?, maxChangesets: Int = RequestLimit.changesets,
        maxBytes: Int = RequestLimit.bytes, naming: RecordNaming = .numbers
    ) throws -> (request: ExchangeRequest, encoded: [UInt8]) {
        try read { db in
            let batch =
                try seq.map { $0 > memory.state.seq } == true
                ? nil
                : nextBatch(from: seq, maxChangesets: maxChangesets, maxBytes: maxBytes, db)
            // A newer schema that cannot be read here is here all the same: it is not sent again.
            var request = ExchangeRequest(
                schema: memory.unread?.tag ?? memory.tag, epoch: memory.state.epoch,
                positions: memory.state.positions,
                incarnation: memory.state.incarnation, sealed: memory.state.sealed,
                held: try heldInQuarantine(db), batch: batch)
            request.pulls = memory.state.pulls
            request.oldest = try oldestContexts(db)
            request.kept = try KeptChangesets.first(db).map {
                memory.state.line.identity(of: $0)
            }
            asked = batch == nil ? try askNext ?? checkInTurn(db) : nil
            request.check = asked
            request.audit = try auditQuestion(db)
            let named = naming == .numbers ? batch : nil
            let numbers = try named.map { try self.numbers(in: $0, db) } ?? [:]
            let encoded = ExchangeCodec.encode(request) { numbers[$0] }
            return (request, encoded)
        }
    }

    /// The number of the oldest changeset that waits for the hub.
    package func firstToSend() throws -> Int64? { try read { try firstToSend($0) } }

    private func nextBatch(
        from seq: Int64?, maxChangesets: Int, maxBytes: Int, _ db: Database
    ) throws -> ChangesetBatch? {
        guard let first = try seq ?? firstToSend(db) else { return nil }
        let (incarnation, through) = memory.state.line.row(owning: first)
        let query = try Query(
            db, "SELECT seq, digest, body FROM fg_outbox WHERE seq >= ? ORDER BY seq")
        query.bind(1, first)
        defer { query.finish() }
        var batch: ChangesetBatch?
        var (bytes, changes) = (0, 0)
        var expected = first
        while try query.step(), query.integer(0) == expected, expected <= through {
            let body = try KeptChangesets.plain(query.blob(2))
            bytes += body.count
            if let batch, batch.changesets.count >= maxChangesets || bytes > maxBytes { break }
            let (changeset, previous) = try CanonicalDecoder.changeset(from: body)
            changes += changeset.changes.count
            if batch != nil, changes > changesPerRequest { break }
            guard let digest = ContentDigest(query.blob(1)) else { break }
            if batch == nil {
                let isFirst = first == incarnation.base + 1
                batch = ChangesetBatch(
                    previous: previous, head: digest, changesets: [],
                    parent: isFirst ? incarnation.parent : nil)
            }
            batch?.changesets.append(changeset)
            batch?.head = digest
            expected += 1
        }
        return batch
    }

    /// What the hub set aside, oldest first; other ones each time where there
    /// are more than a request may name.
    private func heldInQuarantine(_ db: Database) throws -> [ChangesetIdentity] {
        let count = try Outbox.count(.quarantined, db)
        guard count > 0 else { return [] }
        let page = ExchangeRequest.heldMax
        let offset = Int(memory.state.revision % Int64((count + page - 1) / page)) * page
        let query = try Query(
            db, "SELECT seq FROM fg_outbox WHERE state = 2 ORDER BY seq LIMIT ? OFFSET ?")
        query.bind(1, Int64(page))
        query.bind(2, Int64(offset))
        var held: [ChangesetIdentity] = []
        while try query.step() { held.append(memory.state.line.identity(of: query.integer(0))) }
        return held
    }

    private func firstToSend(_ db: Database) throws -> Int64? {
        if let asked = memory.state.resendFrom { return asked }
        return try Outbox.firstWaiting(db)
    }

    /// The lowest context, by scope, of what the hub has not accepted yet.
    private func oldestContexts(_ db: Database) throws -> [ScopeCode: Position] {
        let query = try Query(
            db,
            """
            SELECT fg_pending.scope, min(seen) FROM fg_pending
            JOIN fg_outbox ON fg_outbox.seq = fg_pending.seq
            WHERE fg_outbox.state IN (0, 2) GROUP BY fg_pending.scope
            """)
        var oldest: [ScopeCode: Position] = [:]
        while try query.step() {
            let scope = ScopeCode(query.text(0))
            let context = Position(query.integer(1))
            if let position = memory.state.positions[scope], context < position {
                oldest[scope] = context
            }
        }
        return oldest
    }

    /// The numbers of those records that the hub knows by number.
    private func numbers(
        in batch: ChangesetBatch, _ db: Database
    ) throws -> [RecordID: (ScopeCode, RecordNumber)] {
        var numbers: [RecordID: (ScopeCode, RecordNumber)] = [:]
        var asked: Set<RecordID> = []
        // The number belongs to the scope the hub has it in, not to that of an unanswered move.
        let moving = try PendingEntry.moving(db)
        for changeset in batch.changesets {
            for change in changeset.changes
            where asked.insert(change.record).inserted && !moving.contains(change.record) {
                numbers[change.record] = try number(of: change, db)
            }
        }
        return numbers
    }

    private func number(
        of change: Change, _ db: Database
    ) throws -> (ScopeCode, RecordNumber)? {
        guard let layout = memory.layouts[change.type] else { return nil }
        let query = try Query(
            db, "SELECT scope, num FROM \(layout.sql.table) WHERE id = ? AND num IS NOT NULL")
        query.bind(1, change.record.description)
        defer { query.finish() }
        guard try query.step() else { return nil }
        return (ScopeCode(query.text(0)), RecordNumber(query.integer(1)))
    }
}
