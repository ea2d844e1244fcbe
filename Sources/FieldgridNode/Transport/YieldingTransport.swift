import Dispatch
import Foundation

/// Ends a wait for news when somebody needs what the one who waits holds.
package final class YieldingTransport: HTTPTransport {
    private static let lookMilliseconds = 100

    private let inner: any InterruptibleTransport
    private let isWanted: @Sendable () -> Bool
    package var address: String { inner.address }

    package init(_ inner: any InterruptibleTransport, isWanted: @escaping @Sendable () -> Bool) {
        self.inner = inner
        self.isWanted = isWanted
    }

    package func send(_ call: HTTPCall) throws(TransportFailure) -> HTTPAnswer {
        guard call.isWait else { return try inner.send(call) }
        let interruption = Interruption()
        let hasEnded = DispatchSemaphore(value: 0)
        defer { hasEnded.signal() }
        Thread.detachNewThread { [isWanted] in
            let look = DispatchTimeInterval.milliseconds(Self.lookMilliseconds)
            while hasEnded.wait(timeout: .now() + look) == .timedOut {
                guard isWanted() else { continue }
                return interruption.ask()
            }
        }
        return try inner.send(call, until: interruption)
    }
}
