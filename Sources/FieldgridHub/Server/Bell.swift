import FieldgridModel
import ServiceLifecycle
import Synchronization

/// Requests that wait for something to change in their scope.
///
/// - Who waits is entered before it looks whether there is anything: what changes
///   from then on rings for it, also while it looks.
/// - At most so many wait; who comes beyond is answered at once.
/// - When the server stops, all are let go, and nobody waits any more.
final class Bell: Sendable {
    /// The place of somebody who waits.
    struct Ticket: Hashable, Sendable {
        fileprivate var number: Int
    }

    private struct Waiter {
        var scope: ScopeCode
        /// It rang since the last look.
        var hasRung = false
        var resume: CheckedContinuation<Void, Never>?
    }

    private struct State {
        var waiters: [Int: Waiter] = [:]
        var next = 0
        var isClosed = false
    }

    private let waitersMax: Int
    private let state = Mutex(State())

    init(waitersMax: Int = 1_000) { self.waitersMax = waitersMax }

    var isClosed: Bool { state.withLock { $0.isClosed } }
    /// Whom a change could concern.
    var scopes: Set<ScopeCode> { state.withLock { Set($0.waiters.values.map(\.scope)) } }

    /// Nil when there is no more room to wait.
    func enter(_ scope: ScopeCode) -> Ticket? {
        state.withLock { state in
            guard !state.isClosed, state.waiters.count < waitersMax else { return nil }
            state.next += 1
            state.waiters[state.next] = Waiter(scope: scope)
            return Ticket(number: state.next)
        }
    }

    func leave(_ ticket: Ticket) {
        let left = state.withLock { $0.waiters.removeValue(forKey: ticket.number) }
        left?.resume?.resume()
    }

    /// Rings for those who wait for one of these scopes.
    func ring(_ changed: Set<ScopeCode>) {
        guard !changed.isEmpty else { return }
        let woken = state.withLock { state in
            Self.wake({ changed.contains($0.scope) }, &state)
        }
        for continuation in woken { continuation.resume() }
    }

    func close() {
        let woken = state.withLock { state in
            state.isClosed = true
            return Self.wake({ _ in true }, &state)
        }
        for continuation in woken { continuation.resume() }
    }

    private static func wake(
        _ concerns: (Waiter) -> Bool, _ state: inout State
    ) -> [CheckedContinuation<Void, Never>] {
        var woken: [CheckedContinuation<Void, Never>] = []
        for (number, waiter) in state.waiters.sorted(by: { $0.key < $1.key })
        where concerns(waiter) {
            state.waiters[number]?.hasRung = true
            state.waiters[number]?.resume = nil
            if let resume = waiter.resume { woken.append(resume) }
        }
        return woken
    }

    /// Waits until it has rung since the last look, or the time is over.
    ///
    /// - Returns: whether it has rung: then it is time to look again.
    func wait(_ ticket: Ticket, until deadline: ContinuousClock.Instant) async -> Bool {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait(ticket) }
            group.addTask { try? await Task.sleep(until: deadline, clock: .continuous) }
            await group.next()
            group.cancelAll()
        }
        return state.withLock { state in
            defer { state.waiters[ticket.number]?.hasRung = false }
            return !state.isClosed && state.waiters[ticket.number]?.hasRung == true
        }
    }

    private func wait(_ ticket: Ticket) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let stays = state.withLock { state in
                    let stays =
                        state.waiters[ticket.number]?.hasRung == false && !state.isClosed
                        && !Task.isCancelled
                    if stays { state.waiters[ticket.number]?.resume = continuation }
                    return stays
                }
                if !stays { continuation.resume() }
            }
        } onCancel: {
            let resume = state.withLock { state in
                defer { state.waiters[ticket.number]?.resume = nil }
                return state.waiters[ticket.number]?.resume
            }
            resume?.resume()
        }
    }
}

/// Lets everybody go who waits, as soon as the server is told to stop.
struct BellService: Service {
    let bell: Bell

    func run() async throws {
        try? await gracefulShutdown()
        bell.close()
    }
}
