package import FieldgridModel
import FieldgridSchema
import FieldgridSync

extension Hub {
    /// Makes a schema the present one; nodes get it with their next exchange.
    ///
    /// Every schema that was published stays, for the changesets made under it.
    ///
    /// - Throws: `schema.incompatible` when permanent numbers would change
    ///   their meaning; then nothing changes.
    package func publish(_ document: [UInt8]) throws -> SchemaChange {
        let schema = try Schema(canonicalJSON: document)
        let canonical = try schema.canonicalJSON()
        let tag = SchemaTag(document: canonical)
        let change = SchemaChange(from: index.schema, to: schema)
        guard change.problems.isEmpty else {
            throw HubError(
                code: "schema.incompatible",
                message: "the new schema cannot follow the present one: "
                    + change.problems.joined(separator: "; "),
                hint: "leave what is there as it is, and give what is new a number of its own")
        }
        guard tag != identity.schema else { return change }
        identity = try store.write { view in
            try view.publish(tag, document: canonical, at: clock.milliseconds)
            try view.note(
                .schemaPublished(.of(canonical)), in: identity.epoch, at: clock.milliseconds)
            try view.set(.schemaTag, to: String(tag.value, radix: 16))
            return try Self.identity(view)
        }
        schemaDocument = canonical
        index = SchemaIndex(schema)
        rangeSums.removeAll()
        try replayQuarantine()
        return change
    }
}

extension Acceptance {
    /// A changeset made under a schema that was never published here waits
    /// until it is.
    func schemaRefusal(_ changeset: Changeset, _ author: Author) throws -> Refusal? {
        let tag = changeset.schema
        // The hub's own, and those of a client that names none, are judged by the present one.
        guard author.holder != nil, tag != hub.schema, tag.value != 0 else { return nil }
        guard try store.schemaDocument(tag) == nil else { return nil }
        return Refusal(
            .schema, zh: "本设备的表结构中心不认识，请先升级中心",
            en: "the hub never published the schema this was made under; upgrade the hub")
    }
}
