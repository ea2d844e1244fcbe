import FieldgridModel
import FieldgridNode
import FieldgridReplica
import FieldgridSchema
import FieldgridService
import FieldgridSync

/// Answers for a node whose folder this process owns.
final class NodeDesk: Desk {
    private let session: NodeSession
    private let lock: FolderLock
    private var replica: Replica { session.replica }

    convenience init(folder path: String, lock: FolderLock) throws {
        var sources = NodeSources.system
        sources.transport = { hub, limits in
            // Another command that waits for the folder does not wait for news as well.
            YieldingTransport(CurlTransport(hub: hub, limits: limits)) { lock.isWanted }
        }
        self.init(try NodeSession(NodeFolder(path), sources: sources), lock: lock)
        tellOpening()
    }

    /// The lock is held for the session's folder, and released with it.
    init(_ session: NodeSession, lock: FolderLock) {
        self.session = session
        self.lock = lock
    }

    deinit {
        try? session.close()
        lock.release()
    }

    private func tellOpening() {
        let report = replica.openingReport
        if report.foreignEditsSealed > 0 {
            Console.complain(
                "note: \(report.foreignEditsSealed) edits by another program were taken over")
        }
        for sentence in report.schemaSentences {
            Console.complain("note: the hub's newer schema can be read now: \(sentence)")
        }
        for refusal in report.foreignEditsRefused {
            Console.complain(
                "note: an edit by another program of \(refusal.record) cannot be sent: "
                    + refusal.error.message)
        }
    }

    func answer(_ request: ServiceRequest) throws -> ServiceReply {
        switch request {
        case .node(.status): return try status()
        case .node(.sync(let budget, let seconds)):
            return try sync(attachmentBudget: budget, waitSeconds: seconds)
        case .attachment(.add(let file)):
            return AttachmentDocuments.added(
                try session.attachments.add(Array(file), toSend: true))
        case .attachment(.get(let name, let budget)):
            guard try session.fetch(name, budget: budget) else {
                throw ServiceError(
                    "attachment.partial", "The file is larger than the budget; a part is here.",
                    hint: "Run the same command again: it goes on where this one stopped.")
            }
            return try AttachmentDocuments.file(session.attachments.read(name), name)
        case .record(.show):
            guard let reply = try service().answer(request) else { break }
            return AttachmentDocuments.describe(reply, replica.schema, session.attachments)
        case .node(.exportBundle(let start, let budget, let after)):
            return BundleDocuments.document(
                of: try session.exportBundle(
                    from: start, attachmentBudget: budget, after: after))
        case .node(.audit(let accept)):
            if accept { try replica.acceptAudit() }
            return try AuditDocuments.document(of: replica)
        case .node(.importBundle(let file)):
            return try BundleDocuments.document(
                of: session.importBundle(Array(file)), replica: replica)
        default: break
        }
        let service = try service()
        if let reply = try service.answer(request) { return reply }
        if case .refresh(.status(let period)) = request {
            return try service.refreshStatus(period: period)
        }
        throw ServiceError.notHere(
            "This is done at the hub, and \(session.folder.path) is a device's folder.",
            hint: "Name the hub's folder with --data, or add --hub \(session.document.hub) on a "
                + "supervisor's device.")
    }

    func forEachRecord(
        of type: String, where conditions: [String], _ body: (JSONValue) throws -> Void
    ) throws -> Bool {
        try service().forEachDocument(type, conditions: conditions, body)
    }

    private func service() throws -> RecordService {
        var service = try RecordService(
            store: replica, place: .node, author: session.document.holder, clock: SystemClock(),
            settledHere: try replica.settledLocally(), newID: Mint.record)
        service.hubClockOffset = session.hubClockOffset
        return service
    }

    private func status() throws -> ServiceReply {
        let counts = try replica.counts()
        let isReachable = session.isHubReachable()
        let audit = try AuditDocuments.summary(of: replica)
        let document = session.document
        return ServiceReply(
            .object([
                "node": .text(document.node.description),
                "incarnation": .text(replica.incarnation.description),
                "rebirths": .array(replica.rebirths.map(Self.document)),
                "holder": .text(document.holder), "role": .text(document.role.rawValue),
                "hub": .text(document.hub),
                "scopes": .texts(replica.identity.scopes.map(\.text)),
                "outbox": .integer(Int64(counts.outbox)),
                "quarantined": .integer(Int64(counts.quarantined)),
                "refused": .array(try replica.quarantined().map(refusal)),
                "conflicts_open": .integer(Int64(counts.conflictsOpen)),
                "attachments_waiting": .integer(Int64(session.attachments.outgoing().count)),
                "tasks_due": .integer(Int64(try tasksDue())),
                "schema": .text("\(replica.schema.name) \(replica.schema.version)"),
                "schema_problem": .optional(replica.unreadSchema?.problem),
                "last_sync_at": .optional(replica.lastSyncAt.map(Instants.text)),
                "hub_reachable": .bool(isReachable),
                "positions": Self.document(of: replica.positions),
                "audit": audit,
            ]),
            needsPerson: counts.quarantined > 0 || counts.conflictsOpen > 0
                || !audit["alarms"].elements.isEmpty)
    }

