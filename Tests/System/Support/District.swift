import Foundation

/// A hub and the devices that joined it, each in a folder of its own, served
/// and called as real processes.
final class District {
    static let scope = "220602"
    static let township = "220602103"
    static let village = "220602103200"

    let folder: TemporaryFolder
    let hubData: String
    private let options: [String]
    private(set) var hub: RunningHub?
    /// Where the hub listens, also after a restart.
    private(set) var url = ""
    /// What every command and the hub find in their environment.
    var environment: [String: String]

    /// Makes a hub and serves it.
    ///
    /// `hubFolder` is where the hub's folder is made when it must not be
    /// beside the devices'.
    ///
    /// `options` are those of `hub serve`.
    init(
        environment: [String: String] = [:], hubFolder: String? = nil,
        serving options: [String] = []
    ) throws {
        self.options = options
        folder = try TemporaryFolder()
        hubData = hubFolder ?? folder.file("hub")
        self.environment = environment
        try done(["hub", "init", "--data", hubData])
        try startHub()
    }

    func startHub(executable: String? = nil) throws {
        let address = url.isEmpty ? "127.0.0.1:0" : String(url.dropFirst("http://".count))
        let started = try RunningHub(
            data: hubData, environment: environment, executable: executable, listen: address,
            options: options)
        url = started.url
        hub = started
    }

    @discardableResult
    func stopHub() throws -> Int32 {
        let status = try hub?.stop() ?? 0
        hub = nil
        return status
    }

    /// Ends the hub at once, as a power cut does.
    func killHub() {
        hub?.kill()
        hub = nil
    }

    /// A one-time code.
    func code(
        scope: String = District.township, holder: String = "虚构王某", role: String = "assistant"
    ) throws -> String {
        let answer = try ask([
            "hub", "enrol", "--scope", scope, "--holder", holder, "--role", role, "--data", hubData,
        ])
        guard let code = answer["code"].text else {
            throw ProcessError("hub enrol gave no code: \(answer)")
        }
        return code
    }

    /// Joins a new device and returns its folder.
    func join(
        _ name: String = "node", scope: String = District.township, role: String = "assistant",
        folder path: String? = nil
    ) throws -> String {
        let data = path ?? folder.file(name)
        let code = try code(scope: scope, holder: "虚构" + name, role: role)
        try done(["node", "join", "--data", data, "--hub", url, "--code", code])
        return data
    }

    // MARK: Commands

    func run(_ arguments: [String], input: String? = nil) throws -> Fieldgrid.Result {
        try Fieldgrid.run(arguments, input: input, environment: environment)
    }

    /// - throws: when the command does not end with 0.
    @discardableResult
    func done(_ arguments: [String]) throws -> String {
        let result = try run(arguments)
        guard result.status == 0 else {
            throw ProcessError(
                "\(arguments.joined(separator: " ")) ended with \(result.status): "
                    + result.errors + result.output)
        }
        return result.output
    }

    /// The document that a reporting command prints.
    func ask(_ arguments: [String]) throws -> JSON {
        try JSON(done(arguments + ["--json"]))
    }

    /// Records something and returns its id.
    func record(_ type: String, _ fields: String..., at data: String) throws -> String {
        let saved = try ask(["record", "new", type] + fields + ["--data", data])
        guard let id = saved["id"].text else { throw ProcessError("no id in \(saved)") }
        return id
    }

    /// The records of a type, by id.
    func records(_ type: String, at data: String) throws -> [String: JSON] {
        let list = try ask(["record", "list", type, "--data", data]).elements
        let named = list.compactMap { record in record["id"].text.map { ($0, record) } }
        let byID = Dictionary(named) { first, _ in first }
        guard byID.count == list.count else {
            throw ProcessError("\(list.count - byID.count) records of \(data) are there twice")
        }
        return byID
    }

    func outbox(of data: String) throws -> Int? {
        try ask(["node", "status", "--data", data])["outbox"].integer
    }

    /// The port on which the hub listens.
    var port: UInt16 { UInt16(url.split(separator: ":").last ?? "") ?? 0 }

    /// Lets a device look for its hub elsewhere, as a name server's or a
    /// network's mistake does, or a proxy in between.
    func lead(_ data: String, to url: String) throws {
        let path = data + "/node.json"
        var document = try String(contentsOfFile: path, encoding: .utf8)
        if let known = document.firstMatch(of: /http:[^"]*/)?.output {
            document = document.replacing(known, with: url)
        }
        try document.write(toFile: path, atomically: true, encoding: .utf8)
    }

    /// Asks a database as another program does.
    @discardableResult
    static func sql(_ statement: String, in path: String) throws -> String {
        let result = try Fieldgrid.run(
            "/usr/bin/env", ["sqlite3", "-cmd", ".timeout 5000", path, statement])
        guard result.status == 0 else { throw ProcessError("sqlite3: \(result.errors)") }
        return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
