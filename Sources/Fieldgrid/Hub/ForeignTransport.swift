import Dispatch
import FieldgridNode
import FieldgridSync
import Synchronization

/// An embedder's transport in the place of libcurl, under the same bounds.
///
/// It is called on the thread of a conversation, which has nothing else to do than to wait; so
/// it may wait for the embedder's task. It does not wait for one that has been cancelled.
final class ForeignTransport: InterruptibleTransport {
    let address: String
    private let transport: any HubTransport
    private let bounds: Bounds

    /// What an answer may cost.
    struct Bounds: Hashable, Sendable {
        var total = Duration.seconds(900)
        /// Between two pieces of a body.
        var silent = Duration.seconds(50)
        var bytes = 64 << 20

        init() {}

        init(_ limits: CurlTransport.Limits) {
            total = .seconds(limits.totalSeconds)
            silent = .seconds(min(limits.silentSeconds, limits.totalSeconds))
            bytes = limits.answerBytes
        }
    }

    init(_ transport: any HubTransport, address: String, bounds: Bounds) {
        self.transport = transport
        self.address = address
        self.bounds = bounds
    }

    func send(
        _ call: HTTPCall, until interruption: Interruption
    ) throws(TransportFailure) -> HTTPAnswer {
        let query = call.target.query.isEmpty ? "" : "?" + call.target.query
        let request = HubRequest(
            method: call.target.method, url: address + call.target.path + query,
            headers: call.headers.map { HTTPHeader(name: $0.name, value: $0.value) },
            body: call.body, timeoutSeconds: Int(bounds.total.components.seconds),
            silentSeconds: Int(bounds.silent.components.seconds), answerBytesMax: bounds.bytes)
        let arrival = Arrival(bounds)
        let task = Task { [transport] in
            let answer: HubAnswer
            do {
                answer = try await transport.send(request)
                arrival.begin(answer)
            } catch let error as RequestNotSent {
                return arrival.end(.broken(error.description, mayHaveArrived: false))
            } catch {
                return arrival.end(.broken("\(error)"))
            }
            do {
                try await answer.read { try arrival.take($0) }
                arrival.end(.whole)
            } catch {
                arrival.end(.broken("\(error)"))
            }
        }
        let end = interruption.during {
            arrival.wait(until: interruption)
        } wake: {
            arrival.wake()
        }
        task.cancel()
        switch end {
        case .whole: return arrival.answer
        case .broken(let reason, let mayHaveArrived):
            throw .unreachable("\(address): \(reason)", mayHaveArrived: mayHaveArrived)
        case .tooLong: throw .notHTTP("the answer has more than \(bounds.bytes) bytes")
        case .interrupted: throw .interrupted
        }
    }
}

/// An answer while it arrives in a task, and the thread that waits for it.
private final class Arrival: Sendable {
    enum End: Sendable {
        case whole
        case broken(String, mayHaveArrived: Bool = true)
        case tooLong
        case interrupted
    }

    /// Says to a transport that it need not go on.
    private struct Enough: Error {}

    private struct State {
        var answer = HTTPAnswer(status: 0, headers: [], body: [])
        /// When the head or the last piece came.
        var heard: ContinuousClock.Instant?
        var end: End?
    }

    private let bounds: ForeignTransport.Bounds
    private let state = Mutex(State())
    private let woken = DispatchSemaphore(value: 0)

    init(_ bounds: ForeignTransport.Bounds) { self.bounds = bounds }

    var answer: HTTPAnswer { state.withLock { $0.answer } }

    func begin(_ answer: HubAnswer) {
        state.withLock { state in
            state.answer.status = answer.status
            state.answer.headers = answer.headers.map {
                HeaderField($0.name.lowercased(), $0.value)
            }
            state.heard = .now
        }
        woken.signal()
    }

    /// Takes a piece, unless it would be too much or nobody waits any more.
    func take(_ piece: [UInt8]) throws {
        try state.withLock { state in
            guard state.end == nil else { throw Enough() }
            guard piece.count <= bounds.bytes - state.answer.body.count else {
                state.end = .tooLong
                throw Enough()
            }
            state.answer.body += piece
            state.heard = .now
        }
    }

    /// The first end is the one that counts.
    func end(_ end: End) {
        state.withLock { $0.end = $0.end ?? end }
        woken.signal()
    }

    func wake() { woken.signal() }

    func wait(until interruption: Interruption) -> End {
        let last = ContinuousClock.now + bounds.total
        while true {
            let (end, heard) = state.withLock { ($0.end, $0.heard) }
            if let end { return end }
            if interruption.isAsked { return gaveUp(.interrupted) }
            let silent = heard.map { $0 + bounds.silent } ?? last
            let left = ContinuousClock.now.duration(to: min(silent, last))
            guard left > .zero else {
                return gaveUp(
                    .broken(
                        silent < last
                            ? "the answer stopped, and nothing came for \(bounds.silent)"
                            : "no whole answer came within \(bounds.total)"))
            }
            _ = woken.wait(timeout: .now() + left / .seconds(1))
        }
    }

    private func gaveUp(_ end: End) -> End {
        state.withLock { state in
            let first = state.end ?? end
            state.end = first
            return first
        }
    }
}
