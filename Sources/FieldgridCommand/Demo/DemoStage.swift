import FieldgridNode
import FieldgridService
import Foundation

/// Runs the story's commands as processes of their own, and keeps count of
/// what was checked.
final class DemoStage {
    struct Outcome {
        var status: Int32
        var output: String
        var errors: String
    }

    let folder: String
    private(set) var checks = 0
    private var hub: Process?
    private let executable = URL(
        fileURLWithPath: (try? FileManager.default.destinationOfSymbolicLink(
            atPath: "/proc/self/exe")) ?? CommandLine.arguments[0])

    init(folder: String) { self.folder = folder }

    // MARK: Telling

    func chapter(_ title: String) { Console.say("\n── \(title)") }
    func say(_ text: String) { Console.say("   " + text) }

    /// - Throws: ``DemoFailure`` when the fact does not hold.
    func check(_ fact: String, _ holds: Bool, found: @autoclosure () -> String = "") throws {
        guard holds else {
            Console.say("   ✗ \(fact)")
            let detail = found()
            throw DemoFailure(reason: fact + (detail.isEmpty ? "" : "; found \(detail)"))
        }
        checks += 1
        Console.say("   ✓ \(fact)")
    }

    // MARK: Running

    /// Runs a command that must succeed, shows it, and returns its output.
    @discardableResult
    func run(
        _ arguments: [String], lines: Int = 3, clockOffset: Int64 = 0
    ) throws -> String {
        show(arguments)
        let outcome = try launch(arguments, clockOffset: clockOffset)
        guard outcome.status == 0 else {
            throw DemoFailure(
                reason: "`fieldgrid \(arguments.joined(separator: " "))` ended with "
                    + "\(outcome.status): \(outcome.errors)")
        }
        let output = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
        for line in output.prefix(lines) where !line.isEmpty { say("  \(line)") }
        if lines > 0, output.count > lines + 1 { say("  …") }
        return outcome.output
    }

    /// Runs a command quietly and returns its document.
    func ask(_ arguments: [String]) throws -> JSONValue {
        let outcome = try launch(arguments + ["--json"])
        guard outcome.status == 0, let document = try? JSONReader.read(outcome.output) else {
            throw DemoFailure(
                reason: "`fieldgrid \(arguments.joined(separator: " "))` ended with "
                    + "\(outcome.status): \(outcome.errors)")
        }
        return document
    }

    /// Runs a command that must be refused, and shows the sentence.
    func refuse(_ arguments: [String], status: Int32) throws -> String {
        show(arguments)
        let outcome = try launch(arguments)
        for line in outcome.errors.split(separator: "\n") { say("  \(line)") }
        try check(
            "it ends with exit code \(status)", outcome.status == status,
            found: "\(outcome.status)")
        return outcome.errors
    }

    private func show(_ arguments: [String]) {
        let words = arguments.map { $0.contains(" ") ? "'\($0)'" : $0 }
        say("$ fieldgrid \(words.joined(separator: " "))")
    }

    private func launch(_ arguments: [String], clockOffset: Int64 = 0) throws -> Outcome {
        let process = process(arguments)
        if clockOffset != 0 {
            process.environment?[SystemClock.offsetVariable] = String(clockOffset)
        }
        let output = Pipe()
        process.standardOutput = output
        // A file, so that neither stream can fill up while the other is read.
        let errorPath = folder + "/stderr.txt"
        _ = FileManager.default.createFile(atPath: errorPath, contents: nil)
        let errors = FileHandle(forWritingAtPath: errorPath)
        process.standardError = errors
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try errors?.close()
        let errorBytes = FileManager.default.contents(atPath: errorPath) ?? Data()
        return Outcome(
            status: process.terminationStatus, output: String(decoding: bytes, as: UTF8.self),
            errors: String(decoding: errorBytes, as: UTF8.self))
    }

    private func process(_ arguments: [String]) -> Process {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        var environment = ProcessInfo.processInfo.environment
        environment["FIELDGRID_DATA"] = nil
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        return process
    }

    // MARK: The hub

    /// Starts `hub serve` and returns its address once it answers.
    func serveHub() throws -> String {
        let arguments = ["hub", "serve", "--data", "hub", "--listen", "127.0.0.1:0"]
        show(arguments)
        let process = process(arguments)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        hub = process
        var line: [UInt8] = []
        while line.last != UInt8(ascii: "\n") {
            let bytes = output.fileHandleForReading.availableData
            guard !bytes.isEmpty else { throw DemoFailure(reason: "the hub did not start") }
            line += bytes
        }
        let text = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .newlines)
        say("  \(text)")
        return text.replacingOccurrences(of: "listening on ", with: "")
    }

    /// Asks the hub to end, and returns its exit code.
    func stopHub() -> Int32 {
        guard let hub else { return -1 }
        hub.terminate()
        hub.waitUntilExit()
        self.hub = nil
        return hub.terminationStatus
    }

    /// Ends what still runs.
    func strike() {
        if let hub, hub.isRunning { hub.terminate() }
        hub?.waitUntilExit()
        hub = nil
    }
}
