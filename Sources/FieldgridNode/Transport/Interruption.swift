import Synchronization

/// The wish that a request under way be ended, said from any thread.
///
/// It stays said: a request that begins afterwards ends at once.
package final class Interruption: Sendable {
    private struct State {
        var isAsked = false
        var wake: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    package var isAsked: Bool { state.withLock { $0.isAsked } }

    package func ask() {
        // Under the lock, so that nobody is woken who has gone already.
        state.withLock { state in
            state.isAsked = true
            state.wake?()
        }
    }

    /// Runs what waits, and `wake` each time that the end is asked for meanwhile.
    ///
    /// `wake` is brief, and takes no lock that somebody holds who asks.
    package func during<Answer>(
        _ body: () -> Answer, wake: @escaping @Sendable () -> Void
    ) -> Answer {
        state.withLock { $0.wake = wake }
        defer { state.withLock { $0.wake = nil } }
        return body()
    }
}

/// Carries requests that can be ended before their answer has come.
package protocol InterruptibleTransport: HTTPTransport {
    /// - throws: `TransportFailure.interrupted` when the end was asked for first.
    func send(
        _ call: HTTPCall, until interruption: Interruption
    ) throws(TransportFailure) -> HTTPAnswer
}

extension InterruptibleTransport {
    package func send(_ call: HTTPCall) throws(TransportFailure) -> HTTPAnswer {
        try send(call, until: Interruption())
    }
}
