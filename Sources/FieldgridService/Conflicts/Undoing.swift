import FieldgridModel

/// Taking a decision back: a change of its own to the unit of the conflict.
///
/// What is known here to have taken the decision's place is refused at once;
/// of what is not, the hub has the last word.
extension RecordService {
    func undo(_ conflicts: [ConflictRecord], note: String?) throws -> ServiceReply {
        let edits = try conflicts.map { try undoing($0, note: note) }
        try store.save(edits.map { draft([$0], source: deskSource) })
        let documents = conflicts.map { conflict in
            JSONValue.object([
                "id": .text(conflict.id.description), "type": .text(conflict.type.name),
                "record": .text(conflict.record.description), "unit": .text(conflict.unitName),
                "saved": .bool(true),
            ])
        }
        return ServiceReply(.array(documents))
    }

    private func undoing(_ conflict: ConflictRecord, note: String?) throws -> RecordEdit {
        guard conflict.kind != ConflictKind.inconsistent.rawValue else {
            throw ServiceError(
                "conflict.no-decision",
                "The conflict \(conflict.id) about a rule is ended by the values of the record, "
                    + "not by a decision.",
                hint: "`fieldgrid record set` changes them.")
        }
        guard let unit = conflict.unit else {
            throw ServiceError(
                "conflict.unit-unknown",
                "This device does not know the field “\(conflict.unitName)” of the conflict.",
                hint: "Run `fieldgrid node sync` to get the newest schema.")
        }
        guard !conflict.waitsForPerson else { throw undecided(conflict) }
        switch try obstacle(to: conflict) {
        case nil: break
        case .undecided: throw undecided(conflict)
        case .superseded(let offer):
            let name = "\(conflict.type.name) \(conflict.record)"
            throw ServiceError(
                QuarantineCode.superseded.rawValue,
                UndoObstacle.superseded(by: offer).reason.sentence,
                hint: "Nothing was saved. `fieldgrid record history \(name)` shows who changed it; "
                    + "if it is still wrong, `fieldgrid record set \(name) field=value` puts it "
                    + "right.")
        }
        let settlement = Settlement(
            conflict: conflict.id, sides: conflict.sides.compactMap(\.identity), note: note,
            isUndo: true)
        return RecordEdit(
            type: conflict.type.number, id: conflict.record, kind: .update,
            settlements: [unit.number: settlement])
    }
}

extension RecordService {
    private func undecided(_ conflict: ConflictRecord) -> ServiceError {
        ServiceError(
            "conflict.undecided",
            "The conflict \(conflict.id) waits for a person; nothing was decided yet.",
            hint: "`fieldgrid conflicts resolve` settles it.")
    }

    /// What is known here to stand in the way of taking a decision back.
    ///
    /// Of one unit only the newest conflict can be in force.
    private func obstacle(to conflict: ConflictRecord) throws -> UndoObstacle? {
        guard let unit = conflict.unit else { return nil }
        let newest = try conflicts(of: conflict.record) {
            $0.unitName == conflict.unitName && $0.isAboutUnit
        }.last
        guard let told = ToldUnit(newest ?? conflict) else { return nil }
        let standing = try store.standing(
            of: unit.number, in: conflict.record, type: conflict.type, told: told)
        // Who takes it back has seen all that is here.
        let nobody = IncarnationID(UUIDBits(high: 0, low: 0))
        let seen = Seen(
            identity: ChangesetIdentity(incarnation: nobody, seq: 0), context: [:],
            named: standing.sides.map(\.offer.identity))
        return standing.obstacle(toUndoing: conflict.id, seen: seen)
    }
}

