/// One row of another program's table that could not be read.
package struct ImportViolation: Error, Hashable, Sendable {
    /// The header of the column at fault; nil when it is the whole row.
    package var column: String?
    package var violation: Violation
}

/// Reads the rows of one table: an import's columns bound to the table's
/// header.
package struct ImportTable: Sendable {
    /// What a row gave.
    package struct Row: Hashable, Sendable {
        /// By field name; empty cells are null.
        package var values: [String: Value] = [:]
        package var violations: [ImportViolation] = []
    }

    private let map: ImportMap
    private let type: RecordType
    private let schema: Schema
    /// Columns of the map with their place in the table.
    private let columns: [(index: Int, column: ImportColumn)]
    private let width: Int

    /// Nothing is read from a table with an unknown or missing column: a
    /// column that is left out must be declared as such.
    ///
    /// - throws: one violation for each column, `import.column`.
    package static func bind(
        _ map: ImportMap, header: [String], schema: Schema
    ) throws(ImportHeaderFault) -> ImportTable {
        let names = header.map(FieldInput.trim)
        let known = Set(map.columns.map(\.header))
        var faults: [Violation] = []
        for name in names where !known.contains(name) {
            faults.append(
                .column(name, "表中有导入定义没有的列", "the table has a column the map does not know"))
        }
        for name in known.sorted() where !names.contains(name) {
            faults.append(.column(name, "表中缺少此列", "the table lacks this column"))
        }
        for name in Set(names) where names.count(where: { $0 == name }) > 1 {
            faults.append(.column(name, "此列出现两次", "the column is there twice"))
        }
        guard faults.isEmpty, let type = schema.type(named: map.type) else {
            throw ImportHeaderFault(violations: faults)
        }
        let columns = map.columns.compactMap { column in
            names.firstIndex(of: column.header).map { (index: $0, column: column) }
        }
        return ImportTable(
            map: map, type: type, schema: schema, columns: columns, width: names.count)
    }

    /// Canonical values of a row's cells.
    ///
    /// Ranges, check digits and rules are looked at afterwards, as for every
    /// other origin.
    package func row(_ cells: [String]) -> Row {
        var row = Row()
        guard cells.count == width else {
            row.violations.append(
                ImportViolation(
                    column: nil,
                    violation: .column(
                        "", "应有\(width)列，现有\(cells.count)列",
                        "expected \(width) cells, found \(cells.count)")))
            return row
        }
        for (index, column) in columns {
            guard let name = column.field, let field = type.field(named: name) else { continue }
            let text = FieldInput.trim(cells[index])
            if text.isEmpty || map.emptyTexts.contains(text) {
                row.values[name] = .null
                continue
            }
            do {
                try read(text, column: column, field: field, into: &row)
            } catch {
                row.violations.append(ImportViolation(column: column.header, violation: error))
            }
        }
        return row
    }

    private func read(
        _ text: String, column: ImportColumn, field: Field, into row: inout Row
    ) throws(Violation) {
        switch column.reading {
        case .plain: row.values[field.name] = try parse(text, for: field)
        case .words(let words): row.values[field.name] = try parse(words[text] ?? text, for: field)
        case .amount(let units, let currencyField):
            let (value, currency) = try Self.amount(text, units: units, field: field)
            row.values[field.name] = .integer(value)
            if let currencyField { row.values[currencyField] = .text(currency) }
        }
    }

    private func parse(_ text: String, for field: Field) throws(Violation) -> Value {
        try FieldInput.parse(text, for: field, type: type, schema: schema).get()
    }

    /// `2,518(万元人民币)` in 分 and its currency.
    private static func amount(
        _ text: String, units: [AmountUnit], field: Field
    ) throws(Violation) -> (Int64, currency: String) {
        let scalars = text.unicodeScalars
        let isNumber = { (scalar: Unicode.Scalar) in
            ("0"..."9").contains(scalar) || scalar == "," || scalar == "." || scalar == "-"
        }
        let end = scalars.firstIndex { !isNumber($0) } ?? scalars.endIndex
        let number = String(scalars[..<end])
        let parentheses: Set<Unicode.Scalar> = ["(", ")", "（", "）", " "]
        var word = String.UnicodeScalarView()
        word.append(contentsOf: scalars[end...].filter { !parentheses.contains($0) })
        let unitText = String(word)
        guard let unit = units.first(where: { $0.text == unitText }) else {
            let known = units.map(\.text).joined(separator: ", ")
            throw .of(
                field, "import.unit",
                expected: Label(zh: "金额后的单位：\(known)", en: "an amount with a unit of: \(known)"),
                found: text)
        }
        do {
            let value = try Decimals.scaled(number, scale: 2, factor: unit.factor, grouped: true)
            return (value, unit.currency)
        } catch {
            throw Violation.of(
                field, error == .tooLarge ? "value.range" : "value.type",
                expected: Label(zh: "可精确到分的金额", en: "an amount that is exact in hundredths"),
                found: text)
        }
    }
}

/// Why a table does not fit an import.
package struct ImportHeaderFault: Error, Hashable, Sendable {
    package var violations: [Violation]
}

extension Violation {
    static func column(_ name: String, _ zh: String, _ en: String) -> Violation {
        let place = name.isEmpty ? "" : "“\(name)”"
        return Violation(
            code: "import.column", field: nil,
            message: Label(
                zh: "\(place)\(zh)。请核对表头和分隔符。",
                en: "\(place.isEmpty ? "" : place + ": ")\(en). Check the header and the commas."))
    }
}
