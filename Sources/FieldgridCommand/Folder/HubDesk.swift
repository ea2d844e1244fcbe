import FieldgridHub
import FieldgridModel
import FieldgridNode
import FieldgridSchema
import FieldgridService
import FieldgridSync

/// Answers for a hub whose folder this process owns.
final class HubDesk: Desk {
    let open: OpenHub
    private let lock: FolderLock?
    var hub: Hub { open.hub }

    init(_ open: OpenHub, lock: FolderLock?) {
        self.open = open
        self.lock = lock
    }

    deinit {
        guard let lock else { return }
        try? open.store.close()
        lock.release()
    }

    func answer(_ request: ServiceRequest) throws -> ServiceReply {
        try answer(request, author: FieldgridHub.HubIdentity.author, store: hub)
    }

    /// Answers in an author's name, whose changes go to `store`: the hub, or
    /// the part of it that the author may see.
    func answer(
        _ request: ServiceRequest, author: String, store: any RecordStore
    ) throws -> ServiceReply {
        let service = try service(author: author, store: store)
        if let reply = try service.answer(request) { return reply }
        switch request {
        case .refresh(let ask): return try refresh(ask, service: service)
        case .hub(let ask): return try answer(ask)
        case .attachment(.add(let file)):
            return AttachmentDocuments.added(try open.attachments.add(Array(file), toSend: false))
        case .attachment(.get(let name, _)):
            return try AttachmentDocuments.file(open.attachments.read(name), name)
        case .node:
            throw ServiceError.notHere(
                "This folder is the hub's, not a node's.",
                hint: "Name a node's folder with --data; `fieldgrid hub status` tells of this one.")
        case .schema, .record, .imports, .conflicts, .tasks:
            preconditionFailure("the record service answers these")
        }
    }

    func forEachRecord(
        of type: String, where conditions: [String], _ body: (JSONValue) throws -> Void
    ) throws -> Bool {
        try service(author: FieldgridHub.HubIdentity.author, store: hub)
            .forEachDocument(type, conditions: conditions, body)
    }

    private func service(author: String, store: any RecordStore) throws -> RecordService {
        try RecordService(
            store: store, place: .hub, author: author, clock: SystemClock(), newID: Mint.record)
    }

    private func refresh(
        _ request: RefreshRequest, service: RecordService
    ) throws -> ServiceReply {
        switch request {
        case .status(let period): return try service.refreshStatus(period: period)
        case .open(let text):
            let period = try Self.period(text)
            let made = try hub.openRefresh(period)
            return ServiceReply(
                .object([
                    "period": .text(period.description), "due_on": .text(period.due.description),
                    "tasks_made": .integer(Int64(made)),
                ]))
        case .close(let text):
            let period = try Self.period(text)
            try hub.closeRefresh(period)
            return ServiceReply(
                .object(["period": .text(period.description), "state": .text("closed")]))
        case .run:
            let opened = try hub.tick()
            return ServiceReply(.object(["opened": .optional(opened?.description)]))
        }
    }

    private static func period(_ text: String) throws(ServiceError) -> RefreshPeriod {
        guard let period = RefreshPeriod(text) else {
            throw ServiceError(
                "period.malformed", "“\(text)” is not a half-year.",
                hint: "Write it as 2026H1 or 2026H2.", exitStatus: .wrongUsage)
        }
        return period
    }
}

