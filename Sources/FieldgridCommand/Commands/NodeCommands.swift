import ArgumentParser
import FieldgridModel
import FieldgridNode
import FieldgridReplica
import FieldgridSchema
import FieldgridService
import FieldgridSync
import Foundation

struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "A device: join a hub, exchange with it, see how it stands.",
        subcommands: [
            NodeJoin.self, NodeSync.self, NodeStatus.self, NodeExport.self, NodeImport.self,
            NodeAudit.self,
        ])
}

struct NodeJoin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "join", abstract: "Enrol this device with a code, and fetch what it needs.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var output: ReportOptions
    @Option(help: ArgumentHelp("The hub's address.", valueName: "url")) var hub: String
    @Option(help: "The code that the hub issued.") var code: String
    @Option(help: "What the device is called in the hub's list. Default: this machine's name.")
    var name: String?

    func run() async throws {
        guard let address = HubAddress(hub) else {
            throw ServiceError(
                "hub.address-malformed", "“\(hub)” is not the address of a hub.",
                hint: "Write it as http://HOST:PORT or https://HOST.", exitStatus: .wrongUsage)
        }
        guard let enrolmentCode = EnrolmentCode(code) else {
            throw ServiceError(
                "enrol.code-malformed", "“\(code)” is not an enrolment code.",
                hint: "A code has 32 letters and digits in groups of four; check for a missing one."
            )
        }
        let joining = NodeJoining(
            hub: address, code: enrolmentCode, deviceName: name ?? ProcessInfo.processInfo.hostName,
            platform: "linux")
        let (session, lock) = try joining.join(
            NodeFolder(place.folder), command: "node join", waitingUpTo: FolderAccess.lockWait)
        let desk = NodeDesk(session, lock: lock)
        let sync = try desk.answer(.node(ask: .sync(attachmentBudget: 0, waitSeconds: 0)))
        let document = JSONValue.object([
            "node": .text(session.document.node.description),
            "holder": .text(session.document.holder),
            "role": .text(session.document.role.rawValue),
            "scope": .text(session.document.scope.text), "hub": .text(session.document.hub),
            "pulled": sync.document["pulled"],
        ])
        try output.report(ServiceReply(document)) { document in
            "Joined \(hub) as \(document["holder"].text ?? "") "
                + "for \(document["scope"].text ?? ""), "
                + Counted.text(document["pulled"].integer ?? 0, "record")
                + " received. It works without a network "
                + "from now on."
        }
    }
}

struct NodeSync: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync", abstract: "Exchange with the hub now, until nothing waits.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var output: ReportOptions
    @Option(
        help: ArgumentHelp(
            "Send at most so many bytes of photos after the data.", valueName: "bytes"))
    var attachmentBudget = 8 << 20
    @Option(
        help: ArgumentHelp(
            "When nothing is new and the photos are sent, stay until something is, at most so "
                + "long; another command on the folder ends it.", valueName: "seconds"))
    var wait = 0

    func validate() throws {
        guard (0...3_600).contains(wait) else {
            throw ValidationError("--wait takes 0 to 3600 seconds.")
        }
    }

    func run() async throws {
        let desk = try NodeSide.desk(place.folder, command: "node sync")
        let reply = try desk.answer(
            .node(
                ask: .sync(attachmentBudget: max(0, attachmentBudget), waitSeconds: wait)))
        try output.report(reply) { document in
            let number = { (key: String) in document[key].integer ?? 0 }
            var lines = [
                "Sent \(number("pushed")), "
                    + (number("refused") > 0 ? "refused \(number("refused")), " : "")
                    + "received \(number("pulled")); "
                    + Counted.text(number("requests"), "request") + ", "
                    + Counted.text(number("bytes_up"), "byte") + " up, "
                    + "\(number("bytes_down")) down."
            ]
            lines += document["reincarnated"].elements.compactMap(\.text).map(RebirthText.sentence)
            lines += SchemaText.lines(document)
            lines += document["repaired"].elements.map { record in
                "\(record["type"].text ?? "") \(record["id"].text ?? "") was not as at the hub "
                    + "(\(record["difference"].text ?? "")) and was put right."
            }
            if number("removed") > 0 {
                lines.append(
                    Counted.text(
                        number("removed"), "record that had left its grids meanwhile is",
                        "records that had left its grids meanwhile are") + " gone from it.")
            }
            lines += document["audit_breaks"].elements.map(AuditText.breakSentence)
            if number("salvaged") > 0 {
                lines.append(
                    Counted.text(
                        number("salvaged"), "record that the hub had lost was",
                        "records that the hub had lost were") + " sent again.")
            }
            if number("attachments_sent") + number("attachments_waiting") > 0 {
                lines.append(
                    "Photos: \(number("attachments_sent")) sent, "
                        + Counted.text(number("attachments_waiting"), "waits.", "wait."))
            }
            if let note = document["attachments_note"].text { lines.append("Photos: \(note)") }
            if number("quarantined") > 0 {
                lines.append(
                    Counted.text(
                        number("quarantined"), "saved action stands", "saved actions stand")
                        + " refused by the hub; "
                        + "`fieldgrid node status` says which, and why.")
            }
            if number("conflicts_open") > 0 {
                lines.append(
                    Counted.text(number("conflicts_open"), "conflict waits", "conflicts wait")
                        + " for a person: fieldgrid conflicts list"
                )
            }
            return lines.joined(separator: "\n")
        }
    }
}

