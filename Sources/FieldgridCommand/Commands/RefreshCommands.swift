import ArgumentParser
import FieldgridService

struct RefreshCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh", abstract: "The half-yearly campaign that keeps records true.",
        subcommands: [
            RefreshStatusCommand.self, RefreshOpen.self, RefreshClose.self, RefreshRun.self,
        ])
}

struct RefreshStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "How far it is, per township and grid.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Option(help: "A half-year such as 2026H2. Default: the newest campaign.")
    var period: String?

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "refresh status")
        try output.report(try desk.answer(.refresh(ask: .status(period: period)))) {
            RefreshText.status($0)
        }
    }
}

struct RefreshOpen: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open", abstract: "Make one task for every active record. Twice is once.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Option(help: "A half-year such as 2026H2.")
    var period: String

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "refresh open")
        try output.report(try desk.answer(.refresh(ask: .open(period: period)))) { document in
            "Opened \(document["period"].text ?? ""), due \(document["due_on"].text ?? ""): "
                + Counted.text(document["tasks_made"].integer ?? 0, "new task") + "."
        }
    }
}

struct RefreshClose: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close", abstract: "End a half-year: no change completes its tasks any more.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Option(help: "A half-year such as 2026H2.")
    var period: String

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "refresh close")
        try output.report(try desk.answer(.refresh(ask: .close(period: period)))) { document in
            "Closed \(document["period"].text ?? "")."
        }
    }
}

struct RefreshRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Do what the date asks for: open the current half, once.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "refresh run")
        try output.report(try desk.answer(.refresh(ask: .run))) { document in
            document["opened"].text.map { "Opened \($0)." } ?? "Nothing was due."
        }
    }
}

enum RefreshText {
    static func status(_ document: JSONValue) -> String {
        let columns: [Table.Column] = [
            .init("网格"), .init("名称"), .init("待办", isNumber: true), .init("完成", isNumber: true),
            .init("逾期", isNumber: true),
        ]
        let number = { (value: JSONValue) in String(value.integer ?? 0) }
        var table = Table(columns)
        for key in ["townships", "scopes"] {
            for entry in document[key].elements {
                table.add([
                    (key == "scopes" ? "  " : "") + (entry["scope"].text ?? ""),
                    entry["name"].text ?? "", number(entry["due"]), number(entry["done"]),
                    number(entry["late"]),
                ])
            }
        }
        let head =
            "\(document["period"].text ?? "")（\(document["state"].text ?? "")），"
            + "截止 \(document["due_on"].text ?? "")：待办 \(number(document["due"]))，"
            + "完成 \(number(document["done"]))，逾期 \(number(document["late"]))"
        return table.isEmpty
            ? head + "\nNo tasks. Open a campaign at the hub: fieldgrid refresh open --period …"
            : head + "\n" + table.text
    }
}
