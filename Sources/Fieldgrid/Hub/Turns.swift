import Synchronization

/// Those who want the way to the hub: one has it, and the others wait in the order in which
/// they came.
///
/// Those who would only wait there for news go after all others. Nobody's thread waits, and who
/// is cancelled leaves at once.
final class Turns: Sendable {
    private struct Waiter {
        let cancellation: Cancellation
        let isForNews: Bool
        let turn: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var isTaken = false
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    /// - Parameter isForNews: Whether it is no hurry.
    /// - throws: `CancellationError` when the end was asked for first; then there is no turn to
    ///   give back.
    func take(unless cancellation: Cancellation, isForNews: Bool) async throws {
        try await withCheckedThrowingContinuation { (turn: CheckedContinuation<Void, any Error>) in
            let outcome: Result<Void, any Error>? = state.withLock { state in
                // Who is cancelled from here on is among those who wait, and is found there.
                if cancellation.isCancelled { return .failure(CancellationError()) }
                guard state.isTaken else {
                    state.isTaken = true
                    return .success(())
                }
                state.waiters.append(
                    Waiter(cancellation: cancellation, isForNews: isForNews, turn: turn))
                return nil
            }
            if let outcome { turn.resume(with: outcome) }
        }
    }

    /// Lets whoever waits with a cancellation, which has been asked for, go without a turn.
    func leave(_ cancellation: Cancellation) {
        let left = state.withLock { state in
            state.waiters.firstIndex { $0.cancellation === cancellation }
                .map { state.waiters.remove(at: $0) }
        }
        left?.turn.resume(throwing: CancellationError())
    }

    func giveBack() {
        let next: Waiter? = state.withLock { state in
            guard !state.waiters.isEmpty else {
                state.isTaken = false
                return nil
            }
            return state.waiters.remove(at: state.waiters.firstIndex { !$0.isForNews } ?? 0)
        }
        next?.turn.resume()
    }
}
