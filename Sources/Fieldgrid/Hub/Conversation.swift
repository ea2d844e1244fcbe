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
    func cancel() { flag.withLock { $0 = true } }
}

/// Whether the conversation under way is to end: its own task was cancelled, or the node
/// is being closed.
final class ConversationEnd: Sendable {
    private struct State {
        var current: Cancellation?
        var isClosing = false
    }

    private let state = Mutex(State())

    var isAsked: Bool { state.withLock { $0.isClosing || $0.current?.isCancelled ?? false } }
    func follow(_ cancellation: Cancellation?) { state.withLock { $0.current = cancellation } }
    func close() { state.withLock { $0.isClosing = true } }
}

/// Sends while nobody is kept waiting, and not at all after a cancellation.
final class ConsiderateTransport: HTTPTransport {
    private let inner: any HTTPTransport
    private let baton: Baton
    private let end: ConversationEnd
    var address: String { inner.address }

    init(_ inner: any HTTPTransport, _ baton: Baton, _ end: ConversationEnd) {
        self.inner = inner
        self.baton = baton
        self.end = end
    }

    func send(_ call: HTTPCall) throws(TransportFailure) -> HTTPAnswer {
        guard !end.isAsked else {
            throw .unreachable("the synchronisation was cancelled", mayHaveArrived: false)
        }
        let outcome: Result<HTTPAnswer, TransportFailure> = baton.putDown {
            do throws(TransportFailure) {
                return .success(try inner.send(call))
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

    /// Waits on this thread for what a task does.
    ///
    /// - precondition: the thread is not one of the tasks' own.
    static func outcome<Answer: Sendable>(
        of body: @escaping @Sendable () async throws -> Answer
    ) -> Result<Answer, any Error> {
        let done = DispatchSemaphore(value: 0)
        let box = OutcomeBox<Answer>()
        Task {
            do {
                let answer = try await body()
                box.put(.success(answer))
            } catch {
                box.put(.failure(error))
            }
            done.signal()
        }
        done.wait()
        return box.outcome
    }
}

/// Carries one outcome from a task to the thread that waits for it.
private final class OutcomeBox<Answer: Sendable>: Sendable {
    private let kept = Mutex<Result<Answer, any Error>?>(nil)

    func put(_ outcome: Result<Answer, any Error>) { kept.withLock { $0 = outcome } }

    var outcome: Result<Answer, any Error> {
        guard let outcome = kept.withLock({ $0 }) else {
            preconditionFailure("the outcome is put before it is waited for")
        }
        return outcome
    }
}
