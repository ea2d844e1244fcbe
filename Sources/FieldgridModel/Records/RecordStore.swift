/// What a node's replica and a hub's store both offer to the commands and
/// pages: one vocabulary for reading records and for saving actions.
///
/// Saving is one path everywhere: an ``ActionDraft`` becomes one sealed
/// changeset. A replica writes its rows, and its triggers capture them; a hub
/// seals under its own incarnation and accepts like any other changeset.
package protocol RecordStore: AnyObject {
    var schema: Schema { get throws }

    /// The record, deleted ones too; nil when it is not here.
    func record(_ id: RecordID, type: RecordType) throws -> StoredRecord?

    /// Calls `body` with each living record of a type in order of id, or of
    /// natural creation, until it returns false. Conditions are all met.
    func forEachRecord(
        of type: RecordType, where conditions: [FieldCondition],
        _ body: (StoredRecord) throws -> Bool) throws

    /// The living record that has these values in the fields of a natural
    /// key, if there is one.
    func find(_ type: RecordType, key: [UnitNumber: Value]) throws -> RecordID?

    /// Saves one action: all of it durably, sealed as one changeset, or
    /// nothing. The draft has been validated.
    func save(_ draft: ActionDraft) throws

    /// Saves many actions in one transaction, one changeset for each.
    /// All are durable when it returns; none are when it throws.
    func save(_ drafts: [ActionDraft]) throws

    /// The scope a new record lives in when none is given; nil when there
    /// are several to choose from.
    var defaultScope: ScopeCode? { get throws }

    /// Whether records may be written into this scope from here, and what
    /// to tell the person if not.
    func checkScope(_ scope: ScopeCode) throws -> ScopeAnswer

    /// What was offered for the units of a record, oldest first.
    func history(_ id: RecordID) throws -> [HistoryEntry]

    /// How a unit stands that a conflict is about, as far as it is known
    /// here: at the hub as it is; on a device as `told`, with what was pulled
    /// and saved since.
    func standing(
        of unit: UnitNumber, in record: RecordID, type: RecordType, told: ToldUnit
    ) throws -> UnitState
}

/// One record as a store shows it.
package struct StoredRecord: Hashable, Sendable {
    package var type: TypeNumber
    package var id: RecordID
    package var scope: ScopeCode
    package var isAlive: Bool
    /// The record that this one was merged into, if it was.
    package var alias: RecordID?
    /// The values that are set, by field number.
    package var values: [UnitNumber: Value]
    /// Units with changes that the hub has not answered yet.
    package var unsynced: [UnsyncedUnit]

    package init(
        type: TypeNumber, id: RecordID, scope: ScopeCode, isAlive: Bool = true,
        values: [UnitNumber: Value], unsynced: [UnsyncedUnit] = []
    ) {
        self.type = type
        self.id = id
        self.scope = scope
        self.isAlive = isAlive
        self.values = values
        self.unsynced = unsynced
    }
}

/// A unit whose latest change waits for the hub, or was refused by it.
package struct UnsyncedUnit: Hashable, Sendable {
    package var unit: UnitNumber
    /// Set when the hub quarantined the change, with its sentence.
    package var quarantine: QuarantineCode?
    package var message: String?

    package init(unit: UnitNumber, quarantine: QuarantineCode? = nil, message: String? = nil) {
        self.unit = unit
        self.quarantine = quarantine
        self.message = message
    }
}

/// `field = value`; null matches records where the field is empty.
package struct FieldCondition: Hashable, Sendable {
    package var field: UnitNumber
    package var value: Value
    package init(field: UnitNumber, value: Value) {
        self.field = field
        self.value = value
    }
}

/// Whether a scope may be written from here.
package enum ScopeAnswer: Hashable, Sendable {
    case writable
    /// No grid has this code.
    case unknown
    /// The grid lies outside what this device was enrolled for.
    case outside(enrolled: [ScopeCode])
}

/// One saved action before it is sealed.
package struct ActionDraft: Hashable, Sendable {
    package var author: String
    package var source: ValueSource
    /// UTC milliseconds at which the person saved.
    package var savedAt: Int64
    package var edits: [RecordEdit]

    package init(author: String, source: ValueSource, savedAt: Int64, edits: [RecordEdit]) {
        self.author = author
        self.source = source
        self.savedAt = savedAt
        self.edits = edits
    }
}

/// What an action does to one record.
package struct RecordEdit: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case create(ScopeCode)
        case update
        case delete
        case move(ScopeCode)
        /// It is the same thing in the world as another record, into which it
        /// goes.
        case merge(into: RecordID)
    }

    package var type: TypeNumber
    package var id: RecordID
    package var kind: Kind
    /// New values by field number; null clears.
    ///
    /// Of a group's members, those not named keep their value.
    package var values: [UnitNumber: Value]
    /// The conflicts that the new values settle, by unit.
    package var settlements: [UnitNumber: Settlement]
    /// The position the screen had loaded the record at, where the screen
    /// stayed open; nil when it was loaded by this very command.
    package var loadedAt: Position?
    /// The values count as given also where the record shows them already: a
    /// person chose them over others.
    package var restates = false

    package init(
        type: TypeNumber, id: RecordID, kind: Kind, values: [UnitNumber: Value] = [:],
        settlements: [UnitNumber: Settlement] = [:], loadedAt: Position? = nil
    ) {
        self.type = type
        self.id = id
        self.kind = kind
        self.values = values
        self.settlements = settlements
        self.loadedAt = loadedAt
    }
}

/// One value that was offered for a unit, winning or losing.
package struct HistoryEntry: Hashable, Sendable {
    package var unit: UnitNumber
    package var value: UnitValue
    package var identity: ChangesetIdentity
    package var author: String
    package var node: NodeID?
    package var source: ValueSource
    /// The author's time, UTC milliseconds, as bounded by the hub.
    package var savedAt: Int64
    package var isClamped: Bool
    /// Where the hub accepted it; nil while it waits on this node.
    package var accepted: Position?
    package var acceptedAt: Int64?
    package var outcome: MergeOutcome?
    /// Set where the hub refused it.
    package var quarantine: QuarantineCode?
    package var note: String?

    package init(
        unit: UnitNumber, value: UnitValue, identity: ChangesetIdentity, author: String,
        node: NodeID?, source: ValueSource, savedAt: Int64, isClamped: Bool = false,
        accepted: Position? = nil, acceptedAt: Int64? = nil, outcome: MergeOutcome? = nil,
        note: String? = nil
    ) {
        self.unit = unit
        self.value = value
        self.identity = identity
        self.author = author
        self.node = node
        self.source = source
        self.savedAt = savedAt
        self.isClamped = isClamped
        self.accepted = accepted
        self.acceptedAt = acceptedAt
        self.outcome = outcome
        self.note = note
    }
}
