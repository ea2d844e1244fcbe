import FieldgridModel
import Foundation

/// The texts that a conflict record keeps: its sides, its base and the reason
/// of its decision with the inputs, all as JSON with sorted keys.
struct ConflictDocument {
    var sides: String
    var base: String
    /// The side that shows, counted from 1.
    var winner: Int
    var reason: String

    init(
        unit: SchemaIndex.Unit, state: UnitState, reference: ConflictReference?,
        event: ConflictEvent, schema: SchemaTag
    ) {
        let decision = state.decision(policy: unit.policy)
        winner = decision.winner + 1
        let documents = state.sides.map { Self.document(of: $0, unit) }
        sides = Self.text(documents)
        base = Self.text(reference.map { Self.json($0.base, unit) } ?? NSNull())
        var reason: [String: Any] = [
            "rule": decision.rule.rawValue, "policy": unit.policy.name,
            "policy_version": schema.digits,
            "order": unit.policy.sourceOrder.map(\.rawValue),
            "state": event.state.rawValue, "winner": decision.winner + 1,
            "value": Self.json(state.sides[decision.winner].value, unit),
            "at": Instants.text(event.offer.time.milliseconds), "by": event.offer.author,
            "inputs": state.sides.map { side -> [String: Any] in
                [
                    "incarnation": side.offer.identity.incarnation.description,
                    "seq": side.offer.identity.seq, "time": side.offer.time.raw,
                    "clamped": side.offer.isClamped, "source": side.offer.source.rawValue,
                    "author": side.offer.author, "settles": side.settles != nil,
                ]
            },
        ]
        if event.isUndo { reason["undone_by"] = event.offer.author }
        self.reason = Self.text(reason)
    }

    /// Two records with one natural key: each side is one of them.
    init(duplicates: [RecordState], _ entry: SchemaIndex.Entry, event: ConflictEvent) {
        winner = 0
        base = "null"
        sides = Self.text(
            duplicates.map { record -> [String: Any] in
                var document = Self.origin(record.units.elements.flatMap(\.state.sides))
                var values: [String: Any] = [:]
                for unit in entry.units where unit.number > .scope {
                    guard let shown = record.units[unit.number]?.value(policy: unit.policy),
                        !shown.isNull
                    else { continue }
                    values[unit.name] = Self.json(shown, unit)
                }
                document["record"] = record.id.description
                document["scope"] = record.scope.text
                document["value"] = values
                return document
            })
        var reason: [String: Any] = [
            "rule": "duplicate", "at": Instants.text(event.offer.time.milliseconds),
            "by": event.offer.author, "keys": Self.sharedKeys(of: duplicates, entry),
            "state": event.state.rawValue,
        ]
        // What no changeset says is the hub's own finding, that the keys differ.
        if event.state == .settled, event.offer.identity.seq > 0 {
            let isMerged = duplicates.contains { $0.alias != nil }
            reason["outcome"] = (isMerged ? DuplicateOutcome.merged : .apart).rawValue
        }
        self.reason = Self.text(reason)
    }

    /// The records that the sides of a conflict about two of them are.
    static func records(in sides: String?) -> [RecordID] {
        let sides = try? JSONSerialization.jsonObject(with: Data((sides ?? "").utf8))
        return (sides as? [[String: Any]] ?? []).compactMap {
            ($0["record"] as? String).flatMap { RecordID($0) }
        }
    }

    /// The natural keys that the records have in common; all of them when
    /// they have none any more.
    private static func sharedKeys(
        of records: [RecordState], _ entry: SchemaIndex.Entry
    ) -> [[String]] {
        let shared = entry.type.naturalKeys.filter { names in
            let values = records.map { record in
                names.map { Acceptance.value(of: $0, in: record, entry) }
            }
            return Set(values).count == 1 && values.allSatisfy { !$0.contains(.null) }
        }
        return shared.isEmpty ? entry.type.naturalKeys : shared
    }

    /// The units that a broken rule reads, as they show, with who gave them.
    static func sides(of units: [SchemaIndex.Unit], in state: RecordState) -> String {
        text(
            units.compactMap { unit -> [String: Any]? in
                guard let merged = state.units[unit.number], !merged.sides.isEmpty else {
                    return nil
                }
                let shown = merged.sides[merged.decision(policy: unit.policy).winner]
                var document = document(of: shown, unit)
                document["unit"] = unit.name
                return document
            })
    }

    /// Why a record is inconsistent: which rule, or what is wrong with which
    /// field, and under which schema it was found.
    static func reason(
        of subject: BrokenRule.Subject, _ violation: Violation?, _ event: ConflictEvent,
        schema: SchemaTag
    ) -> String {
        var reason: [String: Any] = [
            "rule": "inconsistent", "policy_version": schema.digits,
            "at": Instants.text(event.offer.time.milliseconds), "by": event.offer.author,
            "state": event.state.rawValue,
        ]
        switch subject {
        case .rule(let name): reason["broken_rule"] = name
        case .field(let name):
            reason["broken_field"] = name
            reason["violation"] = violation?.code
            reason["expected"] = violation.map { ["zh": $0.message.zh, "en": $0.message.en] }
        }
        if let earlier = event.madeUnder { reason["made_under"] = earlier.digits }
        return text(reason)
    }

    /// Who made a record: the first of its sides.
    private static func origin(_ sides: [Side]) -> [String: Any] {
        guard let first = sides.min(by: { $0.offer.time < $1.offer.time })?.offer else {
            return [:]
        }
        return [
            "author": first.author, "node": first.node.description,
            "at": Instants.text(first.time.milliseconds), "source": first.source.rawValue,
            "clamped": first.isClamped,
        ]
    }

    private static func document(of side: Side, _ unit: SchemaIndex.Unit) -> [String: Any] {
        [
            "value": json(side.value, unit), "author": side.offer.author,
            "node": side.offer.node.description,
            "at": Instants.text(side.offer.time.milliseconds),
            "source": side.offer.source.rawValue, "clamped": side.offer.isClamped,
            "incarnation": side.offer.identity.incarnation.description,
            "seq": side.offer.identity.seq, "settles": side.settles != nil,
        ]
    }

    /// A unit's value as people's JSON: a group is an object by field name.
    static func json(_ value: UnitValue, _ unit: SchemaIndex.Unit) -> Any {
        guard unit.members.count > 1 else {
            return json(value.single, unit.members.first)
        }
        var object: [String: Any] = [:]
        for (field, member) in zip(unit.members, value.members) {
            object[field.name] = json(member, field)
        }
        return object
    }

    private static func json(_ value: Value, _ field: Field?) -> Any {
        switch value {
        case .null: NSNull()
        case .integer(let integer):
            if case .boolean? = field?.kind { integer == 1 as Int64 } else { integer }
        case .text(let text): text
        }
    }

    private static func text(_ object: Any) -> String {
        let options: JSONSerialization.WritingOptions = [
            .sortedKeys, .withoutEscapingSlashes, .fragmentsAllowed,
        ]
        let data = try? JSONSerialization.data(withJSONObject: object, options: options)
        return String(decoding: data ?? Data("null".utf8), as: UTF8.self)
    }
}
