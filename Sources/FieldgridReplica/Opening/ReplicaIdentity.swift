package import FieldgridModel

/// Who a replica belongs to, as the hub enrolled it.
package struct ReplicaIdentity: Hashable, Sendable {
    package var node: NodeID
    /// The person or office that holds the device; the author of its edits.
    package var holder: String
    /// The scopes it was enrolled for; it holds them and all below.
    package var scopes: [ScopeCode]

    package init(node: NodeID, holder: String, scopes: [ScopeCode]) {
        self.node = node
        self.holder = holder
        self.scopes = scopes
    }
}

/// What a replica takes from outside: time, randomness, and how a schema is
/// read.
package struct ReplicaWorld: Sendable {
    package var clock: any WallClock
    package var random: any RandomNumberGenerator & Sendable
    /// Reads a schema in canonical JSON, as hubs send it.
    package var decodeSchema: @Sendable ([UInt8]) throws -> Schema

    package init(
        clock: any WallClock, random: any RandomNumberGenerator & Sendable,
        decodeSchema: @escaping @Sendable ([UInt8]) throws -> Schema
    ) {
        self.clock = clock
        self.random = random
        self.decodeSchema = decodeSchema
    }
}

/// What opening a replica found and put right.
package struct OpeningReport: Hashable, Sendable {
    /// Edits by other programs that were sealed, one changeset per record.
    package var foreignEditsSealed = 0
    /// Records whose edit by another program cannot be sealed, and why.
    package var foreignEditsRefused: [ForeignEditRefusal] = []
    /// Triggers that were missing or different and were made again.
    package var triggersRepaired: [String] = []
    /// The layout was touched by another program since the last opening.
    package var layoutTouched = false
    /// What is new in a schema that an older program could not read, and that
    /// this one can.
    package var schemaSentences: [String] = []

    package init() {}
}

/// An edit by another program that stays in its row, and is not sent.
package struct ForeignEditRefusal: Hashable, Sendable {
    package var record: String
    package var error: ReplicaError
}
