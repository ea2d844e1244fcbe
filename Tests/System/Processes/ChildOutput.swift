import Glibc
import Synchronization

/// Collects what a child writes to its two pipes, both at once, so that the
/// child never waits for us.
///
/// One thread collects at a time; any thread may look at what is there.
final class ChildOutput: Sendable {
    struct Collected: Sendable {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        fileprivate(set) var isOutputOpen = true
        fileprivate(set) var areErrorsOpen = true

        var isComplete: Bool { !isOutputOpen && !areErrorsOpen }
        var outputText: String { String(decoding: output, as: UTF8.self) }
        var errorText: String { String(decoding: errors, as: UTF8.self) }
    }

    private let output: Int32
    private let errors: Int32
    private let collected = Mutex(Collected())

    /// Takes over the reading ends of two pipes and closes them at the end.
    init(output: Int32, errors: Int32) {
        self.output = output
        self.errors = errors
    }

    deinit {
        close(output)
        close(errors)
    }

    var current: Collected { collected.withLock { $0 } }

    /// Reads until `isEnough`, until both pipes are closed, or until the
    /// deadline, and returns whether it was enough.
    ///
    /// Without a deadline it may wait for ever.
    func collect(until deadline: Deadline?, _ isEnough: (Collected) -> Bool) -> Bool {
        while true {
            let seen = current
            if isEnough(seen) { return true }
            if seen.isComplete { return false }
            // poll passes over negative descriptors.
            var waiting = [
                pollfd(fd: seen.isOutputOpen ? output : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: seen.areErrorsOpen ? errors : -1, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&waiting, 2, deadline?.millisecondsLeft ?? -1)
            if ready == 0 { return false }
            guard ready > 0 else { continue }
            if waiting[0].revents != 0 { readOutput() }
            if waiting[1].revents != 0 { readErrors() }
        }
    }

    private func readOutput() {
        let bytes = Self.read(output)
        collected.withLock { collected in
            collected.output += bytes
            collected.isOutputOpen = !bytes.isEmpty
        }
    }

    private func readErrors() {
        let bytes = Self.read(errors)
        collected.withLock { collected in
            collected.errors += bytes
            collected.areErrorsOpen = !bytes.isEmpty
        }
    }

    /// What is there; empty at the end of the pipe.
    private static func read(_ descriptor: Int32) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
            var got: Int
            repeat {
                got = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            } while got < 0 && errno == EINTR
            count = max(got, 0)
        }
    }
}
