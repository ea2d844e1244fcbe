import Foundation
import Glibc

/// A place without room: a small file system of its own, or, where none may
/// be mounted, a limit on the size of files.
enum Shortage: String, CaseIterable, CustomStringConvertible {
    case fullDisk
    case fileLimit

    var description: String { rawValue }

    /// A file system can be mounted only as root, and not in every container.
    static let available: [Shortage] = SmallDisk.canBeMade ? [.fullDisk, .fileLimit] : [.fileLimit]
}

/// A file system of a few megabytes, unmounted when the value goes.
final class SmallDisk {
    let path: String
    private let parent: TemporaryFolder
    private var filler: String { path + "/filler" }

    init(megabytes: Int) throws {
        parent = try TemporaryFolder()
        path = parent.file("disk")
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        guard Glibc.mount("tmpfs", path, "tmpfs", 0, "size=\(megabytes)m") == 0 else {
            throw ProcessError("mount a tmpfs at \(path)", errno: errno)
        }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }

    static let canBeMade = (try? SmallDisk(megabytes: 1)) != nil

    /// Takes all room but so many kilobytes.
    func fill(leaving kilobytes: Int = 0) throws {
        let descriptor = open(filler, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard descriptor >= 0 else { throw ProcessError("fill \(path)", errno: errno) }
        defer { close(descriptor) }
        let block = [UInt8](repeating: 0, count: 4096)
        var written = 0
        while true {
            let count = write(descriptor, block, block.count)
            guard count > 0 else { break }
            written += count
        }
        if kilobytes > 0 { ftruncate(descriptor, off_t(max(0, written - kilobytes << 10))) }
    }

    func free() { unlink(filler) }
}
