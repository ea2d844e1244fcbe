import ArgumentParser
import FieldgridModel
import FieldgridService
import Foundation

/// `--data`: which folder a command is about.
struct FolderOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The hub's or node's folder. Default: $FIELDGRID_DATA, else ./fieldgrid-data.",
            valueName: "dir"))
    var data: String?

    /// An absolute path.
    var folder: String {
        let environment = ProcessInfo.processInfo.environment["FIELDGRID_DATA"]
        let given = data ?? environment.flatMap { $0.isEmpty ? nil : $0 } ?? "./fieldgrid-data"
        return URL(fileURLWithPath: given).standardizedFileURL.path
    }
}

/// `--json` and `--exit-code`: how a command reports.
struct ReportOptions: ParsableArguments {
    @Flag(help: "Write one JSON document to standard output, and nothing else.")
    var json = false

    @Flag(help: "Exit with 2 when something waits for a person.")
    var exitCode = false

    /// Writes the reply, for people or for programs.
    func report(_ reply: ServiceReply, text: (JSONValue) throws -> String) throws {
        for note in reply.notes { Console.complain("note: \(note)") }
        if json {
            Console.say(reply.document)
        } else {
            Console.say(try text(reply.document))
        }
        try finish(needsPerson: reply.needsPerson)
    }

    func finish(needsPerson: Bool) throws {
        if exitCode, needsPerson { throw EarlyExit(status: .needsPerson) }
    }
}

/// `--hub`: a command of the hub's, from a supervisor's device.
struct RemoteOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Ask the hub at this address, with the enrolment of the node in --data.",
            valueName: "url"))
    var hub: String?
}

extension ValueSource: ExpressibleByArgument {
    /// Nil for `hub`: what the hub writes itself, nobody enters.
    public init?(argument: String) {
        guard let source = ValueSource(rawValue: argument), source != .hub else { return nil }
        self = source
    }

    /// What help and completion offer.
    public static var allValueStrings: [String] {
        allCases.filter { $0 != .hub }.map(\.rawValue)
    }
}
