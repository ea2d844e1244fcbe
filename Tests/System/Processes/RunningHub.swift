import Foundation

/// A hub that serves a data folder on a free port of loopback until it is
/// stopped, killed or forgotten.
final class RunningHub: Sendable {
    /// Where it listens, such as `http://127.0.0.1:41234`.
    let url: String
    private let process: RunningProcess

    init(
        data: String, environment: [String: String] = [:], executable: String? = nil,
        listen: String = "127.0.0.1:0", options: [String] = []
    ) throws {
        let mark = "listening on "
        process = try RunningProcess(
            ["hub", "serve", "--data", data, "--listen", listen] + options, ready: mark + "http://",
            environment: environment, executable: executable)
        url = process.readyLine.dropFirst(mark.count).trimmingCharacters(in: .whitespaces)
    }

    var id: pid_t { process.id }
    var output: String { process.output }
    var errors: String { process.errors }

    /// Ends it at once, as a power cut does.
    func kill() { process.kill() }

    /// Asks it to end and waits; returns its exit code.
    @discardableResult
    func stop() throws -> Int32 { try process.stop() }
}
