import FieldgridModel
import FieldgridSync
import Foundation

/// Turns the rows of one batch into records: one changeset for each, all of
/// the batch in one transaction.
///
/// A row whose natural key is here already updates that record where it
/// differs, so that an import can be repeated. A row without a natural key
/// gets an id derived from what it says, for the same reason. An empty cell
/// changes nothing.
struct Importer {
    private let service: RecordService
    private let type: RecordType
    private let plan: ImportPlan
    private let table: ImportTable
    private let matcher: GridAddresses?
    private let fallback: ScopeCode?
    private var drafts: [ActionDraft] = []
    /// Natural keys of rows whose records are not saved yet.
    private var pendingKeys: Set<[UnitNumber: Value]> = []

    /// What is wrong with a row, and under which header.
    private struct Problem {
        var column: String?
        var violation: Violation

        init(_ column: String?, _ violation: Violation) {
            self.column = column
            self.violation = violation
        }
    }

    init(service: RecordService, plan: ImportPlan, scope: String?) throws {
        self.service = service
        self.plan = plan
        type = try service.type(plan.type)
        try service.checkWritable(type)
        table = try service.bound(plan)
        matcher = plan.map.scope == nil ? nil : try GridAddresses(service: service)
        fallback =
            try scope.map(service.writableScope) ?? service.store.defaultScope
            ?? matcher?.top
    }

    mutating func run(_ rows: [ImportRow], dryRun: Bool) throws -> [ImportOutcome] {
        var outcomes: [ImportOutcome] = []
        for row in rows { outcomes.append(try outcome(of: row, dryRun: dryRun)) }
        try flush(dryRun: dryRun)
        return outcomes
    }

    private mutating func flush(dryRun: Bool) throws {
        if !dryRun, !drafts.isEmpty { try service.store.save(drafts) }
        drafts = []
        pendingKeys = []
    }

    private mutating func outcome(of row: ImportRow, dryRun: Bool) throws -> ImportOutcome {
        var cells = row.cells.map { $0.precomposedStringWithCanonicalMapping }
        if plan.mapName == nil { cells = cells.map(Self.withoutGuard) }
        let read = table.row(cells)
        if !read.violations.isEmpty {
            return rejected(row, read.violations.map { Problem($0.column, $0.violation) })
        }
        var values: [UnitNumber: Value] = [:]
        for (name, value) in read.values where !value.isNull {
            if let field = type.field(named: name) { values[field.number] = value }
        }
        let keys = type.completeKeys(in: values)
        if keys.contains(where: pendingKeys.contains) {
            // The same thing twice in one batch: the second sees the first.
            try flush(dryRun: dryRun)
            if dryRun { return ImportOutcome(line: row.line, effect: .updated) }
        }
        let outcome: ImportOutcome
        do {
            let id = keys.isEmpty ? identity(of: values, cells: cells) : nil
            if let present = try present(id, keys: keys, cells: cells) {
                outcome = try update(present, values: values, row: row)
            } else {
                outcome = try create(values, as: id, row: row, cells: cells)
            }
        } catch let error as ServiceError {
            return rejected(
                row,
                [
                    Problem(
                        nil,
                        Violation(
                            code: error.code, field: nil,
                            message: Label(zh: error.message, en: error.message)))
                ])
        }
        if outcome.effect != .rejected { pendingKeys.formUnion(keys) }
        if keys.isEmpty, outcome.effect == .created { try flush(dryRun: dryRun) }
        return outcome
    }

    /// The id of a record that only its content names.
    private func identity(of values: [UnitNumber: Value], cells: [String]) -> RecordID {
        let place = plan.scopePlace.flatMap { cells.indices.contains($0) ? cells[$0] : nil }
        let content = values.sorted { $0.key < $1.key }.map { number, value in
            switch value {
            case .null: "\(number.value)"
            case .integer(let integer): "\(number.value)=\(integer)"
            case .text(let text): "\(number.value)=\(text)"
            }
        }
        return .derived("import-1", from: [type.name, place ?? ""] + content)
    }

