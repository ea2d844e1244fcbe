import Foundation

/// A connected socket on loopback, closed when the value goes.
package final class Connection: Sendable {
    private let descriptor: Int32

    /// Takes over a connected socket.
    ///
    /// - Parameter patienceSeconds: How long whoever waits on it waits at most; 0 for as long as
    ///   it takes.
    init(_ descriptor: Int32, patienceSeconds: Int) {
        self.descriptor = descriptor
        var patience = timeval(tv_sec: patienceSeconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
    }

    deinit { close(descriptor) }

    /// Calls a port; nil where nobody listens.
    package static func open(port: UInt16, patienceSeconds: Int = 30) -> Connection? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | cloexec, 0)
        guard descriptor >= 0 else { return nil }
        var address = loopback(port)
        let code = withSocketAddress(&address) { connect(descriptor, $0, $1) }
        guard code == 0 else {
            close(descriptor)
            return nil
        }
        return Connection(descriptor, patienceSeconds: patienceSeconds)
    }

    static let cloexec = Int32(SOCK_CLOEXEC.rawValue)

    static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    static func withSocketAddress<Result>(
        _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// Sends all of it, and tells whether that was possible.
    @discardableResult
    package func send(_ bytes: some Collection<UInt8>) -> Bool {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return false }
            rest = rest.dropFirst(sent)
        }
        return true
    }

    @discardableResult
    package func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// What has come; empty where the other side has gone.
    package func receive() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
            count = max(0, recv(descriptor, buffer.baseAddress, buffer.count, 0))
        }
    }

    /// Stays until the other side has gone.
    package func waitForTheEnd() { while !receive().isEmpty {} }

    /// Says that nothing follows, and waits until the other side has gone too: a close with unread
    /// bytes would be a reset, which may overtake what was sent.
    package func finish() {
        shutdown(descriptor, Int32(SHUT_WR))
        waitForTheEnd()
    }

    /// Ends both ways, for whoever waits on it too.
    package func hangUp() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Makes the end an abortion, as of a router that has forgotten it.
    package func abort() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    }

    /// One HTTP message whose head tells its length; nil where the other side
    /// ends before.
    package func message() -> [UInt8]? {
        var bytes: [UInt8] = []
        var length: Int?
        while true {
            if length == nil, let end = Self.headEnd(of: bytes) {
                length = end + Self.bodyLength(in: bytes[..<end])
            }
            if let length, bytes.count >= length { return bytes }
            let more = receive()
            if more.isEmpty { return nil }
            bytes += more
        }
    }

    private static func headEnd(of bytes: [UInt8]) -> Int? {
        let mark = Array("\r\n\r\n".utf8)
        guard bytes.count >= 4 else { return nil }
        let place = (0...(bytes.count - 4)).first { bytes[$0..<($0 + 4)].elementsEqual(mark) }
        return place.map { $0 + 4 }
    }

    private static func bodyLength(in head: ArraySlice<UInt8>) -> Int {
        let lines = String(decoding: head, as: UTF8.self).lowercased().split(separator: "\r\n")
        let length = lines.first { $0.hasPrefix("content-length:") }
        return length.flatMap { Int($0.dropFirst(15).filter(\.isNumber)) } ?? 0
    }
}
