import FieldgridModel

/// What a record must satisfy before a person's entry is saved.
///
/// Everything that the entry touches must be in order: its fields, the rules
/// that read them, what they refer to. What was already out of order before
/// and is not touched blocks nothing (sync.md 9.17).
struct EntryCheck {
    let type: RecordType
    let schema: Schema
    let today: LocalDate
    let before: [UnitNumber: Value]
    let after: [UnitNumber: Value]
    /// The fields that the entry names.
    let touched: Set<UnitNumber>
    let isNew: Bool

    var violations: [Violation] {
        let values = { (name: String) in value(of: name, in: after) }
        let fields = type.fields.filter { isNew || isTouched($0) }
        let single = fields.flatMap {
            type.violations(
                ofField: $0, value: after[$0.number] ?? .null, others: values, schema: schema,
                today: today)
        }
        return single + brokenRules.map { type.violation(of: $0) }
    }

    private var brokenRules: [CrossFieldRule] {
        let names = Set(type.fields.filter { touched.contains($0.number) }.map(\.name))
        let units = Set(names.map(unit))
        let before = { (name: String) in value(of: name, in: self.before) }
        let brokenBefore = Set(type.brokenRules(in: before, today: today).map(\.name))
        return type.brokenRules(in: { value(of: $0, in: after) }, today: today) { rule in
            if isNew { return true }
            guard !rule.fields.isDisjoint(with: names) else { return false }
            let isInside = rule.fields.allSatisfy { units.contains(unit($0)) }
            return isInside || !brokenBefore.contains(rule.name)
        }
    }

    /// A code is judged again when the field that states its version changed.
    private func isTouched(_ field: Field) -> Bool {
        if touched.contains(field.number) { return true }
        guard case .code(_, let versionField?) = field.kind,
            let version = type.field(named: versionField)
        else { return false }
        return touched.contains(version.number)
    }

    private func value(of name: String, in values: [UnitNumber: Value]) -> Value {
        type.field(named: name).flatMap { values[$0.number] } ?? .null
    }

    /// The merge unit that a field belongs to.
    private func unit(_ field: String) -> String {
        type.group(containing: field)?.name ?? field
    }
}

extension RecordService {
    /// - throws: with every reason why these values cannot be saved.
    func check(
        _ values: [UnitNumber: Value], of type: RecordType, over record: StoredRecord?
    ) throws {
        let check = entryCheck(values, of: type, over: record)
        let violations = check.violations + (try unknownReferences(in: values, of: type))
        if !violations.isEmpty { throw ServiceError(violations) }
    }

    func entryCheck(
        _ values: [UnitNumber: Value], of type: RecordType, over record: StoredRecord?
    ) -> EntryCheck {
        let before = record?.values ?? [:]
        return EntryCheck(
            type: type, schema: schema, today: today, before: before,
            after: before.merging(values) { $1 }, touched: Set(values.keys), isNew: record == nil)
    }

    /// Grids and records that the values name and that are not here.
    func unknownReferences(
        in values: [UnitNumber: Value], of type: RecordType
    ) throws -> [Violation] {
        var violations: [Violation] = []
        for field in type.fields {
            guard let text = values[field.number]?.text else { continue }
            switch field.kind {
            case .grid:
                if try store.checkScope(ScopeCode(text)) == .unknown {
                    violations.append(.unknownGrid(text, field: field))
                }
            case .reference(let name):
                guard let target = schema.type(named: name), let id = RecordID(text) else {
                    continue
                }
                if try store.record(id, type: target)?.isAlive != true {
                    violations.append(.unknownReference(id, to: target, field: field))
                }
            case .text, .integer, .money, .decimal, .boolean, .date, .month, .instant, .code, .set,
                .attachment:
                continue
            }
        }
        return violations
    }
}

extension Violation {
    fileprivate static func unknownGrid(_ code: String, field: Field) -> Violation {
        Violation(
            code: "scope.unknown", field: field.name,
            message: Label(
                zh: "\(field.label.zh)（\(field.name)）：没有代码为“\(code)”的网格。",
                en: "\(field.label.en) (\(field.name)): there is no grid “\(code)”. "
                    + "`fieldgrid record list grid` shows them."))
    }

    fileprivate static func unknownReference(
        _ id: RecordID, to target: RecordType, field: Field
    ) -> Violation {
        Violation(
            code: "reference.unknown", field: field.name,
            message: Label(
                zh: "\(field.label.zh)（\(field.name)）：本机没有标识为\(id)的“\(target.label.zh)”。",
                en: "\(field.label.en) (\(field.name)): there is no \(target.name) \(id) here."))
    }
}