    /// The record that a row is about, by its id or a natural key.
    private func present(
        _ derived: RecordID?, keys: [[UnitNumber: Value]], cells: [String]
    ) throws -> StoredRecord? {
        if let place = plan.idPlace, cells.indices.contains(place),
            let id = RecordID(cells[place].lowercased()),
            let record = try service.store.record(id, type: type), record.isAlive
        {
            return record
        }
        if let derived, let record = try service.store.record(derived, type: type) {
            if record.isAlive { return record }
            throw ServiceError(
                "record.deleted", "It was imported as \(derived) before, and deleted since.",
                hint: "Leave the row out, or record it anew.")
        }
        for key in keys {
            if let id = try service.store.find(type, key: key) {
                return try service.store.record(id, type: type)
            }
        }
        return nil
    }

    private mutating func update(
        _ record: StoredRecord, values: [UnitNumber: Value], row: ImportRow
    ) throws -> ImportOutcome {
        let changed = values.filter { record.values[$0] != $1 }
        guard !changed.isEmpty else {
            return ImportOutcome(line: row.line, effect: .unchanged, scope: record.scope.text)
        }
        let violations = try problems(changed, over: record)
        if !violations.isEmpty { return rejected(row, violations) }
        drafts.append(
            service.draft(
                RecordEdit(type: type.number, id: record.id, kind: .update, values: changed),
                source: .import))
        return ImportOutcome(line: row.line, effect: .updated, scope: record.scope.text)
    }

    private mutating func create(
        _ given: [UnitNumber: Value], as id: RecordID?, row: ImportRow, cells: [String]
    ) throws -> ImportOutcome {
        var values = given
        let (scope, isUnknown) = try home(of: values, cells: cells)
        if isUnknown, let name = plan.map.scope?.unknownField, let field = type.field(named: name) {
            values[field.number] = .integer(1)
        }
        let violations = try problems(values, over: nil)
        if !violations.isEmpty { return rejected(row, violations) }
        drafts.append(
            service.draft(
                RecordEdit(
                    type: type.number, id: id ?? service.mint(), kind: .create(scope),
                    values: values),
                source: .import))
        return ImportOutcome(
            line: row.line, effect: .created, scope: scope.text, gridUnknown: isUnknown)
    }

    /// Where a new record lives: what the row says, its parent's grid, the
    /// grid its address names, else the fallback with the mark.
    private func home(
        of values: [UnitNumber: Value], cells: [String]
    ) throws -> (scope: ScopeCode, isUnknown: Bool) {
        if let place = plan.scopePlace, cells.indices.contains(place), !cells[place].isEmpty {
            return (try service.writableScope(FieldInput.trim(cells[place])), false)
        }
        if let parent = try service.parentScope(in: values, of: type) { return (parent, false) }
        if let rule = plan.map.scope, let matcher,
            let field = type.field(named: rule.addressField)
        {
            let address = values[field.number]?.text
            if let scope = address.flatMap({ matcher.township(for: $0) }) {
                return (try service.writableScope(scope.text), false)
            }
            if let fallback { return (fallback, true) }
        }
        if let fallback { return (fallback, false) }
        throw ServiceError(
            "scope.missing", "It is not clear in which grid the records live.",
            hint: "Give --scope CODE, or a column “scope”.", exitStatus: .wrongUsage)
    }

    private func problems(
        _ values: [UnitNumber: Value], over record: StoredRecord?
    ) throws -> [Problem] {
        let violations =
            service.entryCheck(values, of: type, over: record).violations
            + (try service.unknownReferences(in: values, of: type))
        return violations.map { violation in
            let column = plan.map.columns.first { $0.field != nil && $0.field == violation.field }
            return Problem(column?.header, violation)
        }
    }

    private func rejected(_ row: ImportRow, _ violations: [Problem]) -> ImportOutcome {
        let rejections = violations.map { item in
            let place = item.column.flatMap { column in
                plan.headers.firstIndex { FieldInput.trim($0) == column }
            }
            return ImportRejection(
                column: place.map { $0 + 1 }, header: item.column, code: item.violation.code,
                reason: item.violation.message.sentence)
        }
        return ImportOutcome(line: row.line, effect: .rejected, rejections: rejections)
    }

    /// Takes off the apostrophe with which our exports guard a text against
    /// being run as a formula.
    private static func withoutGuard(_ cell: String) -> String {
        let scalars = cell.unicodeScalars
        guard scalars.first == "'", let second = scalars.dropFirst().first,
            "=+-@\t\r".unicodeScalars.contains(second)
        else { return cell }
        return String(scalars.dropFirst())
    }
}
