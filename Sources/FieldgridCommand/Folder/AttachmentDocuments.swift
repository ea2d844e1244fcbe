import FieldgridModel
import FieldgridSchema
import FieldgridService
import FieldgridSync

/// Files in the documents that travel between processes.
enum AttachmentDocuments {
    static func added(_ name: String) -> ServiceReply {
        ServiceReply(.object(["name": .text(name)]))
    }

    static func file(_ bytes: [UInt8]?, _ name: String) throws -> ServiceReply {
        guard let bytes else {
            throw ServiceError(
                "attachment.unknown", "There is no file \(name) here.",
                hint: "Whoever took it may not have sent it yet.")
        }
        return ServiceReply(
            .object([
                "name": .text(name), "bytes": .integer(Int64(bytes.count)),
                BundleDocuments.file: .text(Base64.encode(bytes)),
            ]))
    }

    /// Adds to a shown record, for every file it names, whether it is here, whether the hub has
    /// it, and what stood in its way when it was offered last.
    static func describe(
        _ reply: ServiceReply, _ schema: Schema, _ files: AttachmentFolder
    ) -> ServiceReply {
        guard let type = reply.document["type"].text.flatMap({ schema.type(named: $0) }) else {
            return reply
        }
        let outgoing = Set(files.outgoing())
        let members = type.fields.filter { $0.kind == .attachment }.compactMap { field in
            reply.document["fields"][field.name].text.map { name in
                JSONValue.Member(
                    field.name,
                    .object([
                        "name": .text(name), "here": .bool(files.size(of: name) != nil),
                        "sent": .bool(!outgoing.contains(name)),
                        "problem": .optional(files.obstacle(to: name)?.message),
                    ]))
            }
        }
        guard !members.isEmpty else { return reply }
        var reply = reply
        reply.document = .object(
            reply.document.members + [JSONValue.Member("attachments", .object(members))])
        return reply
    }
}
