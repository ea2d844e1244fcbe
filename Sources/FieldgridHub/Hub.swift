package import FieldgridModel
package import FieldgridSchema
package import FieldgridSync

/// A hub: merges what nodes saved, keeps every value ever offered, and says
/// to each node what it has not seen.
///
/// - One process owns it (the folder's lock is held by the caller).
/// - It is used from one thread at a time; the server runs it on a queue of
///   its own.
/// - Schema and grid tree are read once and kept, and read again when an
///   accepted change touches them.
package final class Hub: @unchecked Sendable {
    // Sendable because every access happens on the owner's one queue, or in a
    // command that has the folder to itself.

    let store: any HubStore
    let clock: any WallClock
    package internal(set) var identity: HubIdentity
    package internal(set) var index: SchemaIndex
    var schemaDocument: [UInt8]
    package private(set) var grids: GridTree
    var random: RandomSource
    let rangeSums = RangeSums()
    /// Signs the heads of the audit logs; without it, replies carry none.
    package var headKey: DeviceKey?
    let schemas = SchemaShelf()
    /// When each device was last heard, kept until the next ``tick()``.
    var lastSeen: [String: Int64] = [:]
    /// Where devices said that they stand, until the next transaction or
    /// ``tick()`` keeps it: an exchange that changes nothing writes nothing.
    var standings: [NodeID: [ScopeCode: Standing]] = [:]
    /// How long what only far-behind devices need is kept.
    package var retention = Retention()
    /// The most that one reply holds, bytes, whatever is asked for; the rest
    /// comes in further ones.
    package var replyBytesMax = 16 << 20
    /// Scopes in which something changed since ``takeChanged(among:)``.
    var changed: Set<ScopeCode> = []

    /// Opens a hub that ``create(in:seed:)`` made.
    package init(
        store: any HubStore, clock: any WallClock, random: RandomSource
    ) throws {
        self.store = store
        self.clock = clock
        self.random = random
        identity = try store.read { try Self.identity($0) }
        let tag = identity.schema
        guard let document = try store.read({ try $0.schemaDocument(tag) }) else {
            throw HubError.unfinished
        }
        schemaDocument = document
        index = SchemaIndex(try Schema(canonicalJSON: schemaDocument))
        grids = GridTree()
        grids = try store.read { try Self.readGrids($0, index) }
    }

    static func identity(_ view: any HubReading) throws -> HubIdentity {
        guard let node = try view.setting(.hubNode).flatMap({ NodeID($0) }),
            let incarnation = try view.setting(.hubIncarnation).flatMap({ IncarnationID($0) }),
            let epoch = try view.setting(.epoch).flatMap({ EpochID($0) }),
            let tag = try view.setting(.schemaTag).flatMap({ UInt64($0, radix: 16) })
        else { throw HubError.unfinished }
        return HubIdentity(
            node: node, incarnation: incarnation, epoch: epoch, schema: SchemaTag(tag),
            forks: HubIdentity.forks(try view.epochs()))
    }

    /// Makes a new hub in an empty store: its identity, its schema and its
    /// seed records.
    package static func create(
        in store: any HubStore, seed: HubSeed, clock: any WallClock,
        random: RandomSource
    ) throws -> Hub {
        var random = random
        let now = clock.milliseconds
        let document = try seed.schema.canonicalJSON()
        let tag = SchemaTag(document: document)
        try store.write { view in
            guard try view.setting(.hubNode) == nil else {
                throw HubError(
                    code: "hub.exists", message: "there is a hub here already",
                    hint: "use it as it is, or name another folder with --data")
            }
            let bits = (0..<3).map { _ in
                UUIDBits.version7(milliseconds: now, using: &random)
            }
            try view.set(.hubNode, to: bits[0].description)
            try view.set(.hubIncarnation, to: bits[1].description)
            try view.set(.epoch, to: bits[2].description)
            let epoch = EpochRow(id: EpochID(bits[2]), beganAt: now, cause: .created, forks: [:])
            try view.append(epoch)
            try view.note(.epochBegun(cause: epoch.cause.rawValue), in: epoch.id, at: now)
            try view.publish(tag, document: document, at: now)
            try view.note(.schemaPublished(.of(document)), in: epoch.id, at: now)
            try view.set(.schemaTag, to: String(tag.value, radix: 16))
        }
        let hub = try Hub(store: store, clock: clock, random: random)
        try hub.plant(seed)
        return hub
    }

    /// UTC milliseconds.
    package var now: Int64 { clock.milliseconds }

    /// Runs changes in one durable transaction.
    func accepting<Result>(_ body: (Acceptance) throws -> Result) throws -> Result {
        var gridsChanged = false
        var reached: Set<ScopeCode> = []
        let result = try store.write { view in
            let acceptance = try Acceptance(
                store: view, index: index, schemas: schemas, hub: identity, grids: grids,
                now: now)
            let result = try body(acceptance)
            try acceptance.flush()
            gridsChanged = acceptance.gridsChanged
            if gridsChanged {
                acceptance.grids = try Self.readGrids(view, index)
                try acceptance.rehomeDuplicates()
                try acceptance.flush()
            }
            try view.put(standings)
            reached = acceptance.heads.changedScopes
            return result
        }
        standings = [:]
        changed.formUnion(reached)
        if gridsChanged {
            grids = try store.read { try Self.readGrids($0, index) }
            try replayQuarantine()
        }
        return result
    }

    /// Tries again what waits in quarantine, whatever for.
    package func replayQuarantine() throws {
        guard try store.read({ try $0.waitingCount() }) > 0 else { return }
        try accepting { acceptance in
            try acceptance.replayAll()
            try acceptance.deriveAftermath()
        }
    }

    private static func readGrids(
        _ view: any HubReading, _ index: SchemaIndex
    ) throws -> GridTree {
        typealias Names = SystemTypes.Grid
        guard let type = index.entry(named: Names.name)?.type,
            let code = type.field(named: Names.code), let title = type.field(named: Names.title),
            let parent = type.field(named: Names.parent)
        else { return GridTree() }
        var grids: [(code: ScopeCode, name: String, parent: ScopeCode?)] = []
        try view.forEachRecord(of: type.number) { state in
            guard state.isAlive else { return true }
            let values = state.values(type: type)
            if let text = values[code.number]?.text {
                grids.append(
                    (
                        ScopeCode(text), values[title.number]?.text ?? text,
                        values[parent.number]?.text.map(ScopeCode.init)
                    ))
            }
            return true
        }
        return GridTree(grids)
    }
}

/// What a new hub starts with.
package struct HubSeed: Sendable {
    package var schema: Schema
    /// Records of hub-only types, such as the grid tree, parents first.
    package var records: [SeedRecord]

    package init(schema: Schema, records: [SeedRecord]) {
        self.schema = schema
        self.records = records
    }
}
