import ArgumentParser
import FieldgridModel
import FieldgridService

struct RecordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record", abstract: "Record, change, list and follow records of any type.",
        subcommands: [
            RecordTypes.self, RecordNew.self, RecordSet.self, RecordShow.self, RecordList.self,
            RecordVerify.self, RecordHistory.self, RecordDelete.self, RecordMove.self,
            RecordImport.self, RecordExport.self,
        ])
}

struct RecordTypes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "types", abstract: "What can be recorded: types, fields, codes.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Argument(help: "One type, to see its fields.")
    var type: String?

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "record types")
        let reply = try desk.answer(.record(ask: .types(named: type)))
        let schema = try desk.schema()
        try output.report(reply) { RecordText(schema: schema).types($0, named: type) }
    }
}

struct RecordNew: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Record something new.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Argument(help: "The record type, such as employer.")
    var type: String
    @Argument(help: "field=value …")
    var fields: [String] = []
    @Option(help: "The code of the grid it lives in. Default: the device's only one.")
    var scope: String?
    @Option(help: "How the values were learnt. Default: on_site.")
    var source: ValueSource?

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "record new")
        let fields = try AttachmentFields.resolve(fields, of: type, at: desk)
        let reply = try desk.answer(
            .record(ask: .create(type: type, fields: fields, scope: scope, source: source)))
        try output.report(reply) { document in
            "Saved \(type) \(document["id"].text ?? "") in \(document["scope"].text ?? "")."
        }
    }
}

struct RecordSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change values; `field=` clears, `field=@FILE` keeps a photo or PDF.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Argument(help: "The record type.") var type: String
    @Argument(help: "The record's id.") var id: String
    @Argument(help: "field=value …") var fields: [String] = []
    @Option(help: "How the values were learnt. Default: on_site.")
    var source: ValueSource?

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "record set")
        let fields = try AttachmentFields.resolve(fields, of: type, at: desk)
        let reply = try desk.answer(
            .record(ask: .set(type: type, id: id, fields: fields, source: source)))
        try output.report(reply) { document in
            let changed = document["changed"].elements.compactMap(\.text)
            return changed.isEmpty
                ? "Nothing changed: the values were these already."
                : "Saved \(type) \(id): \(changed.joined(separator: ", "))."
        }
    }
}

struct RecordShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One record with its values and what waits.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Argument(help: "The record type.") var type: String
    @Argument(help: "The record's id.") var id: String

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "record show")
        let reply = try desk.answer(.record(ask: .show(type: type, id: id)))
        let schema = try desk.schema()
        try output.report(reply) { document in
            let name = document["type"].text ?? type
            guard let recordType = schema.type(named: name) else { return document.description }
            let files = document["attachments"].members.map { member in
                let here = member.value["here"].bool == true ? "here" : "not here"
                let sent = member.value["sent"].bool == true ? "sent" : "not yet sent"
                let problem = member.value["problem"].text.map { ": \($0)" } ?? ""
                return "\n\(member.key): \(here), \(sent)\(problem)"
            }
            return RecordText(schema: schema).show(document, of: recordType) + files.joined()
        }
    }
}

struct RecordList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The records of a type that meet all conditions.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Argument(help: "The record type.") var type: String
    @Option(name: .customLong("where"), help: "field=value; may be given several times.")
    var conditions: [String] = []

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "record list")
        if output.json { return try output.finish(needsPerson: try writeJSON(desk)) }
        var documents: [JSONValue] = []
        let needsPerson = try desk.forEachRecord(of: type, where: conditions) {
            documents.append($0)
        }
        let schema = try desk.schema()
        guard let recordType = schema.type(named: type) ?? schema.type(labelled: type) else {
            return
        }
        Console.say(RecordText(schema: schema).list(documents, of: recordType))
        try output.finish(needsPerson: needsPerson)
    }

    /// One array, written as it comes.
    private func writeJSON(_ desk: any Desk) throws -> Bool {
        var bytes: [UInt8] = []
        var isFirst = true
        let needsPerson = try desk.forEachRecord(of: type, where: conditions) { document in
            bytes.append(isFirst ? UInt8(ascii: "[") : UInt8(ascii: ","))
            isFirst = false
            document.append(to: &bytes)
            if bytes.count > 1 << 16 {
                Console.say(partial: bytes)
                bytes = []
            }
        }
        Console.say(partial: bytes)
        Console.say(isFirst ? "[]" : "]")
        return needsPerson
    }
}

extension Schema {
    func type(labelled label: String) -> RecordType? { types.first { $0.label.zh == label } }
}

struct RecordVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Mark a record confirmed unchanged.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Argument(help: "The record type.") var type: String
    @Argument(help: "The record's id.") var id: String
    @Option(help: ArgumentHelp("The day of the visit. Default: today.", valueName: "yyyy-mm-dd"))
    var date: String?

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "record verify")
        let reply = try desk.answer(.record(ask: .verify(type: type, id: id, date: date)))
        try output.report(reply) { _ in
            "Confirmed \(type) \(id) \(date.map { "as of \($0)" } ?? "today")."
        }
    }
}

struct RecordHistory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Every value offered, by whom, when, and why it won or lost.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var output: ReportOptions
    @Argument(help: "The record type.") var type: String
    @Argument(help: "The record's id.") var id: String

    func run() async throws {
        let folder = place.folder
        let request = ServiceRequest.record(ask: .history(type: type, id: id))
        let desk = try FolderAccess.desk(folder, command: "record history")
        let reply = try Self.hubReply(folder, request) ?? desk.answer(request)
        let schema = try desk.schema()
        try output.report(reply) { document in
            guard let recordType = schema.type(named: type) ?? schema.type(labelled: type) else {
                return document.description
            }
            return RecordText(schema: schema).history(document, of: recordType)
        }
    }

    /// A node keeps only its own part of the history: the hub is asked first.
    ///
    /// Nil where this is the hub, or the hub cannot be reached.
    private static func hubReply(
        _ folder: String, _ request: ServiceRequest
    ) throws -> ServiceReply? {
        guard try FolderKind.of(folder) == .node else { return nil }
        do {
            return try RemoteDesk(nodeFolder: folder).answer(request)
        } catch {
            let reason = ErrorReport(error)?.message ?? "\(error)"
            Console.complain(
                "note: the hub's history is not at hand (\(reason)); "
                    + "what this device knows follows")
            return nil
        }
    }
}

struct RecordDelete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a record. Closing it with a status is usually right.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Argument(help: "The record type.") var type: String
    @Argument(help: "The record's id.") var id: String

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "record delete")
        let reply = try desk.answer(.record(ask: .delete(type: type, id: id)))
        try output.report(reply) { _ in "Deleted \(type) \(id)." }
    }
}

struct RecordMove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move", abstract: "Move a record to another grid, with all that belongs to it."
    )

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Argument(help: "The record type.") var type: String
    @Argument(help: "The record's id.") var id: String
    @Option(help: "The code of the grid it moves to.") var scope: String

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "record move")
        let reply = try desk.answer(.record(ask: .move(type: type, id: id, scope: scope)))
        try output.report(reply) { _ in "Moved \(type) \(id) to \(scope)." }
    }
}
