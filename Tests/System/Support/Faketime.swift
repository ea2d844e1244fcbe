import Foundation

/// A wall clock of one's own for a child, through `libfaketime`.
enum Faketime {
    /// The environment in which a process believes it is so, such as
    /// `@2026-07-02 08:00:00` (UTC) or `+1d`.
    ///
    /// The monotonic clock stays, so that waiting takes what it takes.
    static func environment(_ time: String) throws -> [String: String] {
        let files = FileManager.default
        let root = "/usr/lib"
        let folders = try files.contentsOfDirectory(atPath: root).map { "\(root)/\($0)" }
        let candidates = ([root] + folders).map { $0 + "/faketime/libfaketimeMT.so.1" }
        guard let library = candidates.first(where: { files.fileExists(atPath: $0) }) else {
            throw ProcessError("no libfaketime below \(root); run scripts/setup.sh")
        }
        return [
            "LD_PRELOAD": library, "FAKETIME": time, "DONT_FAKE_MONOTONIC": "1", "TZ": "UTC",
            "FAKETIME_DONT_RESET": "1",
        ]
    }
}
