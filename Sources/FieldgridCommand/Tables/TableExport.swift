import FieldgridModel
import FieldgridSchema
import FieldgridService
import Foundation

/// Writes all records of a type into a file, in the format of its extension.
struct TableExport {
    enum Format: String, CaseIterable { case csv, xlsx, geojson }

    let desk: any Desk
    let type: RecordType
    let conditions: [String]

    static func format(of path: String) throws(ServiceError) -> Format {
        let name = URL(fileURLWithPath: path).pathExtension.lowercased()
        guard let format = Format(rawValue: name) else {
            let known = Format.allCases.map { "." + $0.rawValue }.joined(separator: ", ")
            throw ServiceError(
                "export.format", "The file \(path) has no extension that says its format.",
                hint: "Use one of \(known).", exitStatus: .wrongUsage)
        }
        return format
    }

    /// - Returns: how many records were written.
    func run(to path: String) throws -> Int {
        let format = try Self.format(of: path)
        let draft = path + ".tmp"
        // Whoever writes workbooks would complain by itself where it cannot.
        guard FileManager.default.createFile(atPath: draft, contents: nil) else {
            throw Self.failure(path)
        }
        defer { try? FileManager.default.removeItem(atPath: draft) }
        let count =
            switch format {
            case .csv: try writeText(to: draft, for: path) { try csv($0) }
            case .geojson: try writeText(to: draft, for: path) { try geoJSON($0) }
            case .xlsx: try workbook(to: draft, for: path)
            }
        // The old file stays until the new one is whole.
        guard rename(draft, path) == 0 else { throw Self.failure(path) }
        return count
    }

    private static func failure(_ path: String) -> ServiceError {
        ServiceError(
            "export.failed", "\(path) could not be written.",
            hint: "Check the path, your rights to it, and the space on the disk.")
    }

    private func writeText(
        to draft: String, for path: String, _ body: ((String) throws -> Void) throws -> Int
    ) throws -> Int {
        guard let file = FileHandle(forWritingAtPath: draft) else { throw Self.failure(path) }
        defer { try? file.close() }
        return try body { text in
            do {
                try file.write(contentsOf: Data(text.utf8))
            } catch {
                throw Self.failure(path)
            }
        }
    }

    private func forEachRecord(_ body: (JSONValue) throws -> Void) throws -> Int {
        var count = 0
        var progress = Progress()
        _ = try desk.forEachRecord(of: type.name, where: conditions) { document in
            try body(document)
            count += 1
            progress.show("exporting: \(count) records")
        }
        progress.finish()
        return count
    }

    private func value(of field: Field, in document: JSONValue) -> JSONValue {
        let fields = document["fields"]
        let holder = type.group(containing: field.name).map { fields[$0.name] } ?? fields
        return holder[field.name]
    }

    // MARK: Formats

    private func csv(_ write: (String) throws -> Void) throws -> Int {
        // The mark tells spreadsheets that it is UTF-8.
        try write(
            "\u{feff}"
                + CSVWriter.row((["id", "scope"] + type.fields.map(\.name)).map { .plain($0) }))
        return try forEachRecord { document in
            var cells: [CSVWriter.Cell] = [
                .plain(document["id"].text ?? ""), .plain(document["scope"].text ?? ""),
            ]
            for field in type.fields {
                let text = ValueDocument.display(value(of: field, in: document), of: field)
                cells.append(field.kind.isFreeText ? .text(text) : .plain(text))
            }
            try write(CSVWriter.row(cells))
        }
    }

    private func workbook(to draft: String, for path: String) throws -> Int {
        guard let book = Workbook(path: draft, sheet: type.label.zh) else {
            throw Self.failure(path)
        }
        book.add(["标识", "网格"].map { .text($0) } + type.fields.map { .text($0.label.zh) })
        let count = try forEachRecord { document in
            var cells: [Workbook.Cell] = [
                .text(document["id"].text ?? ""), .text(document["scope"].text ?? ""),
            ]
            for field in type.fields {
                let text = ValueDocument.display(value(of: field, in: document), of: field)
                cells.append(
                    field.kind.isNumber
                        ? Double(text).map { .number($0) } ?? .text(text) : .text(text))
            }
            book.add(cells)
        }
        guard book.close() else { throw Self.failure(path) }
        return count
    }

    /// Only records with a position; the rest is told on stderr.
    private func geoJSON(_ write: (String) throws -> Void) throws -> Int {
        guard let group = type.groups.first(where: { $0.name == "geo" }), group.members.count >= 2
        else {
            throw ServiceError(
                "export.no-position", "Records of type “\(type.name)” have no position.",
                hint: "Export them as .csv or .xlsx.")
        }
        var written = 0
        try write("{\"type\":\"FeatureCollection\",\"features\":[")
        let read = try forEachRecord { document in
            let geo = document["fields"][group.name]
            let position = group.members.prefix(2).map { geo[$0] }
            guard position.allSatisfy({ !$0.isNull }) else { return }
            let properties =
                [JSONValue.Member("scope", document["scope"])] + document["fields"].members
            let feature = JSONValue.object([
                "type": .text("Feature"), "id": document["id"],
                "geometry": .object(["type": .text("Point"), "coordinates": .array(position)]),
                "properties": .object(properties),
            ])
            try write((written == 0 ? "\n" : ",\n") + feature.description)
            written += 1
        }
        try write("\n]}\n")
        if read > written {
            Console.complain(
                "note: \(read - written) of \(read) records have no position; left out")
        }
        return written
    }
}

extension FieldKind {
    /// Whether people wrote it freely, so that it could look like a formula.
    var isFreeText: Bool {
        switch self {
        case .text, .set: true
        case .integer, .money, .decimal, .boolean, .date, .month, .instant, .code, .reference,
            .grid, .attachment:
            false
        }
    }

    var isNumber: Bool {
        switch self {
        case .integer, .money, .decimal: true
        case .text, .boolean, .date, .month, .instant, .code, .reference, .grid, .set,
            .attachment:
            false
        }
    }
}
