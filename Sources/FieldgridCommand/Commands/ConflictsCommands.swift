import ArgumentParser
import FieldgridModel
import FieldgridService

struct ConflictsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conflicts", abstract: "Concurrent edits: see them, settle them.",
        subcommands: [
            ConflictsList.self, ConflictsShow.self, ConflictsResolve.self, ConflictsReview.self,
            ConflictsUndo.self,
        ])
}

struct ConflictsList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "What waits for a person.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Flag(help: "Also what a rule decided and what is settled.")
    var all = false
    @Option(name: .customLong("where"), help: "key=value; may be given several times.")
    var conditions: [String] = []

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "conflicts list")
        let reply = try desk.answer(.conflicts(ask: .list(all: all, conditions: conditions)))
        let schema = try desk.schema()
        try output.report(reply) { ConflictText(schema: schema).list($0.elements) }
    }
}

struct ConflictsShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One conflict with base, sides and reason.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Argument(help: "The conflict's id.") var id: String

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "conflicts show")
        let reply = try desk.answer(.conflicts(ask: .show(id: id)))
        let schema = try desk.schema()
        try output.report(reply) { ConflictText(schema: schema).show($0) }
    }
}

struct ConflictsResolve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve", abstract: "Settle one conflict, or all that meet a filter.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Argument(help: "The conflicts' ids.") var ids: [String] = []
    @Option(
        help: """
            The number of a side as listed, `winner`, or `base`; for two records with one key also \
            `merge` (each value by its policy) or `apart` (two things after all).
            """)
    var take: String?
    @Option(
        help: "A value of your own; for a group or a broken rule field=value,field=value.")
    var value: String?
    @Option(help: "Why, in your own words.") var note: String?
    @Option(
        help: """
            How the value was learnt. Default: as the side that is taken; else hub at the hub, \
            on_site on a device.
            """)
    var source: ValueSource?
    @Flag(help: "All that meet --where.") var all = false
    @Option(name: .customLong("where"), help: "key=value; may be given several times.")
    var conditions: [String] = []
    @Flag(help: "With --all: show what would be settled, and save nothing.") var dryRun = false

    func validate() throws {
        guard (take == nil) != (value == nil) else {
            throw ValidationError("Give either --take SIDE|winner|base|merge|apart or --value V.")
        }
        guard all != !ids.isEmpty else {
            throw ValidationError("Give the ids of conflicts, or --all with --where.")
        }
        if !all, dryRun || !conditions.isEmpty {
            throw ValidationError("--where and --dry-run go with --all.")
        }
        _ = try choice()
    }

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "conflicts resolve")
        let choice = try choice()
        let reply = try desk.answer(
            .conflicts(
                ask: all
                    ? .resolveAll(
                        conditions: conditions, choice: choice, note: note, preview: dryRun,
                        source: source)
                    : .resolve(ids: ids, choice: choice, note: note, source: source)))
        let schema = try desk.schema()
        try output.report(reply) { ConflictText(schema: schema).resolved($0.elements) }
    }

    private func choice() throws -> ConflictChoice {
        if let value { return .value(text: value) }
        switch take {
        case "base": return .base
        case "winner": return .winner
        case "merge": return .merge
        case "apart": return .apart
        default:
            guard let number = take.flatMap({ Int($0) }), number > 0 else {
                throw ValidationError(
                    "--take is the number of a side, `winner`, `base`, `merge` or `apart`.")
            }
            return .side(number: number)
        }
    }
}

struct ConflictsUndo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undo",
        abstract: "Take back what a rule or a person decided; the sides stand again.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Argument(help: "The conflicts' ids.") var ids: [String]
    @Option(help: "Why, in your own words.") var note: String?

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "conflicts undo")
        let reply = try desk.answer(.conflicts(ask: .undo(ids: ids, note: note)))
        try output.report(reply) { document in
            let ids = document.elements.map { $0["id"].text ?? "" }
            return (ids + ["已撤销 \(ids.count) 项裁决，争议重新等待处理"]).joined(separator: "\n")
        }
    }
}
