import Foundation

/// A wall clock of their own for processes, through `libfaketime`.
///
/// - All processes with the same value share one clock, which runs on.
/// - The monotonic clock stays, so that waiting takes what it takes.
final class Faketime {
    /// What a process needs in its environment.
    let environment: [String: String]
    private let sharedNames: [Substring]

    /// `time` is an offset such as `+1d`, or a moment such as
    /// `@2026-07-02 08:00:00` in UTC.
    init(_ time: String) throws {
        var environment = [
            "LD_PRELOAD": try Self.library(), "FAKETIME": time, "FAKETIME_DONT_RESET": "1",
            "DONT_FAKE_MONOTONIC": "1", "TZ": "UTC",
        ]
        // The library changes the environment of the process that makes the shared memory, and
        // Swift's runtime does not find the arguments of such a process. So a shell makes it.
        let variable = "FAKETIME_SHARED"
        let made = try Fieldgrid.run(
            "/bin/sh", ["-c", "exec printenv \(variable)"], environment: environment)
        let shared = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
        sharedNames = shared.split(separator: " ").map { $0.dropFirst() }
        guard sharedNames.count == 2 else {
            throw ProcessError("libfaketime did not start: \(made.errors)")
        }
        environment[variable] = shared
        self.environment = environment
    }

    deinit {
        for name in sharedNames {
            for prefix in ["/dev/shm/", "/dev/shm/sem."] { unlink(prefix + name) }
        }
    }

    private static func library() throws -> String {
        let files = FileManager.default
        let root = "/usr/lib"
        let folders = try files.contentsOfDirectory(atPath: root).map { "\(root)/\($0)" }
        let candidates = ([root] + folders).map { $0 + "/faketime/libfaketimeMT.so.1" }
        guard let library = candidates.first(where: { files.fileExists(atPath: $0) }) else {
            throw ProcessError("no libfaketime below \(root); run scripts/setup.sh")
        }
        return library
    }
}
