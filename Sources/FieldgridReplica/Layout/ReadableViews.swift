import FieldgridModel

/// A view of each type for people and report tools: Chinese column names,
/// code labels in place of codes, money in 元.
enum ReadableViews {
    static func name(of type: RecordType) -> String { type.name + "_zh" }

    static func create(_ type: RecordType) -> String {
        var taken: Set<String> = ["编号", "网格"]
        var columns = ["id AS \"编号\"", "scope AS \"网格\""]
        for field in type.fields {
            var title = field.label.zh
            if let unit = unit(of: field) { title += "（\(unit)）" }
            if title.isEmpty || !taken.insert(title).inserted {
                title += " " + field.name
                taken.insert(title)
            }
            let quoted = title.split(separator: "\"", omittingEmptySubsequences: false)
            columns.append("\(expression(of: field)) AS \"\(quoted.joined(separator: "\"\""))\"")
        }
        return "CREATE VIEW \(Identifier.quote(name(of: type))) AS SELECT "
            + columns.joined(separator: ",\n") + "\nFROM \(Identifier.quote(type.name)) AS r"
    }

    private static func unit(of field: Field) -> String? {
        if case .money = field.kind { return field.unit ?? "元" }
        return field.unit
    }

    private static func expression(of field: Field) -> String {
        let column = "r." + Identifier.quote(field.name)
        switch field.kind {
        case .money: return "round(\(column) / 100.0, 2)"
        case .decimal(let scale):
            return "\(column) / 1\(String(repeating: "0", count: max(0, scale))).0"
        case .boolean: return "CASE \(column) WHEN 1 THEN '是' WHEN 0 THEN '否' END"
        case .instant:
            return "strftime('%Y-%m-%d %H:%M:%S', \(column) / 1000, 'unixepoch', '+8 hours')"
        case .code(let list, let versionField):
            var version = ""
            if let versionField, Identifier.isAllowed(versionField) {
                let given = "r.\(Identifier.quote(versionField))"
                version = " AND (\(given) IS NULL OR version = \(given))"
            }
            return "coalesce((SELECT label_zh FROM fg_code WHERE list = "
                + "\(Identifier.literal(list)) AND code = \(column)\(version) "
                + "ORDER BY version DESC LIMIT 1), \(column))"
        case .text, .integer, .date, .month, .reference, .grid, .set, .attachment: return column
        }
    }
}
