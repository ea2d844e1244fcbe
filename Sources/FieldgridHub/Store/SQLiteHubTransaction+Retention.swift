import FieldgridModel
import GRDB

/// Where devices stand, and what is let go below the horizons.
extension SQLiteHubTransaction {
    /// `forwarding` keeps of a departure that was trimmed what its number stood
    /// for: changes sealed long ago still name the record by it.
    static let retentionTables = """
        CREATE TABLE standing(
            node BLOB NOT NULL, scope INTEGER NOT NULL, position INTEGER NOT NULL,
            context INTEGER NOT NULL, PRIMARY KEY(node, scope)) STRICT, WITHOUT ROWID;
        CREATE TABLE forwarding(
            scope INTEGER NOT NULL, number INTEGER NOT NULL, id BLOB NOT NULL,
            PRIMARY KEY(scope, number)) STRICT, WITHOUT ROWID;
        """

    func standings(of node: NodeID?) throws -> [NodeID: [ScopeCode: Standing]] {
        var standings: [NodeID: [ScopeCode: Standing]] = [:]
        let columns = "SELECT node, scope, position, context FROM standing"
        let rows = try node.map { try sql(columns + " WHERE node = ?1").bind(1, $0.bits) }
        try (rows ?? sql(columns)).forEach { row in
            let scope = try code(of: row.integer(1))
            standings[NodeID(try row.bits(0)), default: [:]][scope] = Standing(
                position: Position(row.integer(2)), context: Position(row.integer(3)))
            return true
        }
        return standings
    }

    func put(_ standings: [NodeID: [ScopeCode: Standing]]) throws {
        for (node, scopes) in standings.sorted(by: { $0.key < $1.key }) {
            for (scope, standing) in scopes.sorted(by: { $0.key < $1.key }) {
                guard let id = try scopeID(scope) else { continue }
                try sql("INSERT OR REPLACE INTO standing VALUES(?1, ?2, ?3, ?4)").bind(1, node.bits)
                    .bind(2, id).bind(3, standing.position.value)
                    .bind(4, standing.context.value).run()
            }
        }
    }

    func position(in scope: ScopeCode, acceptedBy time: Int64) throws -> Position? {
        guard let id = try scopeID(scope) else { return nil }
        return try sql(
            "SELECT max(position) FROM scope_time WHERE scope = ?1 AND accepted_at <= ?2"
        ).bind(1, id).bind(2, time).first { $0.optionalInteger(0).map { Position($0) } } ?? nil
    }

    // MARK: Trimming

    /// The moment of the horizon itself stays: it bounds what was seen there.
    private static let oldTimes = """
        FROM scope_time WHERE scope = ?1 AND position < (
            SELECT max(position) FROM scope_time WHERE scope = ?1 AND position <= ?2)
        """

    func trimmable(to horizons: [ScopeCode: Position]) throws -> TrimmedRows {
        var rows = TrimmedRows()
        for (scope, horizon) in horizons {
            guard let id = try scopeID(scope) else { continue }
            rows.departures += try count(
                "FROM departure WHERE scope = ?1 AND position <= ?2", id, horizon)
            rows.times += try count(Self.oldTimes, id, horizon)
        }
        return rows
    }

    private func count(_ rows: String, _ scope: Int64, _ horizon: Position) throws -> Int {
        let count = try sql("SELECT count(*) \(rows)").bind(1, scope).bind(2, horizon.value)
            .first { $0.integer(0) }
        return Int(count ?? 0)
    }

    func trim(to horizons: [ScopeCode: Position]) throws {
        let statements = [
            "UPDATE scope SET horizon = ?2 WHERE id = ?1",
            """
            INSERT OR IGNORE INTO forwarding(scope, number, id)
            SELECT scope, number, id FROM departure WHERE scope = ?1 AND position <= ?2
            """,
            "DELETE FROM departure WHERE scope = ?1 AND position <= ?2",
            "DELETE \(Self.oldTimes)",
        ]
        scopes.heads = nil
        for (scope, horizon) in horizons.sorted(by: { $0.key < $1.key }) {
            guard let id = try scopeID(scope) else { continue }
            for statement in statements {
                try sql(statement).bind(1, id).bind(2, horizon.value).run()
            }
        }
    }
}
