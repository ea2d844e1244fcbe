package import FieldgridModel
import Yams

/// Reads the schema language (docs/schema-language.md) into a ``Schema``.
///
/// Every mistake of every file is found in one reading: files first, each by
/// itself, then what they say about each other.
package struct SchemaReader {
    private var drafts = SchemaDrafts()
    private var mistakes: [SchemaMistake] = []

    /// - throws: with every mistake, when there is one.
    package static func read(files: [SchemaFile]) throws(SchemaMistakes) -> Schema {
        var reader = SchemaReader()
        for file in files.sorted(by: { $0.path < $1.path }) { reader.read(file) }
        var check = SchemaCheck(reader.drafts, brokenFiles: Set(reader.mistakes.map(\.file)))
        check.run()
        let mistakes = reader.mistakes + check.mistakes
        guard mistakes.isEmpty, let head = reader.drafts.heads.first else {
            throw SchemaMistakes(
                mistakes.isEmpty ? [.noHead(files.first?.path ?? "schema.yaml")] : mistakes)
        }
        return Schema(
            name: head.name, version: head.version, label: head.label,
            types: reader.drafts.types.map(\.type).sorted { $0.number < $1.number },
            codeLists: reader.drafts.codeLists.map(\.list).sorted { $0.name < $1.name },
            imports: reader.drafts.imports.map(\.map).sorted { $0.name < $1.name })
    }

    private mutating func read(_ file: SchemaFile) {
        let root: Node?
        do {
            root = try Yams.compose(yaml: file.text)
        } catch {
            mistakes.append(.unreadable(file.path, error))
            return
        }
        guard let root else {
            mistakes.append(SchemaMistake(file: file.path, line: 1, reason: "the file is empty"))
            return
        }
        var reader = MappingReader(root, file: file.path)
        if reader.has("schema") {
            readHead(&reader)
        } else if reader.has("type"), !reader.has("import") {
            drafts.declared.insert(reader.text("type", required: false) ?? "")
            if let draft = TypeReader.read(&reader) { drafts.types.append(draft) }
        } else if reader.has("code_list") {
            drafts.declared.insert(reader.text("code_list", required: false) ?? "")
            if let draft = CodeListReader.read(&reader) { drafts.codeLists.append(draft) }
        } else if reader.has("import") {
            if let draft = ImportMapReader.read(&reader) { drafts.imports.append(draft) }
        } else {
            reader.fault("expected a file that begins with schema, type, code_list or import")
            mistakes += reader.mistakes
            return
        }
        mistakes += reader.finish()
    }

    private mutating func readHead(_ reader: inout MappingReader) {
        let name = reader.name("schema")
        let version = reader.integer("version", in: 1...Int(Int32.max))
        let label = reader.label()
        guard let name, let version, let label else { return }
        drafts.heads.append(
            HeadDraft(
                file: reader.file, line: reader.line, name: name, version: version, label: label))
    }
}

extension SchemaMistake {
    static func noHead(_ file: String) -> SchemaMistake {
        SchemaMistake(
            file: file, line: 1,
            reason: "no file says “schema: NAME”; add schema.yaml with schema, version and label")
    }

    /// What the YAML parser said, where it said it.
    static func unreadable(_ file: String, _ error: any Error) -> SchemaMistake {
        var line = 1
        var problem = "\(error)"
        switch error as? YamlError {
        case .scanner(let context, let text, let mark, _),
            .parser(let context, let text, let mark, _),
            .composer(let context, let text, let mark, _):
            line = mark.line
            problem = (context.map { $0.text + ", " } ?? "") + text
        case .duplicatedKeysInMapping(let duplicates, let context):
            line = context.mark.line
            problem = "the same key twice: \(duplicates.sorted().joined(separator: ", "))"
        default: break
        }
        return SchemaMistake(file: file, line: line, reason: "not YAML: \(problem)")
    }
}

/// What was read, with the lines that ``SchemaCheck`` points at.
struct SchemaDrafts {
    var heads: [HeadDraft] = []
    var types: [TypeDraft] = []
    var codeLists: [CodeListDraft] = []
    var imports: [ImportDraft] = []
    /// Names of types and lists that are there, even if they could not be
    /// read: a reference to one is not a second mistake.
    var declared: Set<String> = []
}

struct HeadDraft {
    var file: String
    var line: Int
    var name: String
    var version: Int
    var label: Label
}

struct TypeDraft {
    var file: String
    var line: Int
    var type: RecordType
    /// Lines of fields by name.
    var fieldLines: [String: Int]
    var parentLine: Int
    var refreshLine: Int
}

struct CodeListDraft {
    var file: String
    var line: Int
    var list: CodeList
}

struct ImportDraft {
    var file: String
    var line: Int
    var map: ImportMap
    /// Lines of the columns, in their order.
    var columnLines: [Int]
}
