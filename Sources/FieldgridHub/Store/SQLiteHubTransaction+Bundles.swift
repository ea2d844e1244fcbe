import FieldgridModel
import FieldgridSync
import GRDB

extension SQLiteHubTransaction {
    static let bundleTables = """
        CREATE TABLE parked(
            incarnation BLOB NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
            node BLOB NOT NULL, since INTEGER NOT NULL, frame BLOB NOT NULL,
            PRIMARY KEY(incarnation, first, last)) STRICT, WITHOUT ROWID;
        CREATE TABLE statement(
            node BLOB PRIMARY KEY, origins BLOB NOT NULL, frame BLOB NOT NULL)
            STRICT, WITHOUT ROWID;
        CREATE TABLE attachment_name(
            name TEXT NOT NULL, record BLOB NOT NULL, PRIMARY KEY(name, record))
            STRICT, WITHOUT ROWID;
        """

    // MARK: Attachments

    func records(naming attachment: String) throws -> [RecordID] {
        var ids: [RecordID] = []
        try sql("SELECT record FROM attachment_name WHERE name = ?1").bind(1, text: attachment)
            .forEach { row in
                ids.append(RecordID(try row.bits(0)))
                return true
            }
        return ids
    }

    func name(_ attachments: [(name: String, record: RecordID)]) throws {
        for (name, record) in attachments {
            try sql("INSERT OR IGNORE INTO attachment_name VALUES(?1, ?2)").bind(1, text: name)
                .bind(2, record.bits).run()
        }
    }

    // MARK: Parked sections

    func parked(of incarnation: IncarnationID) throws -> [ParkedSection] {
        try parked("WHERE incarnation = ?1 ORDER BY first, last", incarnation.bits)
    }

    func parked(from node: NodeID) throws -> [ParkedSection] {
        try parked("WHERE node = ?1 ORDER BY incarnation, first, last", node.bits)
    }

    private func parked(_ condition: String, _ key: UUIDBits) throws -> [ParkedSection] {
        var sections: [ParkedSection] = []
        try sql("SELECT incarnation, first, last, node, since, frame FROM parked \(condition)")
            .bind(1, key).forEach { row in
                sections.append(
                    ParkedSection(
                        node: NodeID(try row.bits(3)), incarnation: IncarnationID(try row.bits(0)),
                        first: row.integer(1), last: row.integer(2), since: row.integer(4),
                        frame: row.bytes(5)))
                return true
            }
        return sections
    }

    func put(_ section: ParkedSection) throws {
        try sql("INSERT OR IGNORE INTO parked VALUES(?1, ?2, ?3, ?4, ?5, ?6)")
            .bind(1, section.incarnation.bits).bind(2, section.first).bind(3, section.last)
            .bind(4, section.node.bits).bind(5, section.since).bind(6, bytes: section.frame).run()
    }

    func remove(_ section: ParkedSection) throws {
        try sql("DELETE FROM parked WHERE incarnation = ?1 AND first = ?2 AND last = ?3")
            .bind(1, section.incarnation.bits).bind(2, section.first).bind(3, section.last).run()
    }

    // MARK: Statements

    func statement(of node: NodeID) throws -> NodeStatement? {
        try sql("SELECT origins, frame FROM statement WHERE node = ?1").bind(1, node.bits)
            .first { row in
                var reader = ByteReader(row.bytes(0))
                var origins: [ChangesetIdentity] = []
                for _ in 0..<(try reader.count(ofSize: 17)) {
                    let incarnation = IncarnationID(try reader.bits())
                    let seq = Int64(try reader.index(below: 1 << 53, "sequence"))
                    origins.append(ChangesetIdentity(incarnation: incarnation, seq: seq))
                }
                var files: [String] = []
                for _ in 0..<(try reader.count(ofSize: 32)) {
                    files.append(RangedFile.name(of: Array(try reader.raw(32))))
                }
                return NodeStatement(
                    node: node, origins: origins, frame: row.bytes(1), files: files)
            }
    }

    func put(_ statement: NodeStatement) throws {
        var writer = ByteWriter()
        writer.count(statement.origins.count)
        for origin in statement.origins {
            writer.bits(origin.incarnation.bits)
            writer.count(Int(origin.seq))
        }
        writer.count(statement.files.count)
        for name in statement.files { writer.raw(RangedFile.digest(of: name)) }
        try sql("INSERT OR REPLACE INTO statement VALUES(?1, ?2, ?3)").bind(1, statement.node.bits)
            .bind(2, bytes: writer.bytes).bind(3, bytes: statement.frame).run()
    }

    func incarnations(of node: NodeID) throws -> [IncarnationID] {
        var incarnations: [IncarnationID] = []
        try sql("SELECT incarnation FROM incarnation WHERE node = ?1 ORDER BY id")
            .bind(1, node.bits).forEach { row in
                incarnations.append(IncarnationID(try row.bits(0)))
                return true
            }
        return incarnations
    }
}
