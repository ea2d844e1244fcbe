import FieldgridModel
package import FieldgridSync
import GRDB

extension ReplyApplication {
    /// Compares the heads that a reply brings with those that are kept.
    ///
    /// - Returns: false when the hub contradicts itself; then the evidence is
    ///   kept, and nothing else of the reply may be.
    mutating func judgeHeads(at now: Int64) throws -> Bool {
        guard let hubKey = memory.hubKey, !reply.audit.isEmpty else { return true }
        let kept = try KeptHeads.all(db)
        var accepted: [SignedHead] = []
        for offered in reply.audit {
            let log = offered.signed.head.log
            guard isSeen(log) else { continue }
            switch judgement(of: offered, kept: kept[log], hubKey) {
            case .unrelated:
                // The hub had not heard of the head that is kept: it is told with the next request.
                if offered.from == 0 { asksForHeads = true }
            case .continues: accepted.append(offered.signed)
            case .announcedBreak(let lost):
                accepted.append(offered.signed)
                result.breaks.append(AuditBreak(log: log, lost: lost))
            case .alarm(let reason):
                result.alarms.append(
                    StandingAlarm(
                        log: log, reason: reason, kept: kept[log], offered: offered.signed,
                        at: now))
            }
        }
        guard result.alarms.isEmpty else {
            result.breaks = []
            for alarm in result.alarms { try KeptHeads.put(alarm, db) }
            return false
        }
        for lost in result.breaks {
            if let old = kept[lost.log] { try KeptHeads.leave(old, .announced, at: now, db) }
        }
        for signed in accepted { try KeptHeads.put(signed, db) }
        return true
    }

    private func judgement(
        of offered: ProvedHead, kept: SignedHead?, _ hubKey: DevicePublicKey
    ) -> AuditJudgement {
        let judgement = AuditJudgement.of(offered, kept: kept, hub: hubKey)
        switch judgement {
        case .continues, .announcedBreak:
            // A head is of the epoch that the reply is of.
            let isOfReply = offered.signed.head.lives.last?.epoch == reply.epoch
            return isOfReply ? judgement : .alarm(.unannounced)
        case .unrelated, .alarm: return judgement
        }
    }

    private func isSeen(_ log: AuditLog) -> Bool {
        switch log {
        case .administration: true
        case .scope(let scope): reply.positions[scope] != nil
        }
    }
}

extension Replica {
    /// Whose signature the heads of audit logs must have; without it, the
    /// node asks for none and believes none.
    package var hubKey: DevicePublicKey? {
        get { memory.hubKey }
        set { memory.hubKey = newValue }
    }

    /// What the node says of the heads that it keeps; nil without the hub's
    /// key.
    func auditQuestion(_ db: Database) throws -> AuditQuestion? {
        guard memory.hubKey != nil else { return nil }
        let scopes = memory.state.positions.keys
        let heads = try KeptHeads.all(db).values.map(\.head).filter { head in
            switch head.log {
            case .administration: true
            case .scope(let scope): scopes.contains(scope)
            }
        }
        let isOfEpoch = heads.allSatisfy { $0.lives.last?.epoch == memory.state.epoch }
        let digest = AuditDigest(of: heads.map { ($0.log, $0.size, $0.root) })
        return AuditQuestion(
            digest: isOfEpoch && !heads.isEmpty ? digest : .none,
            sizes: Dictionary(heads.map { ($0.log, $0.size) }) { first, _ in first })
    }

    /// The last signed head of each log that the hub showed and proved.
    package func auditHeads() throws -> [SignedHead] {
        try read { db in try KeptHeads.all(db).values.sorted { $0.head.log < $1.head.log } }
    }

    /// Heads that a break or an alarm left behind, oldest first.
    package func auditHeadsLeft() throws -> [HeadLeft] { try read { try KeptHeads.left($0) } }

    /// While there is one, nothing that comes from the hub is applied.
    package func alarms() throws -> [StandingAlarm] { try read { try KeptHeads.alarms($0) } }

    /// Takes the hub's present record for true from here on; both heads of
    /// each alarm stay as evidence.
    package func acceptAudit() throws {
        let now = world.clock.milliseconds
        try transact { db, _ in
            for alarm in try KeptHeads.alarms(db) {
                if let kept = alarm.kept { try KeptHeads.leave(kept, .alarmKept, at: now, db) }
                try KeptHeads.leave(alarm.offered, .alarmOffered, at: now, db)
                try db.run("DELETE FROM fg_head WHERE log = ?", .text(alarm.log.text))
            }
            try db.run("DELETE FROM fg_alarm")
        }
    }
}
