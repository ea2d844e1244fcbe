import FieldgridModel
package import FieldgridSync
import GRDB

/// What the hub showed of one of its audit logs, and cannot have been.
package struct StandingAlarm: Hashable, Sendable {
    package var log: AuditLog
    package var reason: AuditAlarm
    /// Nil where the first head that came was wrong already.
    package var kept: SignedHead?
    package var offered: SignedHead
    /// UTC milliseconds, by this node's clock.
    package var at: Int64
}

/// A log that lost leaves when the hub was put back from a backup.
package struct AuditBreak: Hashable, Sendable {
    package var log: AuditLog
    package var lost: Int64

    package init(log: AuditLog, lost: Int64) {
        self.log = log
        self.lost = lost
    }
}

/// A head that is kept beside the present one, as evidence.
package struct HeadLeft: Hashable, Sendable {
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The hub said that it was put back from a backup.
        case announced
        /// It was kept here when the hub showed something else.
        case alarmKept = "alarm-kept"
        /// It is what the hub showed then.
        case alarmOffered = "alarm-offered"
    }

    package var signed: SignedHead
    package var reason: Reason
    package var at: Int64
}

/// The signed heads in a node's file.
enum KeptHeads {
    static let tables = [
        """
        CREATE TABLE IF NOT EXISTS fg_head(log TEXT PRIMARY KEY, head BLOB NOT NULL)
        STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE IF NOT EXISTS fg_head_left(
            ordinal INTEGER PRIMARY KEY, log TEXT NOT NULL, head BLOB NOT NULL,
            reason TEXT NOT NULL, at INTEGER NOT NULL) STRICT
        """,
        """
        CREATE TABLE IF NOT EXISTS fg_alarm(
            log TEXT PRIMARY KEY, reason TEXT NOT NULL, kept BLOB, offered BLOB NOT NULL,
            at INTEGER NOT NULL) STRICT, WITHOUT ROWID
        """,
    ]

    private static func read(_ bytes: [UInt8]) throws -> SignedHead {
        do throws(WireError) {
            return try SignedHead(bytes: bytes)
        } catch {
            throw ReplicaError(
                .damaged, "a head of the hub's audit logs is not readable in this replica",
                hint: "Keep a copy of the folder and ask the hub's operator before going on")
        }
    }

    static func all(_ db: Database) throws -> [AuditLog: SignedHead] {
        let query = try Query(db, "SELECT head FROM fg_head")
        var heads: [AuditLog: SignedHead] = [:]
        while try query.step() {
            let signed = try read(query.blob(0))
            heads[signed.head.log] = signed
        }
        return heads
    }

    static func put(_ signed: SignedHead, _ db: Database) throws {
        let query = try Query(db, "INSERT OR REPLACE INTO fg_head(log, head) VALUES(?, ?)")
        query.bind(1, signed.head.log.text)
        query.bind(2, signed.bytes)
        try query.run()
    }

    static func leave(
        _ signed: SignedHead, _ reason: HeadLeft.Reason, at now: Int64, _ db: Database
    ) throws {
        let query = try Query(
            db, "INSERT INTO fg_head_left(log, head, reason, at) VALUES(?, ?, ?, ?)")
        query.bind(1, signed.head.log.text)
        query.bind(2, signed.bytes)
        query.bind(3, reason.rawValue)
        query.bind(4, now)
        try query.run()
    }

    static func left(_ db: Database) throws -> [HeadLeft] {
        let query = try Query(db, "SELECT head, reason, at FROM fg_head_left ORDER BY ordinal")
        var left: [HeadLeft] = []
        while try query.step() {
            left.append(
                HeadLeft(
                    signed: try read(query.blob(0)),
                    reason: HeadLeft.Reason(rawValue: query.text(1)) ?? .alarmKept,
                    at: query.integer(2)))
        }
        return left
    }

    static func put(_ alarm: StandingAlarm, _ db: Database) throws {
        let query = try Query(
            db,
            """
            INSERT OR REPLACE INTO fg_alarm(log, reason, kept, offered, at)
            VALUES(?1, ?2, nullif(?3, x''), ?4, ?5)
            """)
        query.bind(1, alarm.log.text)
        query.bind(2, alarm.reason.rawValue)
        query.bind(3, alarm.kept?.bytes ?? [])
        query.bind(4, alarm.offered.bytes)
        query.bind(5, alarm.at)
        try query.run()
    }

    static func alarms(_ db: Database) throws -> [StandingAlarm] {
        let query = try Query(
            db, "SELECT reason, kept, offered, at FROM fg_alarm ORDER BY log")
        var alarms: [StandingAlarm] = []
        while try query.step() {
            let offered = try read(query.blob(2))
            alarms.append(
                StandingAlarm(
                    log: offered.head.log,
                    reason: AuditAlarm(rawValue: query.text(0)) ?? .rewritten,
                    kept: query.isNull(1) ? nil : try read(query.blob(1)),
                    offered: offered, at: query.integer(3)))
        }
        return alarms
    }
}
