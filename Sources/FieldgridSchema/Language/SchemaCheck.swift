import FieldgridModel

/// What the files of a schema say about each other.
struct SchemaCheck {
    private let drafts: SchemaDrafts
    private let types: [String: RecordType]
    private let lists: [String: CodeList]
    private let brokenFiles: Set<String>
    private(set) var mistakes: [SchemaMistake] = []

    init(_ drafts: SchemaDrafts, brokenFiles: Set<String>) {
        self.drafts = drafts
        self.brokenFiles = brokenFiles
        types = Dictionary(drafts.types.map { ($0.type.name, $0.type) }) { first, _ in first }
        lists = Dictionary(drafts.codeLists.map { ($0.list.name, $0.list) }) { first, _ in first }
    }

    mutating func run() {
        checkUniqueness()
        for draft in drafts.types { check(draft) }
        for draft in drafts.imports { check(draft) }
    }

    private mutating func fault(_ file: String, _ line: Int?, _ reason: String) {
        mistakes.append(SchemaMistake(file: file, line: line ?? 1, reason: reason))
    }

    // MARK: Names and numbers

    private mutating func checkUniqueness() {
        for head in drafts.heads.dropFirst() {
            fault(head.file, head.line, "a second “schema:”; a folder is one schema")
        }
        var names: Set<String> = []
        var numbers: [TypeNumber: String] = [:]
        for draft in drafts.types {
            let type = draft.type
            if !names.insert(type.name).inserted {
                fault(draft.file, draft.line, "there are two types “\(type.name)”")
            }
            if let other = numbers.updateValue(type.name, forKey: type.number) {
                fault(
                    draft.file, draft.line,
                    "the number \(type.number.value) is already that of “\(other)”")
            }
        }
        var listNames: Set<String> = []
        for draft in drafts.codeLists where !listNames.insert(draft.list.name).inserted {
            fault(draft.file, draft.line, "there are two code lists “\(draft.list.name)”")
        }
        var importNames: Set<String> = []
        for draft in drafts.imports where !importNames.insert(draft.map.name).inserted {
            fault(draft.file, draft.line, "there are two imports “\(draft.map.name)”")
        }
    }

    // MARK: Types

    private mutating func check(_ draft: TypeDraft) {
        for field in draft.type.fields {
            let line = draft.fieldLines[field.name]
            switch field.kind {
            case .code(let list, _) where isUnknown(list, among: lists):
                fault(draft.file, line, "“\(field.name)” uses the unknown code list “\(list)”")
            case .reference(let type) where isUnknown(type, among: types):
                fault(draft.file, line, "“\(field.name)” refers to the unknown type “\(type)”")
            default: break
            }
        }
        checkParents(draft)
        checkRefresh(draft)
    }

    private func isUnknown<Thing>(_ name: String, among things: [String: Thing]) -> Bool {
        things[name] == nil && !drafts.declared.contains(name)
    }

    /// A chain of parents ends; nobody is their own ancestor.
    private mutating func checkParents(_ draft: TypeDraft) {
        var seen: Set<String> = [draft.type.name]
        var current = draft.type
        while let parent = current.parent, let next = types[parent.type] {
            guard seen.insert(next.name).inserted else {
                fault(draft.file, draft.parentLine, "“\(draft.type.name)” is its own ancestor")
                return
            }
            current = next
        }
    }

    private mutating func checkRefresh(_ draft: TypeDraft) {
        guard let refresh = draft.type.refresh else { return }
        for name in refresh.completedBy where types[name]?.parent?.type != draft.type.name {
            if types[name] == nil, drafts.declared.contains(name) { continue }
            fault(
                draft.file, draft.refreshLine,
                "“completed_by” names “\(name)”, which is no type with parent “\(draft.type.name)”"
            )
        }
        guard case .code(let list, _) = draft.type.field(named: refresh.statusField)?.kind else {
            fault(draft.file, draft.refreshLine, "“status” must be a field of type code")
            return
        }
        for code in refresh.activeCodes where !isCode(code, of: list) {
            fault(draft.file, draft.refreshLine, "“\(code)” is no code of the list “\(list)”")
        }
    }

    private func isCode(_ code: String, of list: String) -> Bool {
        // An unknown or unreadable list is its own mistake.
        lists[list]?.versions.contains { $0.codes.contains { $0.code == code } } ?? true
    }

    // MARK: Imports

    private mutating func check(_ draft: ImportDraft) {
        guard let type = types[draft.map.type] else {
            if !drafts.declared.contains(draft.map.type) {
                fault(draft.file, draft.line, "imports the unknown type “\(draft.map.type)”")
            }
            return
        }
        // Fields that could not be read would look like fields that are not there.
        let typeFile = drafts.types.first { $0.type.name == type.name }?.file
        if let typeFile, brokenFiles.contains(typeFile) { return }
        for (column, line) in zip(draft.map.columns, draft.columnLines) {
            guard let name = column.field else { continue }
            guard let field = type.field(named: name) else {
                fault(draft.file, line, "“\(name)” is no field of “\(type.name)”")
                continue
            }
            check(column.reading, of: field, in: type, at: (draft.file, line))
        }
        guard let scope = draft.map.scope else { return }
        if case .text = type.field(named: scope.addressField)?.kind {
        } else {
            fault(draft.file, draft.line, "“address” must be a text field of “\(type.name)”")
        }
        if type.field(named: scope.unknownField)?.kind != .boolean {
            fault(draft.file, draft.line, "“unknown” must be a boolean field of “\(type.name)”")
        }
    }

    private mutating func check(
        _ reading: ImportReading, of field: Field, in type: RecordType, at place: (String, Int)
    ) {
        switch reading {
        case .plain: break
        case .amount(let units, let currencyField):
            if field.kind != .money {
                fault(place.0, place.1, "“amount” needs a money field, not “\(field.name)”")
            }
            guard let currencyField else { break }
            guard case .code(let list, _) = type.field(named: currencyField)?.kind else {
                fault(place.0, place.1, "“\(currencyField)” is no code field of “\(type.name)”")
                break
            }
            for unit in units where !isCode(unit.currency, of: list) {
                fault(place.0, place.1, "“\(unit.currency)” is no code of the list “\(list)”")
            }
        case .words(let words):
            guard case .code(let list, _) = field.kind else {
                fault(place.0, place.1, "“words” needs a code field, not “\(field.name)”")
                break
            }
            for code in Set(words.values).sorted() where !isCode(code, of: list) {
                fault(place.0, place.1, "“\(code)” is no code of the list “\(list)”")
            }
        }
    }
}
