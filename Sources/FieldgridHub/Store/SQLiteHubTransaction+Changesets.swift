import FieldgridModel
import FieldgridSync
import GRDB

extension SQLiteHubTransaction {
    // MARK: Incarnations and answers

    private func incarnationID(_ id: IncarnationID) throws -> Int64? {
        try sql("SELECT id FROM incarnation WHERE incarnation = ?1").bind(1, id.bits)
            .first { $0.integer(0) }
    }

    func incarnation(_ id: IncarnationID) throws -> IncarnationHead? {
        try sql(
            """
            SELECT node, last_seq, digest, parent, parent_seq FROM incarnation
            WHERE incarnation = ?1
            """
        ).bind(1, id.bits).first { row in
            let parent = row.isNull(3) ? nil : IncarnationID(try row.bits(3))
            return IncarnationHead(
                node: NodeID(try row.bits(0)), lastSeq: row.integer(1),
                digest: try digest(row.bytes(2)),
                parent: parent.map { ChangesetIdentity(incarnation: $0, seq: row.integer(4)) })
        }
    }

    private func digest(_ bytes: [UInt8]) throws -> ContentDigest {
        guard let digest = ContentDigest(bytes) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a digest is not 32 bytes")
        }
        return digest
    }

    func put(_ heads: [IncarnationID: IncarnationHead]) throws {
        let upsert = try sql(
            """
            INSERT INTO incarnation(incarnation, node, last_seq, digest, parent, parent_seq)
            VALUES(?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT(incarnation) DO UPDATE SET
                last_seq = excluded.last_seq, digest = excluded.digest
            """)
        for (id, head) in heads.sorted(by: { $0.key < $1.key }) {
            upsert.bind(1, id.bits).bind(2, head.node.bits).bind(3, head.lastSeq)
                .bind(4, bytes: head.digest.bytes).bind(6, head.parent?.seq)
            if let parent = head.parent {
                upsert.bind(5, parent.incarnation.bits)
            } else {
                upsert.bind(5, text: nil)
            }
            try upsert.run()
        }
    }

    func answers(_ id: IncarnationID, _ range: ClosedRange<Int64>) throws -> [StoredAnswer] {
        guard let incarnation = try incarnationID(id) else { return [] }
        var answers: [StoredAnswer] = []
        try sql(
            """
            SELECT answer.seq, answer.digest, scope.code, answer.position, answer.code, message,
            moved FROM answer LEFT JOIN scope ON scope.id = answer.scope
            WHERE incarnation = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq
            """
        ).bind(1, incarnation).bind(2, range.lowerBound).bind(3, range.upperBound).forEach { row in
            let outcome: Receipt.Outcome
            if let code = QuarantineCode(rawValue: row.text(4)) {
                outcome = .quarantined(code, message: row.text(5))
            } else {
                outcome = .accepted(ScopeCode(row.text(2)), Position(row.integer(3)))
            }
            let digest = try digest(row.bytes(1))
            answers.append(
                StoredAnswer(
                    seq: row.integer(0), digest: digest, outcome: outcome,
                    isTimeMoved: row.integer(6) == 1))
            return true
        }
        return answers
    }

    func append(_ answers: [(IncarnationID, StoredAnswer)]) throws {
        let insert = try sql(
            "INSERT INTO answer VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL, NULL)")
        var known: [IncarnationID: Int64] = [:]
        for (id, answer) in answers {
            let incarnation = try known[id] ?? incarnationID(id)
            guard let incarnation else {
                throw DatabaseError(message: "an answer for an incarnation that is not stored")
            }
            known[id] = incarnation
            insert.bind(1, incarnation).bind(2, answer.seq).bind(3, bytes: answer.digest.bytes)
                .bind(8, answer.isTimeMoved ? 1 : 0)
            switch answer.outcome {
            case .accepted(let scope, let position):
                insert.bind(4, try scopeID(scope)).bind(5, Optional(position.value))
                    .bind(6, text: nil).bind(7, text: nil)
            case .quarantined(let code, let message):
                insert.bind(4, Int64?.none).bind(5, Int64?.none).bind(6, text: code.rawValue)
                    .bind(7, text: message)
            }
            try insert.run()
        }
    }

    func release(_ releases: [Release]) throws {
        let update = try sql(
            """
            UPDATE answer SET released_scope = ?3, released_position = ?4
            WHERE incarnation = ?1 AND seq = ?2 AND code IS NOT NULL
            """)
        for release in releases {
            guard let incarnation = try incarnationID(release.identity.incarnation) else {
                continue
            }
            try update.bind(1, incarnation).bind(2, release.identity.seq)
                .bind(3, try scopeID(release.scope)).bind(4, release.position.value).run()
        }
    }

    func releases(of identities: [ChangesetIdentity]) throws -> [Release] {
        let select = try sql(
            """
            SELECT scope.code, released_position FROM answer
            JOIN scope ON scope.id = answer.released_scope WHERE incarnation = ?1 AND seq = ?2
            """)
        return try identities.compactMap { identity in
            guard let incarnation = try incarnationID(identity.incarnation) else { return nil }
            return try select.bind(1, incarnation).bind(2, identity.seq).first { row in
                Release(identity, ScopeCode(row.text(0)), Position(row.integer(1)))
            }
        }
    }

    // MARK: History

    /// Every row of history names the one before it of its record, and a
    /// record the last: an index by record would touch a page for each change.
    func append(_ row: HistoryRow, after previous: Int64) throws -> HistoryPlace {
        let body = HistoryCodec.encode(row)
        try sql("INSERT INTO history(previous, body) VALUES(?1, ?2)").bind(1, previous)
            .bind(2, bytes: body).run()
        return HistoryPlace(entry: db.lastInsertedRowID, body: body)
    }

    func history(of id: RecordID) throws -> [HistoryRow] {
        var entry = try sql("SELECT history FROM record WHERE id = ?1").bind(1, id.bits)
            .first { $0.integer(0) }
        let select = try sql("SELECT previous, body FROM history WHERE entry = ?1")
        var rows: [HistoryRow] = []
        while let place = entry, place > 0 {
            let row = try select.bind(1, place).first {
                (previous: $0.integer(0), row: try HistoryCodec.decode($0.bytes(1)))
            }
            // A row that is gone, or points forward, was tampered with: the audit says so.
            guard let row, row.previous < place else { break }
            if row.row.record == id { rows.append(row.row) }
            entry = row.previous
        }
        return rows.reversed()
    }

    // MARK: Quarantine

    func put(_ waiting: [WaitingChangeset]) throws {
        for entry in waiting {
            let identity = entry.changeset.identity
            let body = CanonicalEncoder.bytes(of: entry.changeset, after: .start)
            try sql("INSERT OR REPLACE INTO waiting VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)")
                .bind(1, identity.incarnation.bits).bind(2, identity.seq).bind(3, entry.node.bits)
                .bind(4, text: entry.code.rawValue).bind(5, text: entry.message)
                .bind(6, entry.since).bind(7, bytes: body).run()
            for record in Set(entry.changeset.changes.map(\.record)).sorted() {
                try sql("INSERT OR IGNORE INTO waiting_record VALUES(?1, ?2, ?3)")
                    .bind(1, record.bits).bind(2, identity.incarnation.bits)
                    .bind(3, identity.seq).run()
            }
        }
    }

    func remove(_ waiting: [ChangesetIdentity]) throws {
        for table in ["waiting", "waiting_record"] {
            let delete = try sql("DELETE FROM \(table) WHERE incarnation = ?1 AND seq = ?2")
            for identity in waiting {
                try delete.bind(1, identity.incarnation.bits).bind(2, identity.seq).run()
            }
        }
    }

    func waiting(
        for ids: [RecordID], of incarnation: IncarnationID?
    ) throws -> [WaitingChangeset] {
        var identities: Set<ChangesetIdentity> = []
        for id in ids {
            try sql("SELECT incarnation, seq FROM waiting_record WHERE record = ?1")
                .bind(1, id.bits).forEach { row in
                    let found = IncarnationID(try row.bits(0))
                    if incarnation == nil || found == incarnation {
                        identities.insert(
                            ChangesetIdentity(incarnation: found, seq: row.integer(1)))
                    }
                    return true
                }
        }
        return try identities.sorted().compactMap { identity in
            try sql(
                """
                SELECT body, node, code, message, since FROM waiting
                WHERE incarnation = ?1 AND seq = ?2
                """
            ).bind(1, identity.incarnation.bits).bind(2, identity.seq).first(waitingChangeset)
        }
    }

    func waiting() throws -> [WaitingChangeset] {
        var entries: [WaitingChangeset] = []
        try sql(
            "SELECT body, node, code, message, since FROM waiting ORDER BY incarnation, seq"
        ).forEach { row in
            entries.append(try waitingChangeset(row))
            return true
        }
        return entries
    }

    private func waitingChangeset(_ row: SQLRow) throws -> WaitingChangeset {
        WaitingChangeset(
            changeset: try CanonicalDecoder.changeset(from: row.bytes(0)).changeset,
            node: NodeID(try row.bits(1)),
            code: QuarantineCode(rawValue: row.text(2)) ?? .rule, message: row.text(3),
            since: row.integer(4))
    }

    func waitingCount() throws -> Int {
        Int(try sql("SELECT count(*) FROM waiting").first { $0.integer(0) } ?? 0)
    }
}
