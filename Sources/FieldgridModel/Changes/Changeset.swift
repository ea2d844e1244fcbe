/// The changes of one saved action, atomic, sealed under one identity.
///
/// - The context is what the author's *screen* had shown: for each scope the
///   action touches, the hub position it was at. Everything up to it, and the
///   node's own earlier changesets, is "seen".
/// - The digest (``CanonicalEncoder``) covers the logical form and the digest
///   of the changeset before it in the same incarnation.
/// - At most ``Limit/changes`` changes and ``Limit/bytes`` bytes.
package struct Changeset: Hashable, Sendable {
    package enum Limit {
        package static let changes = 1_000
        package static let bytes = 1 << 20
    }

    /// The author of edits that another program made in the database.
    package static let outsideProgram = "outside the program"

    package var identity: ChangesetIdentity
    package var author: String
    package var time: HybridTime
    package var source: ValueSource
    /// The first 8 bytes of the digest of the schema it was made under.
    package var schema: SchemaTag
    /// The hub epoch that the positions of ``context`` belong to.
    package var epoch: EpochID
    package var context: [ScopeCode: Position]
    package var changes: [Change]

    package init(
        identity: ChangesetIdentity, author: String, time: HybridTime, source: ValueSource,
        schema: SchemaTag, epoch: EpochID, context: [ScopeCode: Position], changes: [Change]
    ) {
        self.identity = identity
        self.author = author
        self.time = time
        self.source = source
        self.schema = schema
        self.epoch = epoch
        self.context = context
        self.changes = changes
    }
}

/// One unit's new value in one record.
package struct Change: Hashable, Sendable {
    package var type: TypeNumber
    package var record: RecordID
    package var unit: UnitNumber
    package var value: UnitValue
    /// Replaces the changeset's context for this unit: the author's screen
    /// still showed an own, unanswered value made at that earlier position.
    package var seenThrough: Position?
    /// Set when this value settles a conflict.
    package var settles: Settlement?

    package init(
        type: TypeNumber, record: RecordID, unit: UnitNumber, value: UnitValue,
        seenThrough: Position? = nil, settles: Settlement? = nil
    ) {
        self.type = type
        self.record = record
        self.unit = unit
        self.value = value
        self.seenThrough = seenThrough
        self.settles = settles
    }
}

/// A person's decision: the conflict it settles, or whose decision it takes
/// back, and the sides it saw.
package struct Settlement: Hashable, Sendable {
    package var conflict: RecordID
    package var sides: [ChangesetIdentity]
    /// Why, in the person's own words.
    package var note: String?
    /// Takes the decision back: what it had replaced stands again, and the
    /// conflict waits for a person.
    package var isUndo: Bool

    package init(
        conflict: RecordID, sides: [ChangesetIdentity], note: String? = nil,
        isUndo: Bool = false
    ) {
        self.conflict = conflict
        self.sides = sides
        self.note = note
        self.isUndo = isUndo
    }
}

/// The first 8 bytes of a schema's digest: enough to name one of the few
/// schemas that a hub ever published.
package struct SchemaTag: Hashable, Sendable {
    package let value: UInt64
    package init(_ value: UInt64) { self.value = value }

    /// Its sixteen hexadecimal digits.
    package var digits: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// A SHA-256 digest.
package struct ContentDigest: Hashable, Sendable, CustomStringConvertible {
    package let bytes: [UInt8]

    /// Nil unless there are 32 bytes.
    package init?(_ bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes)
        guard self.bytes.count == 32 else { return nil }
    }

    private init(zeros: Int) { bytes = Array(repeating: 0, count: zeros) }

    /// What precedes the first changeset of an incarnation.
    package static let start = ContentDigest(zeros: 32)

    package var description: String {
        bytes.map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }
}

/// The hub's durable answer for one changeset: position and code, fixed for ever.
///
/// What became of each unit arrives with the pull.
package struct Receipt: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable {
        /// Accepted at this position of this scope (the least in code order
        /// when it touched two).
        case accepted(ScopeCode, Position)
        case quarantined(QuarantineCode, message: String)
    }

    package var seq: Int64
    package var outcome: Outcome
    /// Its time lay in the hub's future and was moved to the hub's bound.
    package var isTimeMoved: Bool

    package init(seq: Int64, outcome: Outcome, isTimeMoved: Bool = false) {
        self.seq = seq
        self.outcome = outcome
        self.isTimeMoved = isTimeMoved
    }
}

/// The later acceptance of a changeset whose receipt says quarantine.
///
/// The receipt stays what it was; this stands beside it.
package struct Release: Hashable, Sendable {
    package var identity: ChangesetIdentity
    package var scope: ScopeCode
    package var position: Position

    package init(_ identity: ChangesetIdentity, _ scope: ScopeCode, _ position: Position) {
        self.identity = identity
        self.scope = scope
        self.position = position
    }
}

/// Why a changeset waits.
///
/// Codes are stable: they are in the wire, the stores and people's notes. Never
/// rename or reuse one.
package enum QuarantineCode: String, Hashable, Sendable, CaseIterable {
    /// A value or a rule inside the changeset is broken.
    case rule = "rule.broken"
    /// The schema it names is not known here, or does not have the field.
    case schema = "schema.unknown"
    /// A record it refers to is not here.
    case reference = "reference.unknown"
    /// The grid does not exist.
    case scopeUnknown = "scope.unknown"
    /// The device has no right to the scope.
    case scopeForbidden = "scope.forbidden"
    /// Only the hub writes this.
    case hubOnly = "type.hub-only"
    /// It is not signed with the name of the device's holder.
    case author = "author.not-holder"
    /// The record was made elsewhere as another type.
    case typeMismatch = "record.type-mismatch"
    /// The device that brought it is revoked; a clerk decides.
    case revoked = "device.revoked"
    /// More changes or bytes than a changeset may have.
    case size = "changeset.too-large"
    /// The decision it takes back no longer stands.
    case superseded = "undo.superseded"
}
