import Foundation

/// Passes bytes on between devices and a hub, and tells what passes.
final class Relay: Sendable {
    /// Where it listens.
    let url: String
    /// What happened, in its order: the first line of a request, `answered` for each part of an
    /// answer, `gone` when a device has hung up.
    let events: AsyncStream<String>
    private let listener: Int32
    private let tell: AsyncStream<String>.Continuation

    /// - Parameter port: The hub's, on loopback.
    init(to port: UInt16) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var place = Self.loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (descriptor, size) = (listener, length)
        let isBound = withUnsafeMutablePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, size) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, pointer, &length) == 0
            }
        }
        guard isBound else { throw ProcessError("listen", errno: errno) }
        url = "http://127.0.0.1:\(UInt16(bigEndian: place.sin_port))"
        (events, tell) = AsyncStream.makeStream(of: String.self)
        Thread.detachNewThread { [self] in
            while true {
                let device = accept(descriptor, nil, nil)
                guard device >= 0 else { break }
                serve(device, port)
            }
            close(descriptor)
        }
    }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    /// Waits until a device asks something of which the first line contains `text`.
    func waits(for text: String) async {
        for await event in events where event.contains(text) { return }
    }

    /// What happens until a device hangs up.
    ///
    /// A hub that is waited for says after a while that nothing is new, and is asked again: on a
    /// busy machine that may have happened before.
    func untilGone() async -> [String] {
        var told: [String] = []
        for await event in events {
            if event == "gone" { break }
            told.append(event)
        }
        return told
    }

    private func serve(_ device: Int32, _ port: UInt16) {
        let hub = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var place = Self.loopback(port)
        let isConnected = withUnsafePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(hub, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else {
            close(device)
            close(hub)
            return
        }
        Thread.detachNewThread { [self] in
            pass(from: device, to: hub, ended: { tell.yield("gone") }) { bytes in
                let first = bytes.prefix { $0 != UInt8(ascii: "\r") }
                let line = String(decoding: first, as: UTF8.self)
                // A body that comes after its head has no such line.
                if line.hasPrefix("POST /") || line.hasPrefix("GET /") { tell.yield(line) }
            }
        }
        Thread.detachNewThread { [self] in
            pass(from: hub, to: device) { _ in tell.yield("answered") }
            close(device)
            close(hub)
        }
    }

    /// Passes on until one side has gone, which is passed on too.
    ///
    /// What happens is told before it is passed on: what comes of it is told after it.
    private func pass(
        from source: Int32, to target: Int32, ended: () -> Void = {},
        _ see: (ArraySlice<UInt8>) -> Void
    ) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            see(buffer[..<count])
            guard send(target, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
        }
        ended()
        shutdown(target, Int32(SHUT_RDWR))
        shutdown(source, Int32(SHUT_RDWR))
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        place.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return place
    }
}
