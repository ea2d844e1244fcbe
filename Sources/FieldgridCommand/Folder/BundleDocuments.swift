import FieldgridModel
import FieldgridNode
import FieldgridReplica
import FieldgridService
import FieldgridSync

/// Bundles in the documents that travel between processes: the file's bytes
/// are one member, which the command takes out before it reports.
enum BundleDocuments {
    static let file = "file_base64"

    static func document(of bundle: ExportedBundle) -> ServiceReply {
        ServiceReply(
            .object([
                "changesets": .integer(Int64(bundle.changesets)),
                "first_seq": bundle.firstSequence.map(JSONValue.integer) ?? .null,
                "last_seq": bundle.lastSequence.map(JSONValue.integer) ?? .null,
                "sections": .integer(Int64(bundle.sections)),
                "left": .integer(Int64(bundle.left)),
                "attachments": .integer(Int64(bundle.files.count)),
                "attachment_bytes": .integer(Int64(bundle.files.bytes)),
                "attachments_left": .integer(Int64(bundle.files.left)),
                "attachments_damaged": .texts(bundle.files.damaged),
                "last_attachment": .optional(bundle.files.last),
                "positions": NodeDesk.document(of: bundle.positions),
                "bytes": .integer(Int64(bundle.file.count)),
                file: .text(Base64.encode(bundle.file)),
            ]))
    }

    static func document(of result: ImportedBundle, replica: Replica) throws -> ServiceReply {
        let counts = try replica.counts()
        return ServiceReply(
            .object([
                "made_at": .text(Instants.text(result.madeAt)), "stale": .bool(result.isStale),
                "pushed": .integer(Int64(result.report.pushed)),
                "pulled": .integer(Int64(result.report.pulled)),
                "refused": .integer(Int64(result.report.quarantined)),
                "quarantined": .integer(Int64(counts.quarantined)),
                "conflicts_open": .integer(Int64(result.report.conflictsOpen)),
                "attachments_sent": .integer(Int64(result.report.attachments.sent)),
                "attachments_waiting": .integer(Int64(result.report.attachments.waiting)),
                "outbox": .integer(Int64(result.outboxLeft)), "has_more": .bool(result.hasMore),
                "positions": NodeDesk.document(of: result.report.positions),
                "schema_changed": .bool(result.report.schemaChanged),
                "schema_changes": .texts(result.report.schemaSentences),
                "schema_problem": .optional(result.report.schemaProblem),
            ]), needsPerson: counts.quarantined > 0 || result.report.conflictsOpen > 0)
    }

    /// The document without the file, and the file.
    static func split(_ document: JSONValue) throws -> (document: JSONValue, file: [UInt8]) {
        guard let bytes = document[file].text.flatMap({ Base64.decode($0) }) else {
            throw ServiceError(
                "reply.malformed", "The answer has no bundle in it.",
                hint: "Use the same version of fieldgrid on both sides.")
        }
        return (.object(document.members.filter { $0.key != file }), bytes)
    }
}
