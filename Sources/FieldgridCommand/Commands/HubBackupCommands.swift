import ArgumentParser
import FieldgridHub
import FieldgridModel
import FieldgridSchema
import FieldgridService
import Foundation

struct HubBackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the database into one file, and check the copy.",
        discussion: """
            Works while the hub is served. The file has everything but the hub's private key: keep \
            a copy of key.pem in another place.
            """)

    @OptionGroup var place: FolderOptions
    @OptionGroup var output: ReportOptions
    @Option(help: ArgumentHelp("The file to write; it must not exist.", valueName: "file"))
    var to: String

    func run() async throws {
        guard try FolderKind.of(place.folder) == .hub else {
            throw ServiceError.notHere(
                "The folder \(place.folder) is a node's, not a hub's.",
                hint: "Name the hub's folder with --data.")
        }
        let desk = try FolderAccess.desk(place.folder, command: "hub backup")
        // What is noted first is in the copy, whatever is accepted meanwhile.
        _ = try desk.answer(.hub(ask: .backupBegins))
        let backup = try HubBackup.write(
            database: HubFolder(path: place.folder).databasePath, to: to)
        _ = try desk.answer(.hub(ask: .backupDone))
        let document = JSONValue.object([
            "file": .text(to), "hub": .text(backup.hub.description),
            "epoch": .text(backup.epoch.description), "records": .integer(Int64(backup.records)),
            "bytes": .integer(backup.bytes),
        ])
        try output.report(ServiceReply(document)) { _ in
            "Wrote \(to): " + Counted.text(backup.records, "record")
                + ", \(backup.bytes) bytes, read back whole.\n"
                + "Keep it on another disk, and key.pem in another place: it is not in the file."
        }
    }
}

struct HubRestore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Put a backup in the place of the hub's database.",
        discussion: """
            The folder must not be served, and keeps its key. The database that is there is set \
            aside, not deleted. Devices notice with their next exchange: they fetch everything \
            again and send what the backup does not have.
            """)

    @OptionGroup var place: FolderOptions
    @OptionGroup var output: ReportOptions
    @Option(help: ArgumentHelp("A file that `hub backup` wrote.", valueName: "file"))
    var from: String

    func run() async throws {
        guard try FolderKind.of(place.folder) == .hub else {
            throw ServiceError.notHere(
                "The folder \(place.folder) is no hub's.",
                hint: "Name the hub's folder with --data; it needs hub.json and key.pem.")
        }
        let (backup, aside) = try HubFolder(path: place.folder).restore(from: from)
        let document = JSONValue.object([
            "file": .text(from), "records": .integer(Int64(backup.records)),
            "set_aside": .optional(aside),
        ])
        try output.report(ServiceReply(document)) { _ in
            let old = aside.map { "\nWhat was there is now \($0)." } ?? ""
            let records = Counted.text(backup.records, "record")
            return "Restored \(records) from \(from) as a new epoch.\(old)\n"
                + "Next: fieldgrid hub serve --data \(place.folder)"
        }
    }
}

struct HubPublish: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Make a new schema the present one.",
        discussion: """
            Types, fields and groups keep their numbers for ever; new ones may be added. Devices \
            get the schema with their next exchange, and nothing of their records changes.
            """)

    @OptionGroup var place: FolderOptions
    @OptionGroup var output: ReportOptions
    @Option(help: "A folder of schema files.")
    var schema: String

    func run() async throws {
        let document = try SchemaFolder.schema(at: URL(fileURLWithPath: schema)).canonicalJSON()
        let desk = try FolderAccess.desk(place.folder, command: "hub publish")
        let reply = try desk.answer(.hub(ask: .publish(schema: Data(document))))
        try output.report(reply) { document in
            let changes = document["changes"].elements.compactMap(\.text)
            return changes.isEmpty
                ? "It is the present schema already."
                : "Published:\n" + changes.map { "  \($0)" }.joined(separator: "\n")
        }
    }
}

struct HubTrim: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trim", abstract: "Let go of what no device needs any more.",
        discussion: """
            A hub that is served does it once a day. Records, their history and every receipt stay \
            for ever; what goes is the account of which records left which grid, up to where \
            every device has been that was heard within the lease. A device that comes later \
            sends what it saved, and fetches everything anew.
            """)

    @OptionGroup var place: FolderOptions
    @OptionGroup var output: ReportOptions
    @Option(
        help: ArgumentHelp(
            "Wait no longer for a device that was not heard for so long. Default: as the hub is "
                + "served with, 400.", valueName: "days"))
    var leaseDays: Int64?
    @Flag(help: "Say what would go, and which device holds it back; change nothing.")
    var dryRun = false

    func validate() throws {
        if let leaseDays, !(1...36_500).contains(leaseDays) {
            throw ValidationError("--lease-days takes 1 to 36500 days.")
        }
    }

    func run() async throws {
        guard try FolderKind.of(place.folder) == .hub else {
            throw ServiceError.notHere(
                "The folder \(place.folder) is a node's, not a hub's.",
                hint: "Name the hub's folder with --data.")
        }
        let desk = try FolderAccess.desk(place.folder, command: "hub trim")
        let reply = try desk.answer(.hub(ask: .trim(leaseDays: leaseDays, dryRun: dryRun)))
        try output.report(reply) { document in
            let number = { (key: String) in document[key].integer ?? 0 }
            var table = Table([
                .init("grid"), .init("position"), .init("horizon"), .init("held by"),
                .init("last contact"),
            ])
            for scope in document["scopes"].elements {
                table.add([
                    scope["scope"].text ?? "", String(scope["position"].integer ?? 0),
                    String(scope["horizon"].integer ?? 0), scope["held_by"].text ?? "—",
                    scope["last_seen_at"].text.map(ShownTime.text) ?? "—",
                ])
            }
            return table.text
                + "\n\(dryRun ? "Would let" : "Let") go of "
                + Counted.text(number("departures"), "departure") + " and "
                + Counted.text(number("times"), "time") + ", with a lease of "
                + Counted.text(number("lease_days"), "day") + "."
        }
    }
}