    /// Saved work that the hub refused, also where no record shows it any more.
    private func refusal(_ refused: QuarantinedChangeset) -> JSONValue {
        var records: [JSONValue] = []
        var named: Set<RecordID> = []
        for change in refused.changeset.changes where named.insert(change.record).inserted {
            records.append(
                .object([
                    "type": .optional(replica.schema.type(change.type)?.name),
                    "id": .text(change.record.description),
                ]))
        }
        return .object([
            "seq": .integer(refused.changeset.identity.seq),
            "saved_at": .text(Instants.text(refused.changeset.time.milliseconds)),
            "records": .array(records), "code": .optional(refused.code?.rawValue),
            "reason": .text(refused.message),
        ])
    }

    private func tasksDue() throws -> Int {
        guard replica.schema.type(named: SystemTypes.Task.name) != nil else { return 0 }
        let reply = try service().answer(
            ServiceRequest.tasks(period: nil, openOnly: true))
        return reply?.document.elements.count ?? 0
    }

    private func sync(attachmentBudget: Int, waitSeconds: Int) throws -> ServiceReply {
        var progress = Progress()
        let report = try session.sync(attachmentBudget: attachmentBudget, waitSeconds: waitSeconds)
        { state in
            if let (bytes, whole) = state.snapshot {
                return progress.show("first copy: \(bytes >> 10) of \(whole >> 10) KiB")
            }
            progress.show(
                "exchanging: \(state.pushed) sent, "
                    + (state.refused > 0 ? "\(state.refused) refused, " : "")
                    + "\(state.pulled) received, \(state.outboxLeft) waiting")
        }
        progress.finish()
        let quarantined = try replica.counts().quarantined
        return ServiceReply(
            .object([
                "pushed": .integer(Int64(report.pushed)), "pulled": .integer(Int64(report.pulled)),
                "refused": .integer(Int64(report.quarantined)),
                "quarantined": .integer(Int64(quarantined)),
                "conflicts_open": .integer(Int64(report.conflictsOpen)),
                "requests": .integer(Int64(report.traffic.requests)),
                "bytes_up": .integer(Int64(report.traffic.bytesUp)),
                "bytes_down": .integer(Int64(report.traffic.bytesDown)),
                "positions": Self.document(of: report.positions),
                "schema_changed": .bool(report.schemaChanged),
                "schema_changes": .texts(report.schemaSentences),
                "epoch_changed": .bool(report.epochChanged),
                "schema_problem": .optional(report.schemaProblem),
                "rebased": .bool(report.rebased), "removed": .integer(Int64(report.removed)),
                "salvaged": .integer(Int64(report.salvaged)),
                "attachments_sent": .integer(Int64(report.attachments.sent)),
                "attachments_waiting": .integer(Int64(report.attachments.waiting)),
                "attachments_note": .optional(report.attachments.note),
                "repaired": .array(
                    report.repaired.map { record in
                        .object([
                            "type": .text(record.type), "id": .text(record.id.description),
                            "difference": .text(record.difference.rawValue),
                        ])
                    }),
                "reincarnated": .texts(report.reincarnated.map(\.rawValue)),
                "audit_breaks": .array(report.breaks.map(AuditDocuments.document)),
            ]), needsPerson: quarantined > 0 || report.conflictsOpen > 0)
    }

    private static func document(of rebirth: Rebirth) -> JSONValue {
        .object([
            "incarnation": .text(rebirth.incarnation.description),
            "cause": .text(rebirth.cause.rawValue), "at": .text(Instants.text(rebirth.at)),
        ])
    }

    static func document(of positions: [ScopeCode: Position]) -> JSONValue {
        .object(
            positions.sorted { $0.key < $1.key }.map {
                JSONValue.Member($0.key.text, .integer($0.value.value))
            })
    }
}
