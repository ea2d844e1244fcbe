package import FieldgridModel
package import FieldgridSync

/// Where a hub keeps its data: one protocol, any number of stores.
///
/// - A write is one durable transaction: all of it, or nothing.
/// - Calls name sets of things rather than single ones, so that a store
///   across a network answers in few round trips.
/// - Nothing in it is global: records, positions and history belong to a
///   scope, and a transaction names what it touches.
package protocol HubStore: AnyObject, Sendable {
    func read<Result>(_ body: (any HubReading) throws -> Result) throws -> Result
    func write<Result>(_ body: (any HubWriting) throws -> Result) throws -> Result
    func close() throws
}

/// One consistent view of a hub's data.
package protocol HubReading: AuditReading {
    func setting(_ key: HubSetting) throws -> String?
    func heads() throws -> [ScopeCode: ScopeHead]

    func records(_ ids: [RecordID]) throws -> [RecordID: RecordState]
    /// The ids behind record numbers; nil where there is no such number.
    func ids(of numbers: [(scope: ScopeCode, number: RecordNumber)]) throws -> [RecordID?]
    /// Records of a scope whose `latest` is after a position, in that order,
    /// until `body` returns false.
    func forEachChanged(
        in scope: ScopeCode, after position: Position, sharedOnly: Bool,
        _ body: (RecordState) throws -> Bool) throws
    /// Where a record was before it was where it is.
    func departures(of id: RecordID) throws -> [Departure]
    /// Records that left a scope after a position, in order.
    func departures(from scope: ScopeCode, after position: Position) throws -> [Departure]
    /// How many records a range has, and the latest position of any: while
    /// both stay, so do the records.
    func outline(of range: CheckRange) throws -> RangeOutline
    func forEachRecord(in range: CheckRange, _ body: (RecordState) throws -> Bool) throws
    func forEachRecord(of type: TypeNumber, _ body: (RecordState) throws -> Bool) throws
    func find(_ type: TypeNumber, key: NaturalKey) throws -> [RecordID]
    /// The records that name this one as their parent or their subject.
    func dependents(of id: RecordID) throws -> [RecordID]

    func incarnation(_ id: IncarnationID) throws -> IncarnationHead?
    /// What was answered for sequences `range` of an incarnation, in order.
    func answers(_ id: IncarnationID, _ range: ClosedRange<Int64>) throws -> [StoredAnswer]
    /// Which of these quarantined changesets were accepted since.
    func releases(of identities: [ChangesetIdentity]) throws -> [Release]
    func history(of id: RecordID) throws -> [HistoryRow]
    /// Changesets that wait, for any of these records, in sequence order; of
    /// one incarnation, or of all.
    func waiting(
        for ids: [RecordID], of incarnation: IncarnationID?
    ) throws -> [WaitingChangeset]
    /// Every changeset that waits, in the order of incarnation and sequence.
    func waiting() throws -> [WaitingChangeset]
    func waitingCount() throws -> Int
    /// The records that name, or once named, a file.
    func records(naming attachment: String) throws -> [RecordID]
    /// Sections of bundles that wait for what comes before them, in order.
    func parked(of incarnation: IncarnationID) throws -> [ParkedSection]
    func parked(from node: NodeID) throws -> [ParkedSection]
    /// Where a device said it stands, in the last bundle it sent.
    func statement(of node: NodeID) throws -> NodeStatement?
    /// Every life of a device's database that something came of, oldest first.
    func incarnations(of node: NodeID) throws -> [IncarnationID]
    /// The last moment at which a position up to this one was accepted.
    func acceptedAt(_ scope: ScopeCode, _ position: Position) throws -> Int64?
    func schemaDocument(_ tag: SchemaTag) throws -> [UInt8]?
    /// Every life of this database, oldest first.
    func epochs() throws -> [EpochRow]
    /// Up to which sequence of an incarnation a verified backup reaches; 0
    /// where none does.
    func covered(_ incarnation: IncarnationID) throws -> Int64

    /// Where devices stand, as far as they said; one of them, or all.
    func standings(of node: NodeID?) throws -> [NodeID: [ScopeCode: Standing]]
    /// The last position that was accepted by a moment; nil where none was, as
    /// far as is still known.
    func position(in scope: ScopeCode, acceptedBy time: Int64) throws -> Position?
    /// What ``HubWriting/trim(to:)`` would take away.
    func trimmable(to horizons: [ScopeCode: Position]) throws -> TrimmedRows

    func devices() throws -> [DeviceRow]
    func device(keyID: String) throws -> DeviceRow?
    func enrolment(lookup: [UInt8]) throws -> EnrolmentRow?
}

