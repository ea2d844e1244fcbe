import FieldgridModel
import FieldgridNode
import FieldgridSync
import Foundation
import Synchronization
import Testing

@testable import FieldgridHub

/// Long-poll over real HTTP.
@Suite struct ServerWaitingTests {
    private static let scope = ScopeCode("220602103")

    private static func reply(_ position: Int64, records: Int = 0) -> [UInt8] {
        let epoch = EpochID(UUIDBits(high: 1, low: 1))
        let record = RecordDelta(
            scope: scope, number: RecordNumber(1), id: nil, type: TypeNumber(1),
            presence: .deleted, units: [])
        return ExchangeCodec.encode(
            ExchangeReply(
                epoch: epoch, time: HybridTime(milliseconds: 1), schema: SchemaTag(1),
                positions: [scope: Position(position)],
                records: Array(repeating: record, count: records)))
    }

    /// A hub with nothing new, and what tells of each exchange it was asked.
    private func idleHub() -> (hub: FakeHub, asked: AsyncStream<Void>) {
        let hub = FakeHub()
        _ = hub.enrolled(.fixture(1))
        let (asked, ask) = AsyncStream.makeStream(of: Void.self)
        hub.state.withLock { state in
            state.replies = [Self.reply(1)]
            state.onExchange = { ask.yield() }
        }
        return (hub, asked)
    }

    @Test func aChangeInScopeEndsTheWaitAndIsInTheAnswer() async throws {
        let (hub, asked) = idleHub()
        let server = try await RunningServer(hub)
        let start = ContinuousClock.now
        async let answer = server.post(query: "wait=30", body: [1])
        var seen = asked.makeAsyncIterator()
        for _ in 0..<2 { await seen.next() }
        hub.state.withLock { state in
            state.replies = [Self.reply(2, records: 1)]
            state.changed = [Self.scope]
        }
        _ = try await server.post("/v1/service", contentType: "application/json", body: [2])
        let frame = try await answer.get()
        #expect(try ExchangeCodec.decodeReply(frame).records.count == 1)
        #expect(ContinuousClock.now - start < .seconds(25))
        try await server.stop()
    }

    @Test func withoutAChangeItEndsWithTheTime() async throws {
        let (hub, _) = idleHub()
        let server = try await RunningServer(hub)
        let start = ContinuousClock.now
        let frame = try await server.post(query: "wait=1", body: [1]).get()
        #expect(try ExchangeCodec.decodeReply(frame).records.isEmpty)
        #expect(ContinuousClock.now - start >= .seconds(1))
        try await server.stop()
    }

    @Test func somethingNewIsAnsweredAtOnce() async throws {
        let (hub, _) = idleHub()
        hub.state.withLock { $0.replies = [Self.reply(1, records: 1)] }
        let server = try await RunningServer(hub)
        let start = ContinuousClock.now
        _ = try await server.post(query: "wait=30", body: [1]).get()
        #expect(ContinuousClock.now - start < .seconds(25))
        #expect(hub.bodies.count == 1)
        try await server.stop()
    }

    @Test func whoWaitsDoesNotHoldTheServerUp() async throws {
        let (hub, asked) = idleHub()
        let server = try await RunningServer(hub, shutdownMax: .seconds(600))
        async let answer = server.post(query: "wait=30", body: [1])
        var seen = asked.makeAsyncIterator()
        for _ in 0..<2 { await seen.next() }
        let start = ContinuousClock.now
        try await server.stop()
        #expect(ContinuousClock.now - start < .seconds(25))
        #expect(try await answer.get() == Self.reply(1))
    }

    @Test(arguments: ["wait=", "wait=-1", "wait=soon", "until=3"])
    func anotherQueryIsRefused(query: String) async throws {
        let (hub, _) = idleHub()
        let server = try await RunningServer(hub)
        let refusal = try await server.post(query: query, body: [1]).refusal
        #expect(refusal?.code == "request.malformed")
        try await server.stop()
    }

    @Test func whoComesBeyondTheBoundIsAnsweredAtOnce() async {
        let bell = Bell(waitingMax: 0)
        let deadline = ContinuousClock.now + .seconds(600)
        #expect(await bell.wait(for: Self.scope, since: bell.rings, until: deadline) == false)
    }

    @Test func aChangeBetweenLookingAndWaitingIsNotMissed() async {
        let bell = Bell()
        let rings = bell.rings
        bell.ring([], wrote: true)
        let deadline = ContinuousClock.now + .seconds(600)
        #expect(await bell.wait(for: Self.scope, since: rings, until: deadline))
    }
}
