import FieldgridModel
import Yams

/// Reads one record type and checks what can be seen inside its file.
struct TypeReader {
    private var fields: [Field] = []
    private var fieldLines: [String: Int] = [:]
    private var groups: [FieldGroup] = []
    private var rules: [CrossFieldRule] = []
    private var numbers: [Int: String] = [:]
    private var names: Set<String> = []
    private var hasUnreadField = false
    private let hubOnly: Bool

    /// Nil when the type's own head is broken; its mistakes are in `reader`.
    static func read(_ reader: inout MappingReader) -> TypeDraft? {
        let name = reader.name("type")
        let number = reader.integer("number", in: 1...4095)
        let label = reader.label()
        let shared = reader.flag("shared")
        var content = TypeReader(hubOnly: reader.flag("hub_only"))
        content.readFields(&reader)
        content.readGroups(&reader)
        content.readRules(&reader)
        let parent = content.parent(&reader)
        let keys = content.naturalKeys(&reader)
        let title = content.fieldName("title", &reader, required: false)
        let refresh = content.refresh(&reader)
        guard let name, let number, let label else { return nil }
        let type = RecordType(
            number: TypeNumber(number), name: name, label: label, shared: shared,
            hubOnly: content.hubOnly, parent: parent, fields: content.fields,
            groups: content.groups, rules: content.rules, naturalKeys: keys, title: title,
            refresh: refresh)
        return TypeDraft(
            file: reader.file, line: reader.line, type: type, fieldLines: content.fieldLines,
            parentLine: reader.line(of: "parent"), refreshLine: reader.line(of: "refresh"))
    }

    private init(hubOnly: Bool) { self.hubOnly = hubOnly }

    // MARK: Fields, groups, rules

    private mutating func readFields(_ reader: inout MappingReader) {
        let nodes = reader.list("fields")
        if nodes.isEmpty { reader.fault(at: "fields", "a type has at least one field") }
        for node in nodes {
            var entry = MappingReader(node, file: reader.file)
            if let field = FieldReader.read(&entry, hubOnly: hubOnly) {
                claim(field.name, field.number, &entry)
                fields.append(field)
            } else {
                hasUnreadField = true
            }
            // Also of a field that could not be read: naming it is no second mistake.
            if let name = entry.node("name")?.scalar?.string {
                names.insert(name)
                fieldLines[name] = entry.line
            }
            reader.absorb(entry.finish())
        }
        for field in fields {
            guard case .code(_, let version?) = field.kind, !names.contains(version) else {
                continue
            }
            reader.fault(
                "“version_in” of “\(field.name)” names “\(version)”, which is no field here",
                line: fieldLines[field.name])
        }
    }

    private mutating func readGroups(_ reader: inout MappingReader) {
        var owners: [String: String] = [:]
        for node in reader.list("groups") {
            var entry = MappingReader(node, file: reader.file)
            let number = entry.integer("number", in: FieldReader.numbers)
            let name = entry.name("name")
            let label = entry.label()
            let policy = FieldReader.policy(&entry) ?? (hubOnly ? .hub : .latest)
            if policy.isOperation {
                entry.fault(at: "policy", "a group has the policy of a single value, not this one")
            }
            let members = entry.texts("members")
            if members.count < 2 {
                entry.fault(at: "members", "a group has at least two members")
            }
            for member in members {
                if let reason = refusal(of: member.text, owners: owners) {
                    entry.fault(reason, line: member.line)
                }
                owners[member.text] = name ?? "?"
            }
            if let number, let name, let label {
                let group = FieldGroup(
                    number: UnitNumber(number), name: name, label: label,
                    members: members.map(\.text), policy: policy)
                claim(name, group.number, &entry)
                groups.append(group)
            }
            reader.absorb(entry.finish())
        }
        takeGroupPolicies()
    }

    /// Why a field may not be a member; nil when it may.
    private func refusal(of member: String, owners: [String: String]) -> String? {
        if !names.contains(member) { return "“\(member)” is no field here" }
        if let owner = owners[member] {
            return "“\(member)” is already in the group “\(owner)”; a field is in at most one"
        }
        return nil
    }