/// A view that can also be changed.
package protocol HubWriting: HubReading, AuditWriting {
    func set(_ key: HubSetting, to value: String) throws
    func put(heads: [ScopeCode: ScopeHead], at time: Int64) throws
    /// Writes records, and appends rows to the history of these and of others
    /// that are there.
    ///
    /// - Returns: where each row went.
    func put(_ records: [StorableRecord], _ history: [HistoryRow]) throws -> [HistoryPlace]
    func put(_ departures: [Departure]) throws
    func link(_ links: [(parent: RecordID, child: RecordID)]) throws
    func put(_ heads: [IncarnationID: IncarnationHead]) throws
    func append(_ answers: [(IncarnationID, StoredAnswer)]) throws
    /// Notes that quarantined changesets were accepted after all, beside
    /// their first answers, which stay.
    func release(_ releases: [Release]) throws
    func put(_ waiting: [WaitingChangeset]) throws
    func remove(_ waiting: [ChangesetIdentity]) throws
    func name(_ attachments: [(name: String, record: RecordID)]) throws
    func put(_ section: ParkedSection) throws
    func remove(_ section: ParkedSection) throws
    func put(_ statement: NodeStatement) throws
    func publish(_ tag: SchemaTag, document: [UInt8], at time: Int64) throws
    func append(_ epoch: EpochRow) throws
    /// Notes how far every incarnation is, for a backup that is about to be
    /// made; with `verified`, that the one noted before is good.
    func noteBackup(verified: Bool) throws
    /// Remembers where devices stand in the scopes that they spoke of.
    func put(_ standings: [NodeID: [ScopeCode: Standing]]) throws
    /// Raises the horizons of scopes, and lets go of what only those needed who
    /// stand below them.
    func trim(to horizons: [ScopeCode: Position]) throws
    func put(_ device: DeviceRow) throws
    func put(_ enrolment: EnrolmentRow) throws
}

/// What changes whenever the records of a range do.
package struct RangeOutline: Hashable, Sendable {
    package var count: Int64
    package var latest: Int64
}

/// The few facts of a hub that are one text each.
package enum HubSetting: String, Sendable {
    case epoch
    case hubNode = "hub_node"
    case hubIncarnation = "hub_incarnation"
    case hybridTime = "hybrid_time"
    case schemaTag = "schema_tag"
    case refreshOpened = "refresh_opened"
    case backupNoted = "backup_noted"
    case backupVerified = "backup_verified"
    case trimmedAt = "trimmed_at"
}

/// A scope's log counter, the next record number it gives, and the position up
/// to which it no longer tells what left it.
package struct ScopeHead: Hashable, Sendable {
    package var position: Position
    package var nextNumber: RecordNumber
    package var horizon = Position.zero

    package static let empty = ScopeHead(position: .zero, nextNumber: RecordNumber(1))
}

/// A record with what a store indexes it by.
package struct StorableRecord: Hashable, Sendable {
    package var state: RecordState
    package var isShared: Bool
    /// The natural keys that are complete, none where the record is deleted;
    /// nil when they are as they were.
    package var keys: [NaturalKey]?

    package static func == (left: Self, right: Self) -> Bool { left.state == right.state }
    package func hash(into hasher: inout Hasher) { hasher.combine(state.id) }
}

/// The values of one natural key in the order of its fields, in a canonical
/// spelling that can be compared as bytes.
package struct NaturalKey: Hashable, Sendable {
    package var bytes: [UInt8]
}

/// A record that left a scope, for nodes that hold only that scope.
package struct Departure: Hashable, Sendable {
    package var scope: ScopeCode
    package var number: RecordNumber
    package var id: RecordID
    package var type: TypeNumber
    package var position: Position
    package var destination: ScopeCode
}

/// One life of a hub's database.
package struct EpochRow: Hashable, Sendable {
    package var id: EpochID
    package var beganAt: Int64
    package var cause: Cause
    /// How far each scope was when it began: what was accepted after that in
    /// an earlier life is not in this one.
    package var forks: [ScopeCode: Position]

    package enum Cause: String, Hashable, Sendable, CaseIterable {
        case created
        case restored
        /// A device knew more than the database has: it was put back from a
        /// copy without a word.
        case found
    }
}

/// How far the hub has followed one incarnation.
package struct IncarnationHead: Hashable, Sendable {
    package var node: NodeID
    package var lastSeq: Int64
    package var digest: ContentDigest
    /// What it continues: the incarnation before, and the last sequence there.
    package var parent: ChangesetIdentity?
}

/// The durable answer for one changeset.
package struct StoredAnswer: Hashable, Sendable {
    package var seq: Int64
    package var digest: ContentDigest
    package var outcome: Receipt.Outcome
    package var isTimeMoved = false

    package var receipt: Receipt {
        Receipt(seq: seq, outcome: outcome, isTimeMoved: isTimeMoved)
    }
}

/// What one changeset offered for one record.
package struct HistoryRow: Hashable, Sendable {
    package var record: RecordID
    package var type: TypeNumber
    package var offer: Offer
    /// The time that it was sealed with, before any bound.
    package var sealedTime: HybridTime
    package var acceptedAt: Int64
    package var units: [HistoryUnit]
}

/// One unit of a history row.
package struct HistoryUnit: Hashable, Sendable {
    package var unit: UnitNumber
    package var value: UnitValue
    package var outcome: MergeOutcome
    package var note: String?
}

/// A changeset in quarantine.
package struct WaitingChangeset: Hashable, Sendable {
    package var changeset: Changeset
    package var node: NodeID
    package var code: QuarantineCode
    package var message: String
    package var since: Int64
}

/// An enrolled device as the hub knows it.
package struct DeviceRow: Hashable, Sendable {
    package var node: NodeID
    package var keyID: String
    package var publicKey: [UInt8]
    package var holder: String
    package var role: String
    package var scope: ScopeCode
    package var name: String
    package var enrolledAt: Int64
    package var revokedAt: Int64?
    package var lastSeenAt: Int64?
}

/// An enrolment code that was issued.
///
/// The code itself is not kept.
package struct EnrolmentRow: Hashable, Sendable {
    package var lookup: [UInt8]
    package var key: [UInt8]
    package var scope: ScopeCode
    package var holder: String
    package var role: String
    package var expiresAt: Int64
    package var usedBy: NodeID?
}
