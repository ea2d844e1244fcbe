import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridService
import FieldgridSync

/// Leaves, verdicts and alarms for people.
enum AuditText {
    static func sentence(_ entry: AuditEntry) -> String {
        switch entry.content {
        case .decision(let identity, _, .accepted(let scope, let position, let trail, let moved)):
            let rows = trail.runs.reduce(0) { $0 + $1.count }
            return "accepted \(name(identity)) at \(scope) \(position.value), "
                + Counted.text(rows, "row") + " of history" + (moved ? ", its time moved" : "")
        case .decision(let identity, _, .quarantined(let code, _)):
            return "set aside \(name(identity)): \(code.rawValue)"
        case .release(let release, _):
            return "accepted after all \(name(release.identity)) at \(release.scope) "
                + "\(release.position.value)"
        case .refusal(let refusal):
            return "refused \(name(refusal.first)) to \(refusal.last) from \(refusal.node): "
                + refusal.code
        case .act(let act): return sentence(act)
        }
    }

    private static func name(_ identity: ChangesetIdentity) -> String {
        "\(identity.incarnation)/\(identity.seq)"
    }

    private static func sentence(_ act: AuditAct) -> String {
        switch act {
        case .epochBegun(let cause): "an epoch began: \(cause)"
        case .schemaPublished(let digest):
            "published the schema \(digest.description.prefix(16))"
        case .codeIssued(_, let scope, let holder, let role, let expiresAt):
            "issued an enrolment code for \(holder) (\(role), \(scope)), good until "
                + ShownTime.text(Instants.text(expiresAt))
        case .deviceEnrolled(let node, let key, _): "enrolled \(node), key \(key.keyID)"
        case .deviceRevoked(let node): "revoked \(node)"
        case .campaignOpened(let period): "opened the refresh of \(period)"
        case .campaignClosed(let period): "closed the refresh of \(period)"
        case .backupNoted: "began a backup"
        case .backupVerified(let time):
            "verified the backup of \(ShownTime.text(Instants.text(time)))"
        }
    }

    /// What became of a head that a witness kept.
    static func verdict(_ judgement: AuditJudgement, of head: AuditHead) -> String {
        switch judgement {
        case .continues: "continues"
        case .unrelated: "cannot be compared"
        case .announcedBreak(let lost):
            "\(lost) of its \(head.size) leaves were lost when the hub was put back"
        case .alarm(let reason): sentence(reason)
        }
    }

    static func sentence(_ reason: AuditAlarm) -> String {
        switch reason {
        case .unsigned: "it is not signed with the hub's key"
        case .shorter: "the log has become shorter, and the hub does not say why"
        case .unannounced: "it is of another life of the hub's database, which did not begin since"
        case .rewritten: "leaves that were there before are not there any more, or are others"
        }
    }

    static func breakSentence(_ document: JSONValue) -> String {
        "The hub was put back from a backup: the last "
            + Counted.text(document["lost"].integer ?? 0, "entry", "entries")
            + " of its log of \(document["log"].text ?? "") are not in it any more. The earlier "
            + "head is kept."
    }

    /// One line of `node status`.
    static func summary(_ document: JSONValue) -> String {
        let alarms = document["alarms"].elements
        guard alarms.isEmpty else {
            let logs = alarms.compactMap { $0["log"].text }.joined(separator: ", ")
            return "ALARM (\(logs)): nothing is exchanged; see `fieldgrid node audit`"
        }
        guard let at = document["as_of"].text else { return "nothing known yet" }
        let logs = Counted.text(document["logs"].integer ?? 0, "log")
        return "\(logs), verified as of \(ShownTime.text(at))"
    }
}

/// The same as documents.
enum AuditDocuments {
    static func document(of lost: AuditBreak) -> JSONValue {
        .object(["log": .text(lost.log.description), "lost": .integer(lost.lost)])
    }

    static func summary(of replica: Replica) throws -> JSONValue {
        let heads = try replica.auditHeads()
        return .object([
            "logs": .integer(Int64(heads.count)),
            "as_of": .optional(heads.map(\.head.time).max().map(Instants.text)),
            "alarms": .array(try replica.alarms().map(document)),
        ])
    }

    static func document(of replica: Replica) throws -> ServiceReply {
        let alarms = try replica.alarms()
        let document = JSONValue.object([
            "heads": .array(try replica.auditHeads().map(HeadFile.document)),
            "left": .array(
                try replica.auditHeadsLeft().map { left in
                    .object([
                        "reason": .text(left.reason.rawValue), "at": .text(Instants.text(left.at)),
                        "head": HeadFile.document(left.signed),
                    ])
                }),
            "alarms": .array(alarms.map(document)),
            "hub_public_key": .optional(replica.hubKey?.base64),
        ])
        return ServiceReply(document, needsPerson: !alarms.isEmpty)
    }

    private static func document(_ alarm: StandingAlarm) -> JSONValue {
        .object([
            "log": .text(alarm.log.description), "reason": .text(alarm.reason.rawValue),
            "at": .text(Instants.text(alarm.at)),
            "kept": alarm.kept.map(HeadFile.document) ?? .null,
            "offered": HeadFile.document(alarm.offered),
        ])
    }

    static func document(of entry: AuditEntry, _ index: Int64, in log: AuditLog) -> JSONValue {
        .object([
            "log": .text(log.description), "leaf": .integer(index),
            "time": .text(Instants.text(entry.time)), "epoch": .text(entry.epoch.description),
            "text": .text(AuditText.sentence(entry)),
            "bytes": .text(Base64.encode(entry.bytes)),
        ])
    }
}
