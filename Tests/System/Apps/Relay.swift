import Foundation
import TestSupport

/// Passes bytes on between devices and a hub, and tells what passes.
final class Relay: Sendable {
    /// Where it listens.
    var url: String { listener.url }
    /// What happened, in its order: the first line of a request, `answered` for each part of an
    /// answer, `gone` when a device has hung up.
    let events: AsyncStream<String>
    private let listener: Listener

    /// - Parameter port: The hub's, on loopback.
    init(to port: UInt16) throws {
        let (events, tell) = AsyncStream.makeStream(of: String.self)
        self.events = events
        listener = try Listener(patienceSeconds: 0) { device in
            Self.serve(device, port) { tell.yield($0) }
        }
    }

    func stop() { listener.stop() }

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

    private static func serve(
        _ device: Connection, _ port: UInt16, _ tell: @escaping @Sendable (String) -> Void
    ) {
        guard let hub = Connection.open(port: port, patienceSeconds: 0) else { return }
        Thread.detachNewThread {
            pass(from: hub, to: device, ended: {}) { _ in tell("answered") }
        }
        pass(from: device, to: hub, ended: { tell("gone") }) { bytes in
            let first = bytes.prefix { $0 != UInt8(ascii: "\r") }
            let line = String(decoding: first, as: UTF8.self)
            // A body that comes after its head has no such line.
            if line.hasPrefix("POST /") || line.hasPrefix("GET /") { tell(line) }
        }
    }

    /// Passes on until one side has gone, which is passed on too.
    ///
    /// What happens is told before it is passed on: what comes of it is told after it.
    private static func pass(
        from source: Connection, to target: Connection, ended: () -> Void,
        _ see: ([UInt8]) -> Void
    ) {
        while true {
            let bytes = source.receive()
            guard !bytes.isEmpty else { break }
            see(bytes)
            guard target.send(bytes) else { break }
        }
        ended()
        target.hangUp()
        source.hangUp()
    }
}
