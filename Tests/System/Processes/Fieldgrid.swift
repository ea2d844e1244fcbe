import Foundation

/// The built `fieldgrid` executable, run as a person runs it.
struct Fieldgrid {
    typealias Result = (status: Int32, output: String, errors: String)

    /// Runs one command to its end; a command that takes longer than
    /// `seconds` is killed and reported with what it said so far.
    static func run(
        _ arguments: [String], input: String? = nil, environment: [String: String] = [:],
        within seconds: Double = 120
    ) throws -> Result {
        try run(
            executable(), arguments, input: input, environment: environment, within: seconds)
    }

    /// The same on a thread of its own, for a command that waits for what the test does meanwhile:
    /// two of them on the threads of tasks would leave none to the tests.
    static func runAside(_ arguments: [String]) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Swift.Result { try run(arguments) })
            }
        }
    }

    /// The same for any other program that a test calls.
    static func run(
        _ program: String, _ arguments: [String], input: String? = nil,
        environment: [String: String] = [:], within seconds: Double = 120
    ) throws -> Result {
        let child = try ChildProcess(
            program, arguments, input: input, environment: self.environment(with: environment))
        let ended = child.output.collect(until: Deadline(seconds: seconds), \.isComplete)
        if !ended { child.send(SIGKILL) }
        let status = child.wait()
        let collected = child.output.current
        guard ended else {
            throw ProcessError(
                "\(([program] + arguments).joined(separator: " ")) took over \(seconds) s and was "
                    + "killed; output: \(collected.outputText) errors: \(collected.errorText)")
        }
        return (status, collected.outputText, collected.errorText)
    }

    /// Ours with `changes`, and without a data folder of the developer's own.
    static func environment(with changes: [String: String]) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment
        environment["FIELDGRID_DATA"] = nil
        return environment.merging(changes) { $1 }
    }

    /// Beside the test bundle, where SwiftPM puts both, or where
    /// `FIELDGRID_EXECUTABLE` says.
    static func executable() throws -> String {
        if let named = ProcessInfo.processInfo.environment["FIELDGRID_EXECUTABLE"] { return named }
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0])
        var folder = bundle.standardizedFileURL.deletingLastPathComponent()
        while folder.path != "/" {
            for path in ["fieldgrid", ".build/debug/fieldgrid"] {
                let candidate = folder.appendingPathComponent(path).path
                var isFolder: ObjCBool = false
                if FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder),
                    !isFolder.boolValue
                {
                    return candidate
                }
            }
            folder.deleteLastPathComponent()
        }
        throw ProcessError(
            "no fieldgrid executable above \(bundle.path); run `swift build --product fieldgrid`, "
                + "or name one in FIELDGRID_EXECUTABLE")
    }
}
