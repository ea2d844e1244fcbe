import FieldgridModel

/// Settling: a change to the unit that names the conflict and the sides its
/// author saw.
extension RecordService {
    func resolve(
        _ conflicts: [ConflictRecord], choice: ConflictChoice, note: String?,
        source: ValueSource?, preview: Bool
    ) throws -> ServiceReply {
        let decisions = try conflicts.map { try decision(on: $0, choice: choice, note: note) }
        let drafts = zip(conflicts, decisions).map { conflict, decision in
            draft(decision.edits, source: source ?? self.source(of: choice, in: conflict))
        }
        if !preview { try store.save(drafts) }
        let documents = zip(conflicts, decisions).map { conflict, decision in
            JSONValue.object([
                "id": .text(conflict.id.description), "type": .text(conflict.type.name),
                "record": .text(conflict.record.description), "unit": .text(conflict.unitName),
                "value": decision.value, "saved": .bool(!preview),
            ])
        }
        return ServiceReply(.array(documents))
    }

    /// How a settlement's value was learnt: as the side that is taken, and
    /// else by whoever sits here.
    private func source(of choice: ConflictChoice, in conflict: ConflictRecord) -> ValueSource {
        let number: Int? =
            switch choice {
            case .side(let number): number
            case .winner: conflict.winner
            case .base, .value, .values, .merge, .apart: nil
            }
        guard let number, conflict.sides.indices.contains(number - 1),
            let source = ValueSource(rawValue: conflict.sides[number - 1].source),
            // A device does not speak for the hub.
            source != .hub || place == .hub
        else { return deskSource }
        return source
    }

    /// What nobody went out for: decided at the hub, or by who was there.
    var deskSource: ValueSource { place == .hub ? .hub : .onSite }

    struct SettlementDecision {
        var edits: [RecordEdit]
        var value: JSONValue
    }

    private func decision(
        on conflict: ConflictRecord, choice: ConflictChoice, note: String?
    ) throws -> SettlementDecision {
        if conflict.kind == ConflictKind.duplicate.rawValue {
            return try joining(conflict, choice: choice, note: note)
        }
        if conflict.kind == ConflictKind.inconsistent.rawValue {
            return try correction(conflict, choice: choice)
        }
        guard let unit = conflict.unit else {
            throw ServiceError(
                "conflict.unit-unknown",
                "This device does not know the field “\(conflict.unitName)” of the conflict.",
                hint: "Run `fieldgrid node sync` to get the newest schema.")
        }
        guard conflict.state != ConflictState.settled.rawValue else {
            throw ServiceError(
                "conflict.settled", "The conflict \(conflict.id) is settled already.",
                hint: "`fieldgrid conflicts undo \(conflict.id)` takes the decision back, and the "
                    + "conflict waits again.")
        }
        guard try store.record(conflict.record, type: conflict.type) != nil else {
            throw ServiceError(
                "record.unknown",
                "The \(conflict.type.name) \(conflict.record) of this conflict is not here.",
                hint: "Run `fieldgrid node sync`, or settle the conflict at the hub.")
        }
        let value = try value(chosen: choice, in: conflict, unit: unit)
        return SettlementDecision(
            edits: [try edit(conflict, unit: unit, value: value, note: note)],
            value: unit.document(value, of: conflict.type))
    }

    private func value(
        chosen choice: ConflictChoice, in conflict: ConflictRecord, unit: Unit
    ) throws(ServiceError) -> UnitValue {
        switch choice {
        case .side(let number): return try side(number, of: conflict)
        case .winner: return try side(conflict.winner, of: conflict)
        case .base:
            guard let base = conflict.base else {
                throw ServiceError(
                    "conflict.no-base", "The conflict \(conflict.id) has no base to go back to.",
                    hint: "Take a side, or give a value.")
            }
            return base
        case .value(let text): return try typed(text, unit: unit, in: conflict)
        case .values(let fields): return try given(fields, unit: unit, in: conflict)
        case .merge, .apart:
            throw ServiceError(
                "conflict.no-duplicate", "The conflict \(conflict.id) is not about two records.",
                hint: "Take a side or the base, or give a value.")
        }
    }