extension ToldUnit {
    /// Nil where a conflict is not about one unit, or does not say what its
    /// decision was made of.
    fileprivate init?(_ conflict: ConflictRecord) {
        guard conflict.isAboutUnit, let unit = conflict.unit else { return nil }
        let type = conflict.type
        let isSaid = conflict.reason.members.contains { $0.key == "value" }
        let led =
            conflict.sides.indices.contains(conflict.winner - 1)
            ? conflict.sides[conflict.winner - 1].value : nil
        let shown = isSaid ? ConflictRecord.value(conflict.reason["value"], unit, type) : led
        var sides: [Side] = []
        for (place, input) in conflict.reason["inputs"].elements.enumerated() {
            guard let incarnation = input["incarnation"].text.flatMap({ IncarnationID($0) }),
                let seq = input["seq"].integer
            else { return nil }
            let identity = ChangesetIdentity(incarnation: incarnation, seq: seq)
            let value = conflict.sides.first { $0.identity == identity }?.value
            let offer = Offer(
                Offer.Facts(
                    identity: identity, node: NodeID(incarnation.bits),
                    author: input["author"].text ?? "",
                    source: input["source"].text.flatMap(ValueSource.init) ?? .onSite,
                    time: HybridTime(raw: input["time"].integer ?? 0),
                    isClamped: input["clamped"].bool ?? false,
                    // In the order in which they stand; what was seen of them is said by name.
                    accepted: (conflict.scope, Position(Int64(place) + 1))))
            let settles = input["settles"].bool == true ? conflict.id : nil
            sides.append(
                Side(
                    value: value ?? shown ?? UnitValue(.null), offer: offer, settles: settles))
        }
        guard !sides.isEmpty else { return nil }
        // The hub is done with one that was settled by no decision.
        let isOver =
            conflict.toldState == .settled && sides.allSatisfy { $0.settles == nil }
        // A settled conflict still shows the sides that it replaced.
        let replaced = conflict.sides.compactMap { told -> Side? in
            guard conflict.toldState == .settled, let identity = told.identity else { return nil }
            let offer = Offer(
                Offer.Facts(
                    identity: identity, node: NodeID(identity.incarnation.bits),
                    author: told.author, source: ValueSource(rawValue: told.source) ?? .onSite,
                    time: .zero, isClamped: told.isClamped, accepted: (conflict.scope, .zero)))
            return Side(value: told.value, offer: offer)
        }
        let reference = ConflictReference(
            id: conflict.id, state: conflict.toldState,
            kind: ConflictKind(rawValue: conflict.kind) ?? .hard,
            base: conflict.base ?? UnitValue(.null), replaced: replaced)
        self.init(
            state: UnitState(
                changed: .zero, sides: sides, conflict: isOver ? nil : reference),
            shown: shown)
    }
}

/// Conflicts that are not about one unit: two records of one thing, and a
/// rule that a merged record breaks.
extension RecordService {
    /// Two records become one, or stay two.
    ///
    /// People choose values, not ids: the smaller id stays. Taking a side
    /// takes its values where the two differ.
    func joining(
        _ conflict: ConflictRecord, choice: ConflictChoice, note: String?
    ) throws -> SettlementDecision {
        guard conflict.state != ConflictState.settled.rawValue else {
            throw ServiceError(
                "conflict.settled", "The conflict \(conflict.id) is settled already.",
                hint: "`fieldgrid conflicts undo \(conflict.id)` takes the decision back.")
        }
        let settlement = [
            UnitNumber.presence: Settlement(
                conflict: conflict.id, sides: [], note: note)
        ]
        let twin = conflict.record
        let type = conflict.type
        if choice == .apart {
            let edit = RecordEdit(
                type: type.number, id: twin, kind: .update, settlements: settlement)
            return SettlementDecision(edits: [edit], value: .text("apart"))
        }
        guard let survivor = conflict.sides.compactMap(\.record).first(where: { $0 != twin }),
            let standing = try store.record(survivor, type: type), standing.isAlive,
            let going = try store.record(twin, type: type), going.isAlive
        else {
            throw ServiceError(
                "record.unknown",
                "Both records of the conflict \(conflict.id) have to be here to be merged.",
                hint: "Settle it where both grids are held: at the township or at the hub.")
        }
        var edits = [
            RecordEdit(
                type: type.number, id: twin, kind: .merge(into: survivor),
                settlements: settlement)
        ]
        let chosen = try values(of: choice, in: conflict, standing: standing, going: going)
        if !chosen.isEmpty {
            // Those that the record that stays has already were chosen as well.
            var choosing = RecordEdit(
                type: type.number, id: survivor, kind: .update, values: chosen)
            choosing.restates = true
            edits.append(choosing)
        }
        return SettlementDecision(
            edits: edits, value: .object(["merged_into": .text(survivor.description)]))
    }

