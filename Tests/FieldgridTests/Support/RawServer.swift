import Synchronization
import TestSupport

/// A server on loopback that reads each request and then does what it is told.
final class RawServer: Sendable {
    private let listener: Listener
    private let seen: Seen

    private final class Seen: Sendable {
        let lines = Mutex<[String]>([])
    }

    var url: String { listener.url }
    /// The first line of each request.
    var requests: [String] { seen.lines.withLock { $0 } }

    /// - Parameter answer: Has the connection, and writes what it likes to it; the connection is
    ///   closed when it returns.
    init(_ answer: @escaping @Sendable (Connection) -> Void) throws {
        let seen = Seen()
        self.seen = seen
        listener = try Listener(patienceSeconds: 0) { connection in
            guard let request = connection.message() else { return }
            let line = String(decoding: request.prefix { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
            seen.lines.withLock { $0.append(line) }
            answer(connection)
        }
    }

    func stop() { listener.stop() }
}
