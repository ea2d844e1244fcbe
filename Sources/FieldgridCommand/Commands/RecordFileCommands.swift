import ArgumentParser
import FieldgridModel
import FieldgridService
import Foundation

struct RecordImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Read a table; refused lines go to FILE.rejected.csv. Repeating doubles nothing.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Argument(help: "The record type.") var type: String
    @Argument(help: "A CSV file in UTF-8 or GB18030.") var file: String
    @Option(help: "How its columns are read: the name of one of the schema's maps, or a YAML file.")
    var map: String?
    @Option(help: "The grid of records for which the rows name none.") var scope: String?
    @Flag(help: "Decide everything, save nothing.") var dryRun = false

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "record import")
        let table = TableImport(desk: desk, type: type, path: file, scope: scope, dryRun: dryRun)
        let reply = try table.run(map: map)
        try output.report(reply) { document in
            let number = { (key: String) in document[key].integer ?? 0 }
            var lines = [
                "\(dryRun ? "Would import" : "Imported") \(file): "
                    + Counted.text(number("read"), "row") + " read, "
                    + "\(number("created")) created, \(number("updated")) updated, "
                    + "\(number("unchanged")) unchanged, \(number("rejected")) refused."
            ]
            if number("grid_unknown") > 0 {
                lines.append(
                    Counted.text(number("grid_unknown"), "row has", "rows have")
                        + " an address that names no grid: waiting in "
                        + "the scope above with the mark “grid unknown”.")
            }
            for scope in document["scopes"].members {
                lines.append("  \(scope.key)  \(scope.value.integer ?? 0)")
            }
            if let path = document["rejected_file"].text { lines.append("Refused lines: \(path)") }
            return lines.joined(separator: "\n")
        }
        guard reply.document["complete"].bool == false else { return }
        throw ServiceError(
            "import.incomplete", "\(file) could not be read to its end; the rest is not imported.",
            hint: "The last line of \(TableImport.rejectedPath(of: file)) says where and why. Mend "
                + "the file and import it again: what is there already is not doubled.")
    }
}

struct RecordExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write all records of a type: .csv, .xlsx or .geojson.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Argument(help: "The record type.") var type: String
    @Argument(help: "The file; its extension says the format.") var file: String
    @Option(name: .customLong("where"), help: "field=value; may be given several times.")
    var conditions: [String] = []

    func run() async throws {
        _ = try TableExport.format(of: file)
        let desk = try HubSide.desk(place, remote, command: "record export")
        let schema = try desk.schema()
        guard let recordType = schema.type(named: type) ?? schema.type(labelled: type) else {
            // The desk words it, with the nearest name.
            _ = try desk.answer(.record(ask: .types(named: type)))
            return
        }
        let export = TableExport(desk: desk, type: recordType, conditions: conditions)
        let count = try export.run(to: file)
        let document = JSONValue.object([
            "file": .text(file), "records": .integer(Int64(count)),
        ])
        try output.report(ServiceReply(document)) { _ in "Wrote \(count) records to \(file)." }
    }
}
