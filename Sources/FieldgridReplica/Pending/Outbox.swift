import FieldgridModel
import GRDB

/// What became of a sealed changeset so far.
enum OutboxState: Int64 {
    /// Not acknowledged by the hub.
    case waiting = 0
    /// Accepted; its own values show until the pull that follows.
    case accepted = 1
    /// Refused for now; its own values keep showing.
    case quarantined = 2
    /// Answered and done with; still here in case the hub loses it.
    case kept = 4
}

/// A changeset in the outbox.
struct OutboxEntry {
    var changeset: Changeset
    var previous: ContentDigest
    var state: OutboxState
    var code: QuarantineCode?
    var message: String?
    var position: Position?
}

enum Outbox {
    /// Stands before the id of a conflict whose decision is taken back.
    static let undoMark = "-"

    /// Puts a changeset in the outbox, under its number there.
    static func insert(
        _ number: Int64, _ changeset: Changeset, digest: ContentDigest, body: [UInt8],
        _ db: Database
    ) throws {
        let settled = changeset.changes.compactMap { change in
            change.settles.map { ($0.isUndo ? undoMark : "") + $0.conflict.description }
        }
        let query = try Query(
            db, "INSERT INTO fg_outbox(seq, state, settles, digest, body) VALUES(?, 0, ?, ?, ?)")
        query.bind(1, number)
        query.bind(2, settled.isEmpty ? nil : settled.joined(separator: " "))
        query.bind(3, digest.bytes)
        query.bind(4, body)
        try query.run()
    }

    /// Puts a changeset under another name in the place of the one that was
    /// sealed; it waits again.
    static func replace(
        _ seq: Int64, digest: ContentDigest, body: [UInt8], _ db: Database
    ) throws {
        let query = try Query(
            db,
            """
            UPDATE fg_outbox SET state = 0, scope = NULL, position = NULL, code = NULL,
            message = NULL, digest = ?, body = ? WHERE seq = ?
            """)
        query.bind(1, digest.bytes)
        query.bind(2, body)
        query.bind(3, seq)
        try query.run()
    }

    /// The oldest changeset that the hub has not answered.
    static func firstWaiting(_ db: Database) throws -> Int64? {
        try db.integer(
            "SELECT min(seq) FROM fg_outbox WHERE state = \(OutboxState.waiting.rawValue)")
    }

    /// The digest of a changeset that is still here.
    static func digest(_ seq: Int64, _ db: Database) throws -> ContentDigest? {
        let query = try Query(db, "SELECT digest FROM fg_outbox WHERE seq = ?")
        query.bind(1, seq)
        defer { query.finish() }
        return try query.step() ? ContentDigest(query.blob(0)) : nil
    }

    /// The first number that is still here, from one on.
    static func firstKept(from seq: Int64, _ db: Database) throws -> Int64? {
        let query = try Query(db, "SELECT min(seq) FROM fg_outbox WHERE seq >= ?")
        query.bind(1, seq)
        defer { query.finish() }
        return try query.step() ? query.integerIfAny(0) : nil
    }

    static func entry(_ seq: Int64, _ db: Database) throws -> OutboxEntry? {
        let query = try Query(
            db, "SELECT body, state, code, message, position FROM fg_outbox WHERE seq = ?")
        query.bind(1, seq)
        defer { query.finish() }
        guard try query.step(), let state = OutboxState(rawValue: query.integer(1)) else {
            return nil
        }
        let body = try KeptChangesets.plain(query.blob(0))
        let (changeset, previous) = try CanonicalDecoder.changeset(from: body)
        return OutboxEntry(
            changeset: changeset, previous: previous, state: state,
            code: query.textIfAny(2).flatMap { QuarantineCode(rawValue: $0) },
            message: query.textIfAny(3), position: query.integerIfAny(4).map { Position($0) })
    }

    /// What the hub set aside, up to a number, with what it changes.
    static func refused(
        through seq: Int64, _ db: Database
    ) throws -> [(seq: Int64, changes: [Change])] {
        let query = try Query(
            db, "SELECT seq, body FROM fg_outbox WHERE state = 2 AND seq <= ? ORDER BY seq")
        query.bind(1, seq)
        var found: [(seq: Int64, changes: [Change])] = []
        while try query.step() {
            let body = try KeptChangesets.plain(query.blob(1))
            let changeset = try CanonicalDecoder.changeset(from: body).changeset
            found.append((query.integer(0), changeset.changes))
        }
        return found
    }

    static func state(_ seq: Int64, _ db: Database) throws -> OutboxState? {
        let query = try Query(db, "SELECT state FROM fg_outbox WHERE seq = ?")
        query.bind(1, seq)
        defer { query.finish() }
        return try query.step() ? OutboxState(rawValue: query.integer(0)) : nil
    }

    static func count(_ state: OutboxState, _ db: Database) throws -> Int {
        let query = try Query(db, "SELECT count(*) FROM fg_outbox WHERE state = ?")
        query.bind(1, state.rawValue)
        defer { query.finish() }
        return try query.step() ? Int(query.integer(0)) : 0
    }
}
