import FieldgridModel
import FieldgridSchema
import FieldgridService
import Foundation

/// Carries a CSV file to a desk in batches, and writes down what was refused.
struct TableImport {
    /// One transaction each.
    static let batchRows = 500

    let desk: any Desk
    let type: String
    let path: String
    let scope: String?
    let dryRun: Bool

    private struct Tally {
        var read = 0
        var effects: [ImportOutcome.Effect: Int] = [:]
        var scopes: [String: Int] = [:]
        var gridUnknown = 0
        var rejected: [(row: ImportRow, rejections: [ImportRejection])] = []
    }

    /// `map` is the name of one of the schema's maps, or a YAML file.
    func run(map: String?) throws -> ServiceReply {
        guard let file = FileManager.default.contents(atPath: path) else {
            throw ServiceError(
                "import.no-file", "The file \(path) cannot be read.",
                hint: "Check the path and your rights to it.")
        }
        let (bytes, encoding) = try TextDecoding.decode(Array(file), of: path)
        var reader = CSVReader(bytes)
        guard let header = try firstRow(&reader) else {
            throw ServiceError(
                "import.empty", "The file \(path) is empty.",
                hint: "Its first line names the columns.")
        }
        let plan = try plan(headers: header.cells, map: map)
        var tally = Tally()
        var progress = Progress()
        var batch: [ImportRow] = []
        var fault: CSVReader.Fault?
        while true {
            do throws(CSVReader.Fault) {
                guard let row = try reader.next() else { break }
                batch.append(ImportRow(line: row.line, cells: row.cells))
            } catch {
                fault = error
                break
            }
            if batch.count == Self.batchRows {
                try send(&batch, plan, into: &tally)
                let percent = reader.bytesRead * 100 / max(1, bytes.count)
                progress.show("importing: \(tally.read) rows, \(percent) %")
            }
        }
        try send(&batch, plan, into: &tally)
        progress.finish()
        if let fault {
            tally.read += 1
            tally.rejected.append(
                (
                    ImportRow(line: fault.line, cells: []),
                    [
                        ImportRejection(
                            column: nil, header: nil, code: "import.unreadable",
                            reason: "\(fault.reason); the file was not read any further")
                    ]
                ))
        }
        let rejectedPath = try writeRejected(tally, headers: header.cells)
        return reply(tally, plan: plan, encoding: encoding, rejectedPath: rejectedPath)
    }

    private func firstRow(_ reader: inout CSVReader) throws -> CSVReader.Row? {
        do throws(CSVReader.Fault) {
            return try reader.next()
        } catch {
            throw ServiceError(
                "import.unreadable", "The file \(path) is no CSV: \(error.description).",
                hint: "Save it as CSV with commas.")
        }
    }

    private func plan(headers: [String], map: String?) throws -> ImportPlan {
        var own: ImportMap?
        if let map, map.hasSuffix(".yaml") || map.hasSuffix(".yml") || map.contains("/") {
            own = try MapFile.read(map)
        }
        let reply = try desk.answer(
            .imports(
                ask: .plan(
                    type: type, headers: headers, mapName: own == nil ? map : nil, map: own)))
        for note in reply.notes { Console.complain("note: \(note)") }
        return try JSONBridge.value(ImportPlan.self, from: reply.document)
    }

    private func send(
        _ batch: inout [ImportRow], _ plan: ImportPlan, into tally: inout Tally
    ) throws {
        guard !batch.isEmpty else { return }
        defer { batch = [] }
        let reply = try desk.answer(
            .imports(
                ask: .rows(
                    batch: ImportBatch(plan: plan, rows: batch, scope: scope, dryRun: dryRun))))
        let outcomes = try JSONBridge.value([ImportOutcome].self, from: reply.document)
        for (row, outcome) in zip(batch, outcomes) {
            tally.read += 1
            tally.effects[outcome.effect, default: 0] += 1
            if outcome.effect == .created, let scope = outcome.scope {
                tally.scopes[scope, default: 0] += 1
            }
            if outcome.gridUnknown { tally.gridUnknown += 1 }
            if outcome.effect == .rejected { tally.rejected.append((row, outcome.rejections)) }
        }
    }

    /// The refused lines as they were, with line, column and reason before
    /// them.
    ///
    /// A file of an earlier import goes when nothing is refused now.
    private func writeRejected(_ tally: Tally, headers: [String]) throws -> String? {
        let rejectedPath = Self.rejectedPath(of: path)
        guard !tally.rejected.isEmpty else {
            if !dryRun { try? FileManager.default.removeItem(atPath: rejectedPath) }
            return nil
        }
        var text =
            "\u{feff}"
            + CSVWriter.row(
                (["line", "column", "header", "code", "reason"] + headers).map { .text($0) })
        for (row, rejections) in tally.rejected {
            for rejection in rejections {
                let place: [CSVWriter.Cell] = [
                    .plain(String(row.line)), .plain(rejection.column.map(String.init) ?? ""),
                    .text(rejection.header ?? ""), .plain(rejection.code),
                    .text(rejection.reason),
                ]
                text += CSVWriter.row(place + row.cells.map { .text($0) })
            }
        }
        try DurableFile.write(Array(text.utf8), to: rejectedPath)
        return rejectedPath
    }

    static func rejectedPath(of path: String) -> String {
        let lower = path.lowercased()
        return (lower.hasSuffix(".csv") ? String(path.dropLast(4)) : path) + ".rejected.csv"
    }

    private func reply(
        _ tally: Tally, plan: ImportPlan, encoding: TextDecoding.Encoding, rejectedPath: String?
    ) -> ServiceReply {
        let count = { (effect: ImportOutcome.Effect) in
            JSONValue.integer(Int64(tally.effects[effect] ?? 0))
        }
        let scopes = tally.scopes.sorted { $0.key < $1.key }.map {
            JSONValue.Member($0.key, .integer(Int64($0.value)))
        }
        let unread = tally.rejected.count { $0.row.cells.isEmpty }
        return ServiceReply(
            .object([
                "read": .integer(Int64(tally.read)), "created": count(.created),
                "updated": count(.updated), "unchanged": count(.unchanged),
                "rejected": .integer(Int64(tally.rejected.count)), "scopes": .object(scopes),
                "grid_unknown": .integer(Int64(tally.gridUnknown)),
                "rejected_file": .optional(rejectedPath), "map": .optional(plan.mapName),
                "encoding": .text(encoding.rawValue), "dry_run": .bool(dryRun),
                "complete": .bool(unread == 0),
            ]))
    }
}