    /// The values that a person's choice gives the record that stays.
    private func values(
        of choice: ConflictChoice, in conflict: ConflictRecord, standing: StoredRecord,
        going: StoredRecord
    ) throws -> [UnitNumber: Value] {
        let number: Int
        switch choice {
        case .merge, .apart, .winner: return [:]
        case .side(let side): number = side
        case .base, .value, .values:
            throw ServiceError(
                "conflict.is-duplicate", "The conflict \(conflict.id) is about two records.",
                hint: "Give --take merge (each value by its policy), --take 1 or 2 (the values of "
                    + "that record where they differ), or --take apart (two things after all).")
        }
        guard conflict.sides.indices.contains(number - 1),
            let chosen = conflict.sides[number - 1].record
        else {
            throw ServiceError(
                "conflict.side-unknown",
                "The conflict has sides 1 to \(conflict.sides.count), not \(number).",
                hint: "`fieldgrid conflicts show \(conflict.id)` shows them.")
        }
        let (taken, other) = chosen == standing.id ? (standing, going) : (going, standing)
        var values: [UnitNumber: Value] = [:]
        for number in conflict.type.unitNumbers {
            guard case .declared(let policy)? = conflict.type.policy(of: number),
                !policy.isOperation, policy != .hub
            else { continue }
            // A group is taken as a whole: half of each would be nobody's.
            let members = conflict.type.members(of: number) ?? []
            let differ = members.contains { taken.values[$0.number] != other.values[$0.number] }
            guard differ, members.contains(where: { taken.values[$0.number] != nil }),
                members.contains(where: { other.values[$0.number] != nil })
            else { continue }
            for field in members { values[field.number] = taken.values[field.number] ?? .null }
        }
        return values
    }

    /// A broken rule is put right by new values of the fields that it reads,
    /// and a field that the present schema does not take by one that it does.
    func correction(
        _ conflict: ConflictRecord, choice: ConflictChoice
    ) throws -> SettlementDecision {
        guard let parts = choice.parts else {
            let rule = conflict.type.rules.first { $0.name == conflict.unitName }
            let fields = rule?.fields.sorted().joined(separator: "=…,") ?? conflict.unitName
            throw ServiceError(
                "conflict.needs-values",
                "The conflict \(conflict.id) is about a rule, not about two values.",
                hint: "Give --value \(fields)=… with values that fit together.")
        }
        guard conflict.state != ConflictState.settled.rawValue else {
            throw ServiceError(
                "conflict.settled", "The record keeps the rule of \(conflict.id) again.",
                hint: "`fieldgrid conflicts list` shows what still waits.")
        }
        guard let record = try store.record(conflict.record, type: conflict.type), record.isAlive
        else {
            throw ServiceError(
                "record.unknown",
                "The \(conflict.type.name) \(conflict.record) of this conflict is not here.",
                hint: "Run `fieldgrid node sync`, or settle the conflict at the hub.")
        }
        let given = try values(parts, of: conflict.type)
        let violations = entryCheck(given, of: conflict.type, over: record).violations
        if !violations.isEmpty { throw ServiceError(violations) }
        let left = remaining(of: conflict, in: record.values.merging(given) { $1 })
        if !left.isEmpty { throw ServiceError(left) }
        let edit = RecordEdit(
            type: conflict.type.number, id: record.id, kind: .update, values: given)
        return SettlementDecision(edits: [edit], value: .texts(parts))
    }

    /// What these values still leave wrong of what the conflict is about.
    private func remaining(
        of conflict: ConflictRecord, in values: [UnitNumber: Value]
    ) -> [Violation] {
        let type = conflict.type
        let named = { (name: String) in
            type.field(named: name).flatMap { values[$0.number] } ?? .null
        }
        if let field = type.field(named: conflict.unitName) {
            return type.violations(
                ofField: field, value: named(field.name), others: named, schema: schema,
                today: today)
        }
        return type.brokenRules(in: named, today: today) { $0.name == conflict.unitName }
            .map { type.violation(of: $0) }
    }
}
