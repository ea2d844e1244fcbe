import FieldgridModel
import Yams

/// Reads one field: its kind, limits and policy.
enum FieldReader {
    /// Numbers a schema may give; 0 and 1 belong to the engine.
    static let numbers = UnitNumber.firstDeclared.value...4095

    /// Names the engine's own columns have.
    private static let reservedNames: Set<String> = ["id", "scope", "rowid", "presence"]

    private enum KindName: String, CaseIterable {
        case text, integer, money, decimal, boolean, date, month, instant, code, reference, grid
        case set, attachment
    }

    private enum StampName: String, CaseIterable {
        case verifiedOn = "verified_on"
    }

    private enum SensitivityName: String, CaseIterable {
        case open, `internal`, personal, sensitive
    }

    static func read(_ entry: inout MappingReader, hubOnly: Bool) -> Field? {
        let number = entry.integer("number", in: numbers)
        let name = entry.name("name")
        if let name, reservedNames.contains(name) {
            entry.fault(at: "name", "“\(name)” is a name of the engine; choose another")
        }
        let label = entry.label()
        let kind = Self.kind(&entry)
        let policy = Self.policy(&entry)
        let required = entry.flag("required")
        let unit = entry.text("unit", required: false)
        let sensitivity = entry.choice("sensitivity", of: SensitivityName.self)
            .flatMap { Sensitivity(rawValue: $0.rawValue) }
        let checks = kind.map { Self.checks(&entry, kind: $0) } ?? []
        let stamp = entry.choice("stamp", of: StampName.self).map { _ in Stamp.verifiedOn }
        if stamp != nil, let kind, kind != .date {
            entry.fault(at: "stamp", "the stamp verified_on needs a field of type date")
        }
        if hubOnly, let policy, policy != .hub {
            entry.fault(at: "policy", "a type that is hub_only has no policy but hub")
        }
        if let policy, let kind, let reason = refusal(of: policy, for: kind) {
            entry.fault(at: "policy", reason)
        }
        guard let number, let name, let label, let kind else { return nil }
        return Field(
            number: UnitNumber(number), name: name, label: label, kind: kind, required: required,
            unit: unit, policy: policy ?? (hubOnly ? .hub : .latest),
            sensitivity: sensitivity ?? .internal, checks: checks, stamp: stamp)
    }

    /// Why values of this kind cannot merge so; nil when they can.
    private static func refusal(of policy: MergePolicy, for kind: FieldKind) -> String? {
        switch (policy, kind) {
        case (.counter, .integer), (.counter, .money), (.counter, .decimal), (.set, .set),
            (.append, .text):
            nil
        case (.counter, _): "a counter needs the type integer, money or decimal"
        case (.set, _): "the policy set needs the type set"
        case (.append, _): "the policy append needs the type text"
        default: nil
        }
    }

    // MARK: Kind

    private static func kind(_ entry: inout MappingReader) -> FieldKind? {
        guard entry.has("type") else {
            entry.fault("“type” is missing")
            return nil
        }
        // Asked for whatever the kind, so that a stray one is named as such.
        let length = entry.integer("length", in: 1...1_000_000, required: false)
        let scale = entry.integer("scale", in: 1...12, required: false)
        let list = entry.text("list", required: false)
        let version = entry.text("version_in", required: false)
        let target = entry.text("of", required: false)
        guard let name = entry.choice("type", of: KindName.self) else { return nil }
        for (key, owner) in keyOwners where entry.has(key) && owner != name {
            entry.fault(at: key, "“\(key)” belongs to the type \(owner.rawValue), not \(name)")
        }
        func needs<Part>(_ key: String, _ part: Part?) -> Part? {
            if part == nil, !entry.has(key) { entry.fault("the type \(name) needs “\(key)”") }
            return part
        }
        switch name {
        case .text: return needs("length", length).map { .text(maxLength: $0) }
        case .integer: return .integer
        case .money: return .money
        case .decimal: return needs("scale", scale).map { .decimal(scale: $0) }
        case .boolean: return .boolean
        case .date: return .date
        case .month: return .month
        case .instant: return .instant
        case .code: return needs("list", list).map { .code(list: $0, versionField: version) }
        case .reference: return needs("of", target).map { .reference(type: $0) }
        case .grid: return .grid
        case .set: return .set
        case .attachment: return .attachment
        }
    }

