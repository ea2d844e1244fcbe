/// What a new schema does to an old one, in words.
///
/// Numbers are permanent: changesets, histories and nodes with older programs
/// name types, fields and groups by them (sync.md 9.21). Canonical values,
/// digests and merge state belong to a unit's kind, members and way of
/// merging, so these are permanent too; what a value may be is not.
package struct SchemaChange: Hashable, Sendable {
    /// Why the new one cannot follow the old one; empty where it can.
    package var problems: [String] = []
    /// What changes.
    package var sentences: [String] = []

    package init(from old: Schema, to new: Schema) {
        if old.name != new.name {
            problems.append("the schema is \(old.name), not \(new.name)")
        }
        checkNames(of: new)
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
            compareType(type, later)
            compareFields(of: type, later)
            compareGroups(of: type, later)
            compareRules(of: type, later)
        }
        for type in new.types where !old.types.contains(where: { $0.number == type.number }) {
            sentences.append("new record type \(type.name)")
        }
        compareLists(old, new)
        if problems.isEmpty, sentences.isEmpty, old != new {
            sentences.append("labels, code lists or import maps change")
        }
    }

    /// Types, and the fields and groups of a type, have numbers and names of
    /// their own.
    private mutating func checkNames(of schema: Schema) {
        for number in Self.repeated(schema.types.map(\.number.value)) {
            problems.append("two record types have the number \(number)")
        }
        for name in Self.repeated(schema.types.map(\.name)) {
            problems.append("two record types are called \(name)")
        }
        for type in schema.types {
            let numbers = type.fields.map(\.number.value) + type.groups.map(\.number.value)
            for number in Self.repeated(numbers) {
                problems.append("\(type.name) has the number \(number) twice")
            }
            for name in Self.repeated(type.fields.map(\.name) + type.groups.map(\.name)) {
                problems.append("\(type.name) has the name \(name) twice")
            }
        }
    }

    private static func repeated<Name: Hashable & Comparable>(_ names: [Name]) -> [Name] {
        Dictionary(grouping: names) { $0 }.filter { $0.value.count > 1 }.keys.sorted()
    }

    private mutating func compareType(_ old: RecordType, _ new: RecordType) {
        if old.shared != new.shared || old.hubOnly != new.hubOnly {
            problems.append("\(old.name) cannot change who receives or writes it")
        }
        if old.parent != new.parent {
            problems.append(
                "\(old.name) cannot change what it belongs to: its records live where that does")
        }
        if old.naturalKeys != new.naturalKeys {
            sentences.append("\(old.name) is known by other keys: duplicates are looked for anew")
        }
        if old.title != new.title { sentences.append("\(old.name) is named by another field") }
        if old.refresh != new.refresh {
            sentences.append("\(old.name) is due for the refresh by another rule")
        }
    }

    // MARK: Fields and groups

    private mutating func compareFields(of old: RecordType, _ new: RecordType) {
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
            compare(field, later, of: old.name)
            let before = old.group(containing: field.name) != nil
            let after = new.group(containing: field.name) != nil
            if before != after {
                problems.append("field \(old.name).\(field.name) cannot enter or leave a group")
            } else if !before {
                comparePolicy(field, later, of: old.name)
            }
        }
        for field in new.fields where old.field(field.number) == nil {
            sentences.append(
                "new field \(new.name).\(field.name)" + (field.required ? ", required" : ""))
        }
    }

    private mutating func compare(_ old: Field, _ new: Field, of type: String) {
        let name = "\(type).\(old.name)"
        if new.required != old.required {
            sentences.append("\(name) is \(new.required ? "now" : "no longer") required")
        }
        if new.kind != old.kind || new.checks != old.checks {
            sentences.append("\(name) is checked otherwise")
        }
    }

    private mutating func comparePolicy(_ old: Field, _ new: Field, of type: String) {
        let name = "\(type).\(old.name)"
        guard new.policy != old.policy else { return }
        if new.policy.isOperation || old.policy.isOperation {
            // A sealed change is read by its unit's policy (decision 0017).
            problems.append(
                "field \(name) cannot begin or cease to be a counter, a set or a list of entries: "
                    + "changes that wait on devices would be misread")
        } else {
            sentences.append("\(name) merges by another policy")
        }
    }

    private mutating func compareGroups(of old: RecordType, _ new: RecordType) {
        for group in old.groups {
            let later = new.groups.first { $0.number == group.number }
            guard let later, later.name == group.name, later.members == group.members else {
                problems.append("group \(old.name).\(group.name) cannot change its members")
                continue
            }
            if later.policy != group.policy {
                sentences.append("\(old.name).\(group.name) merges by another policy")
            }
        }
        for group in new.groups where !old.groups.contains(where: { $0.number == group.number }) {
            sentences.append("new group \(new.name).\(group.name)")
        }
    }

    // MARK: Rules and code lists

    private mutating func compareRules(of old: RecordType, _ new: RecordType) {
        for rule in old.rules {
            let later = new.rules.first { $0.name == rule.name }
            if later == nil {
                sentences.append("\(old.name) has no rule \(rule.name) any more")
            } else if later?.condition != rule.condition {
                sentences.append("\(old.name) has another rule \(rule.name)")
            }
        }
        for rule in new.rules where !old.rules.contains(where: { $0.name == rule.name }) {
            sentences.append("\(new.name) has a new rule \(rule.name)")
        }
    }

    private mutating func compareLists(_ old: Schema, _ new: Schema) {
        for list in old.codeLists {
            guard let later = new.codeList(named: list.name) else {
                sentences.append("the code list \(list.name) is gone")
                continue
            }
            for version in list.versions {
                let codes = later.versions.first { $0.version == version.version }?.codes
                guard let codes else {
                    sentences.append(
                        "the code list \(list.name) has no version \(version.version) any more")
                    continue
                }
                let gone = Set(version.codes.map(\.code)).subtracting(codes.map(\.code))
                if !gone.isEmpty {
                    sentences.append(
                        "the code list \(list.name) no longer has "
                            + gone.sorted().joined(separator: ", "))
                }
                let come = Set(codes.map(\.code)).subtracting(version.codes.map(\.code))
                if !come.isEmpty {
                    sentences.append(
                        "the code list \(list.name) also has "
                            + come.sorted().joined(separator: ", "))
                }
            }
            for version in later.versions
            where !list.versions.contains(where: { $0.version == version.version }) {
                sentences.append(
                    "the code list \(list.name) has a new version \(version.version)")
            }
        }
        for list in new.codeLists where old.codeList(named: list.name) == nil {
            sentences.append("new code list \(list.name)")
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
