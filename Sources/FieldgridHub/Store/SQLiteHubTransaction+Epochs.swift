import FieldgridModel
import FieldgridSync
import GRDB

/// Lives of the database, and what its backups cover.
extension SQLiteHubTransaction {
    func epochs() throws -> [EpochRow] {
        var epochs: [EpochRow] = []
        try sql("SELECT id, began_at, cause, forks FROM epoch ORDER BY ordinal").forEach { row in
            var reader = ByteReader(row.bytes(3))
            var forks: [ScopeCode: Position] = [:]
            for _ in 0..<(try reader.count()) {
                let scope = ScopeCode(try reader.text())
                forks[scope] = Position(Int64(try reader.unsigned()))
            }
            epochs.append(
                EpochRow(
                    id: EpochID(try row.bits(0)), beganAt: row.integer(1),
                    cause: EpochRow.Cause(rawValue: row.text(2)) ?? .found, forks: forks))
            return true
        }
        return epochs
    }

    func append(_ epoch: EpochRow) throws {
        var writer = ByteWriter()
        writer.count(epoch.forks.count)
        for (scope, position) in epoch.forks.sorted(by: { $0.key < $1.key }) {
            writer.text(scope.text)
            writer.count(Int(position.value))
        }
        try sql("INSERT INTO epoch(id, began_at, cause, forks) VALUES(?1, ?2, ?3, ?4)")
            .bind(1, epoch.id.bits).bind(2, epoch.beganAt).bind(3, text: epoch.cause.rawValue)
            .bind(4, bytes: writer.bytes).run()
    }

    func covered(_ incarnation: IncarnationID) throws -> Int64 {
        try sql("SELECT covered FROM incarnation WHERE incarnation = ?1")
            .bind(1, incarnation.bits).first { $0.integer(0) } ?? 0
    }

    func noteBackup(verified: Bool) throws {
        let text =
            verified
            ? "UPDATE incarnation SET covered = noted WHERE covered <> noted"
            : "UPDATE incarnation SET noted = last_seq WHERE noted <> last_seq"
        try sql(text).run()
    }
}

/// Ranges of record numbers.
extension SQLiteHubTransaction {
    func outline(of range: CheckRange) throws -> RangeOutline {
        guard let (from, to) = try bounds(of: range) else {
            return RangeOutline(count: 0, latest: 0)
        }
        return try sql(
            "SELECT count(*), max(latest) FROM record WHERE rec >= ?1 AND rec < ?2"
        ).bind(1, from).bind(2, to).first {
            RangeOutline(count: $0.integer(0), latest: $0.integer(1))
        } ?? RangeOutline(count: 0, latest: 0)
    }

    func forEachRecord(in range: CheckRange, _ body: (RecordState) throws -> Bool) throws {
        guard let (from, to) = try bounds(of: range) else { return }
        try sql(
            "SELECT rec, id, type, body FROM record WHERE rec >= ?1 AND rec < ?2 ORDER BY rec"
        ).bind(1, from).bind(2, to).forEach { try body(try record($0)) }
    }

    private func bounds(of range: CheckRange) throws -> (Int64, Int64)? {
        guard let scope = try scopeID(range.scope) else { return nil }
        let end = range.to.value == 0 ? rec(scope + 1, RecordNumber(0)) : rec(scope, range.to)
        return (rec(scope, range.from), end)
    }
}
