package import FieldgridModel
import GRDB

/// Why a node's database goes on under a new name (sync.md 9.5).
package enum Reincarnation: String, Hashable, Sendable, CaseIterable {
    /// The hub has other work under a number of ours: the folder was copied,
    /// or restored from a backup.
    case fork
    /// The stamp beside the database says that more was sent than is in it.
    case stamp
    /// The hub had to move a time that lay in the future.
    case clock
    /// The hub began a new epoch: what it sends must not be mistaken for an
    /// echo of what was sent before.
    case epoch
    /// Values that no log explains are sent as if by somebody else, because an
    /// author's own earlier work counts as seen by everything after it.
    case review
    /// The hub asks for acknowledged work that is no longer kept here.
    case lost
    /// The device was away for so long that everything is pulled anew; as with
    /// a new epoch, that is no echo of what was sent before.
    case rebase
    /// The hub speaks of a record that this database should have and has not:
    /// everything is pulled anew, and what turns out to differ is sealed for
    /// review.
    case incomplete
}

/// One life of this database.
struct IncarnationRow: Hashable {
    var id: IncarnationID
    /// The number in the outbox before its first changeset: its own sequence
    /// is that of the outbox less this.
    var base: Int64
    /// What it continues.
    var parent: ChangesetIdentity?
    /// Nil for the first.
    var cause: Reincarnation?
    var beganAt: Int64?
}

/// The lives of this database, oldest first.
///
/// Bases never fall from one to the next, so that each number of the outbox
/// belongs to exactly one: the last whose base is below it.
struct IncarnationLine {
    private(set) var rows: [IncarnationRow]

    /// - Precondition: there is at least one row.
    init(_ rows: [IncarnationRow]) { self.rows = rows }

    var current: IncarnationRow { rows[rows.count - 1] }

    private func owner(of number: Int64) -> Int? { rows.lastIndex { $0.base < number } }

    /// The name under which a number of the outbox travels.
    func identity(of number: Int64) -> ChangesetIdentity {
        let row = rows[owner(of: number) ?? rows.count - 1]
        return ChangesetIdentity(incarnation: row.id, seq: number - row.base)
    }

    /// The incarnation that a number belongs to, and the last number that
    /// may belong to it.
    func row(owning number: Int64) -> (row: IncarnationRow, through: Int64) {
        let place = owner(of: number) ?? rows.count - 1
        return (rows[place], place + 1 < rows.count ? rows[place + 1].base : .max)
    }

    /// The numbers that belong to an incarnation, as far as they may go; nil
    /// for one that is not, or no longer, ours.
    func numbers(of incarnation: IncarnationID) -> ClosedRange<Int64>? {
        guard let place = rows.lastIndex(where: { $0.id == incarnation }) else { return nil }
        let end = place + 1 < rows.count ? rows[place + 1].base : .max
        return rows[place].base < end ? rows[place].base + 1...end : nil
    }

    /// The number in the outbox; nil for what is not, or no longer, ours.
    func number(of identity: ChangesetIdentity) -> Int64? {
        guard let place = rows.lastIndex(where: { $0.id == identity.incarnation }) else {
            return nil
        }
        let (number, overflow) = rows[place].base.addingReportingOverflow(identity.seq)
        guard !overflow, owner(of: number) == place else { return nil }
        return number
    }

    func contains(_ incarnation: IncarnationID) -> Bool { rows.contains { $0.id == incarnation } }

    /// What an incarnation continues that takes over after a number of the outbox.
    func parent(after number: Int64) -> ChangesetIdentity? {
        guard let place = owner(of: number + 1) else { return nil }
        let seq = number - rows[place].base
        return seq > 0
            ? ChangesetIdentity(incarnation: rows[place].id, seq: seq) : rows[place].parent
    }

    /// Begins a life that continues what it is told, if anything.
    mutating func begin(
        _ id: IncarnationID, after number: Int64, of parent: ChangesetIdentity?, at now: Int64
    ) {
        rows.removeAll { $0.base >= number }
        rows.append(
            IncarnationRow(id: id, base: number, parent: parent, cause: .review, beganAt: now))
    }

    /// Begins a new life after a number; what was above it belongs to the new one.
    mutating func begin(
        _ id: IncarnationID, after number: Int64, cause: Reincarnation, at now: Int64
    ) {
        let parent = parent(after: number)
        rows.removeAll { $0.base >= number }
        rows.append(
            IncarnationRow(id: id, base: number, parent: parent, cause: cause, beganAt: now))
    }
}

extension IncarnationLine {
    static func read(_ db: Database) throws -> IncarnationLine {
        let query = try Query(
            db,
            """
            SELECT id, base, parent, parent_seq, cause, began_at FROM fg_incarnation
            ORDER BY ordinal
            """)
        var rows: [IncarnationRow] = []
        while try query.step() {
            guard let id = IncarnationID(query.text(0)) else { continue }
            let parent = query.textIfAny(2).flatMap { IncarnationID($0) }
            rows.append(
                IncarnationRow(
                    id: id, base: query.integer(1),
                    parent: parent.map {
                        ChangesetIdentity(incarnation: $0, seq: query.integer(3))
                    },
                    cause: query.textIfAny(4).flatMap { Reincarnation(rawValue: $0) },
                    beganAt: query.integerIfAny(5)))
        }
        guard !rows.isEmpty else {
            throw ReplicaError(
                .damaged, "the replica does not say which life of its database this is",
                hint: "Keep a copy of the folder and ask the hub's operator before going on")
        }
        return IncarnationLine(rows)
    }

    func write(_ db: Database) throws {
        try db.run("DELETE FROM fg_incarnation")
        for row in rows {
            try db.run(
                """
                INSERT INTO fg_incarnation(id, base, parent, parent_seq, cause, began_at)
                VALUES(?, ?, ?, ?, ?, ?)
                """, .text(row.id.description), .integer(row.base),
                row.parent.map { .text($0.incarnation.description) } ?? .null,
                row.parent.map { .integer($0.seq) } ?? .null,
                row.cause.map { .text($0.rawValue) } ?? .null,
                row.beganAt.map { .integer($0) } ?? .null)
        }
    }
}

/// That this database went on under a new name, and why.
package struct Rebirth: Hashable, Sendable {
    package var incarnation: IncarnationID
    package var cause: Reincarnation
    /// UTC milliseconds.
    package var at: Int64
}

extension Replica {
    /// Every time that the database went on under a new name, oldest first.
    package var rebirths: [Rebirth] {
        memory.state.line.rows.compactMap { row in
            row.cause.map { Rebirth(incarnation: row.id, cause: $0, at: row.beganAt ?? 0) }
        }
    }
}