    /// A field of a group merges as the group does.
    private mutating func takeGroupPolicies() {
        for group in groups {
            for index in fields.indices where group.members.contains(fields[index].name) {
                fields[index].policy = group.policy
            }
        }
    }

    private mutating func readRules(_ reader: inout MappingReader) {
        let kinds = Dictionary(
            fields.map { ($0.name, $0.kind) }, uniquingKeysWith: { first, _ in first })
        var ruleNames: Set<String> = []
        for node in reader.list("rules") {
            var entry = MappingReader(node, file: reader.file)
            let name = entry.name("name")
            let label = entry.label()
            let condition = condition(&entry, kinds: kinds)
            if let name, !ruleNames.insert(name).inserted {
                entry.fault(at: "name", "there are two rules “\(name)”")
            }
            if let name, let label, let condition {
                rules.append(CrossFieldRule(name: name, label: label, condition: condition))
            }
            reader.absorb(entry.finish())
        }
    }

    private func condition(
        _ entry: inout MappingReader, kinds: [String: FieldKind]
    ) -> Expression? {
        guard let text = entry.text("holds") else { return nil }
        do {
            let expression = try ExpressionParser.parse(text)
            if !hasUnreadField {
                try ExpressionTyping(kinds: kinds).requireCondition(expression)
            }
            return expression
        } catch {
            entry.fault(at: "holds", "the rule “\(text)” \(error.reason)")
            return nil
        }
    }

    /// Takes a number and a name that nothing else in the type may have.
    private mutating func claim(
        _ name: String, _ number: UnitNumber, _ entry: inout MappingReader
    ) {
        if !names.insert(name).inserted {
            entry.fault(at: "name", "“\(name)” is there twice; fields and groups share names")
        }
        if let other = numbers.updateValue(name, forKey: number.value) {
            entry.fault(
                at: "number",
                "the number \(number.value) is already that of “\(other)”; numbers are never reused"
            )
        }
    }

    // MARK: The type as a whole

    private func fieldName(
        _ key: String, _ reader: inout MappingReader, required: Bool
    ) -> String? {
        guard let name = reader.text(key, required: required) else { return nil }
        guard fieldLines[name] != nil else {
            reader.fault(at: key, "“\(key)” names “\(name)”, which is no field here")
            return nil
        }
        return name
    }

    private func parent(_ reader: inout MappingReader) -> ParentLink? {
        guard var entry = reader.mapping("parent") else { return nil }
        let field = fieldName("field", &entry, required: true)
        let type = entry.text("type")
        let kind = fields.first { $0.name == field }?.kind
        if let field, let type, let kind, kind != .reference(type: type) {
            entry.fault(at: "field", "“\(field)” must be a reference to “\(type)”")
        }
        reader.absorb(entry.finish())
        guard let field, let type else { return nil }
        return ParentLink(field: field, type: type)
    }

    private func naturalKeys(_ reader: inout MappingReader) -> [[String]] {
        reader.list("unique").compactMap { node in
            let line = node.mark?.line
            guard let sequence = node.sequence, !sequence.isEmpty else {
                reader.fault("“unique” is a list of lists of field names", line: line)
                return nil
            }
            return sequence.compactMap { element in
                guard let name = element.scalar?.string, fieldLines[name] != nil else {
                    let found = element.scalar?.string ?? "…"
                    reader.fault("“unique” names “\(found)”, which is no field here", line: line)
                    return nil
                }
                return name
            }
        }
    }

    private func refresh(_ reader: inout MappingReader) -> RefreshRule? {
        guard var entry = reader.mapping("refresh") else { return nil }
        let status = fieldName("status", &entry, required: true)
        let active = entry.texts("active").map(\.text)
        let emptyIsActive = entry.flag("empty_is_active")
        let completedBy = entry.texts("completed_by").map(\.text)
        reader.absorb(entry.finish())
        guard let status else { return nil }
        return RefreshRule(
            statusField: status, activeCodes: active, emptyIsActive: emptyIsActive,
            completedBy: completedBy)
    }
}
