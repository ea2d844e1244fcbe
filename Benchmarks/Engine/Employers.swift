import FieldgridHub
import FieldgridModel
import FieldgridSchema
import Foundation
import GRDB

/// The schema of the benchmarks: one type with fifteen fields of its own, as
/// `Benchmarks/Capture` measures it, beside those that the engine needs.
enum Employers {
    static let type = TypeNumber(90)
    static let scope = ScopeCode("3301")

    /// The fields; whole numbers end in `#`.
    private static let names = [
        "name", "uscc", "address", "phone", "legal_rep", "industry", "headcount#", "contracts#",
        "insured#", "wage_day#", "arrears#", "lat#", "lon#", "verified_on", "notes",
    ]

    static let fields: [Field] = names.enumerated().map { index, name in
        let isInteger = name.hasSuffix("#")
        let plain = isInteger ? String(name.dropLast()) : name
        return Field(
            number: UnitNumber(index + 2), name: plain, label: Label(zh: plain, en: plain),
            kind: isInteger ? .integer : .text(maxLength: 400))
    }

    static func schema() throws -> Schema {
        let labour = try SchemaReader.read(files: EmbeddedFiles.schema)
        let needed = SystemTypes.required.map(\.type)
        let system = labour.types.filter { needed.contains($0.name) }
        var lists: Set<String> = []
        for field in system.flatMap(\.fields) {
            if case .code(let list, _) = field.kind { lists.insert(list) }
        }
        let label = Label(zh: "样例", en: "Example")
        let employer = RecordType(
            number: type, name: "employer", label: label, fields: fields, title: "name")
        return Schema(
            name: "bench", version: 1, label: label, types: system + [employer],
            codeLists: labour.codeLists.filter { lists.contains($0.name) })
    }

    /// The schema, and a tree of one city with these grids below it.
    static func seed(below: [ScopeCode] = []) throws -> HubSeed {
        let schema = try schema()
        var table = "code,name,name_en,parent,level\n"
        table += "\(scope),虚构市,Example City,,1\n"
        for grid in below { table += "\(grid),格\(grid),Grid \(grid),\(scope),2\n" }
        let seeds = try SeedReader.read(
            files: [SchemaFile(path: "grids.csv", text: table)], schema: schema,
            today: LocalDate(milliseconds: 0, offsetMinutes: 0))
        return HubSeed(schema: schema, records: seeds.grids)
    }

    struct Row {
        var id: RecordID
        var values: [UnitNumber: Value]
    }

    struct Edit {
        var id: RecordID
        var field: Field
        var value: Value
        /// Those of one save have the same number.
        var save: Int
    }

    static func forEachRow(in folder: String, _ body: (Row) throws -> Void) throws {
        try plain(folder).read { db in
            let rows = try GRDB.Row.fetchCursor(db, sql: "SELECT * FROM employer ORDER BY rowid")
            while let row = try rows.next() {
                var values: [UnitNumber: Value] = [:]
                for (place, field) in fields.enumerated() {
                    values[field.number] = value(row[place + 2])
                }
                try body(Row(id: try id(row[0]), values: values))
            }
        }
    }

    static func edits(in folder: String) throws -> [Edit] {
        let byName = Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0) })
        return try plain(folder).read { db in
            try GRDB.Row.fetchAll(db, sql: "SELECT id, field, value, save FROM edit ORDER BY n")
                .map { row in
                    let name: String = row[1]
                    guard let field = byName[name] else { throw BenchmarkError("no \(name)") }
                    return Edit(
                        id: try id(row[0]), field: field, value: value(row[2]), save: row[3])
                }
        }
    }

    private static func plain(_ folder: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        return try DatabaseQueue(path: folder + "/plain.sqlite", configuration: configuration)
    }

    private static func id(_ text: String) throws -> RecordID {
        guard let id = RecordID(text) else { throw BenchmarkError("no id: \(text)") }
        return id
    }

    private static func value(_ value: DatabaseValue) -> Value {
        switch value.storage {
        case .int64(let integer): .integer(integer)
        case .string(let text): .text(text)
        case .null, .double, .blob: .null
        }
    }
}
