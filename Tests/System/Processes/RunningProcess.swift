import Dispatch
import Foundation

/// A `fieldgrid` command that runs on while the test goes on: a server, or a
/// command to be killed in the middle.
final class RunningProcess: Sendable {
    private let child: ChildProcess
    /// Signalled once, when both pipes of the child are closed.
    private let closed = DispatchSemaphore(value: 0)
    private let commandLine: String
    /// The line that said it was ready.
    let readyLine: String

    /// Starts the command and returns when a line of its standard output
    /// begins with `ready`.
    ///
    /// - throws: when it ends, or `seconds` pass, before that line.
    init(
        _ arguments: [String], ready: String, environment: [String: String] = [:],
        executable: String? = nil, within seconds: Double = 60
    ) throws {
        let program = try executable ?? Fieldgrid.executable()
        commandLine = ([program] + arguments).joined(separator: " ")
        child = try ChildProcess(
            program, arguments, environment: Fieldgrid.environment(with: environment))
        let isReady = child.output.collect(until: Deadline(seconds: seconds)) {
            Self.line(of: $0, beginning: ready) != nil
        }
        let said = child.output.current
        guard isReady, let line = Self.line(of: said, beginning: ready) else {
            throw ProcessError(
                "\(commandLine) did not print `\(ready)…` within \(seconds) s; "
                    + "output: \(said.outputText) errors: \(said.errorText)")
        }
        readyLine = line
        let output = child.output
        let closed = closed
        Thread.detachNewThread {
            _ = output.collect(until: nil) { _ in false }
            closed.signal()
        }
    }

    deinit { child.send(SIGKILL) }

    var id: pid_t { child.id }
    /// What it has printed so far.
    var output: String { child.output.current.outputText }
    var errors: String { child.output.current.errorText }

    /// Ends it at once, as a power cut does.
    @discardableResult
    func kill() -> Int32 {
        child.send(SIGKILL)
        return child.wait()
    }

    /// Asks it to end and waits; returns its exit code.
    ///
    /// - throws: when it is still there after `seconds`; it is killed then.
    @discardableResult
    func stop(within seconds: Double = 15) throws -> Int32 {
        child.send(SIGTERM)
        return try wait(within: seconds)
    }

    /// Waits for it to end by itself; returns its exit code.
    ///
    /// - throws: when it is still there after `seconds`; it is killed then.
    @discardableResult
    func wait(within seconds: Double = 60) throws -> Int32 {
        guard closed.wait(timeout: .now() + seconds) == .success else {
            kill()
            throw ProcessError(
                "\(commandLine) did not end within \(seconds) s and was killed; errors: \(errors)")
        }
        // For whoever waits next.
        closed.signal()
        return child.wait()
    }

    /// The first whole line that begins with `prefix`.
    private static func line(of said: ChildOutput.Collected, beginning prefix: String) -> String? {
        let text = said.outputText
        guard let end = text.lastIndex(of: "\n") else { return nil }
        return text[..<end].split(separator: "\n").first { $0.hasPrefix(prefix) }.map(String.init)
    }
}
