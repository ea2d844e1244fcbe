import ArgumentParser
import FieldgridModel
import FieldgridService
import Foundation

struct HubCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hub", abstract: "Start a hub, let devices in, see how it stands.",
        subcommands: [
            HubInit.self, HubServe.self, HubEnrol.self, HubDevices.self, HubRevoke.self,
            HubStatusCommand.self, HubImport.self, HubExport.self, HubReview.self,
            HubQuarantine.self,
            HubBackupCommand.self, HubRestore.self, HubPublish.self, HubTrim.self,
            HubAudit.self,
        ])
}

struct HubInit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make a hub: schema, grid tree, code lists and key.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var output: ReportOptions
    @Option(help: "A folder of schema files. Default: the built-in labour schema.")
    var schema: String?
    @Option(help: "A folder of seed tables. Default: the built-in grids of 浑江区.")
    var seed: String?

    func run() async throws {
        let folder = HubFolder(path: place.folder)
        let made = try folder.create(schemaFolder: schema, seedFolder: seed)
        let document = JSONValue.object([
            "data": .text(folder.path), "schema": .text(made.schema.name),
            "grids": .integer(Int64(made.grids)), "types": .integer(Int64(made.schema.types.count)),
        ])
        try output.report(ServiceReply(document)) { _ in
            "Made the hub in \(folder.path): \(made.grids) grids, "
                + "\(made.schema.types.count) record types (\(made.schema.label.zh)).\n"
                + "Next: fieldgrid hub serve --data \(folder.path)"
        }
    }
}

struct HubServe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Answer devices until SIGTERM.")

    @OptionGroup var place: FolderOptions
    @Option(help: ArgumentHelp("Where to listen; port 0 takes a free one.", valueName: "host:port"))
    var listen = "127.0.0.1:8470"
    @Option(
        help: ArgumentHelp(
            "Give a new device its first copy as a file where its grids have so many records.",
            valueName: "records"))
    var snapshotFrom: Int64 = 20_000
    @Option(
        help: ArgumentHelp(
            "A device that was not heard for so long holds nothing back: when it comes again it "
                + "fetches everything anew. 0 keeps all for ever.", valueName: "days"))
    var leaseDays: Int64 = 400

    func validate() throws {
        guard (0...36_500).contains(leaseDays) else {
            throw ValidationError("--lease-days takes 0 to 36500 days.")
        }
    }

    func run() async throws {
        try await HubServing(
            folder: place.folder, listen: listen, snapshotFrom: snapshotFrom, leaseDays: leaseDays
        ).run()
    }
}

struct HubEnrol: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enrol", abstract: "Issue a one-time code with which a device joins.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Option(help: "The code of the grid it works in; it sees that grid and all below.")
    var scope: String
    @Option(help: "The person or office that holds the device.")
    var holder: String
    @Option(help: "assistant or supervisor.")
    var role = "assistant"

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "hub enrol")
        let reply = try desk.answer(.hub(ask: .enrol(scope: scope, holder: holder, role: role)))
        try output.report(reply) { document in
            let code = document["code"].text ?? ""
            let drawing = QRDrawing.draw(code).map { $0 + "\n" } ?? ""
            return """
                \(drawing)code     \(code)
                holder   \(holder) (\(role), \(scope))
                expires  \(ShownTime.text(document["expires_at"].text ?? ""))
                On the device: fieldgrid node join --hub URL --code \(code)
                """
        }
    }
}

struct HubDevices: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices", abstract: "List the enrolled devices with their last contact.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "hub devices")
        try output.report(try desk.answer(.hub(ask: .devices))) { document in
            var table = Table([
                .init("node"), .init("holder"), .init("role"), .init("scope"), .init("state"),
                .init("last contact"), .init("device"),
            ])
            for device in document.elements {
                table.add(
                    ["node", "holder", "role", "scope", "state", "last_seen_at", "name"].map {
                        device[$0].text.map(ShownTime.text) ?? "—"
                    })
            }
            return table.isEmpty
                ? "No devices yet. Let one in: fieldgrid hub enrol --scope CODE --holder NAME"
                : table.text
        }
    }
}

struct HubRevoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Shut a device out; acts on its next request.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions
    @Argument(help: "The device: its id, as `hub devices` lists it, its holder's name, or its own.")
    var device: String

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "hub revoke")
        try output.report(try desk.answer(.hub(ask: .revoke(device: device)))) { document in
            let device = "\(document["holder"].text ?? "") (\(document["node"].text ?? ""))"
            guard document["was_revoked"].bool == true else { return "Revoked \(device)." }
            let at = document["revoked_at"].text.map(ShownTime.text) ?? "an earlier day"
            return "\(device) was revoked on \(at) already; nothing changed."
        }
    }
}

struct HubStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "How the hub stands.")

    @OptionGroup var place: FolderOptions
    @OptionGroup var remote: RemoteOptions
    @OptionGroup var output: ReportOptions

    func run() async throws {
        let desk = try HubSide.desk(place, remote, command: "hub status")
        try output.report(try desk.answer(.hub(ask: .status))) { document in
            let records = document["records"].members.map {
                "\($0.key) \($0.value.integer ?? 0)"
            }
            return """
                hub          \(document["hub"].text ?? "")
                fingerprint  \(document["fingerprint"].text ?? "")
                devices      \(document["devices"].integer ?? 0)
                records      \(records.joined(separator: ", "))
                quarantined  \(document["quarantined"].integer ?? 0)
                conflicts    \(document["conflicts_open"].integer ?? 0) waiting for a person
                last backup  \(document["last_backup_at"].text.map(ShownTime.text) ?? "never")
                """
        }
    }
}

/// Commands of the hub's, here or from a supervisor's device.
enum HubSide {
    static func desk(
        _ place: FolderOptions, _ remote: RemoteOptions, command: String
    ) throws -> any Desk {
        guard let address = remote.hub else {
            return try FolderAccess.desk(place.folder, command: command)
        }
        return try RemoteDesk(nodeFolder: place.folder, address: address)
    }
}
