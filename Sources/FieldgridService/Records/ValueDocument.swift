package import FieldgridModel

/// Canonical values as they stand in documents: money as integer 分, decimals
/// as exact numbers, instants with their offset, sets as arrays.
package enum ValueDocument {
    package static func document(_ value: Value, of field: Field) -> JSONValue {
        switch (field.kind, value) {
        case (_, .null): .null
        case (.boolean, .integer(let number)): .bool(number != 0)
        case (.decimal(let scale), .integer) where scale > 0:
            .number(FieldInput.display(value, for: field))
        case (.instant, .integer(let number)): .text(Instants.text(number))
        case (.set, .text(let text)): TextSet.decode(text).map(JSONValue.texts) ?? .text(text)
        case (_, .integer(let number)): .integer(number)
        case (_, .text(let text)): .text(text)
        }
    }

    /// A document's value as a person types and reads it: 元, 是 and 否.
    package static func display(_ document: JSONValue, of field: Field) -> String {
        switch document {
        case .null, .object: ""
        case .bool(let bool): FieldInput.display(.integer(bool ? 1 : 0), for: field)
        case .integer(let number):
            field.kind == .money
                ? FieldInput.display(.integer(number), for: field) : String(number)
        case .number(let literal): literal
        case .text(let text): text
        case .array(let elements): elements.compactMap(\.text).joined(separator: ";")
        }
    }
}

/// One merge unit of a type: what a change, a conflict and a history line
/// are about.
package enum Unit: Hashable, Sendable {
    case presence
    case scope
    case field(Field)
    case group(FieldGroup)

    /// Nil when the type has no such unit.
    package init?(_ number: UnitNumber, of type: RecordType) {
        switch number {
        case .presence: self = .presence
        case .scope: self = .scope
        default:
            if let group = type.groups.first(where: { $0.number == number }) {
                self = .group(group)
            } else if let field = type.field(number) {
                self = .field(field)
            } else {
                return nil
            }
        }
    }

    package init?(named name: String, of type: RecordType) {
        switch name {
        case Unit.presence.name: self = .presence
        case Unit.scope.name: self = .scope
        default:
            if let group = type.groups.first(where: { $0.name == name }) {
                self = .group(group)
            } else if let field = type.field(named: name) {
                self = .field(field)
            } else {
                return nil
            }
        }
    }

    package var name: String {
        switch self {
        case .presence: "presence"
        case .scope: "scope"
        case .field(let field): field.name
        case .group(let group): group.name
        }
    }

    package var number: UnitNumber {
        switch self {
        case .presence: .presence
        case .scope: .scope
        case .field(let field): field.number
        case .group(let group): group.number
        }
    }

    package var label: Label {
        switch self {
        case .presence: Label(zh: "记录的存在", en: "whether the record is there")
        case .scope: Label(zh: "所在网格", en: "grid")
        case .field(let field): field.label
        case .group(let group): group.label
        }
    }

    /// The fields whose values the unit's value lists, in its order.
    func fields(of type: RecordType) -> [Field] {
        switch self {
        case .presence, .scope: []
        case .field(let field): [field]
        case .group(let group): group.members.compactMap { type.field(named: $0) }
        }
    }

    /// A unit's value: an object for a group, and for a record that was merged
    /// into another.
    package func document(_ value: UnitValue, of type: RecordType) -> JSONValue {
        switch self {
        case .presence:
            switch value.single {
            case .text(let survivor): .object(["merged_into": .text(survivor)])
            case .integer(0): .text("deleted")
            case .integer, .null: .text("alive")
            }
        case .scope: .optional(value.single.text)
        case .field(let field): ValueDocument.document(value.single, of: field)
        case .group:
            .object(
                zip(fields(of: type), value.members).map { field, member in
                    JSONValue.Member(field.name, ValueDocument.document(member, of: field))
                })
        }
    }
}
