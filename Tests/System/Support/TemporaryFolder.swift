import Foundation
import TestSupport

/// A new folder that goes, with all that is in it, when the value goes.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let folder = FileManager.default.temporaryDirectory.path
        guard let made = mkdtemp(strdup(folder + "/fieldgrid-test-XXXXXX")) else {
            throw ProcessError("make a folder in \(folder)", errno: errno)
        }
        defer { free(made) }
        path = String(cString: made)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of something in the folder, whether it exists or not.
    func file(_ name: String) -> String { path + "/" + name }

    /// Writes a file in the folder and returns its path.
    @discardableResult
    func write(_ text: String, to name: String, executable: Bool = false) throws -> String {
        let path = file(name)
        try ChildStarts.whileNoneStarts {
            try text.write(toFile: path, atomically: false, encoding: .utf8)
        }
        let permissions = executable ? 0o700 : 0o600
        try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: path)
        return path
    }

    func read(_ name: String) throws -> String {
        try String(contentsOfFile: file(name), encoding: .utf8)
    }
}
