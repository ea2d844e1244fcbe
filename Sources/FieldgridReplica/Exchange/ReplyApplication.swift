import FieldgridModel
import FieldgridSync
import GRDB

/// One reply on its way into the file.
///
/// The order matters: receipts first, so that a value that comes with the
/// acceptance of an own change counts as the hub's decision on it; then
/// values; then positions; then what those positions settle.
struct ReplyApplication {
    let reply: ExchangeReply
    let db: Database
    var memory: ReplicaMemory
    var result = AppliedReply()
    /// What goes on after the changesets that are sealed as if by somebody else.
    var interrupted: IncarnationRow?
    /// Whether the hub moved the time of a changeset of the present incarnation.
    var clockWasMoved = false
    /// Whether the receipts are of changesets that another life of this
    /// database sealed under the same names.
    var isOfOtherLife = false
    /// Whether the hub proved nothing of a head because it was not told of it.
    var asksForHeads = false
    /// The scopes that were asked for, and whether all of their records come here.
    var heardWhole: [ScopeCode: Bool] = [:]
    /// Names a new incarnation.
    let nextIncarnation: () -> IncarnationID
    /// Whether any record has own changes that the hub has not decided on.
    var hasPending = true
    /// Whether the name of any deleted record is kept, or a value that the
    /// schema has no place for.
    var hasGone = true
    var hasCarried = true

    init(
        _ reply: ExchangeReply, _ memory: ReplicaMemory, _ db: Database,
        next: @escaping () -> IncarnationID
    ) {
        self.reply = reply
        nextIncarnation = next
        self.memory = memory
        self.db = db
    }

    mutating func run(at now: Int64) throws {
        result.alarms = try KeptHeads.alarms(db)
        guard result.alarms.isEmpty else { return }
        memory.state.clock.observe(reply.time)
        if let known = memory.state.epoch, known != reply.epoch {
            guard !memory.state.leftEpochs.contains(reply.epoch) else {
                result.isStale = true
                result.outboxLeft = try Outbox.count(.waiting, db)
                return
            }
            memory.state.lastSyncAt = now
            try beginEpoch(at: now)
            return
        }
        switch ReplyOrder.of(reply, at: memory.state) {
        case .next: break
        case .stale:
            result.isStale = true
            result.outboxLeft = try Outbox.count(.waiting, db)
            return
        case .ahead(let scope, let start, let position):
            throw ReplicaError.replyAhead(scope, from: start, at: position)
        }
        // Before anything else: nothing of a hub that contradicts itself is believed.
        guard try judgeHeads(at: now) else { return }
        memory.state.lastSyncAt = now
        memory.state.epoch = reply.epoch
        try applySchema()
        try KeptChangesets.release(through: reply.covered, memory.state.line, db)
        try applyReceipts()
        try applyReleased()
        if isBelowHorizon { return try rebase(at: now) }
        hasPending = try db.integer("SELECT 1 FROM fg_pending LIMIT 1") != nil
        hasGone = try db.integer("SELECT 1 FROM fg_gone LIMIT 1") != nil
        hasCarried = try db.integer("SELECT 1 FROM fg_carried LIMIT 1") != nil
        try db.uncaptured { () throws -> Void in
            for delta in reply.records where delta.presence != .left { try apply(delta) }
            for delta in reply.records where delta.presence == .left { try leave(delta) }
            try applyPositions()
            try settlePending()
            try purgeLeftScopes()
        }
        try memory.state.writePositions(db)
        try applyChain(at: now)
        try finishIfPulled(at: now)
        result.pulled = reply.records.count
        if !reply.records.isEmpty { memory.keys = KeyMemory() }
        result.hasMore =
            reply.hasMore || memory.state.resendFrom != nil || result.reincarnated == .fork
            || asksForHeads
        result.outboxLeft = try Outbox.count(.waiting, db)
    }

    /// Whether own changes of a record wait for the hub's decision.
    func isPending(_ id: RecordID) throws -> Bool {
        guard hasPending else { return false }
        let query = try Query(db, "SELECT 1 FROM fg_pending WHERE id = ?")
        query.bind(1, id.blob)
        defer { query.finish() }
        return try query.step()
    }

    private mutating func applyPositions() throws {
        let left = Set(memory.state.positions.keys).subtracting(reply.positions.keys)
        memory.state.leaving.formUnion(left)
        memory.state.leaving.subtract(reply.positions.keys)
        memory.state.pulls = ScopePull.after(
            reply, at: memory.state.positions, memory.state.pulls)
        memory.state.positions = reply.positions.merging(
            memory.state.positions.filter { reply.positions[$0.key] != nil }
        ) { max($0, $1) }
        if PlantedBug.staleReplyApplied.isActive { memory.state.positions = reply.positions }
        memory.state.heads = reply.positions.merging(reply.heads) { max($0, $1) }
    }

    /// Records of scopes that are no longer ours go, once own edits of them
    /// are acknowledged.
    private mutating func purgeLeftScopes() throws {
        guard !memory.state.leaving.isEmpty else { return }
        for scope in memory.state.leaving {
            var keeps = false
            for layout in memory.orderedLayouts {
                let query = try Query(
                    db, "SELECT rec, id FROM \(layout.sql.table) WHERE scope = ?")
                query.bind(1, scope.text)
                var rows: [Int64] = []
                while try query.step() {
                    if let id = RecordID(query.text(1)), try isPending(id) {
                        keeps = true
                    } else {
                        rows.append(query.integer(0))
                    }
                }
                for row in rows { try db.run(layout.sql.delete, .integer(row)) }
            }
            if !keeps { memory.state.leaving.remove(scope) }
        }
    }
}
