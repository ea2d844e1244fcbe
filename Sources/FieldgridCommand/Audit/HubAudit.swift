import ArgumentParser
import FieldgridHub
import FieldgridModel
import FieldgridSchema
import FieldgridService
import FieldgridSync

struct HubAudit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Verify what the hub wrote down of its decisions, and show it.",
        discussion: """
            There is a log for each grid, and one for what operators do. Every leaf is checked \
            against the hub's tables, and every root against the leaves. Works while the hub is \
            served, and holds nobody up. Heads that were exported, here or on a \
            device, can be compared later: a log in which they are not continued was rewritten.
            """)

    @OptionGroup var place: FolderOptions
    @OptionGroup var output: ReportOptions
    @Option(
        help: ArgumentHelp(
            "List the leaves of one log, and verify only that.",
            valueName: "code or administration"))
    var scope: String?
    @Option(help: ArgumentHelp("List leaves from this one on.", valueName: "leaf"))
    var from: Int64?
    @Option(help: ArgumentHelp("Write the signed heads to a new file.", valueName: "file"))
    var export: String?
    @Option(help: ArgumentHelp("Compare with heads that were exported.", valueName: "file"))
    var against: String?
    @Flag(help: "List every log with its root, also where nothing is wrong.")
    var all = false

    func validate() throws {
        guard (from ?? 0) >= 0 else { throw ValidationError("--from takes a number from 0 on.") }
    }

    func run() async throws {
        guard try FolderKind.of(place.folder) == .hub else {
            throw ServiceError.notHere(
                "The folder \(place.folder) is a node's, not a hub's.",
                hint: "Name the hub's folder with --data; `fieldgrid node audit` tells what a "
                    + "device knows.")
        }
        let folder = HubFolder(path: place.folder)
        let key = try folder.key()
        // Beside the server, which is not held up.
        let hub = try folder.reader()
        let log = scope.map(Self.log)
        let report = try hub.reviewAudit(only: log)
        let compared = try against.map { try compare($0, hub, key) } ?? []
        if let export { try write(try hub.signedHeads(by: key), key, to: export) }
        let entries = try entries(hub, log)
        try output.report(
            ServiceReply(document(report, entries, compared))
        ) { _ in text(report, entries, compared) }
        try complain(report, compared)
    }

    private static func log(_ text: String) -> AuditLog {
        AuditLog(text: text == AuditLog.administration.description ? "" : text)
    }

    // MARK: What is found

    private typealias Compared = (head: AuditHead, judgement: AuditJudgement)

    private func compare(_ path: String, _ hub: Hub, _ key: DeviceKey) throws -> [Compared] {
        guard let bytes = DurableFile.read(path) else {
            throw ServiceError(
                "audit.file", "\(path) cannot be read.",
                hint: "Name a file that `hub audit --export` or `node audit --export` wrote.")
        }
        let file = try HeadFile(bytes, path: path)
        guard file.hubKey == key.publicKey else {
            throw ServiceError(
                "audit.foreign",
                "\(path) is of another hub: its key is \(file.hubKey.keyID), this "
                    + "one's \(key.publicKey.keyID).",
                hint: "Name the folder of that hub with --data.")
        }
        return try hub.compare(file.heads, signedBy: key).map { ($0.head, $0.1) }
    }

    private func write(_ heads: [SignedHead], _ key: DeviceKey, to path: String) throws {
        try AuditFile.write(HeadFile(hubKey: key.publicKey, heads: heads), to: path)
    }

    private typealias Entry = (log: AuditLog, index: Int64, entry: AuditEntry)

    private func entries(_ hub: Hub, _ log: AuditLog?) throws -> [Entry] {
        guard log != nil || from != nil else { return [] }
        var entries: [Entry] = []
        for log in try log.map({ [$0] }) ?? hub.auditLogs() {
            try hub.forEachAuditEntry(of: log, from: from ?? 0) { index, entry in
                entries.append((log, index, entry))
                return true
            }
        }
        return entries
    }

    // MARK: What is said

    private func document(
        _ report: AuditReport, _ entries: [Entry], _ compared: [Compared]
    ) -> JSONValue {
        .object([
            "verified": .bool(report.finding == nil), "leaves": .integer(report.leaves),
            "finding": .optional(report.finding?.description),
            "heads": .array(
                report.heads.map { head in
                    .object([
                        "log": .text(head.log.description), "size": .integer(head.size),
                        "root": .text(head.root.description),
                    ])
                }),
            "entries": .array(
                entries.map { AuditDocuments.document(of: $0.entry, $0.index, in: $0.log) }),
            "compared": .array(
                compared.map { item in
                    .object([
                        "log": .text(item.head.log.description), "size": .integer(item.head.size),
                        "time": .text(Instants.text(item.head.time)),
                        "text": .text(AuditText.verdict(item.judgement, of: item.head)),
                    ])
                }),
        ])
    }

    private func text(
        _ report: AuditReport, _ entries: [Entry], _ compared: [Compared]
    ) -> String {
        var parts: [String] = []
        if report.finding == nil {
            parts.append(
                Counted.text(report.leaves, "leaf", "leaves") + " of "
                    + Counted.text(report.heads.count, "log")
                    + " verified, against the roots and the tables.")
        } else {
            parts.append("The hub's audit does not fit; the logs as they are now:")
        }
        if all || report.finding != nil || scope != nil { parts.append(table(report)) }
        for item in compared {
            parts.append(
                "\(item.head.log) at \(item.head.size), "
                    + "\(ShownTime.text(Instants.text(item.head.time))): "
                    + AuditText.verdict(item.judgement, of: item.head))
        }
        for item in entries {
            parts.append(
                "\(item.log) \(item.index)  \(ShownTime.text(Instants.text(item.entry.time)))  "
                    + AuditText.sentence(item.entry))
        }
        if let export { parts.append("Wrote \(export): keep it where nobody of the hub's can.") }
        return parts.joined(separator: "\n")
    }

    private func table(_ report: AuditReport) -> String {
        var heads = Table([
            .init("log"), .init("leaves", isNumber: true), .init("root", widthMax: 64),
        ])
        for head in report.heads {
            heads.add([head.log.description, "\(head.size)", head.root.description])
        }
        return heads.text
    }

    private func complain(_ report: AuditReport, _ compared: [Compared]) throws {
        if let finding = report.finding {
            throw ServiceError(
                "audit.differs", "The hub's audit does not fit: \(finding).",
                hint: "Keep a copy of the folder as it is. What was changed since the last good "
                    + "backup shows in the same command on that backup.")
        }
        for (head, judgement) in compared {
            guard case .alarm(let reason) = judgement else { continue }
            throw ServiceError(
                "audit.rewritten",
                "The log of \(head.log) does not continue the head of \(head.size) leaves: "
                    + "\(AuditText.sentence(reason)).",
                hint: "Keep the file and a copy of the folder: together they prove it.")
        }
    }
}

/// Heads into a file that was not there.
enum AuditFile {
    static func write(_ file: HeadFile, to path: String) throws {
        guard DurableFile.read(path) == nil else {
            throw ServiceError(
                "audit.file-exists", "There is a file \(path) already.",
                hint: "Name another one with --export; evidence is never overwritten.")
        }
        try DurableFile.write(file.bytes, to: path)
    }
}
