package import FieldgridModel

/// What a node says in one exchange: where it stands, and what it saved.
package struct ExchangeRequest: Hashable, Sendable {
    /// The schema the node has; the hub sends its own when they differ.
    package var schema: SchemaTag
    /// The epoch that the positions belong to; nil at the first exchange.
    package var epoch: EpochID?
    /// How far the node has applied each scope.
    package var positions: [ScopeCode: Position]
    /// The scopes of which more is to come.
    package var pulls: [ScopeCode: ScopePull] = [:]
    /// The lowest context of anything that the node may still send, where it
    /// is below the position.
    package var oldest: [ScopeCode: Position] = [:]
    /// The incarnation that asks; its own unchallenged values are not sent
    /// back to it.
    package var incarnation: IncarnationID
    /// The last sequence sealed in that incarnation, 0 before the first.
    ///
    /// A hub that knows a later one answers ``ChainAnswer/fork(at:)``.
    package var sealed: Int64
    /// Own changesets that the node holds as quarantined, at most
    /// ``heldMax``: the hub says which of them it accepted since.
    package var held: [ChangesetIdentity]
    /// The oldest acknowledged changeset that the node keeps in case the hub
    /// loses it; the hub says whether a verified backup has it.
    package var kept: ChangesetIdentity?
    package var check: ScopeCheck?
    /// The heads of the hub's audit logs that the node keeps.
    package var audit: AuditQuestion?
    package var batch: ChangesetBatch?
    /// The most bytes, before compression, that the reply should have.
    package var replyBytesMax: Int

    /// What one request may hold, so that no request keeps a hub busy for long:
    /// a device sends more in several.
    package enum Limit {
        /// The uncompressed body.
        package static let bodyBytes = 8 << 20
        package static let changesets = 5_000
        /// In all of its changesets together.
        package static let changes = 131_072
    }

    /// How many quarantined changesets one request may ask about.
    package static let heldMax = 1_000

    package init(
        schema: SchemaTag, epoch: EpochID?, positions: [ScopeCode: Position],
        incarnation: IncarnationID, sealed: Int64, held: [ChangesetIdentity] = [],
        batch: ChangesetBatch?, replyBytesMax: Int = 4 << 20
    ) {
        self.schema = schema
        self.epoch = epoch
        self.positions = positions
        self.incarnation = incarnation
        self.sealed = sealed
        self.held = held
        self.batch = batch
        self.replyBytesMax = replyBytesMax
    }
}

/// Consecutive changesets of one incarnation.
///
/// Only the heads of the digest chain travel: the receiver recomputes the links
/// between.
package struct ChangesetBatch: Hashable, Sendable {
    /// The digest of the changeset before the first one.
    package var previous: ContentDigest
    /// The digest of the last one.
    package var head: ContentDigest
    /// In sequence order, without gaps, all of one incarnation.
    package var changesets: [Changeset]
    /// What the incarnation continues, where it continues another one; told
    /// when the batch begins with its first changeset.
    package var parent: ChangesetIdentity?

    package init(
        previous: ContentDigest, head: ContentDigest, changesets: [Changeset],
        parent: ChangesetIdentity? = nil
    ) {
        self.previous = previous
        self.head = head
        self.changesets = changesets
        self.parent = parent
    }
}

