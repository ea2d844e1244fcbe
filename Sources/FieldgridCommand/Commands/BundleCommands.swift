import ArgumentParser
import FieldgridModel
import FieldgridSchema
import FieldgridService
import FieldgridSync
import Foundation

/// `--force`: the one thing that commands which write a bundle share.
struct BundleFileOptions: ParsableArguments {
    @Flag(help: "Replace the file if it is there.")
    var force = false

    /// Whole or not there, and never over something else unasked.
    func write(_ bytes: [UInt8], to path: String) throws {
        try check(path)
        try DurableFile.write(bytes, to: path, mode: 0o600)
    }

    func check(_ path: String) throws {
        guard force || !FileManager.default.fileExists(atPath: path) else {
            throw ServiceError(
                "file.exists", "\(path) is there already.",
                hint: "Choose another name, or add --force to replace it.")
        }
    }

    /// Reads a bundle and hands it over; what is wrong with it is said with the file's name.
    static func hand(_ path: String, to desk: (Data) throws -> ServiceReply) throws -> ServiceReply
    {
        do {
            return try desk(read(path))
        } catch let error as BundleProblem {
            throw ServiceError(error.code, naming(path, in: error.message), hint: error.hint)
        } catch let error as ServiceError where error.code.hasPrefix("bundle.") {
            // The same from a folder that is served.
            throw ServiceError(
                error.code, naming(path, in: error.message), hint: error.hint,
                exitStatus: error.exitStatus)
        }
    }

    /// Looks at the size before anything is read.
    private static func read(_ path: String) throws -> Data {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
        guard size <= SealedBundle.Limit.file else { throw BundleProblem.tooLarge(size) }
        return try Data(contentsOf: URL(fileURLWithPath: path))
    }

    /// Every sentence about a bundle begins with one of these.
    private static func naming(_ path: String, in message: String) -> String {
        for subject in ["The file", "The bundle"] where message.hasPrefix(subject + " ") {
            return "\(subject) \(path)\(message.dropFirst(subject.count))"
        }
        return "\(path): \(message)"
    }
}

struct NodeExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write what waits for the hub into a bundle, for a USB stick.",
        discussion: """
            What is exported keeps waiting here until the hub's answer comes, by `node import` or \
            by `node sync`. Export again, import twice, mix the order: nothing is doubled. Photos \
            that do not fit into one file go into further ones, FILE-2.fgb and so on.
            """)

    @OptionGroup var place: FolderOptions
    @OptionGroup var output: ReportOptions
    @OptionGroup var bundle: BundleFileOptions
    @Argument(help: "The bundle to write, such as /media/stick/wang.fgb.") var file: String
    @Option(
        help: ArgumentHelp(
            "Begin with this saved action, when those before are on another stick.",
            valueName: "seq"))
    var from: Int64?
    @Option(
        help: ArgumentHelp(
            "Take at most so many bytes of photos, in all files together.", valueName: "bytes"))
    var attachmentBudget = 1 << 30

    func run() async throws {
        try bundle.check(file)
        let desk = try NodeSide.desk(place.folder, command: "node export")
        var parts: [JSONValue] = []
        var budget = max(0, attachmentBudget)
        var after: String?
        repeat {
            let reply = try desk.answer(
                .node(
                    ask: .exportBundle(from: from, attachmentBudget: budget, after: after)))
            let (document, bytes) = try BundleDocuments.split(reply.document)
            if let from, document["changesets"].integer == 0 {
                throw ServiceError(
                    "bundle.from-unknown", "No saved action has the number \(from) or a later one.",
                    hint: "Leave --from out: the bundle then has all that waits.")
            }
            let taken = document["attachment_bytes"].integer ?? 0
            // Nothing fits what is left of the budget.
            if !parts.isEmpty, taken == 0 { break }
            let path = Self.path(file, part: parts.count + 1)
            try bundle.write(bytes, to: path)
            parts.append(document.adding("file", .text(path)))
            budget -= Int(taken)
            after = document["last_attachment"].text
        } while after != nil && (parts.last?["attachments_left"].integer ?? 0) > 0
        guard let first = parts.first else { return }
        try output.report(ServiceReply(first.adding("parts", .array(parts))), text: text)
    }

    /// `wang.fgb`, `wang-2.fgb`, `wang-3.fgb`.
    static func path(_ file: String, part: Int) -> String {
        guard part > 1 else { return file }
        guard file.hasSuffix(".fgb") else { return "\(file)-\(part)" }
        return "\(file.dropLast(4))-\(part).fgb"
    }

    private func text(_ document: JSONValue) -> String {
        let number = { (key: String) in document[key].integer ?? 0 }
        let parts = document["parts"].elements
        var lines = [
            number("changesets") == 0
                ? "Nothing waits for the hub; the bundle asks it for what is new."
                : Counted.text(number("changesets"), "saved action")
                    + " (\(number("first_seq")) to "
                    + "\(number("last_seq")))."
        ]
        if number("left") > 0 {
            lines.append(
                "\(number("left")) more did not fit: export them with --from "
                    + "\(number("last_seq") + 1) into another file.")
        }
        let photos = parts.reduce(0) { $0 + ($1["attachments"].integer ?? 0) }
        let left = parts.last?["attachments_left"].integer ?? 0
        if photos + left > 0 {
            lines.append(
                left == 0
                    ? Counted.text(photos, "photo") + "."
                    : Counted.text(photos, "photo") + "; "
                        + Counted.text(left, "more waits", "more wait")
                        + ": raise --attachment-budget, or export again after the hub's answer.")
        }
        let damaged = Set(parts.flatMap { $0["attachments_damaged"].elements.compactMap(\.text) })
        lines += damaged.sorted().map {
            "The photo \($0) is not any more what was added, and stays here: add it again."
        }
        for part in parts {
            let file = part["file"].text ?? ""
            lines.append(Counted.text(part["bytes"].integer ?? 0, "byte") + " in \(file).")
        }
        let files = parts.compactMap { $0["file"].text }
        lines.append(
            files.count == 1
                ? "At the hub: fieldgrid hub import \(file) --reply ANSWER.fgb"
                : "At the hub, one after the other, in any order: fieldgrid hub import "
                    + "\(files.joined(separator: ", ")); the last with --reply ANSWER.fgb")
        return lines.joined(separator: "\n")
    }
}

