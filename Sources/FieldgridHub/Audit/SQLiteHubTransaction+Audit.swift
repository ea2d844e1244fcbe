import FieldgridModel
import FieldgridSync
import GRDB

/// Audit logs in SQLite.
///
/// - Leaves lie in chunks that do not cross a multiple of 256, with their
///   hashes; a batch appends few rows.
/// - Of the tree, only the roots of complete subtrees of 256, 65 536, …
///   leaves are stored, and the right edge: what lies between is computed
///   from at most 256 hashes.
extension SQLiteHubTransaction {
    static let auditTables = """
        CREATE TABLE audit_log(
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
            root BLOB NOT NULL, edge BLOB NOT NULL) STRICT;
        CREATE TABLE audit_chunk(
            place INTEGER PRIMARY KEY, count INTEGER NOT NULL, hashes BLOB NOT NULL,
            leaves BLOB NOT NULL) STRICT;
        CREATE TABLE audit_tile(place INTEGER PRIMARY KEY, hash BLOB NOT NULL) STRICT;
        CREATE TABLE audit_fork(
            epoch BLOB NOT NULL, log INTEGER NOT NULL, size INTEGER NOT NULL,
            PRIMARY KEY(epoch, log)) STRICT, WITHOUT ROWID;
        CREATE TABLE refusal(
            node BLOB NOT NULL, incarnation BLOB NOT NULL, first INTEGER NOT NULL,
            last INTEGER NOT NULL, head BLOB NOT NULL, code TEXT NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY(node, incarnation, first, last, head, code)) STRICT, WITHOUT ROWID;
        """

    private enum Tile {
        /// Levels between those that are stored.
        static let levels = 8
        static let leaves: Int64 = 1 << 8
        /// The bits of `place` below the log.
        static let indexBits: Int64 = 40
        static let levelBits: Int64 = 4
    }

    private func place(_ id: Int64, _ index: Int64) -> Int64 { id << Tile.indexBits | index }

    private func tilePlace(_ id: Int64, level: Int, _ index: Int64) -> Int64 {
        (id << Tile.levelBits | Int64(level / Tile.levels)) << Tile.indexBits | index
    }

    private func logID(_ log: AuditLog) throws -> Int64? {
        try sql("SELECT id FROM audit_log WHERE name = ?1").bind(1, text: log.text)
            .first { $0.integer(0) }
    }

    // MARK: Appending

    func append(_ leaves: [AuditLog: [[UInt8]]]) throws {
        for (log, leaves) in leaves.sorted(by: { $0.key < $1.key }) where !leaves.isEmpty {
            let id = try logID(log) ?? makeLog(log)
            var edge = try storedEdge(id)
            if PlantedBug.auditTreeRegrown.isActive { edge.regrow() }
            var rest = leaves[...]
            while !rest.isEmpty {
                let room = Int(Tile.leaves - edge.size % Tile.leaves)
                try appendChunk(rest.prefix(room), to: id, &edge)
                rest = rest.dropFirst(room)
            }
            try sql("UPDATE audit_log SET size = ?2, root = ?3, edge = ?4 WHERE id = ?1")
                .bind(1, id).bind(2, edge.size).bind(3, bytes: edge.root.bytes)
                .bind(4, bytes: edge.roots.flatMap(\.bytes)).run()
        }
    }

    private func makeLog(_ log: AuditLog) throws -> Int64 {
        try sql("INSERT INTO audit_log(name, size, root, edge) VALUES(?1, 0, ?2, ?3)")
            .bind(1, text: log.text).bind(2, bytes: MerkleTree.emptyRoot.bytes)
            .bind(3, bytes: []).run()
        return db.lastInsertedRowID
    }

    private func appendChunk(
        _ leaves: ArraySlice<[UInt8]>, to id: Int64, _ edge: inout MerkleEdge
    ) throws {
        let first = edge.size
        var hashes: [UInt8] = []
        hashes.reserveCapacity(32 * leaves.count)
        var body = ByteWriter()
        var tiles: [(level: Int, index: Int64, hash: ContentDigest)] = []
        for leaf in leaves {
            let hash = MerkleTree.leaf(leaf)
            hashes.append(contentsOf: hash.bytes)
            body.count(leaf.count)
            body.raw(leaf)
            edge.append(hash) { level, index, hash in
                if level % Tile.levels == 0 { tiles.append((level, index, hash)) }
            }
        }
        try sql("INSERT INTO audit_chunk VALUES(?1, ?2, ?3, ?4)").bind(1, place(id, first))
            .bind(2, Int64(leaves.count)).bind(3, bytes: hashes).bind(4, bytes: body.bytes).run()
        for tile in tiles {
            try sql("INSERT INTO audit_tile VALUES(?1, ?2)")
                .bind(1, tilePlace(id, level: tile.level, tile.index))
                .bind(2, bytes: tile.hash.bytes).run()
        }
    }

