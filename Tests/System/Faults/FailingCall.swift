import Foundation

/// One system call that fails, of a process, as a disk that is full or broken
/// makes it fail.
struct FailingCall: CustomStringConvertible {
    /// The calls that SQLite and durable files write and sync with.
    static let kinds = ["fdatasync", "fsync", "pwrite64"]

    let kind: String
    /// `EIO` or `ENOSPC`.
    let error: String
    /// Which call of a thread fails, counted from 1.
    let place: Int

    var description: String { "\(error) at \(kind) \(place)" }

    private func options(log: String) -> [String] {
        [
            "-f", "--seccomp-bpf", "-o", log, "-e", "trace=\(kind)", "-e",
            "inject=\(kind):error=\(error):when=\(place)",
        ]
    }

    /// Runs a command of ours with this fault.
    func run(_ arguments: [String], log: String) throws -> Fieldgrid.Result {
        try Fieldgrid.run(
            "/usr/bin/env",
            ["strace"] + options(log: log) + [Fieldgrid.executable()] + arguments)
    }

    /// Lets a running process have this fault until the value goes, or is
    /// told to stop.
    func attach(to process: Int32, log: String) throws -> RunningProcess {
        let quoted = options(log: log).filter { $0 != "--seccomp-bpf" }.joined(separator: " ")
        return try RunningProcess(
            ["-c", "exec strace \(quoted) -p \(process) 2>&1"], ready: "strace: Process ",
            executable: "/bin/bash")
    }

    /// Whether the fault came about.
    static func happened(in log: String) -> Bool {
        (try? String(contentsOfFile: log, encoding: .utf8))?.contains("INJECTED") == true
    }
}

/// Every place at which a call of each kind can fail, until runs have fewer.
///
/// A program of several threads may once have fewer by chance, so it takes
/// two such runs.
struct FaultSweep {
    let errors: [String]
    private(set) var faults = 0
    private(set) var refused = 0

    init(errors: [String]) { self.errors = errors }

    /// `attempt` makes one run, and returns whether the fault came about and
    /// whether it was said.
    mutating func run(_ attempt: (FailingCall) throws -> (happened: Bool, refused: Bool)) throws {
        for error in errors {
            for kind in FailingCall.kinds {
                var without = 0
                for place in Endurance.places where without < (Endurance.isLong ? 2 : 1) {
                    let fault = FailingCall(kind: kind, error: error, place: place)
                    let (happened, isRefused) = try attempt(fault)
                    without = happened ? 0 : without + 1
                    guard happened else { continue }
                    faults += 1
                    refused += isRefused ? 1 : 0
                }
            }
        }
    }
}
