import Glibc
import Synchronization
import TestSupport

/// One real process, ended by its own number and never by a name.
///
/// - Its number stays ours until `wait` has taken its status, so that a
///   signal cannot reach a stranger.
/// - Its pipes are closed in every other child, so that their end means its
///   end.
/// - Nobody forgets it: when the value goes, so does the process.
final class ChildProcess: Sendable {
    let id: pid_t
    let output: ChildOutput
    private let ended = Mutex<Int32?>(nil)

    /// Starts the program with exactly this environment and, as its standard
    /// input, `input` or nothing.
    init(
        _ executable: String, _ arguments: [String], input: String? = nil,
        environment: [String: String]
    ) throws {
        (id, output) = try ChildStarts.whileNoneStarts {
            let standardInput = try Self.file(holding: input)
            defer { close(standardInput) }
            let output = try Self.pipe()
            defer { close(output.write) }
            let errors = try Self.pipe()
            defer { close(errors.write) }
            let id = try Self.spawn(
                [executable] + arguments, environment.map { "\($0)=\($1)" },
                descriptors: [standardInput, output.write, errors.write])
            return (id, ChildOutput(output: output.read, errors: errors.read))
        }
    }

    deinit {
        if ended.withLock({ $0 }) == nil {
            Glibc.kill(id, SIGKILL)
            _ = wait()
        }
    }

    /// Sends a signal, unless the process has already been waited for.
    func send(_ signal: Int32) {
        ended.withLock { ended in
            if ended == nil { Glibc.kill(id, signal) }
        }
    }

    /// Waits for the end: the exit code, or 128 and the signal's number as a
    /// shell tells it.
    func wait() -> Int32 {
        ended.withLock { ended in
            if let ended { return ended }
            var status: Int32 = 0
            while waitpid(id, &status, 0) < 0 && errno == EINTR {}
            let signal = status & 0x7f
            let code = signal == 0 ? (status >> 8) & 0xff : 128 + signal
            ended = code
            return code
        }
    }

    private static func spawn(
        _ arguments: [String], _ environment: [String], descriptors: [Int32]
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The threads that run tests block signals, and a child inherits that: without this it
        // would never hear SIGTERM.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var argumentPointers = arguments.map { strdup($0) } + [nil]
        var environmentPointers = environment.map { strdup($0) } + [nil]
        defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
        var id: pid_t = 0
        let code = posix_spawn(
            &id, arguments[0], &actions, &attributes, &argumentPointers, &environmentPointers)
        guard code == 0 else { throw ProcessError("start \(arguments[0])", errno: code) }
        return id
    }

    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else { throw ProcessError("pipe", errno: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// A file that has no name any more, so that a child that reads nothing
    /// blocks nobody.
    private static func file(holding text: String?) throws -> Int32 {
        guard let text else { return open("/dev/null", O_RDONLY | O_CLOEXEC) }
        var name = Array("/tmp/fieldgrid-input-XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw ProcessError("standard input", errno: errno) }
        unlink(name)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 else { throw ProcessError("standard input", errno: errno) }
            rest = rest.dropFirst(written)
        }
        lseek(descriptor, 0, SEEK_SET)
        return descriptor
    }
}
