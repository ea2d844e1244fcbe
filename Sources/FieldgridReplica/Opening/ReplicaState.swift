import FieldgridModel
import FieldgridSync
import GRDB

/// The one row that every transaction of ours rewrites.
struct ReplicaState {
    var identity: ReplicaIdentity
    /// The lives of this database; the last is the present one.
    var line: IncarnationLine
    /// Grows by one with every transaction, to tell after a failed COMMIT
    /// whether it happened.
    var revision: Int64
    /// The number of the last sealed changeset in the outbox, 0 before the
    /// first; it goes on through all incarnations.
    var seq: Int64
    /// The digest that the next changeset of the present incarnation follows.
    var head: ContentDigest
    var clock: HybridClock
    /// Nil before the first exchange.
    var epoch: EpochID?
    var lastSyncAt: Int64?
    /// The number of the outbox that the hub asked to resend from.
    var resendFrom: Int64?
    var positions: [ScopeCode: Position]
    /// The scopes of which more is to come.
    var pulls: [ScopeCode: ScopePull] = [:]
    /// Where each scope stood at the hub when the newest applied reply was
    /// made: one made before is told by them.
    var heads: [ScopeCode: Position] = [:]
    /// Epochs that the node has left, oldest first: a late reply of one of
    /// them, as a bundle brings it, does not lead back.
    var leftEpochs: [EpochID] = []
    /// Which of its ranges of records the node compares next.
    var checkNext: Int64 = 0
    /// A new epoch is being pulled: what the hub turns out not to have is
    /// sealed again at its end.
    var isSalvaging = false
    /// Everything is pulled anew, because what left the scopes meanwhile was
    /// not told: rows that do not come again go at its end.
    var isRebasing = false
    /// Scopes that are no longer the node's, whose records wait for own edits
    /// to be acknowledged before they go.
    var leaving: Set<ScopeCode> = []

    private static let leftEpochsMax = 64

    mutating func leave(_ epoch: EpochID?) {
        guard let epoch else { return }
        leftEpochs = leftEpochs.suffix(Self.leftEpochsMax - 1) + [epoch]
    }

    var incarnation: IncarnationID { line.current.id }

    /// The last sequence sealed in the present incarnation.
    var sealed: Int64 { seq - line.current.base }

    /// What positions and contexts of an epoch that is not known yet name.
    var epochOrNone: EpochID { epoch ?? EpochID(UUIDBits(high: 0, low: 0)) }

    static func insert(_ state: ReplicaState, _ db: Database) throws {
        let query = try Query(
            db,
            """
            INSERT INTO fg_state(one, layout, node, holder, revision, seq, head, time,
            schema_version) VALUES(1, ?, ?, ?, 0, 0, ?, 0, 0)
            """)
        query.bind(1, EngineTables.layout)
        query.bind(2, state.identity.node.description)
        query.bind(3, state.identity.holder)
        query.bind(4, state.head.bytes)
        try query.run()
        try state.line.write(db)
        for scope in state.identity.scopes {
            try db.run("INSERT INTO fg_scope(scope, enrolled) VALUES(?, 1)", .text(scope.text))
        }
    }

    static func read(_ db: Database) throws -> ReplicaState {
        let query = try Query(
            db,
            """
            SELECT node, holder, layout, revision, seq, head, time, epoch, last_sync_at,
            resend_from, salvage, left_epochs, check_next, rebase FROM fg_state
            """)
        defer { query.finish() }
        guard try query.step(), query.integer(2) == EngineTables.layout else {
            throw ReplicaError(
                .layoutUnknown, "the replica's layout is not one that this program knows",
                hint: "Use the program version that wrote it, or a newer one")
        }
        guard let node = NodeID(query.text(0)), let head = ContentDigest(query.blob(5)) else {
            throw ReplicaError(
                .damaged, "the replica's state is not readable",
                hint: "Keep a copy of the folder and ask the hub's operator before going on")
        }
        var state = ReplicaState(
            identity: ReplicaIdentity(node: node, holder: query.text(1), scopes: []),
            line: try IncarnationLine.read(db), revision: query.integer(3), seq: query.integer(4),
            head: head, clock: HybridClock(last: HybridTime(raw: query.integer(6))),
            epoch: query.textIfAny(7).flatMap { EpochID($0) },
            lastSyncAt: query.integerIfAny(8), resendFrom: query.integerIfAny(9), positions: [:])
        state.isSalvaging = query.integer(10) == 1
        state.checkNext = query.integer(12)
        state.isRebasing = query.integer(13) == 1
        state.leftEpochs = query.text(11).split(separator: " ").compactMap { EpochID($0) }
        let scopes = try Query(
            db, "SELECT scope, enrolled, position, head, base, told FROM fg_scope ORDER BY scope")
        while try scopes.step() {
            let scope = ScopeCode(scopes.text(0))
            if scopes.integer(1) == 1 { state.identity.scopes.append(scope) }
            guard let position = scopes.integerIfAny(2) else { continue }
            if position < 0 {
                state.leaving.insert(scope)
            } else {
                state.positions[scope] = Position(position)
                state.heads[scope] = scopes.integerIfAny(3).map { Position($0) }
                if let base = scopes.integerIfAny(4), let told = scopes.integerIfAny(5) {
                    state.pulls[scope] = ScopePull(base: Position(base), told: Position(told))
                }
            }
        }
        return state
    }

    /// Writes all but the positions.
    func write(_ db: Database) throws {
        let query = try Query(
            db,
            """
            UPDATE fg_state SET revision = ?, seq = ?, head = ?, time = ?, epoch = ?,
            last_sync_at = ?, resend_from = ?, salvage = ?, left_epochs = ?, check_next = ?,
            rebase = ?
            WHERE one = 1
            """)
        query.bind(1, revision)
        query.bind(2, seq)
        query.bind(3, head.bytes)
        query.bind(4, clock.last.raw)
        query.bind(5, epoch?.description)
        query.bind(6, lastSyncAt)
        query.bind(7, resendFrom)
        query.bind(8, isSalvaging ? 1 : 0)
        query.bind(9, leftEpochs.map(\.description).joined(separator: " "))
        query.bind(10, checkNext)
        query.bind(11, isRebasing ? 1 : 0)
        try query.run()
    }

    /// Writes the positions; −1 stands for a scope that is being left.
    func writePositions(_ db: Database) throws {
        try db.run(
            "UPDATE fg_scope SET position = NULL, head = NULL, base = NULL, told = NULL")
        let rows = positions.map { ($0, $1.value) } + leaving.map { ($0, -1) }
        for (scope, position) in rows {
            try db.run(
                """
                INSERT INTO fg_scope(scope, enrolled, position, head, base, told)
                VALUES(?, 0, ?, ?, ?, ?)
                ON CONFLICT(scope) DO UPDATE SET position = excluded.position,
                head = excluded.head, base = excluded.base, told = excluded.told
                """, .text(scope.text), .integer(position),
                heads[scope].map { .integer($0.value) } ?? .null,
                pulls[scope].map { .integer($0.base.value) } ?? .null,
                pulls[scope].map { .integer($0.told.value) } ?? .null)
        }
        try db.run("DELETE FROM fg_scope WHERE enrolled = 0 AND position IS NULL")
    }
}