/// Devices and the hub's own state.
extension HubDesk {
    private func answer(_ request: HubRequest) throws -> ServiceReply {
        switch request {
        case .enrol(let scope, let holder, let role):
            guard let role = DeviceRole(rawValue: role) else {
                throw ServiceError(
                    "role.unknown", "“\(role)” is not a role.",
                    hint: "Use assistant or supervisor.", exitStatus: .wrongUsage)
            }
            let issued = try hub.issueCode(
                scope: ScopeCode(scope), holder: holder, role: role, hubKey: open.key.publicKey)
            return ServiceReply(
                .object([
                    "code": .text(issued.code.text),
                    "expires_at": .text(Instants.text(issued.expiresAt)),
                    "scope": .text(scope), "holder": .text(holder),
                    "role": .text(role.rawValue),
                ]))
        case .devices: return ServiceReply(.array(try hub.devices().map(document(of:))))
        case .revoke(let device): return try revoke(device)
        case .status: return try status()
        case .importBundle, .exportBundle, .review, .quarantine: return try answerBundles(request)
        case .backupBegins:
            try hub.noteBackup()
            return ServiceReply(.object([]))
        case .backupDone:
            try hub.confirmBackup()
            return ServiceReply(.object([]))
        case .publish(let document):
            let change = try hub.publish(Array(document))
            return ServiceReply(.object(["changes": .texts(change.sentences)]))
        case .trim(let leaseDays, let dryRun): return try trim(leaseDays, dryRun: dryRun)
        }
    }

    private func revoke(_ name: String) throws -> ServiceReply {
        let wasRevoked = try hub.device(named: name).revokedAt != nil
        let revoked = document(of: try hub.revoke(name))
        return ServiceReply(revoked.adding("was_revoked", .bool(wasRevoked)))
    }

    private func trim(_ leaseDays: Int64?, dryRun: Bool) throws -> ServiceReply {
        let usual = hub.retention
        defer { hub.retention = usual }
        if let leaseDays { hub.retention = Retention(leaseDays: leaseDays) }
        let report = try hub.trim(dryRun: dryRun)
        let scopes = report.scopes.map { scope in
            JSONValue.object([
                "scope": .text(scope.scope.text), "position": .integer(scope.head.value),
                "horizon_before": .integer(scope.before.value),
                "horizon": .integer(scope.horizon.value),
                "held_by": .optional(scope.heldBy?.holder),
                "held_by_node": .optional(scope.heldBy?.node.description),
                "last_seen_at": .optional(scope.heldBy?.lastSeenAt.map(Instants.text)),
            ])
        }
        return ServiceReply(
            .object([
                "dry_run": .bool(dryRun), "lease_days": .integer(report.leaseDays),
                "departures": .integer(Int64(report.rows.departures)),
                "times": .integer(Int64(report.rows.times)), "scopes": .array(scopes),
            ]))
    }

    func document(of device: DeviceRow) -> JSONValue {
        .object([
            "node": .text(device.node.description), "key": .text(device.keyID),
            "holder": .text(device.holder), "role": .text(device.role),
            "scope": .text(device.scope.text), "name": .text(device.name),
            "state": .text(device.revokedAt == nil ? "active" : "revoked"),
            "enrolled_at": .text(Instants.text(device.enrolledAt)),
            "revoked_at": .optional(device.revokedAt.map(Instants.text)),
            "last_seen_at": .optional(device.lastSeenAt.map(Instants.text)),
        ])
    }

    private func status() throws -> ServiceReply {
        let status = try hub.status()
        let positions = status.positions.sorted { $0.key < $1.key }.map {
            JSONValue.Member($0.key.text, .integer($0.value.value))
        }
        let records = status.records.sorted { $0.key < $1.key }.map {
            JSONValue.Member($0.key, .integer(Int64($0.value)))
        }
        let document = JSONValue.object([
            "hub": .text(hub.identity.node.description),
            "epoch": .text(status.epoch.description),
            "epochs": .array(
                try hub.epochs().map { epoch in
                    .object([
                        "epoch": .text(epoch.id.description),
                        "cause": .text(epoch.cause.rawValue),
                        "began_at": .text(Instants.text(epoch.beganAt)),
                    ])
                }),
            "last_backup_at": .optional(try hub.lastBackupAt.map(Instants.text)),
            "fingerprint": .text(open.key.publicKey.fingerprint.text),
            "devices": .integer(Int64(status.devices)),
            "quarantined": .integer(Int64(status.quarantined)),
            "conflicts_open": .integer(Int64(status.conflictsOpen)),
            "records": .object(records), "positions": .object(positions),
        ])
        return ServiceReply(
            document, needsPerson: status.quarantined > 0 || status.conflictsOpen > 0)
    }
}