    private func side(_ number: Int, of conflict: ConflictRecord) throws(ServiceError) -> UnitValue
    {
        guard conflict.sides.indices.contains(number - 1) else {
            throw ServiceError(
                "conflict.side-unknown",
                "The conflict has sides 1 to \(conflict.sides.count), not \(number).",
                hint: "`fieldgrid conflicts show \(conflict.id)` shows them.")
        }
        return conflict.sides[number - 1].value
    }

    /// A value that the person typed: for a group, `member=value` parts
    /// separated by commas or semicolons; members not named stay as shown.
    private func typed(
        _ text: String, unit: Unit, in conflict: ConflictRecord
    ) throws(ServiceError) -> UnitValue {
        let type = conflict.type
        switch unit {
        case .presence:
            guard ["alive", "deleted"].contains(text) else {
                throw ServiceError(
                    "value.invalid", "A record is “alive” or “deleted”, not “\(text)”.",
                    hint: "Give --value alive or --value deleted.")
            }
            return UnitValue(.integer(text == "alive" ? 1 : 0))
        case .scope: return UnitValue(.text(text))
        case .field(let field):
            return UnitValue(try Assignment.value(text, for: field, of: type, in: schema))
        case .group(let group):
            return try members(ConflictChoice.parts(of: text), of: group, in: conflict)
        }
    }

    /// A value as `field=value` for each of the unit's fields.
    private func given(
        _ parts: [String], unit: Unit, in conflict: ConflictRecord
    ) throws(ServiceError) -> UnitValue {
        if case .group(let group) = unit { return try members(parts, of: group, in: conflict) }
        let named = try parts.map { (part) throws(ServiceError) in try Assignment.split(part) }
        guard named.count == 1, named[0].name == unit.name else {
            throw ServiceError(
                "conflict.other-fields",
                "The conflict \(conflict.id) is about “\(unit.name)”, and about no other field.",
                hint: "Give a value for that; edit the record to change what else there is.")
        }
        return try typed(named[0].value, unit: unit, in: conflict)
    }

    private func members(
        _ parts: [String], of group: FieldGroup, in conflict: ConflictRecord
    ) throws(ServiceError) -> UnitValue {
        let type = conflict.type
        let fields = Unit.group(group).fields(of: type)
        let shown =
            conflict.sides.indices.contains(conflict.winner - 1)
            ? conflict.sides[conflict.winner - 1].value.members : []
        var members = shown.count == fields.count ? shown : fields.map { _ in .null }
        for part in parts {
            let (name, value) = try Assignment.split(part)
            let field = try self.field(name, of: type)
            guard let place = fields.firstIndex(where: { $0.number == field.number }) else {
                throw ServiceError(
                    "field.not-in-group", "“\(name)” is not in the group “\(group.name)”.",
                    hint: "Its members are \(group.members.joined(separator: ", ")).")
            }
            members[place] = try Assignment.value(value, for: field, of: type, in: schema)
        }
        return UnitValue(members)
    }

    private func edit(
        _ conflict: ConflictRecord, unit: Unit, value: UnitValue, note: String?
    ) throws -> RecordEdit {
        let type = conflict.type
        let settlement = Settlement(
            conflict: conflict.id, sides: conflict.sides.compactMap(\.identity), note: note)
        var edit = RecordEdit(
            type: type.number, id: conflict.record, kind: .update,
            settlements: [unit.number: settlement])
        switch unit {
        case .presence:
            if value.single == .integer(0) { edit.kind = .delete }
        case .scope:
            edit.kind = .move(try writableScope(value.single.text ?? ""))
        case .field, .group:
            let fields = unit.fields(of: type)
            edit.values = Dictionary(
                zip(fields.map(\.number), value.members), uniquingKeysWith: { first, _ in first })
            let record = try store.record(conflict.record, type: type)
            let violations = entryCheck(edit.values, of: type, over: record).violations
            if !violations.isEmpty { throw ServiceError(violations) }
        }
        return edit
    }
}

extension ConflictChoice {
    /// The `field=value` parts of a choice that gives values; nil for every other choice.
    var parts: [String]? {
        switch self {
        case .value(let text): Self.parts(of: text)
        case .values(let fields): fields
        case .side, .winner, .base, .merge, .apart: nil
        }
    }

    fileprivate static func parts(of text: String) -> [String] {
        text.split(whereSeparator: { ",;，；".contains($0) }).map { FieldInput.trim(String($0)) }
    }
}
