import Dispatch
import Foundation

/// A thread of its own for work that blocks, one piece at a time and in
/// order, so that neither event loops nor tasks wait for a disk.
// `condition` protects every variable.
package final class BlockingLane: @unchecked Sendable {
    /// More than this waiting means that the hub cannot keep up; it says so
    /// rather than let everybody time out.
    private let waitingMax: Int
    private let condition = NSCondition()
    private var jobs: [(isAdmitted: Bool, run: @Sendable () -> Void)] = []
    /// How many of them were not admitted before.
    private var asking = 0
    private var isClosed = false
    private let ended = DispatchSemaphore(value: 0)

    package init(name: String, waitingMax: Int = 256) {
        self.waitingMax = waitingMax
        let thread = Thread { [self] in work() }
        thread.name = name
        // JSON of a deep nesting is refused by a limit, but recursion up to
        // the limit needs room.
        thread.stackSize = 8 << 20
        thread.start()
    }

    /// Runs the work and returns what it gives.
    ///
    /// A cancelled caller is let go at once; the work, once begun, goes on to
    /// its end, so that nothing is half done.
    ///
    /// - Parameters:
    ///   - isAdmitted: The caller is one of a bounded number already, and is not refused for
    ///     what waits.
    ///   - work: Runs on the lane's thread.
    /// - Throws: what the work throws, `hub.busy` when too much waits,
    ///   `hub.stopping` when the lane was closed.
    package func run<Value: Sendable>(
        isAdmitted: Bool = false, _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let promise = Promise<Value>()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                guard promise.wait(continuation) else { return }
                let job = { @Sendable in promise.settle(Result(catching: work)) }
                if let refusal = append(job, isAdmitted) {
                    promise.settle(.failure(refusal))
                }
            }
        } onCancel: {
            promise.settle(.failure(CancellationError()))
        }
    }

    /// Takes no more work and waits for what was taken.
    package func close(waitingUpTo seconds: Double) {
        condition.withLock {
            isClosed = true
            condition.broadcast()
        }
        // The thread ends once; whoever closes again need not wait again.
        if ended.wait(timeout: .now() + seconds) == .success { ended.signal() }
    }

    private func append(_ job: @escaping @Sendable () -> Void, _ isAdmitted: Bool) -> HubError? {
        condition.lock()
        defer { condition.unlock() }
        if isClosed { return .stopping }
        if !isAdmitted {
            if asking >= waitingMax { return .busy }
            asking += 1
        }
        jobs.append((isAdmitted, job))
        condition.broadcast()
        return nil
    }

    private func work() {
        while let job = nextJob() { job() }
        ended.signal()
    }

    /// Waits for work; nil when there is none and will be none.
    private func nextJob() -> (@Sendable () -> Void)? {
        condition.lock()
        defer { condition.unlock() }
        while jobs.isEmpty {
            if isClosed { return nil }
            condition.wait()
        }
        let job = jobs.removeFirst()
        if !job.isAdmitted { asking -= 1 }
        return job.run
    }
}

/// A continuation that is resumed by whoever comes first.
// `lock` protects every variable.
private final class Promise<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var continuation: CheckedContinuation<Value, any Error>?
    private var isSettled = false

    /// False when it was settled before; the continuation is resumed then.
    func wait(_ continuation: CheckedContinuation<Value, any Error>) -> Bool {
        let isOpen = lock.withLock {
            if !isSettled { self.continuation = continuation }
            return !isSettled
        }
        if !isOpen { continuation.resume(throwing: CancellationError()) }
        return isOpen
    }

    func settle(_ result: Result<Value, any Error>) {
        let waiting = lock.withLock {
            isSettled = true
            defer { continuation = nil }
            return continuation
        }
        waiting?.resume(with: result)
    }
}

extension HubError {
    static let stopping = HubError(
        code: "hub.stopping", message: "The hub is being stopped.",
        hint: "Nothing is lost; try again later.")
    static let busy = HubError(
        code: "hub.busy", message: "The hub has more to do than it can at the moment.",
        hint: "Nothing is lost; try again in a few seconds.")
}
