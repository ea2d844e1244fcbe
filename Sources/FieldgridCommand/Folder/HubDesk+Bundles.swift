import FieldgridHub
import FieldgridModel
import FieldgridService
import FieldgridSync
import Foundation

/// Bundles, and what revoked devices brought in with them.
extension HubDesk {
    func answerBundles(_ request: HubRequest) throws -> ServiceReply {
        switch request {
        case .importBundle(let file, let reply):
            let result = try hub.importBundle(
                Array(file), key: open.key, files: open.attachments, reply: reply)
            return ServiceReply(
                document(of: result), needsPerson: result.quarantined > 0 || result.fork != nil)
        case .exportBundle(let name):
            return ServiceReply(
                document(
                    of: try hub.exportBundle(
                        for: name, key: open.key, files: open.attachments)))
        case .review(let name):
            guard let name else { return try review() }
            let device = try hub.device(named: name)
            let counts = try hub.letThrough(device)
            return ServiceReply(
                .object([
                    "node": .text(device.node.description), "holder": .text(device.holder),
                    "accepted": .integer(Int64(counts.accepted)),
                    "quarantined": .integer(Int64(counts.quarantined)),
                ]), needsPerson: counts.quarantined > 0)
        case .quarantine: return try quarantine()
        case .enrol, .devices, .revoke, .status, .backupBegins, .backupDone, .publish, .trim:
            preconditionFailure("these are not about bundles")
        }
    }

    private func review() throws -> ServiceReply {
        let entries = try hub.review()
        let documents = entries.map { entry in
            JSONValue.object([
                "node": .text(entry.device.node.description),
                "holder": .text(entry.device.holder),
                "seq": .integer(entry.changeset.identity.seq),
                "saved_at": .text(Instants.text(entry.changeset.time.milliseconds)),
                "changes": .integer(Int64(entry.changeset.changes.count)),
                "records": .texts(
                    Set(entry.changeset.changes.map(\.record)).sorted().map(\.description)),
                "code": .text(entry.code.rawValue),
                "since": .text(Instants.text(entry.since)),
            ])
        }
        return ServiceReply(.array(documents), needsPerson: !entries.isEmpty)
    }

    private func quarantine() throws -> ServiceReply {
        let entries = try hub.quarantine()
        let documents = entries.map { entry in
            let (waiting, device) = (entry.waiting, entry.device)
            return JSONValue.object([
                "node": .text(waiting.node.description), "holder": .optional(device?.holder),
                "revoked": .bool(device?.revokedAt != nil),
                "incarnation": .text(waiting.changeset.identity.incarnation.description),
                "seq": .integer(waiting.changeset.identity.seq),
                "author": .text(waiting.changeset.author),
                "saved_at": .text(Instants.text(waiting.changeset.time.milliseconds)),
                "changes": .integer(Int64(waiting.changeset.changes.count)),
                "records": .array(
                    entry.records.map { record in
                        .object([
                            "id": .text(record.id.description), "type": .optional(record.type),
                            "name": .optional(record.name),
                        ])
                    }),
                "code": .text(waiting.code.rawValue), "reason": .text(waiting.message),
                "since": .text(Instants.text(waiting.since)),
                "released_by": .text(QuarantineText.release(entry)),
            ])
        }
        return ServiceReply(.array(documents), needsPerson: !entries.isEmpty)
    }

    private func document(of result: BundleImport) -> JSONValue {
        .object([
            "node": .text(result.device.node.description), "holder": .text(result.device.holder),
            "revoked": .bool(result.device.revokedAt != nil),
            "made_at": .text(Instants.text(result.madeAt)),
            "sections": .integer(Int64(result.sections)),
            "accepted": .integer(Int64(result.accepted)),
            "quarantined": .integer(Int64(result.quarantined)),
            "repeated": .integer(Int64(result.repeated)),
            "waiting": .integer(Int64(result.waiting)),
            "missing_from": result.missing.map(JSONValue.integer) ?? .null,
            "attachments": .object([
                "taken": .integer(Int64(result.files.taken)),
                "known": .integer(Int64(result.files.known)),
                "unnamed": .integer(Int64(result.files.unnamed)),
                "problem": .optional(result.files.problem),
            ]),
            "fork_at": result.fork.map(JSONValue.integer) ?? .null,
            "other_epoch": .bool(result.isOtherEpoch),
            "reply": result.reply.map(document(of:)) ?? .null,
        ])
    }

    private func document(of reply: ReplyBundle) -> JSONValue {
        .object([
            "node": .text(reply.device.node.description), "holder": .text(reply.device.holder),
            "records": .integer(Int64(reply.records)),
            "receipts": .integer(Int64(reply.receipts)),
            "attachment_receipts": .integer(Int64(reply.files)),
            "since": NodeDesk.document(of: reply.since),
            "positions": NodeDesk.document(of: reply.positions),
            "has_more": .bool(reply.hasMore), "bytes": .integer(Int64(reply.file.count)),
            BundleDocuments.file: .text(Base64.encode(reply.file)),
        ])
    }
}
