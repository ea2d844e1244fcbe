import Synchronization
import Testing

@testable import FieldgridHub

/// A clock that moves when it is told to, and tells when somebody waits.
private final class ManualClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration

        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private let state = Mutex((now: Duration.zero, sleeper: CheckedContinuation<Void, Never>?.none))
    let waits: AsyncStream<Duration>
    private let waiting: AsyncStream<Duration>.Continuation

    init() { (waits, waiting) = AsyncStream.makeStream() }

    var now: Instant { Instant(offset: state.withLock { $0.now }) }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let start = now
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { $0.sleeper = continuation }
                waiting.yield(start.duration(to: deadline))
            }
        } onCancel: {
            wake()
        }
        try Task.checkCancellation()
    }

    func advance(by duration: Duration) {
        state.withLock { $0.now += duration }
        wake()
    }

    private func wake() {
        state.withLock { state in
            defer { state.sleeper = nil }
            return state.sleeper
        }?.resume()
    }
}

@Suite struct ServerTickerTests {
    @Test func whatIsDueIsLookedForAtTheStartAndAtEveryPace() async throws {
        let clock = ManualClock()
        let ticks = Mutex(0)
        let ticker = Ticker(every: .seconds(60), clock: clock) { ticks.withLock { $0 += 1 } }
        let running = Task { try await ticker.run() }
        var waits: [Duration] = []
        for await wait in clock.waits {
            waits.append(wait)
            if waits.count == 3 { break }
            clock.advance(by: wait)
        }
        running.cancel()
        try await running.value
        #expect(waits == [.seconds(60), .seconds(60), .seconds(60)])
        #expect(ticks.withLock { $0 } == 3)
    }

    @Test func aClosedLaneTakesNoMoreWork() async throws {
        let lane = BlockingLane(name: "test")
        #expect(try await lane.run { 1 } == 1)
        lane.close(waitingUpTo: 10)
        lane.close(waitingUpTo: 10)
        await #expect(throws: HubError.stopping) { try await lane.run { 2 } }
    }

    @Test func aLaneThatCannotKeepUpSaysSo() async throws {
        let lane = BlockingLane(name: "test", waitingMax: 1)
        let gate = Gate()
        let (entered, enter) = AsyncStream.makeStream(of: Void.self)
        async let first: Void = lane.run {
            enter.finish()
            gate.pass()
        }
        for await _ in entered {}
        // One runs; of the two that come, one may wait.
        let outcomes = await withTaskGroup(of: HubError?.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    do {
                        try await lane.run {}
                        return nil
                    } catch {
                        gate.open()
                        return error as? HubError
                    }
                }
            }
            return await group.reduce(into: [HubError?]()) { $0.append($1) }
        }
        try await first
        #expect(outcomes.compactMap(\.self) == [.busy])
        lane.close(waitingUpTo: 10)
    }

    @Test func whoWasAdmittedIsNotTurnedAwayByWhatWaits() async throws {
        let lane = BlockingLane(name: "test", waitingMax: 0)
        await #expect(throws: HubError.busy) { try await lane.run {} }
        #expect(try await lane.run(isAdmitted: true) { 1 } == 1)
        await #expect(throws: HubError.busy) { try await lane.run {} }
        lane.close(waitingUpTo: 10)
    }
}