struct NodeImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Apply a bundle that the hub made for this device.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var output: ReportOptions
    @Argument(help: "The bundle to read.") var file: String

    func run() async throws {
        let reply = try BundleFileOptions.hand(file) { bytes in
            try NodeSide.desk(place.folder, command: "node import")
                .answer(.node(ask: .importBundle(file: bytes)))
        }
        try output.report(reply) { document in
            let number = { (key: String) in document[key].integer ?? 0 }
            if document["stale"].bool == true, number("attachments_sent") == 0 {
                return "This bundle is older than what the device has; nothing changed."
            }
            var lines = [
                Counted.text(number("pushed"), "saved action") + " acknowledged, "
                    + (number("refused") > 0 ? "\(number("refused")) refused, " : "")
                    + Counted.text(number("pulled"), "record") + " received; "
                    + Counted.text(number("outbox"), "still waits", "still wait")
                    + " for the hub."
            ]
            if number("attachments_sent") + number("attachments_waiting") > 0 {
                lines.append(
                    "Photos: the hub has \(number("attachments_sent")) of them, "
                        + Counted.text(number("attachments_waiting"), "waits.", "wait."))
            }
            lines += SchemaText.lines(document)
            if document["has_more"].bool == true {
                lines.append(
                    "The hub has more for this device: run `fieldgrid node export` and take that "
                        + "to the hub.")
            }
            return lines.joined(separator: "\n")
        }
    }
}

