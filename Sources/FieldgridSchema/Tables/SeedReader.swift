package import FieldgridModel

/// A record of a seed table, checked against its type.
package struct SeedRecord: Hashable, Sendable {
    /// The type's name.
    package var type: String
    /// The grid it lives in; a grid itself lives in the scope of its parent,
    /// the topmost in its own.
    package var scope: ScopeCode
    /// By field name; empty fields are left out.
    package var values: [String: Value]
    package var file: String
    package var line: Int
}

/// What a seed folder holds.
package struct Seeds: Hashable, Sendable {
    /// Parents before their children.
    package var grids: [SeedRecord]
    package var records: [SeedRecord]
}

/// Reads a seed folder: `grids.csv`, and tables named as the plural of a
/// record type (`employers.csv`) whose column `scope` names the grid.
package struct SeedReader {
    private let schema: Schema
    private let today: LocalDate
    private var mistakes: [SchemaMistake] = []

    /// - throws: with every mistake, when there is one.
    package static func read(
        files: [SchemaFile], schema: Schema, today: LocalDate
    ) throws(SchemaMistakes) -> Seeds {
        var reader = SeedReader(schema: schema, today: today)
        let grids = reader.grids(files)
        let codes = Set(grids.map(\.code))
        var records: [SeedRecord] = []
        for file in files.sorted(by: { $0.path < $1.path }) where file.path != "grids.csv" {
            records += reader.records(file, grids: codes)
        }
        if !reader.mistakes.isEmpty {
            throw SchemaMistakes(reader.mistakes).concerning(.seeds)
        }
        return Seeds(grids: grids.map(\.record), records: records)
    }

    private init(schema: Schema, today: LocalDate) {
        self.schema = schema
        self.today = today
    }

    private mutating func fault(_ file: SchemaFile, _ line: Int, _ reason: String) {
        mistakes.append(SchemaMistake(file: file.path, line: line, reason: reason))
    }

    // MARK: Grids

    private mutating func grids(_ files: [SchemaFile]) -> [(code: String, record: SeedRecord)] {
        guard let file = files.first(where: { $0.path == "grids.csv" }) else {
            mistakes.append(
                SchemaMistake(
                    file: "grids.csv", line: 1, reason: "a seed folder needs the grid tree"))
            return []
        }
        var levels: [String: Int64] = [:]
        var result: [(code: String, record: SeedRecord)] = []
        for row in table(file, type: "grid") {
            guard let code = row.values["code"]?.text else { continue }
            let level = row.values["level"]?.integer ?? 0
            let parent = row.values["parent"]?.text
            if levels.updateValue(level, forKey: code) != nil {
                fault(file, row.line, "the grid “\(code)” is there twice")
            }
            if let reason = refusal(parent: parent, level: level, levels: levels) {
                fault(file, row.line, reason)
            }
            let record = SeedRecord(
                type: "grid", scope: ScopeCode(parent ?? code), values: row.values,
                file: file.path, line: row.line)
            result.append((code, record))
        }
        let tops = result.count { $0.record.values["parent"] == nil }
        if tops != 1, !result.isEmpty {
            fault(file, 1, "a grid tree has one grid without a parent, this one has \(tops)")
        }
        return result
    }

    private func refusal(parent: String?, level: Int64, levels: [String: Int64]) -> String? {
        guard let parent else {
            return level == 1 ? nil : "a grid without a parent is at level 1, not \(level)"
        }
        guard let above = levels[parent] else {
            return "the parent “\(parent)” is no grid above this line"
        }
        return level == above + 1
            ? nil : "the level must be \(above + 1), one below its parent, found \(level)"
    }

    // MARK: Records

    private mutating func records(_ file: SchemaFile, grids: Set<String>) -> [SeedRecord] {
        let stem = file.path.hasSuffix(".csv") ? String(file.path.dropLast(4)) : file.path
        let names = stem.hasSuffix("s") ? [stem, String(stem.dropLast())] : [stem]
        guard let type = schema.types.first(where: { names.contains($0.name) }) else {
            fault(file, 1, "a seed table is named as a record type: no type “\(stem)”")
            return []
        }
        return table(file, type: type.name).compactMap { row in
            guard let scope = row.scope, grids.contains(scope) else {
                fault(file, row.line, "“scope” must be a grid of grids.csv: “\(row.scope ?? "")”")
                return nil
            }
            return SeedRecord(
                type: type.name, scope: ScopeCode(scope), values: row.values, file: file.path,
                line: row.line)
        }
    }

    // MARK: Tables

    private struct SeedRow {
        var line: Int
        var scope: String?
        var values: [String: Value] = [:]
    }

    /// The rows of a table whose first row names fields of the type.
    private mutating func table(_ file: SchemaFile, type name: String) -> [SeedRow] {
        guard let type = schema.type(named: name) else {
            fault(file, 1, "the schema has no type “\(name)”")
            return []
        }
        var rows: [SeedRow] = []
        do {
            var reader = CSVReader(file.text)
            guard let header = try reader.next() else {
                fault(file, 1, "the table is empty")
                return []
            }
            let before = mistakes.count
            checkHeader(header, of: type, file)
            if mistakes.count > before { return [] }
            while let row = try reader.next() {
                if let read = seedRow(row, header.cells, type, file) { rows.append(read) }
            }
        } catch {
            fault(file, error.line, error.reason)
        }
        return rows
    }

    private mutating func checkHeader(
        _ header: CSVReader.Row, of type: RecordType, _ file: SchemaFile
    ) {
        var seen: Set<String> = []
        for name in header.cells {
            if !seen.insert(name).inserted {
                fault(file, header.line, "the column “\(name)” is there twice")
            }
            if name != "scope", type.field(named: name) == nil {
                fault(file, header.line, "“\(name)” is no field of “\(type.name)”")
            }
        }
    }

    private mutating func seedRow(
        _ row: CSVReader.Row, _ header: [String], _ type: RecordType, _ file: SchemaFile
    ) -> SeedRow? {
        guard row.cells.count == header.count else {
            fault(file, row.line, "expected \(header.count) cells, found \(row.cells.count)")
            return nil
        }
        var result = SeedRow(line: row.line)
        var byNumber: [UnitNumber: Value] = [:]
        var violations: [Violation] = []
        for (name, cell) in zip(header, row.cells) {
            guard let field = type.field(named: name) else {
                result.scope = cell
                continue
            }
            switch FieldInput.parse(cell, for: field, type: type, schema: schema) {
            case .success(.null): break
            case .success(let value):
                result.values[name] = value
                byNumber[field.number] = value
            case .failure(let violation): violations.append(violation)
            }
        }
        if violations.isEmpty {
            violations = type.violations(of: byNumber, in: schema, today: today)
        }
        for violation in violations { fault(file, row.line, violation.message.en) }
        return violations.isEmpty ? result : nil
    }
}
