import FieldgridModel
import ServiceLifecycle
import Synchronization

/// Requests that wait for something to change in their scope.
///
/// - At most so many wait; who comes beyond is answered at once.
/// - When the server stops, all are let go, and nobody waits any more.
final class Bell: Sendable {
    private struct State {
        var waiting: [Int: (scope: ScopeCode, resume: CheckedContinuation<Void, Never>)] = [:]
        var next = 0
        /// Counts what may have changed something, so that nothing falls
        /// between looking and waiting.
        var rings = 0
        var isClosed = false
    }

    private let waitingMax: Int
    private let state = Mutex(State())

    init(waitingMax: Int = 1_000) { self.waitingMax = waitingMax }

    /// Where the count stands; to be read before looking.
    var rings: Int { state.withLock { $0.rings } }
    var isClosed: Bool { state.withLock { $0.isClosed } }
    /// Whom a change could concern.
    var scopes: Set<ScopeCode> { state.withLock { Set($0.waiting.values.map(\.scope)) } }

    /// Lets those go who wait for one of these scopes.
    func ring(_ changed: Set<ScopeCode>, wrote: Bool) {
        let woken = state.withLock { state in
            if wrote { state.rings += 1 }
            return changed.isEmpty ? [] : Self.take({ changed.contains($0) }, &state)
        }
        for continuation in woken { continuation.resume() }
    }

    func close() {
        let woken = state.withLock { state in
            state.isClosed = true
            return Self.take({ _ in true }, &state)
        }
        for continuation in woken { continuation.resume() }
    }

    private static func take(
        _ concerns: (ScopeCode) -> Bool, _ state: inout State
    ) -> [CheckedContinuation<Void, Never>] {
        let found = state.waiting.filter { concerns($0.value.scope) }
        for key in found.keys { state.waiting[key] = nil }
        return found.sorted { $0.key < $1.key }.map(\.value.resume)
    }

    /// Waits for a change in a scope, or until the time is over.
    ///
    /// - Returns: false when there is no more room to wait.
    func wait(
        for scope: ScopeCode, since rings: Int, until deadline: ContinuousClock.Instant
    ) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await self.wait(for: scope, since: rings) }
            group.addTask {
                try? await Task.sleep(until: deadline, clock: .continuous)
                return true
            }
            let first = await group.next() ?? true
            group.cancelAll()
            return first
        }
    }

    private func wait(for scope: ScopeCode, since rings: Int) async -> Bool {
        let key = state.withLock { state in
            state.next += 1
            return state.next
        }
        return await withTaskCancellationHandler {
            var hadRoom = true
            await withCheckedContinuation { continuation in
                let goes = state.withLock { state in
                    hadRoom = state.waiting.count < waitingMax
                    let stays =
                        hadRoom && !state.isClosed && state.rings == rings && !Task.isCancelled
                    if stays { state.waiting[key] = (scope, continuation) }
                    return !stays
                }
                if goes { continuation.resume() }
            }
            return hadRoom
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: key) }?.resume.resume()
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
