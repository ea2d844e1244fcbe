import Foundation
import Synchronization

/// Takes connections at a port of loopback, and serves each on a thread of its own.
package final class Listener: Sendable {
    package let port: UInt16
    private let socket: Socket

    /// Its descriptor, until it is closed: the number is somebody else's after that.
    private final class Socket: Sendable {
        private let descriptor: Mutex<Int32?>

        init(_ descriptor: Int32) { self.descriptor = Mutex(descriptor) }

        func shutDown() {
            descriptor.withLock { descriptor in
                if let descriptor { shutdown(descriptor, Int32(SHUT_RDWR)) }
            }
        }

        func close() {
            descriptor.withLock { descriptor in
                if let open = descriptor { Foundation.close(open) }
                descriptor = nil
            }
        }
    }

    package var url: String { "http://127.0.0.1:\(port)" }

    /// - Parameters:
    ///   - patienceSeconds: As of ``Connection``.
    ///   - serve: Has a connection, which is closed when nobody has it any more.
    package init(
        patienceSeconds: Int = 30, _ serve: @escaping @Sendable (Connection) -> Void
    ) throws {
        let descriptor = Foundation.socket(
            AF_INET, Int32(SOCK_STREAM.rawValue) | Connection.cloexec, 0)
        var place = Connection.loopback(0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = Connection.withSocketAddress(&place) { pointer, length in
            bind(descriptor, pointer, length) == 0 && listen(descriptor, 64) == 0
                && getsockname(descriptor, pointer, &size) == 0
        }
        guard descriptor >= 0, isListening else { throw POSIXError(.EADDRNOTAVAIL) }
        let socket = Socket(descriptor)
        self.socket = socket
        port = UInt16(bigEndian: place.sin_port)
        Thread.detachNewThread {
            while true {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&waiting, 1, -1) >= 0 || errno == EINTR else { break }
                let taken = ChildStarts.whileNoneStarts {
                    let taken = accept(descriptor, nil, nil)
                    _ = fcntl(taken, F_SETFD, FD_CLOEXEC)
                    return taken
                }
                guard taken >= 0 else { break }
                let connection = Connection(taken, patienceSeconds: patienceSeconds)
                Thread.detachNewThread { serve(connection) }
            }
            socket.close()
        }
    }

    deinit { stop() }

    /// Takes no more connections.
    package func stop() { socket.shutDown() }
}