    private static let keyOwners: [(key: String, owner: KindName)] = [
        ("length", .text), ("scale", .decimal), ("list", .code), ("version_in", .code),
        ("of", .reference),
    ]

    // MARK: Checks

    private static func checks(_ entry: inout MappingReader, kind: FieldKind) -> [FieldCheck] {
        var checks: [FieldCheck] = []
        let least = limit("least", &entry, kind: kind)
        let greatest = limit("greatest", &entry, kind: kind)
        if least != nil || greatest != nil {
            if let least, let greatest, least > greatest {
                entry.fault(at: "least", "“least” is greater than “greatest”")
            }
            checks.append(.range(least: least, greatest: greatest))
        }
        if let shape = entry.choice("shape", of: TextShape.self) {
            checks.append(.shape(shape))
            requireText("shape", &entry, kind: kind)
        }
        if let scheme = entry.choice("check_digit", of: CheckDigitScheme.self) {
            checks.append(.checkDigit(scheme))
            requireText("check_digit", &entry, kind: kind)
        }
        if entry.flag("not_after_today") {
            checks.append(.notAfterToday)
            if kind != .date {
                entry.fault(at: "not_after_today", "“not_after_today” needs the type date")
            }
        }
        return checks
    }

    private static func requireText(
        _ key: String, _ entry: inout MappingReader, kind: FieldKind
    ) {
        if case .text = kind { return }
        entry.fault(at: key, "“\(key)” needs the type text")
    }

    /// A limit as a person writes it: 元 for money, degrees for coordinates.
    private static func limit(
        _ key: String, _ entry: inout MappingReader, kind: FieldKind
    ) -> Int64? {
        guard let text = entry.text(key, required: false) else { return nil }
        switch kind {
        case .integer, .money, .decimal: break
        default:
            entry.fault(at: key, "“\(key)” needs the type integer, money or decimal")
            return nil
        }
        guard let limit = FieldInput.number(text, kind: kind) else {
            entry.fault(at: key, "“\(key)” must be \(kind.expectation.en), found “\(text)”")
            return nil
        }
        return limit
    }

    // MARK: Policy

    private enum PolicyName: String, CaseIterable {
        case latest, review, max, min, hub, fixed, counter, set, append
    }

    /// `policy: review`, or `policy: { precedence: [registry, licence] }`;
    /// nil where none is written.
    static func policy(_ entry: inout MappingReader) -> MergePolicy? {
        guard let node = entry.node("policy") else { return nil }
        guard node.mapping != nil else {
            return switch entry.choice("policy", of: PolicyName.self) {
            case .latest: .latest
            case .review: .review
            case .max: .max
            case .min: .min
            case .hub: .hub
            case .fixed: .fixed
            case .counter: .counter
            case .set: .set
            case .append: .append
            case nil: nil
            }
        }
        var inner = MappingReader(node, file: entry.file)
        let sources = inner.texts("precedence").compactMap { text, line -> ValueSource? in
            if let source = ValueSource(rawValue: text) { return source }
            let known = ValueSource.allCases.map(\.rawValue).joined(separator: ", ")
            inner.fault("“\(text)” is no source; expected some of: \(known)", line: line)
            return nil
        }
        if sources.isEmpty { inner.fault("“precedence” needs at least one source") }
        if Set(sources).count != sources.count {
            inner.fault("“precedence” names a source twice")
        }
        entry.absorb(inner.finish())
        return .precedence(sources)
    }
}
