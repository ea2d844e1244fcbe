import FieldgridNode
import Foundation
import Synchronization

/// The right to use a node's session: one thread has it at a time.
///
/// A conversation with the hub puts it down for as long as it waits for an answer, so
/// that saving and reading never wait for the network.
final class Baton: Sendable {
    private let lock = NSLock()

    func hold<Answer>(_ body: () throws -> Answer) rethrows -> Answer {
        lock.lock()
        defer { lock.unlock() }
        return try body()
    }

    /// - precondition: the caller is inside ``hold(_:)``.
    func putDown<Answer>(while body: () -> Answer) -> Answer {
        lock.unlock()
        defer { lock.lock() }
        return body()
    }
}

/// Whether somebody asked to end.
final class Cancellation: Sendable {
    private let flag = Mutex(false)
    var isCancelled: Bool { flag.withLock { $0 } }
    fileprivate func ask() { flag.withLock { $0 = true } }
}

/// What ends a request before its answer has come.
///
/// - Any request ends when the conversation's own task was cancelled, or the node is being
///   closed.
/// - A request that waits for news ends also when something was saved here, and when another
///   conversation wants its turn.
///
/// A request is announced while the baton is held, and saves are told of after they had the
/// baton: so none is made between the request's making and its announcement.
final class ConversationEnd: Sendable {
    private struct State {
        var current: Cancellation?
        var isClosing = false
        var wanted = 0
        var underWay: Interruption?
        var isWait = false

        var isAsked: Bool { isClosing || current?.isCancelled ?? false }

        func look(wakes: Bool = false) {
            if isAsked || (isWait && (wakes || wanted > 0)) { underWay?.ask() }
        }
    }

    private let state = Mutex(State())

    var isAsked: Bool { state.withLock { $0.isAsked } }
    var isClosing: Bool { state.withLock { $0.isClosing } }
    func follow(_ cancellation: Cancellation?) { state.withLock { $0.current = cancellation } }

    func cancel(_ cancellation: Cancellation) {
        cancellation.ask()
        state.withLock { $0.look() }
    }

    func close() {
        state.withLock { state in
            state.isClosing = true
            state.look()
        }
    }

    /// Something was saved that the hub is to have.
    func endWait() { state.withLock { $0.look(wakes: true) } }

    /// Somebody needs the way to the hub: until they have it, no request waits for news.
    func want() {
        state.withLock { state in
            state.wanted += 1
            state.look()
        }
    }

    func stopWanting() { state.withLock { $0.wanted -= 1 } }

    fileprivate func begin(isWait: Bool) -> Interruption {
        let interruption = Interruption()
        state.withLock { state in
            state.underWay = interruption
            state.isWait = isWait
            state.look()
        }
        return interruption
    }

    fileprivate func finish() { state.withLock { $0.underWay = nil } }
}

/// Sends while nobody is kept waiting, and only until it is to end.
final class ConsiderateTransport: HTTPTransport {
    private let inner: any InterruptibleTransport
    private let baton: Baton
    private let end: ConversationEnd
    var address: String { inner.address }

    init(_ inner: any InterruptibleTransport, _ baton: Baton, _ end: ConversationEnd) {
        self.inner = inner
        self.baton = baton
        self.end = end
    }

    func send(_ call: HTTPCall) throws(TransportFailure) -> HTTPAnswer {
        let interruption = end.begin(isWait: call.isWait)
        defer { end.finish() }
        let outcome: Result<HTTPAnswer, TransportFailure> = baton.putDown {
            do throws(TransportFailure) {
                guard !interruption.isAsked else { throw .interrupted }
                return .success(try inner.send(call, until: interruption))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }
}

/// Between threads that wait and tasks that do not.
enum Waiting {
    /// Runs what blocks on a thread of its own, so that no task's thread is taken for it.
    static func onThread<Answer: Sendable>(
        _ body: @escaping @Sendable () throws -> Answer
    ) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try body() })
            }
        }
    }
}
