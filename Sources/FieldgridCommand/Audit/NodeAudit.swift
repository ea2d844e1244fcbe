import ArgumentParser
import FieldgridModel
import FieldgridService
import FieldgridSync

struct NodeAudit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "What this device knows of the hub's record, and an alarm about it.",
        discussion: """
            With every exchange the hub proves that its record only grew. When it cannot, this \
            device applies nothing more of it until somebody has looked: keep the exported file, \
            have the hub's operators run `hub audit --against FILE`, and then accept what the hub \
            has now. Both heads stay here as evidence.
            """)

    @OptionGroup var place: FolderOptions
    @OptionGroup var output: ReportOptions
    @Option(
        help: ArgumentHelp(
            "Write all signed heads to a new file, those that were left behind too.",
            valueName: "file"))
    var export: String?
    @Flag(help: "After an alarm: take the hub's present record for true from here on.")
    var accept = false

    func run() async throws {
        let desk = try NodeSide.desk(place.folder, command: "node audit")
        let before = try desk.answer(.node(ask: .audit(accept: false)))
        if let export { try AuditFile.write(try file(before.document), to: export) }
        let reply = accept ? try desk.answer(.node(ask: .audit(accept: true))) : before
        try output.report(reply, text: text)
    }

    /// The hub's side of every alarm is in it as well.
    private func file(_ document: JSONValue) throws -> HeadFile {
        guard let key = document["hub_public_key"].text.flatMap({ DevicePublicKey(base64: $0) })
        else {
            throw ServiceError(
                "audit.file", "This device does not know its hub's key.",
                hint: "Put node.json back from a copy of the folder.")
        }
        let documents =
            document["heads"].elements + document["left"].elements.map { $0["head"] }
            + document["alarms"].elements.map { $0["offered"] }
        return HeadFile(hubKey: key, heads: documents.compactMap(HeadFile.head))
    }

    private func text(_ document: JSONValue) -> String {
        var table = Table([
            .init("log"), .init("leaves", isNumber: true), .init("as of"),
            .init("root", widthMax: 64),
        ])
        for head in document["heads"].elements {
            table.add([
                head["log"].text ?? "", "\(head["size"].integer ?? 0)",
                ShownTime.text(Instants.text(head["time"].integer ?? 0)),
                head["root"].text ?? "",
            ])
        }
        var parts = [table.isEmpty ? "Nothing known yet: run `fieldgrid node sync`." : table.text]
        for left in document["left"].elements {
            parts.append(
                "kept beside (\(left["reason"].text ?? "")): \(left["head"]["log"].text ?? "") at "
                    + "\(left["head"]["size"].integer ?? 0) leaves, "
                    + ShownTime.text(left["at"].text ?? ""))
        }
        for alarm in document["alarms"].elements {
            let reason = alarm["reason"].text.flatMap { AuditAlarm(rawValue: $0) }
            parts.append(
                "ALARM, \(alarm["log"].text ?? ""), \(ShownTime.text(alarm["at"].text ?? "")): "
                    + (reason.map(AuditText.sentence) ?? "") + ". Known were "
                    + "\(alarm["kept"]["size"].integer ?? 0) leaves, the hub shows "
                    + "\(alarm["offered"]["size"].integer ?? 0).")
        }
        if !document["alarms"].elements.isEmpty {
            parts.append(
                "Nothing is exchanged meanwhile; work goes on here. Keep `node audit --export "
                    + "FILE`, have it compared at the hub, then `node audit --accept`.")
        }
        return parts.joined(separator: "\n")
    }
}
