import FieldgridModel

/// A conflict as the hub wrote it down, ready to be told and settled.
///
/// The hub keeps base, sides and reason as JSON texts; values in them are
/// canonical (money in 分, decimals scaled), groups are objects.
struct ConflictRecord {
    struct Side {
        var value: UnitValue
        var author: String
        var node: String?
        /// Asia/Shanghai, as the hub wrote it.
        var at: String
        var source: String
        var isClamped: Bool
        var identity: ChangesetIdentity?
        /// As the hub wrote it.
        var document: JSONValue = .null
        /// Of two records with one natural key, the one that this side is.
        var record: RecordID? { document["record"].text.flatMap { RecordID($0) } }
    }

    let id: RecordID
    let scope: ScopeCode
    let kind: String
    private(set) var state: String
    /// As the hub wrote it, whatever was decided here since.
    let toldState: ConflictState
    let type: RecordType
    let record: RecordID
    let unitName: String
    /// Nil where this schema does not know the unit.
    let unit: Unit?
    let policy: String
    let base: UnitValue?
    let sides: [Side]
    /// Counted from 1; 0 where no side leads any more.
    let winner: Int
    let reason: JSONValue
    let openedAt: Int64?
    let settledBy: String?
    let settledAt: Int64?
    let note: String?

    /// Settled by a change that the hub has not answered yet.
    mutating func settleHere() { state = ConflictState.settled.rawValue }

    /// Whether its sides are values of one unit, and not records or values of
    /// several.
    var isAboutUnit: Bool {
        kind == ConflictKind.hard.rawValue || kind == ConflictKind.deleted.rawValue
    }

    var waitsForPerson: Bool { ConflictState(rawValue: state)?.waitsForPerson ?? false }
    var rule: Decision.Rule? { reason["rule"].text.flatMap(Decision.Rule.init) }
    var reasonText: Label { ReasonText(conflict: self).label }

    /// Nil when the record is not one that a hub wrote.
    init?(_ stored: StoredRecord, of conflictType: RecordType, in schema: Schema) {
        let value = { (name: String) in
            conflictType.field(named: name).flatMap { stored.values[$0.number] } ?? .null
        }
        typealias Names = SystemTypes.Conflict
        guard let type = value(Names.type).text.flatMap({ schema.type(named: $0) }),
            let record = value(Names.record).text.flatMap({ RecordID($0) }),
            let unitName = value(Names.unit).text
        else { return nil }
        let unit = Unit(named: unitName, of: type)
        let document = { (name: String) in
            value(name).text.flatMap { try? JSONReader.read($0) } ?? .null
        }
        id = stored.id
        scope = stored.scope
        kind = value(Names.kind).text ?? ConflictKind.hard.rawValue
        state = value(Names.state).text ?? ConflictState.open.rawValue
        toldState = ConflictState(rawValue: state) ?? .open
        self.type = type
        self.record = record
        self.unitName = unitName
        self.unit = unit
        policy = value(Names.policy).text ?? ""
        let hasBase = !value(Names.base).isNull
        base = hasBase ? unit.map { Self.value(document(Names.base), $0, type) } : nil
        sides = document(Names.sides).elements.map { Self.side($0, unit, type) }
        let lead = value(Names.winner)
        winner = Int(lead.integer ?? lead.text.flatMap { Int64($0) } ?? 0)
        reason = document(Names.reason)
        openedAt = value(Names.openedAt).integer
        settledBy = value(Names.settledBy).text
        settledAt = value(Names.settledAt).integer
        note = value(Names.note).text
    }

    private static func side(_ document: JSONValue, _ unit: Unit?, _ type: RecordType) -> Side {
        let incarnation = document["incarnation"].text.flatMap { IncarnationID($0) }
        let identity = incarnation.flatMap { incarnation in
            document["seq"].integer.map { ChangesetIdentity(incarnation: incarnation, seq: $0) }
        }
        return Side(
            value: unit.map { value(document["value"], $0, type) } ?? UnitValue([]),
            author: document["author"].text ?? "", node: document["node"].text,
            at: document["at"].text ?? "", source: document["source"].text ?? "",
            isClamped: document["clamped"].bool ?? false, identity: identity, document: document)
    }

    /// A unit's canonical value from the hub's JSON for it.
    static func value(
        _ document: JSONValue, _ unit: Unit, _ type: RecordType
    ) -> UnitValue {
        guard case .object = document else { return UnitValue(canonical(document)) }
        return UnitValue(unit.fields(of: type).map { canonical(document[$0.name]) })
    }

    private static func canonical(_ document: JSONValue) -> Value {
        switch document {
        case .null, .array, .object, .number: .null
        case .bool(let bool): .integer(bool ? 1 : 0)
        case .integer(let integer): .integer(integer)
        case .text(let text): .text(text)
        }
    }
}

extension RecordService {
    /// All conflicts that `isWanted`, or those of one record; oldest first.
    func conflicts(
        of record: RecordID? = nil, where isWanted: (ConflictRecord) -> Bool
    ) throws -> [ConflictRecord] {
        let type = try type(SystemTypes.Conflict.name)
        let conditions = record.flatMap { record in
            type.field(named: SystemTypes.Conflict.record).map {
                [FieldCondition(field: $0.number, value: .text(record.description))]
            }
        }
        var found: [ConflictRecord] = []
        try store.forEachRecord(of: type, where: conditions ?? []) { stored in
            guard var conflict = ConflictRecord(stored, of: type, in: schema) else { return true }
            if settledHere.contains(conflict.id) { conflict.settleHere() }
            if isWanted(conflict) { found.append(conflict) }
            return true
        }
        return found.sorted { ($0.openedAt ?? 0, $0.id) < ($1.openedAt ?? 0, $1.id) }
    }

    func conflict(_ text: String) throws -> ConflictRecord {
        let id: RecordID
        do {
            id = try recordID(text)
        } catch {
            throw ServiceError(
                error.code, "“\(text)” is not the id of a conflict.",
                hint: "`fieldgrid conflicts list` shows the ids of conflicts.")
        }
        let type = try type(SystemTypes.Conflict.name)
        guard let stored = try store.record(id, type: type), stored.isAlive,
            var conflict = ConflictRecord(stored, of: type, in: schema)
        else {
            throw ServiceError(
                "conflict.unknown", "There is no conflict \(id) here.",
                hint: "`fieldgrid conflicts list --all` shows those that are known; run "
                    + "`fieldgrid node sync` for newer ones.")
        }
        if settledHere.contains(id) { conflict.settleHere() }
        return conflict
    }
}