struct NodeStatus: AsyncParsableCommand {
    private static func refused(_ entries: JSONValue) -> String {
        entries.elements.map { entry in
            let records = entry["records"].elements.map { record in
                [record["type"].text, record["id"].text].compactMap { $0 }.joined(separator: " ")
            }
            return "\n             \(records.joined(separator: ", ")): "
                + "\(entry["code"].text ?? "") \(entry["reason"].text ?? "")"
        }.joined()
    }

    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "What waits to be sent, and what needs a person.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var output: ReportOptions

    func run() async throws {
        let desk = try NodeSide.desk(place.folder, command: "node status")
        try output.report(try desk.answer(.node(ask: .status))) { document in
            let number = { (key: String) in document[key].integer ?? 0 }
            let scopes = document["scopes"].elements.compactMap(\.text).joined(separator: ", ")
            let waiting = number("attachments_waiting")
            let photos = waiting > 0 ? "\nphotos       \(waiting) to send" : ""
            return """
                node         \(document["node"].text ?? "")
                holder       \(document["holder"].text ?? "") (\(scopes))
                hub          \(document["hub"].text ?? ""), \
                \(document["hub_reachable"].bool == true ? "reachable" : "not reachable now")
                last sync    \(document["last_sync_at"].text.map(ShownTime.text) ?? "never")\
                \(SchemaText.status(document))\
                \(RebirthText.lines(document["rebirths"]))
                to send      \(number("outbox"))\(photos)
                refused      \(number("quarantined"))\(Self.refused(document["refused"]))
                conflicts    \(number("conflicts_open")) waiting for a person
                tasks        \(number("tasks_due")) to do
                hub's audit  \(AuditText.summary(document["audit"]))
                """
        }
    }
}

/// What a new schema brings, or why it cannot be read, for people.
enum SchemaText {
    static func lines(_ document: JSONValue) -> [String] {
        var lines = document["schema_changes"].elements.compactMap(\.text)
            .map { "The hub's schema changed: \($0)." }
        if let problem = document["schema_problem"].text { lines.append(sentence(problem)) }
        return lines
    }

    /// A line of the status; nothing where the schema can be read.
    static func status(_ document: JSONValue) -> String {
        document["schema_problem"].text.map { "\nschema       \(sentence($0))" } ?? ""
    }

    private static func sentence(_ problem: String) -> String {
        "The hub's schema needs a newer program: \(problem). This device keeps its own and goes on "
            + "sending and receiving; what is new is kept for the newer program."
    }
}

/// That a database goes on under a new name, for people.
enum RebirthText {
    static func sentence(_ cause: String) -> String {
        switch Reincarnation(rawValue: cause) {
        case .fork:
            "The hub already had other work under this device's numbers: the folder was copied, or "
                + "put back from a copy. It goes on under a new name; nothing is lost, and where "
                + "the two disagree there are conflicts."
        case .stamp:
            "The database is older than what this device had sent: it was put back from a copy. It "
                + "goes on under a new name; what the hub has comes back."
        case .clock:
            "This device's clock had run ahead of the hub's. It goes on with the hub's time; set "
                + "the clock right."
        case .epoch:
            "The hub was put back from a backup: everything was fetched again, and what it did not "
                + "have was sent again."
        case .review:
            "Values that nothing explains differed from the hub's; they were sent for review."
        case .lost:
            "The hub has lost work that this device no longer keeps. What is still here was sent "
                + "again under a new name; tell the hub's operator."
        case .incomplete:
            "This database did not have a record that the hub speaks of. Everything was fetched "
                + "anew; nothing saved was lost, and what differed is at the hub for review."
        case .rebase:
            "This device had been away for longer than the hub tells what left its grids, so "
                + "everything was fetched anew. What it had saved was sent first; nothing is lost."
        case nil: cause
        }
    }

    /// The latest one, as a line of the status; nothing where there was none.
    static func lines(_ rebirths: JSONValue) -> String {
        guard let last = rebirths.elements.last, let cause = last["cause"].text else { return "" }
        let at = last["at"].text.map(ShownTime.text) ?? ""
        return "\nnew name     \(at), \(rebirths.elements.count) in all. \(sentence(cause))"
    }
}

/// Commands of a device's own.
enum NodeSide {
    static func desk(_ folder: String, command: String) throws -> any Desk {
        guard try FolderKind.of(folder) == .node else {
            throw ServiceError.notHere(
                "The folder \(folder) is the hub's, not a device's.",
                hint: "Name a node's folder with --data; join one with `fieldgrid node join`.")
        }
        return try FolderAccess.desk(folder, command: command)
    }
}
