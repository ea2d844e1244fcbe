import FieldgridModel
import Yams

/// Reads how another program's table becomes records.
enum ImportMapReader {
    static func read(_ reader: inout MappingReader) -> ImportDraft? {
        let name = reader.name("import")
        let type = reader.text("type")
        let label = reader.label()
        let empty = reader.texts("empty").map(\.text)
        let scope = scope(&reader)
        var columns: [ImportColumn] = []
        var lines: [Int] = []
        for node in reader.list("columns") {
            var entry = MappingReader(node, file: reader.file)
            if let column = column(&entry) {
                columns.append(column)
                lines.append(entry.line)
            }
            reader.absorb(entry.finish())
        }
        if columns.isEmpty { reader.fault(at: "columns", "an import has at least one column") }
        var filled: Set<String> = []
        for (column, line) in zip(columns, lines) {
            guard let field = column.field, !filled.insert(field).inserted else { continue }
            reader.fault("two columns fill “\(field)”", line: line)
        }
        guard let name, let type, let label else { return nil }
        return ImportDraft(
            file: reader.file, line: reader.line,
            map: ImportMap(
                name: name, type: type, label: label, columns: columns, emptyTexts: empty,
                scope: scope),
            columnLines: lines)
    }

    private static func scope(_ reader: inout MappingReader) -> ImportScope? {
        guard var entry = reader.mapping("scope") else { return nil }
        let address = entry.text("address")
        let unknown = entry.text("unknown")
        reader.absorb(entry.finish())
        guard let address, let unknown else { return nil }
        return ImportScope(addressField: address, unknownField: unknown)
    }

    private static func column(_ entry: inout MappingReader) -> ImportColumn? {
        let header = entry.text("header")
        let leftOut = entry.flag("left_out")
        let field = entry.text("field", required: false)
        if leftOut == (field != nil) {
            entry.fault("a column has either “field” or “left_out: true”")
        }
        let amount = amount(&entry)
        let words = words(&entry)
        if amount != nil, words != nil { entry.fault("a column has “amount” or “words”, not both") }
        guard let header else { return nil }
        return ImportColumn(header: header, field: field, reading: amount ?? words ?? .plain)
    }

    private static func amount(_ entry: inout MappingReader) -> ImportReading? {
        guard var inner = entry.mapping("amount") else { return nil }
        let currencyField = inner.text("currency_field", required: false)
        var units: [AmountUnit] = []
        for node in inner.list("units") {
            var item = MappingReader(node, file: entry.file)
            let text = item.text("text")
            let factor = item.integer("factor", in: 1...100_000_000)
            let currency = item.text("currency")
            if let text, let factor, let currency {
                units.append(AmountUnit(text: text, factor: Int64(factor), currency: currency))
            }
            inner.absorb(item.finish())
        }
        if units.isEmpty { inner.fault("“units” needs at least one unit") }
        entry.absorb(inner.finish())
        return .amount(units: units, currencyField: currencyField)
    }

    private static func words(_ entry: inout MappingReader) -> ImportReading? {
        guard let node = entry.node("words") else { return nil }
        guard let mapping = node.mapping else {
            entry.fault(at: "words", "“words” must be a mapping of words to codes")
            return nil
        }
        var words: [String: String] = [:]
        for (key, value) in mapping {
            guard let word = key.scalar?.string, let code = value.scalar?.string, !code.isEmpty
            else {
                entry.fault("“words” must map texts to texts", line: key.mark?.line)
                continue
            }
            words[word] = code
        }
        return .words(words)
    }
}
