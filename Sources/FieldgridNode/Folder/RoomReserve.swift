import Foundation

/// Room that a folder keeps for the day its disk is full: without any, SQLite
/// cannot even read, and what waits could not be sent to make room elsewhere.
///
/// While it is given away, saving is refused, so that reading and sending have
/// it for themselves.
struct RoomReserve {
    static let bytes = 512 << 10
    /// Whoever has less than this to spare is not asked for a reserve.
    static let spareLeast = 16 << 20

    private let folder: String
    private var path: String { folder + "/reserve" }

    init(folder: String) { self.folder = folder }

    /// Gives the room away; false where there is none.
    func release() -> Bool { unlink(path) == 0 }

    /// Takes the room where the disk has plenty, or, `again`, whatever it has.
    func keep(again: Bool = false) {
        if access(path, F_OK) == 0 { return }
        guard again || hasSpare else { return }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        if posix_fallocate(descriptor, 0, off_t(Self.bytes)) != 0 { unlink(path) }
    }

    private var hasSpare: Bool {
        var disk = statvfs()
        guard statvfs(folder, &disk) == 0 else { return false }
        return UInt64(disk.f_bavail) * UInt64(disk.f_frsize) >= UInt64(Self.spareLeast)
    }
}