/// What the hub answers: receipts, and everything newer in scope.
package struct ExchangeReply: Hashable, Sendable {
    package var epoch: EpochID
    /// The hub's hybrid time; the node's clock rises to it.
    package var time: HybridTime
    package var schema: SchemaTag
    /// The hub's schema as canonical JSON, when the node's is another.
    package var schemaDocument: [UInt8]?
    /// The incarnation that receipts and chain speak of; nil for the asker's.
    package var incarnation: IncarnationID?
    package var receipts: [Receipt]
    /// The digest of the last changeset that ``receipts`` speak of, where they
    /// answer no batch of the request: in bundles.
    ///
    /// Who has sealed another one under that name, or none, was put back
    /// since; the receipts are those of a life that it no longer has.
    package var receiptsHead: ContentDigest?
    package var chain: ChainAnswer
    /// Which of the asker's quarantined changesets were accepted since.
    package var released: [Release] = []
    /// The last changeset of the incarnation that ``ExchangeRequest/kept`` names
    /// which a verified backup of the hub has; nil where none has any.
    ///
    /// By its name: a reply that comes late, or twice, answers a question of then.
    package var covered: ChangesetIdentity?
    /// What ``ExchangeRequest/check`` asked for, at exactly ``positions``;
    /// empty when there is more to fetch first.
    package var sums: [RecordSum] = []
    /// The records of the ranges that were asked for, whole; nil when none were.
    package var checked: [RecordDelta]?
    /// Of the audit logs that ``ExchangeRequest/audit`` does not know as they
    /// are; empty while it knows all.
    package var audit: [ProvedHead] = []
    /// Where the node stands once it has applied this reply, for each scope it
    /// receives.
    ///
    /// A scope that is missing is no longer the node's.
    package var positions: [ScopeCode: Position]
    /// From where the records of each scope start; from zero where it is not
    /// named.
    package var since: [ScopeCode: Position] = [:]
    /// Where each scope stood at the hub when it was read; at ``positions``
    /// where it is not named.
    package var heads: [ScopeCode: Position] = [:]
    package var records: [RecordDelta]
    /// There is more to fetch at once.
    package var hasMore: Bool
    /// The asker is below the horizon of a scope: what left it meanwhile is not
    /// told any more, so nothing is sent before it begins anew (sync.md 9.18).
    package var mustRebase = false
    /// The horizon of each scope whose records start below it: whoever has
    /// something of the scope, but not up to there, begins anew.
    package var horizons: [ScopeCode: Position] = [:]

    package init(
        epoch: EpochID, time: HybridTime, schema: SchemaTag, schemaDocument: [UInt8]? = nil,
        receipts: [Receipt] = [], chain: ChainAnswer = .follows,
        positions: [ScopeCode: Position] = [:], records: [RecordDelta] = [], hasMore: Bool = false
    ) {
        self.epoch = epoch
        self.time = time
        self.schema = schema
        self.schemaDocument = schemaDocument
        self.receipts = receipts
        self.chain = chain
        self.positions = positions
        self.records = records
        self.hasMore = hasMore
    }
}

/// How a batch fits what the hub has of the incarnation.
package enum ChainAnswer: Hashable, Sendable {
    case follows
    /// The batch begins after a gap: send from this sequence on.
    case gap(expected: Int64)
    /// The hub has another changeset under this sequence: two lives of one
    /// database. The node starts a new incarnation from there.
    case fork(at: Int64)
}

/// What changed of one record since the node's position.
package struct RecordDelta: Hashable, Sendable {
    package enum Presence: UInt8, Hashable, Sendable {
        /// There, and changed as the units say.
        case alive = 0
        /// There; units not listed are empty. The node did not have it.
        case whole = 1
        case deleted = 2
        /// Moved to a scope that is not this one.
        case left = 3
    }

    package var scope: ScopeCode
    package var number: RecordNumber
    /// Nil when the node knows the number already.
    package var id: RecordID?
    package var type: TypeNumber
    package var presence: Presence
    package var units: [UnitDelta]

    package init(
        scope: ScopeCode, number: RecordNumber, id: RecordID?, type: TypeNumber,
        presence: Presence, units: [UnitDelta]
    ) {
        self.scope = scope
        self.number = number
        self.id = id
        self.type = type
        self.presence = presence
        self.units = units
    }

    /// The record that a deleted one was merged into.
    package var alias: RecordID? {
        guard presence == .deleted else { return nil }
        let value = units.first { $0.unit == .presence }?.value
        return value?.single.text.flatMap { RecordID($0) }
    }
}

/// One unit's value as it stands at the hub.
package struct UnitDelta: Hashable, Sendable {
    package var unit: UnitNumber
    package var value: UnitValue

    package init(unit: UnitNumber, value: UnitValue) {
        self.unit = unit
        self.value = value
    }
}

/// What a message calls a record: its number where both sides know it, its
/// id where one does not.
package enum RecordReference: Hashable, Sendable {
    case id(RecordID)
    case number(ScopeCode, RecordNumber)
}
