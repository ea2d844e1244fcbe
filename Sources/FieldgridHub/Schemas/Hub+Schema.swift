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
        let next = SchemaIndex(schema)
        let (found, reached) = try store.write { view in
            try view.publish(tag, document: canonical, at: clock.milliseconds)
            try view.note(
                .schemaPublished(.of(canonical)), in: identity.epoch, at: clock.milliseconds)
            try view.set(.schemaTag, to: String(tag.value, radix: 16))
            let identity = try Self.identity(view)
            let acceptance = try Acceptance(
                store: view, index: next, schemas: schemas, hub: identity, grids: grids, now: now)
            try acceptance.adopt(from: index)
            try acceptance.flush()
            return (identity, acceptance.heads.changedScopes)
        }
        identity = found
        schemaDocument = canonical
        index = next
        changed.formUnion(reached)
        rangeSums.removeAll()
        try replayQuarantine()
        return change
    }
}
