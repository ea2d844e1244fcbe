package import FieldgridModel
import FieldgridSync

/// A schema of the hub's that this program cannot read.
package struct UnreadSchema: Hashable, Sendable {
    package var tag: SchemaTag
    package var problem: String
}

/// What a replica keeps in memory of what is in its file.
///
/// A transaction works on a copy, which replaces this one when the transaction is
/// durable.
struct ReplicaMemory {
    var state: ReplicaState
    var schema: Schema
    var tag: SchemaTag
    var layouts: [TypeNumber: TypeLayout] = [:]
    /// Signs the heads of the hub's audit logs; without it, none are asked for.
    var hubKey: DevicePublicKey?
    /// Reads a schema in canonical JSON.
    let decodeSchema: @Sendable ([UInt8]) throws -> Schema
    /// The hub's newer schema, which this program cannot read, and why.
    var unread: UnreadSchema?
    /// Natural keys seen so far, for ``Replica/find(_:key:)``.
    var keys = KeyMemory()
    /// Where the record numbers of each scope lie, once ``knowsNumbers``.
    var numbers: [ScopeCode: NumberRuns] = [:]
    var knowsNumbers = false

    init(
        state: ReplicaState, schema: Schema, document: [UInt8], world: ReplicaWorld
    ) throws {
        decodeSchema = world.decodeSchema
        self.state = state
        self.schema = schema
        tag = SchemaTag(document: document)
        try setLayouts()
    }

    mutating func replaceSchema(_ schema: Schema, document: [UInt8]) throws {
        self.schema = schema
        tag = SchemaTag(document: document)
        keys = KeyMemory()
        try setLayouts()
    }

    private mutating func setLayouts() throws {
        layouts = [:]
        for type in schema.types { layouts[type.number] = try TypeLayout(type) }
    }

    func layout(_ type: TypeNumber) throws -> TypeLayout {
        guard let layout = layouts[type] else { throw ReplicaError.typeUnknown(type) }
        return layout
    }

    /// In order of number.
    var orderedLayouts: [TypeLayout] {
        layouts.values.sorted { $0.type.number < $1.type.number }
    }

    var onlyScope: ScopeCode? {
        state.identity.scopes.count == 1 ? state.identity.scopes[0] : nil
    }
}
