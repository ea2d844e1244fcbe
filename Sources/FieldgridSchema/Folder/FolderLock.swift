import Foundation

/// The right to be the one process that owns a folder's database.
///
/// Held until ``release()`` or until the process ends, however it ends: the
/// kernel gives an advisory lock back with the descriptor. Programs that the
/// holder starts do not inherit it.
package final class FolderLock: Sendable {
    package static let fileName = "lock"
    private static let pollMicroseconds: UInt32 = 20_000

    private let descriptor: Int32

    /// Waits for another holder to finish, up to `wait`.
    ///
    /// `command` is what others are told about this holder, such as
    /// `hub serve`.
    ///
    /// - throws: ``FolderError`` of the code `folder.busy`, naming the holder,
    ///   or `folder.unusable` when there is no writable folder.
    package init(folder: String, command: String, waitingUpTo wait: Duration = .zero) throws {
        let path = folder + "/" + Self.fileName
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw FolderError.unusable(folder, because: FolderError.systemText(errno))
        }
        let deadline = ContinuousClock.now + wait
        defer { tell(.none) }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let reason = errno
            guard reason == EWOULDBLOCK || reason == EINTR else {
                close(descriptor)
                throw FolderError.unusable(folder, because: FolderError.systemText(reason))
            }
            guard ContinuousClock.now < deadline else {
                close(descriptor)
                throw FolderError.busy(folder, holder: Self.holder(path), waited: wait)
            }
            tell(.wish)
            usleep(Self.pollMicroseconds)
        }
        sign(command: command)
    }

    deinit { close(descriptor) }

    /// Gives the folder back; the lock is worth nothing afterwards.
    package func release() {
        ftruncate(descriptor, 0)
        flock(descriptor, LOCK_UN)
    }

    /// What others can see of one who does not hold the folder.
    private enum Wish {
        case none
        case wish
    }

    /// Whether somebody waits for the holder to finish, who is the one to ask.
    package var isWanted: Bool {
        var answer = Self.mark(F_WRLCK)
        let asked = unsafe withUnsafeMutablePointer(to: &answer) {
            unsafe fcntl(descriptor, Self.askCommand, UnsafeMutableRawPointer($0))
        }
        return asked == 0 && Int32(answer.l_type) != F_UNLCK
    }

    /// Lays a lock of the other kind on a byte that nothing is written to, or takes it away; the
    /// kernel does so too when the process ends.
    private func tell(_ wish: Wish) {
        var mark = Self.mark(wish == .wish ? F_RDLCK : F_UNLCK)
        _ = unsafe withUnsafeMutablePointer(to: &mark) {
            unsafe fcntl(descriptor, Self.setCommand, UnsafeMutableRawPointer($0))
        }
    }

    private static func mark(_ kind: Int32) -> Glibc.flock {
        var mark = Glibc.flock()
        mark.l_type = Int16(kind)
        mark.l_whence = Int16(SEEK_SET)
        mark.l_start = 1 << 30
        mark.l_len = 1
        return mark
    }

    /// `F_OFD_GETLK` and `F_OFD_SETLK`, which belong to the opened file and not to the process.
    private static let askCommand: Int32 = 36
    private static let setCommand: Int32 = 37

    /// Who holds the folder, for people: `process 123 (hub serve)`.
    ///
    /// Nil when nobody does.
    package static func holder(of folder: String) -> String? {
        let path = folder + "/" + fileName
        let probe = unsafe open(path, O_RDWR | O_CLOEXEC)
        guard probe >= 0 else { return nil }
        defer { close(probe) }
        guard flock(probe, LOCK_EX | LOCK_NB) != 0 else { return nil }
        return holder(path)
    }

    private static func holder(_ path: String) -> String {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let parts = text.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { return "another process" }
        return "process \(parts[0]) (\(parts[1].trimmingCharacters(in: .whitespacesAndNewlines)))"
    }

    /// Only informs: a holder that cannot write its name still holds.
    private func sign(command: String) {
        let text = Array("\(getpid()) \(command)\n".utf8)
        ftruncate(descriptor, 0)
        _ = unsafe text.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }
}