    func forkAudit(at epoch: EpochID) throws {
        try sql("INSERT INTO audit_fork SELECT ?1, id, size FROM audit_log WHERE size > 0")
            .bind(1, epoch.bits).run()
    }

    func note(_ refusal: AuditRefusal, at time: Int64) throws -> Bool {
        guard try refusedAt(refusal) == nil else { return false }
        try sql("INSERT INTO refusal VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)")
            .bind(1, refusal.node.bits).bind(2, refusal.first.incarnation.bits)
            .bind(3, refusal.first.seq).bind(4, refusal.last)
            .bind(5, bytes: refusal.head.bytes).bind(6, text: refusal.code).bind(7, time).run()
        return true
    }

    // MARK: Reading

    func auditLogs() throws -> [AuditLog] {
        var logs: [AuditLog] = []
        try sql("SELECT name FROM audit_log").forEach { row in
            logs.append(AuditLog(text: row.text(0)))
            return true
        }
        return logs.sorted()
    }

    func auditExtents(of logs: [AuditLog]) throws -> [AuditLog: AuditExtent] {
        let select = try sql("SELECT size, root FROM audit_log WHERE name = ?1")
        var extents: [AuditLog: AuditExtent] = [:]
        for log in logs {
            extents[log] = try select.bind(1, text: log.text).first { row in
                AuditExtent(size: row.integer(0), root: try hash(row.bytes(1)))
            }
        }
        return extents
    }

    func auditEdge(_ log: AuditLog) throws -> MerkleEdge {
        guard let id = try logID(log) else { return MerkleEdge() }
        return try storedEdge(id)
    }

    private func storedEdge(_ id: Int64) throws -> MerkleEdge {
        let stored = try sql("SELECT size, edge FROM audit_log WHERE id = ?1").bind(1, id)
            .first { (size: $0.integer(0), roots: $0.bytes(1)) }
        guard let stored,
            let edge = MerkleEdge(size: stored.size, roots: try hashes(stored.roots))
        else { throw Self.damaged("the edge of a log") }
        return edge
    }

    func auditSubtree(_ log: AuditLog, level: Int, index: Int64) throws -> ContentDigest {
        guard let id = try logID(log) else { throw Self.damaged("a log") }
        if level > 0, level % Tile.levels == 0 {
            let stored = try sql("SELECT hash FROM audit_tile WHERE place = ?1")
                .bind(1, tilePlace(id, level: level, index)).first { try hash($0.bytes(0)) }
            guard let stored else { throw Self.damaged("a subtree of a log") }
            return stored
        }
        let height = level % Tile.levels
        let from = index << Int64(height)
        let to = (index + 1) << Int64(height)
        let hashes =
            try level < Tile.levels
            ? leafHashes(id, from, to) : tileHashes(id, level: level - height, from, to)
        guard hashes.count == 1 << height else { throw Self.damaged("leaves of a log") }
        return MerkleTree.root(hashes)
    }

    private func leafHashes(_ id: Int64, _ from: Int64, _ to: Int64) throws -> [ContentDigest] {
        var found: [ContentDigest] = []
        let start = from / Tile.leaves * Tile.leaves
        try sql("SELECT place, hashes FROM audit_chunk WHERE place >= ?1 AND place < ?2")
            .bind(1, place(id, start)).bind(2, place(id, to)).forEach { row in
                let first = row.integer(0) - place(id, 0)
                let bytes = row.bytes(1)
                let end = first + Int64(bytes.count / 32)
                guard end > from else { return true }
                let wanted = (max(from, first) - first)..<(min(to, end) - first)
                found += try hashes(
                    bytes[Int(wanted.lowerBound * 32)..<Int(wanted.upperBound * 32)])
                return true
            }
        return found
    }

    private func tileHashes(
        _ id: Int64, level: Int, _ from: Int64, _ to: Int64
    ) throws -> [ContentDigest] {
        var found: [ContentDigest] = []
        try sql("SELECT hash FROM audit_tile WHERE place >= ?1 AND place < ?2 ORDER BY place")
            .bind(1, tilePlace(id, level: level, from)).bind(2, tilePlace(id, level: level, to))
            .forEach { row in
                found.append(try hash(row.bytes(0)))
                return true
            }
        return found
    }

