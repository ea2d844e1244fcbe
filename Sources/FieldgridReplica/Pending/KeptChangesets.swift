import FieldgridModel
import FieldgridSync
import GRDB

/// Acknowledged changesets that stay in the outbox, compressed, until a
/// verified backup of the hub has them (sync.md 9.18): a hub that was put back
/// from a copy is offered them again.
enum KeptChangesets {
    /// The room they may take: a part of the database, and never less than this.
    private static let bytesMin: Int64 = 256 << 10
    private static let share: Int64 = 33

    private static func isPacked(_ body: [UInt8]) -> Bool { body.starts(with: "FGX".utf8) }

    /// The canonical bytes of a body, however it is kept.
    static func plain(_ body: [UInt8]) throws -> [UInt8] {
        guard isPacked(body) else { return body }
        return try Frame.unwrap(body, kind: .keptChangeset)
    }

    /// Keeps what has reached a state, the newest first, as far as there is
    /// room; the rest, and what is older, goes.
    static func keep(from state: Int64, _ db: Database) throws {
        let room = try room(db)
        let query = try Query(
            db, "SELECT seq, body FROM fg_outbox WHERE state = ? ORDER BY seq DESC")
        query.bind(1, state)
        var bytes: Int64 = 0
        var done: [(Int64, [UInt8])] = []
        while bytes <= room, try query.step() {
            let body = query.blob(1)
            let packed =
                isPacked(body) ? body : Frame.wrap(body, kind: .keptChangeset)
            bytes += Int64(packed.count)
            done.append((query.integer(0), packed))
        }
        query.finish()
        for (seq, body) in done {
            let update = try Query(
                db,
                """
                UPDATE fg_outbox SET state = 4, scope = NULL, position = NULL, settles = NULL,
                body = ? WHERE seq = ?
                """)
            update.bind(1, body)
            update.bind(2, seq)
            try update.run()
        }
        try db.run("DELETE FROM fg_outbox WHERE state = ?", .integer(state))
        try trim(to: room, db)
    }

    private static func room(_ db: Database) throws -> Int64 {
        let pages = try db.integer("PRAGMA page_count") ?? 0
        let size = try db.integer("PRAGMA page_size") ?? 0
        return max(bytesMin, pages * size / share)
    }

    /// Lets the oldest go until the rest has room.
    private static func trim(to room: Int64, _ db: Database) throws {
        var bytes =
            try db.integer("SELECT sum(length(body)) FROM fg_outbox WHERE state = 4") ?? 0
        guard bytes > room else { return }
        let query = try Query(
            db, "SELECT seq, length(body) FROM fg_outbox WHERE state = 4 ORDER BY seq")
        var last: Int64 = 0
        while bytes > room, try query.step() {
            last = query.integer(0)
            bytes -= query.integer(1)
        }
        query.finish()
        try db.run("DELETE FROM fg_outbox WHERE state = 4 AND seq <= ?", .integer(last))
    }

    /// The number of the oldest one.
    static func first(_ db: Database) throws -> Int64? {
        try db.integer("SELECT min(seq) FROM fg_outbox WHERE state = 4")
    }

    /// Lets go of what a verified backup has: one incarnation's changesets up to this one.
    static func release(
        through covered: ChangesetIdentity?, _ line: IncarnationLine, _ db: Database
    ) throws {
        guard let covered, let numbers = line.numbers(of: covered.incarnation) else { return }
        let (last, overflow) = numbers.lowerBound.addingReportingOverflow(covered.seq - 1)
        guard !overflow else { return }
        try db.run(
            "DELETE FROM fg_outbox WHERE state = 4 AND seq BETWEEN ? AND ?",
            .integer(numbers.lowerBound), .integer(min(last, numbers.upperBound)))
    }
}
