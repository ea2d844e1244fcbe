import ArgumentParser
import FieldgridService

struct TasksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasks", abstract: "The visits that are asked for.",
        subcommands: [TasksList.self])
}

struct TasksList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List tasks: those not done first.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Option(help: "Only those of this half-year.")
    var period: String?
    @Flag(help: "Leave out what is done.")
    var open = false

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "tasks list")
        let reply = try desk.answer(.tasks(period: period, openOnly: open))
        try output.report(reply) { document in
            var table = Table([
                .init("状态"), .init("截止"), .init("名称"), .init("网格"), .init("记录"),
            ])
            let states = ["due": "待办", "done": "完成", "late": "逾期"]
            for task in document.elements {
                table.add([
                    states[task["state"].text ?? ""] ?? "", task["due"].text ?? "",
                    task["name"].text ?? "", task["scope"].text ?? "", task["record"].text ?? "",
                ])
            }
            return table.isEmpty
                ? "没有任务 (No tasks; `fieldgrid node sync` fetches new ones.)" : table.text
        }
    }
}
