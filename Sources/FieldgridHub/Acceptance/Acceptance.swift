package import FieldgridModel
import FieldgridSync

/// The hub's decisions on one batch of changesets: a working set over one
/// store transaction.
///
/// Records are read once, merged in memory and written once at ``flush()``,
/// whatever number of changesets touches them. Every changeset is decided by
/// itself: one that cannot be accepted goes to quarantine and the ones after
/// it go on.
final class Acceptance {
    /// Who offers the changesets, and what they may write.
    struct Author {
        var node: NodeID
        /// Nil for the hub itself, which may write everywhere.
        var scope: ScopeCode?
        /// Who the device was enrolled for; nil for the hub, whose people
        /// give their names.
        var holder: String?
        /// What a revoked device still held comes in under review.
        var isRevoked = false
    }

    let store: any HubWriting
    /// The present schema.
    let index: SchemaIndex
    /// The earlier ones, by which what was made under them is checked.
    let schemas: SchemaShelf
    let now: Int64
    let hub: HubIdentity
    var grids: GridTree
    var gridsChanged = false

    var records: [RecordID: RecordState] = [:]
    var missing: Set<RecordID> = []
    var dirty: Set<RecordID> = []
    /// Records whose natural keys may have changed.
    var rekeyed: Set<RecordID> = []
    /// What they are known by now, for finding duplicates.
    var batchKeys: [TypedKey: [RecordID]] = [:]
    /// Those of them whose duplicates were not looked for yet.
    var unreviewed: Set<RecordID> = []
    var heads: ScopeHeads
    var history: [HistoryRow] = []
    var incarnations: [IncarnationID: IncarnationHead] = [:]
    var ancestries: [IncarnationID: [ChangesetIdentity]] = [:]
    var answers: [(IncarnationID, StoredAnswer)] = []
    /// Quarantined changesets that were accepted after all.
    var released: [Release] = []
    /// What operators did in this transaction.
    var acts: [AuditAct] = []
    var waiting: [ChangesetIdentity: WaitingChangeset] = [:]
    var freed: [ChangesetIdentity] = []
    var departures: [Departure] = []
    private var links: [(parent: RecordID, child: RecordID)] = []
    /// The same by parent, as long as the store does not have them.
    private(set) var linkedChildren: [RecordID: [RecordID]] = [:]
    var clock: HybridClock
    /// The changesets in which a person decided on a conflict: no visit.
    var settlements: Set<ChangesetIdentity> = []
    /// What the changesets of this batch call for once they are merged.
    var aftermath: [Aftermath] = []
    var acceptedTimes: [ScopeCode: [Position: Int64]] = [:]
    var openPeriodsCache: [RefreshPeriod]?
    /// Whether a device's folder was ever copied, put back, or ahead of time.
    var severalLives: [NodeID: Bool] = [:]
    /// Whether the store had nothing in quarantine when this began.
    var storeIsClear: Bool?

    /// Something the hub itself writes because of an accepted change.
    enum Aftermath {
        case conflict(record: RecordID, unit: UnitNumber, ConflictEvent)
        case activity(record: RecordID, type: TypeNumber, offer: Offer, Activity)
        /// A rule over several units, or a field's own checks, is broken or
        /// holds again.
        case rule(record: RecordID, rule: BrokenRule.Subject, ConflictEvent)
        /// What names a record that was merged, or parted again, is to name
        /// another.
        case repoint(from: RecordID, to: RecordID, leaving: RecordID?)
    }

    init(
        store: any HubWriting, index: SchemaIndex, schemas: SchemaShelf, hub: HubIdentity,
        grids: GridTree, now: Int64
    ) throws {
        self.store = store
        self.index = index
        self.schemas = schemas
        self.hub = hub
        self.grids = grids
        self.now = now
        heads = try ScopeHeads(store)
        let last = try store.setting(.hybridTime).flatMap { Int64($0) } ?? 0
        clock = HybridClock(last: HybridTime(raw: last))
    }

    // MARK: Records

    /// Reads records that are about to be needed, in one call.
    func prefetch(_ ids: some Sequence<RecordID>) throws {
        let unknown = Set(ids).filter { records[$0] == nil && !missing.contains($0) }
        guard !unknown.isEmpty else { return }
        let found = try store.records(unknown.sorted())
        records.merge(found) { present, _ in present }
        missing.formUnion(unknown.filter { found[$0] == nil })
    }

    func record(_ id: RecordID) throws -> RecordState? {
        if let known = records[id] { return known }
        if missing.contains(id) { return nil }
        try prefetch(CollectionOfOne(id))
        return records[id]
    }

    func put(_ state: RecordState) {
        records[state.id] = state
        missing.remove(state.id)
        dirty.insert(state.id)
    }

    /// Remembers that a record names another.
    func link(_ child: RecordID, to parent: RecordID) {
        links.append((parent, child))
        linkedChildren[parent, default: []].append(child)
    }

    // MARK: Positions

    /// The next position of a scope; each changeset takes one in every scope
    /// that it touches.
    func advance(_ scope: ScopeCode) -> Position {
        var head = heads[scope] ?? .empty
        head.position = Position(head.position.value + 1)
        heads[scope] = head
        return head.position
    }