struct HubImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take in a bundle that a device exported.",
        discussion: """
            The device's signature is checked. Any order, any number of times. What a revoked \
            device brings waits for `fieldgrid hub review`.
            """)

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @OptionGroup var bundle: BundleFileOptions
    @Argument(help: "The bundle to read.") var file: String
    @Option(help: ArgumentHelp("Write the hub's answer here.", valueName: "file"))
    var reply: String?

    func run() async throws {
        if let reply { try bundle.check(reply) }
        let answer = try BundleFileOptions.hand(file) { bytes in
            try HubSide.desk(place, remote, command: "hub import")
                .answer(.hub(ask: .importBundle(file: bytes, reply: reply != nil)))
        }
        var notes = answer.notes
        var document = answer.document
        if document["reply"].members.isEmpty {
            if reply != nil { notes.append("no answer is made for a revoked device") }
        } else {
            let (reported, bytes) = try BundleDocuments.split(document["reply"])
            if let reply { try bundle.write(bytes, to: reply) }
            document = .object(
                document.members.map {
                    $0.key == "reply" ? JSONValue.Member("reply", reported) : $0
                })
        }
        let shown = ServiceReply(document, needsPerson: answer.needsPerson, notes: notes)
        try output.report(shown, text: text)
    }

    private func text(_ document: JSONValue) -> String {
        let number = { (key: String) in document[key].integer ?? 0 }
        var lines = [
            "\(document["holder"].text ?? ""): \(number("accepted")) accepted, "
                + "\(number("quarantined")) quarantined, \(number("repeated")) here already."
        ]
        if number("waiting") > 0 {
            lines.append(
                Counted.text(
                    number("waiting"), "waits for what comes before it",
                    "wait for what comes before them") + ", from saved action "
                    + "\(number("missing_from")) on: import the device's earlier bundle.")
        }
        let photos = document["attachments"]
        let count = { (key: String) in photos[key].integer ?? 0 }
        if count("taken") + count("known") > 0 {
            lines.append(
                Counted.text(count("taken"), "photo") + " taken, "
                    + Counted.text(count("known"), "was", "were") + " here.")
        }
        if count("unnamed") > 0 {
            lines.append(
                Counted.text(count("unnamed"), "photo was", "photos were")
                    + " left on the stick: no accepted record of the device's grids names what is "
                    + "left. Import the part with its records, or correct what was set aside, "
                    + "then import this one again.")
        }
        if let problem = photos["problem"].text { lines.append("Photos: \(problem)") }
        if let seq = document["fork_at"].integer {
            lines.append(
                "The device's database has two lives since saved action \(seq): nothing of the "
                    + "second was taken. Its next exchange or bundle brings it under a new name.")
        }
        if document["other_epoch"].bool == true {
            lines.append(
                "The device stands in an earlier life of this hub's database: nothing was taken; "
                    + "import the answer there, export again, and bring that.")
        }
        if document["revoked"].bool == true {
            lines.append("The device is revoked: see `fieldgrid hub review`.")
        }
        if let reply, document["revoked"].bool != true {
            lines.append("The answer for the device is in \(reply).")
        } else {
            lines.append("For the device's answer: add --reply FILE, or `fieldgrid hub export`.")
        }
        return lines.joined(separator: "\n")
    }
}

struct HubExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a bundle with what a device has not received.",
        discussion: """
            It begins where the device stood when it made the last bundle that was imported here, \
            or with everything.
            """)

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @OptionGroup var bundle: BundleFileOptions
    @Argument(help: "The bundle to write.") var file: String
    @Option(help: "The device: its id, its holder's name, or its own.")
    var device: String

    func run() async throws {
        try bundle.check(file)
        let desk = try HubSide.desk(place, remote, command: "hub export")
        let reply = try desk.answer(.hub(ask: .exportBundle(device: device)))
        let (document, bytes) = try BundleDocuments.split(reply.document)
        try bundle.write(bytes, to: file)
        try output.report(ServiceReply(document)) { document in
            let more =
                document["has_more"].bool == true
                ? "\nMore did not fit: import this one at the device, export there, come again."
                : ""
            return Counted.text(document["records"].integer ?? 0, "record") + " and "
                + Counted.text(document["receipts"].integer ?? 0, "receipt") + " for "
                + "\(document["holder"].text ?? "") in \(file).\(more)\n"
                + "On the device: fieldgrid node import \(file)"
        }
    }
}

struct HubReview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review",
        abstract: "What revoked devices brought in, or left set aside, waiting for a word.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Option(
        help: ArgumentHelp(
            "Let through what this device brought or left, as if it were not revoked.",
            valueName: "device"))
    var letThrough: String?

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "hub review")
        let reply = try desk.answer(.hub(ask: .review(letThrough: letThrough)))
        try output.report(reply) { document in
            if letThrough != nil {
                return "\(document["holder"].text ?? ""): "
                    + "\(document["accepted"].integer ?? 0) accepted, "
                    + "\(document["quarantined"].integer ?? 0) in quarantine for other reasons."
            }
            var table = Table([
                .init("node"), .init("holder"), .init("seq"), .init("saved"), .init("changes"),
                .init("set aside for"),
            ])
            for entry in document.elements {
                table.add([
                    entry["node"].text ?? "", entry["holder"].text ?? "",
                    "\(entry["seq"].integer ?? 0)",
                    entry["saved_at"].text.map(ShownTime.text) ?? "",
                    "\(entry["changes"].integer ?? 0)", entry["code"].text ?? "",
                ])
            }
            return table.isEmpty
                ? "Nothing of revoked devices waits."
                : table.text + "\nLet it in: fieldgrid hub review --let-through NODE"
        }
    }
}
