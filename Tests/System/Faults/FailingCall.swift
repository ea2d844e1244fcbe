import Foundation

/// A system call of a process that fails, as a disk that is full or broken
/// makes it fail: once, or from then on.
struct FailingCall: CustomStringConvertible {
    /// The calls with which SQLite writes and syncs.
    static let ofSQLite = ["fdatasync", "fsync", "pwrite64"]
    /// Those with which files beside the database are written and get their names.
    ///
    /// Standard output and connections are written with the same: they are tried with
    /// ``paths`` only.
    static let ofFiles = ["fsync", "rename", "write"]
    /// Those of a disk that takes nothing any more.
    static let ofDisk = Set(ofSQLite + ofFiles).sorted()

    /// Counted each by itself.
    let kinds: [String]
    /// `EIO` or `ENOSPC`.
    let error: String
    /// Which call of a thread fails, counted from 1.
    let place: Int
    /// All after that one fail too.
    var lasts = false
    /// Only calls about these files and folders are counted; about all where there are none.
    var paths: [String] = []

    var description: String {
        "\(error) at \(kinds.joined(separator: "/")) \(place)\(lasts ? " and later" : "")"
    }

    private func options(log: String) -> [String] {
        let calls = kinds.joined(separator: ",")
        return [
            "-f", "--seccomp-bpf", "-o", log, "-e", "trace=\(calls)", "-e",
            "inject=\(calls):error=\(error):when=\(place)\(lasts ? "+" : "")",
        ] + paths.flatMap { ["-P", $0] }
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

    /// The same, of calls about some files and folders only.
    func about(_ paths: [String]) -> FailingCall {
        var fault = self
        fault.paths = paths
        return fault
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
    /// Of each, what fails together.
    let kinds: [[String]]
    /// As ``FailingCall/lasts``.
    let lasts: Bool
    private(set) var faults = 0
    private(set) var refused = 0

    init(errors: [String], kinds: [[String]], lasts: Bool = false) {
        self.errors = errors
        self.kinds = kinds
        self.lasts = lasts
    }

    /// Each call of SQLite's by itself.
    init(errors: [String]) {
        self.init(errors: errors, kinds: FailingCall.ofSQLite.map { [$0] })
    }

    /// `attempt` makes one run, and returns whether the fault came about and
    /// whether it was said.
    mutating func run(_ attempt: (FailingCall) throws -> (happened: Bool, refused: Bool)) throws {
        for error in errors {
            for kinds in kinds {
                var without = 0
                for place in Endurance.places where without < (Endurance.isLong ? 2 : 1) {
                    let fault = FailingCall(
                        kinds: kinds, error: error, place: place, lasts: lasts)
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