    func nextNumber(in scope: ScopeCode) -> RecordNumber {
        var head = heads[scope] ?? .empty
        defer {
            head.nextNumber = RecordNumber(head.nextNumber.value + 1)
            heads[scope] = head
        }
        return head.nextNumber
    }

    // MARK: The end

    /// Writes everything that was decided since the last flush.
    ///
    /// Nothing is durable before the transaction commits.
    func flush() throws {
        try heads.write(to: store, at: now)
        let places = try store.put(
            try dirty.sorted().compactMap { id in try records[id].map(storable) }, history)
        try store.name(namedAttachments())
        try store.put(departures)
        try store.link(links)
        try store.put(incarnations)
        try store.append(answers)
        try store.release(released)
        try appendAudit(places)
        try store.put(waiting.values.sorted { $0.changeset.identity < $1.changeset.identity })
        try store.remove(freed)
        try store.set(.hybridTime, to: String(clock.last.raw))
        dirty = []
        rekeyed = []
        batchKeys = [:]
        departures = []
        links = []
        linkedChildren = [:]
        answers = []
        released = []
        history = []
        waiting = [:]
        freed = []
        storeIsClear = nil
    }

    /// Of few scopes: a hub may have many.
    func heads(of scopes: Set<ScopeCode>) -> [ScopeCode: ScopeHead] {
        scopes.reduce(into: [:]) { found, scope in found[scope] = heads[scope] }
    }

    private func storable(_ state: RecordState) throws -> StorableRecord {
        let entry = index.entries[state.type]
        var keys: [NaturalKey]?
        if rekeyed.contains(state.id) {
            keys = state.isAlive ? (entry.map { naturalKeys(of: state, $0) } ?? []) : []
        }
        return StorableRecord(state: state, isShared: entry?.type.shared ?? false, keys: keys)
    }

    func naturalKeys(
        of state: RecordState, _ entry: SchemaIndex.Entry
    ) -> [NaturalKey] {
        entry.naturalKeys.enumerated().compactMap { place, parts in
            var values: [Value] = []
            for part in parts {
                guard let unit = state.units[part.unit],
                    let policy = entry.unit(part.unit)?.policy,
                    let shown = unit.value(policy: policy), shown.members.count > part.member,
                    !shown.members[part.member].isNull
                else { return nil }
                values.append(shown.members[part.member])
            }
            return NaturalKey(place: place, values: values)
        }
    }
}

extension NaturalKey {
    /// The spelling of the `place`-th natural key of a type.
    package init(place: Int, values: [Value]) {
        var encoder = CanonicalEncoder()
        encoder.append(Int64(place))
        for value in values { encoder.append(value) }
        bytes = encoder.bytes
    }
}

/// What the hub is called where it writes itself.
package struct HubIdentity: Hashable, Sendable {
    package var node: NodeID
    package var incarnation: IncarnationID
    package var epoch: EpochID
    package var schema: SchemaTag
    /// For each earlier epoch, how far each scope of it is in the present one.
    package var forks: [EpochID: [ScopeCode: Position]] = [:]
    /// The author of what the hub derives.
    package static let author = "hub"
}

extension HubIdentity {
    /// What of a context is still true: positions of an earlier epoch count up
    /// to where the present one went another way (sync.md 9.2), and those of
    /// an unknown one not at all.
    func credible(_ context: [ScopeCode: Position], of epoch: EpochID) -> [ScopeCode: Position] {
        guard epoch != self.epoch else { return context }
        guard let bounds = forks[epoch] else { return [:] }
        var credible: [ScopeCode: Position] = [:]
        for (scope, position) in context {
            credible[scope] = bounds[scope].map { min(position, $0) }
        }
        return credible
    }

    /// For each epoch, the least of the forks of all later ones.
    static func forks(_ epochs: [EpochRow]) -> [EpochID: [ScopeCode: Position]] {
        var forks: [EpochID: [ScopeCode: Position]] = [:]
        var bounds: [ScopeCode: Position]?
        for epoch in epochs.reversed() {
            if let bounds { forks[epoch.id] = bounds }
            var least = epoch.forks
            if let bounds {
                for (scope, position) in epoch.forks {
                    least[scope] = bounds[scope].map { min($0, position) }
                }
            }
            bounds = least
        }
        return forks
    }
}

/// What a changeset did to a record, as far as tasks are concerned.
struct Activity {
    var isNew = false
    /// Whether the record came, or went.
    var touchesPresence = false
    /// Whether the unit that says if the record is active was touched.
    var touchesStatus = false
    /// Whether the record may have another name now.
    var touchesTitle = false
}

/// What happened to a conflict.
struct ConflictEvent {
    var id: RecordID
    var state: ConflictState
    var kind: ConflictKind
    var offer: Offer
    var note: String?
    /// It was decided, and the decision was taken back.
    var isUndo = false
    /// The schema that the change was made under, where that is not the
    /// present one.
    var madeUnder: SchemaTag?
}
