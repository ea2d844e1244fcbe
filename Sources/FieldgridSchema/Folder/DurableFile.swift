import Foundation

/// Small files that must be whole or not there, also after a power cut.
package enum DurableFile {
    /// Replaces the file in one step: written beside it, made durable, moved.
    ///
    /// - throws: ``FolderError`` of the code `folder.write-failed`; what was
    ///   there before is unchanged then.
    package static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o644) throws {
        let draft = path + ".tmp"
        unsafe unlink(draft)
        let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure(path, errno) }
        let reason = fill(descriptor, bytes)
        close(descriptor)
        guard reason == 0 else {
            unsafe unlink(draft)
            throw failure(path, reason)
        }
        guard unsafe rename(draft, path) == 0 else {
            let reason = errno
            unsafe unlink(draft)
            throw failure(path, reason)
        }
        syncFolder(of: path)
    }

    /// Nil when there is no such file.
    package static func read(_ path: String) -> [UInt8]? {
        FileManager.default.contents(atPath: path).map(Array.init)
    }

    /// Zero, or the number of the error.
    private static func fill(_ descriptor: Int32, _ bytes: [UInt8]) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes {
                unsafe Foundation.write(descriptor, $0.baseAddress, $0.count)
            }
            if written < 0 {
                if errno == EINTR { continue }
                return errno
            }
            rest = rest.dropFirst(written)
        }
        return fsync(descriptor) == 0 ? 0 : errno
    }

    /// Makes the new name durable.
    ///
    /// A file system that cannot is no reason to refuse the write, which has
    /// happened.
    private static func syncFolder(of path: String) {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func failure(_ path: String, _ reason: Int32) -> FolderError {
        FolderError(
            code: "folder.write-failed",
            message: "\(path) could not be written: \(FolderError.systemText(reason)).",
            hint: "Make room or rights there, and try again. Nothing was changed.")
    }
}