    func forEachLeaf(
        of log: AuditLog, from index: Int64, _ body: (StoredLeaf) throws -> Bool
    ) throws {
        guard let id = try logID(log) else { return }
        let start = index / Tile.leaves * Tile.leaves
        // A statement of its own: the body may ask for other things.
        guard let connection = db.sqliteConnection else { return }
        let statement = try SQLStatement(
            """
            SELECT place, hashes, leaves FROM audit_chunk WHERE place >= ?1 AND place < ?2
            ORDER BY place
            """, connection: connection)
        statement.bind(1, place(id, start)).bind(2, place(id + 1, 0))
        try statement.forEach { row in
            var reader = ByteReader(row.bytes(2))
            for (offset, hash) in try hashes(row.bytes(1)).enumerated() {
                let bytes = Array(try reader.raw(try reader.count()))
                let leaf = StoredLeaf(
                    index: row.integer(0) - place(id, 0) + Int64(offset), hash: hash, bytes: bytes)
                if leaf.index < index { continue }
                guard try body(leaf) else { return false }
            }
            return true
        }
    }

    func auditForks() throws -> [EpochID: [AuditLog: Int64]] {
        var forks: [EpochID: [AuditLog: Int64]] = [:]
        try sql(
            """
            SELECT epoch, name, audit_fork.size FROM audit_fork
            JOIN audit_log ON audit_log.id = audit_fork.log
            """
        ).forEach { row in
            forks[EpochID(try row.bits(0)), default: [:]][AuditLog(text: row.text(1))] =
                row.integer(2)
            return true
        }
        return forks
    }

    func refusedAt(_ refusal: AuditRefusal) throws -> Int64? {
        try sql(
            """
            SELECT at FROM refusal WHERE node = ?1 AND incarnation = ?2 AND first = ?3
            AND last = ?4 AND head = ?5 AND code = ?6
            """
        ).bind(1, refusal.node.bits).bind(2, refusal.first.incarnation.bits)
            .bind(3, refusal.first.seq).bind(4, refusal.last)
            .bind(5, bytes: refusal.head.bytes).bind(6, text: refusal.code)
            .first { $0.integer(0) }
    }

    func refusalCount() throws -> Int64 {
        try sql("SELECT count(*) FROM refusal").first { $0.integer(0) } ?? 0
    }

    private func hashes(_ bytes: some Collection<UInt8>) throws -> [ContentDigest] {
        var found: [ContentDigest] = []
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            found.append(try hash(rest.prefix(32)))
            rest = rest.dropFirst(32)
        }
        return found
    }

    private func hash(_ bytes: some Collection<UInt8>) throws -> ContentDigest {
        guard let hash = ContentDigest(bytes) else { throw Self.damaged("a hash of a log") }
        return hash
    }

    private static func damaged(_ what: String) -> HubError {
        HubError(
            code: "audit.damaged", message: "\(what) in the hub's audit is missing or damaged",
            hint: "run `fieldgrid hub audit` to see where, and restore the hub's last backup")
    }
}

extension MerkleEdge {
    /// What a program comes to that forgets what a log began with.
    fileprivate mutating func regrow() {
        guard size >= 4, let first = roots.first else { return }
        let roots = [MerkleTree.leaf(first.bytes)] + roots.dropFirst()
        self = MerkleEdge(size: size, roots: roots) ?? self
    }
}

/// What the leaves speak of.
extension SQLiteHubTransaction {
    func incarnations() throws -> [(IncarnationID, IncarnationHead)] {
        var ids: [IncarnationID] = []
        try sql("SELECT incarnation FROM incarnation ORDER BY id").forEach { row in
            ids.append(IncarnationID(try row.bits(0)))
            return true
        }
        return try ids.compactMap { id in try incarnation(id).map { (id, $0) } }
    }

    func historyBodies(_ run: AuditTrail.Run) throws -> [[UInt8]] {
        var bodies: [[UInt8]] = []
        try sql("SELECT body FROM history WHERE entry >= ?1 AND entry < ?2 ORDER BY entry")
            .bind(1, run.first).bind(2, run.first + run.count).forEach { row in
                bodies.append(row.bytes(0))
                return true
            }
        return bodies
    }

    func historyCount() throws -> Int64 {
        try sql("SELECT count(*) FROM history").first { $0.integer(0) } ?? 0
    }

    func enrolments() throws -> [EnrolmentRow] {
        var lookups: [[UInt8]] = []
        try sql("SELECT lookup FROM enrolment ORDER BY lookup").forEach { row in
            lookups.append(row.bytes(0))
            return true
        }
        return try lookups.compactMap { try enrolment(lookup: $0) }
    }

    func schemaTags() throws -> [SchemaTag] {
        var tags: [SchemaTag] = []
        try sql("SELECT tag FROM schema ORDER BY published_at").forEach { row in
            tags.append(SchemaTag(UInt64(bitPattern: row.integer(0))))
            return true
        }
        return tags
    }
}
