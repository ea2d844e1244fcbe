package import FieldgridModel
import GRDB

/// How much waits, and for whom.
package struct ReplicaCounts: Hashable, Sendable {
    /// Changesets that the hub has not acknowledged.
    package var outbox = 0
    /// Changesets that the hub set aside.
    package var quarantined = 0
    /// Conflicts that wait for a person, without those that own unanswered
    /// changes settle.
    package var conflictsOpen = 0

    package init() {}
}

/// A changeset that the hub set aside.
package struct QuarantinedChangeset: Hashable, Sendable {
    package var changeset: Changeset
    package var code: QuarantineCode?
    package var message: String
}

extension Replica {
    package func counts() throws -> ReplicaCounts {
        var counts = ReplicaCounts()
        try read { db in
            counts.outbox = try Outbox.count(.waiting, db)
            counts.quarantined = try Outbox.count(.quarantined, db)
        }
        let settled = try settledLocally()
        let names = SystemTypes.Conflict.self
        guard let type = memory.schema.type(named: names.name),
            let state = type.field(named: names.state)
        else { return counts }
        for word in ConflictState.allCases where word.waitsForPerson {
            let condition = FieldCondition(field: state.number, value: .text(word.rawValue))
            try forEachRecord(of: type, where: [condition]) { conflict in
                if !settled.contains(conflict.id) { counts.conflictsOpen += 1 }
                return true
            }
        }
        return counts
    }

    /// The conflicts that own changes settle which the hub has not answered
    /// yet: they still show as open in their table.
    package func settledLocally() throws -> Set<RecordID> {
        try read { db in
            let query = try Query(
                db,
                """
                SELECT settles FROM fg_outbox WHERE settles IS NOT NULL AND state <> 2
                ORDER BY seq
                """)
            var settled: Set<RecordID> = []
            while try query.step() {
                for word in query.text(0).split(separator: " ") {
                    if let id = RecordID(String(word)) {
                        settled.insert(id)
                    } else if let id = RecordID(String(word.dropFirst())) {
                        settled.remove(id)
                    }
                }
            }
            return settled
        }
    }

    /// What the hub set aside, oldest first.
    package func quarantined() throws -> [QuarantinedChangeset] {
        try read { db in
            let query = try Query(
                db, "SELECT body, code, message FROM fg_outbox WHERE state = 2 ORDER BY seq")
            var found: [QuarantinedChangeset] = []
            while try query.step() {
                found.append(
                    QuarantinedChangeset(
                        changeset: try CanonicalDecoder.changeset(
                            from: KeptChangesets.plain(query.blob(0))
                        ).changeset,
                        code: query.textIfAny(1).flatMap { QuarantineCode(rawValue: $0) },
                        message: query.text(2)))
            }
            return found
        }
    }

    /// What waits here of a record, oldest first.
    ///
    /// The hub has the rest.
    package func history(_ id: RecordID) throws -> [HistoryEntry] {
        try read { db in
            let entries = try PendingEntry.all(of: id, db).compactMap {
                try Outbox.entry($0.seq, db)
            }
            return entries.flatMap { entry in
                entry.changeset.changes.filter { $0.record == id }.map { change in
                    var line = HistoryEntry(
                        unit: change.unit, value: change.value,
                        identity: entry.changeset.identity, author: entry.changeset.author,
                        node: identity.node, source: entry.changeset.source,
                        savedAt: entry.changeset.time.milliseconds, accepted: entry.position,
                        note: change.settles?.note ?? entry.message)
                    line.quarantine = entry.code
                    return line
                }
            }
        }
    }
}
