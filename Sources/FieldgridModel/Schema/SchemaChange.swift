/// What a new schema does to an old one, in words.
///
/// Numbers are permanent: changesets, histories and nodes with older programs
/// name types, fields and groups by them (sync.md 9.21).
package struct SchemaChange: Hashable, Sendable {
    /// Why the new one cannot follow the old one; empty where it can.
    package var problems: [String] = []
    /// What changes.
    package var sentences: [String] = []

    package init(from old: Schema, to new: Schema) {
        if old.name != new.name {
            problems.append("the schema is \(old.name), not \(new.name)")
        }
        for type in old.types {
            guard let later = new.types.first(where: { $0.number == type.number }) else {
                problems.append("record type \(type.name) (\(type.number.value)) is missing")
                continue
            }
            guard later.name == type.name else {
                problems.append(
                    "number \(type.number.value) is \(type.name), and cannot become \(later.name)")
                continue
            }
            compare(type, later)
        }
        for type in new.types where !old.types.contains(where: { $0.number == type.number }) {
            sentences.append("new record type \(type.name)")
        }
        if problems.isEmpty, sentences.isEmpty, old != new {
            sentences.append("labels, code lists, rules or import maps change")
        }
    }

    private mutating func compare(_ old: RecordType, _ new: RecordType) {
        if old.shared != new.shared || old.hubOnly != new.hubOnly {
            problems.append("\(old.name) cannot change who receives or writes it")
        }
        for field in old.fields {
            guard let later = new.field(field.number) else {
                problems.append("field \(old.name).\(field.name) is missing")
                continue
            }
            guard later.name == field.name, later.kind.word == field.kind.word else {
                problems.append(
                    "field \(old.name).\(field.name) (\(field.number.value)) cannot become "
                        + "\(later.name), or another kind")
                continue
            }
            if later.required != field.required {
                sentences.append(
                    "\(old.name).\(field.name) is \(later.required ? "now" : "no longer") required")
            }
            if later.policy != field.policy,
                later.policy.isOperation || field.policy.isOperation
            {
                // A sealed change is read by its unit's policy (decision 0017).
                problems.append(
                    "field \(old.name).\(field.name) cannot begin or cease to be a counter, a set "
                        + "or a list of entries: changes that wait on devices would be misread")
            } else if later.policy != field.policy {
                sentences.append("\(old.name).\(field.name) merges by another policy")
            }
        }
        for field in new.fields where old.field(field.number) == nil {
            sentences.append("new field \(new.name).\(field.name)")
        }
        for group in old.groups {
            let later = new.groups.first { $0.number == group.number }
            guard later?.name == group.name, later?.members == group.members else {
                problems.append("group \(old.name).\(group.name) cannot change its members")
                continue
            }
        }
        for field in new.fields {
            let before = old.groups.contains { $0.members.contains(field.name) }
            let after = new.groups.contains { $0.members.contains(field.name) }
            if old.field(field.number) != nil, before != after {
                problems.append("field \(old.name).\(field.name) cannot enter or leave a group")
            }
        }
    }
}

extension FieldKind {
    /// What its canonical values are; a longer text or another code list is
    /// no other kind.
    fileprivate var word: String {
        switch self {
        case .text: "text"
        case .integer: "integer"
        case .money: "money"
        case .decimal(let scale): "decimal \(scale)"
        case .boolean: "boolean"
        case .date: "date"
        case .month: "month"
        case .instant: "instant"
        case .code: "code"
        case .reference(let type): "reference \(type)"
        case .grid: "grid"
        case .set: "set"
        case .attachment: "attachment"
        }
    }
}
