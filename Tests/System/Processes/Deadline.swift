import Glibc

/// A moment on the monotonic clock after which a real process is given up.
///
/// System tests wait for events of processes; a deadline only turns a hang
/// into a failure that says what was awaited.
struct Deadline: Sendable {
    private let nanoseconds: UInt64

    init(seconds: Double) {
        nanoseconds = Self.now() + UInt64(seconds * 1e9)
    }

    /// Milliseconds left, as `poll` takes them; 0 when the moment has passed.
    var millisecondsLeft: Int32 {
        let now = Self.now()
        guard nanoseconds > now else { return 0 }
        return Int32(clamping: (nanoseconds - now) / 1_000_000 + 1)
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
