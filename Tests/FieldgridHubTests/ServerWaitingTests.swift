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
        await seen.next()
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
        await seen.next()
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

    @Test func whatHappensElsewhereMakesNobodyLookAgain() async throws {
        let (hub, asked) = idleHub()
        let server = try await RunningServer(hub)
        async let answer = server.post(query: "wait=30", body: [1])
        var seen = asked.makeAsyncIterator()
        await seen.next()
        let others: [Set<ScopeCode>] = [[], [ScopeCode("220602104")], []]
        for changed in others {
            hub.state.withLock { $0.changed = changed }
            _ = try await server.post("/v1/service", contentType: "application/json", body: [2])
        }
        #expect(hub.bodies.count == 1)
        hub.state.withLock { state in
            state.replies = [Self.reply(2, records: 1)]
            state.changed = [Self.scope]
        }
        _ = try await server.post("/v1/service", contentType: "application/json", body: [2])
        #expect(try ExchangeCodec.decodeReply(try await answer.get()).records.count == 1)
        #expect(hub.bodies.count == 2)
        try await server.stop()
    }

    @Test func whoComesBeyondTheBoundIsAnsweredAtOnce() {
        let bell = Bell(waitersMax: 1)
        let ticket = bell.enter(Self.scope)
        #expect(ticket != nil)
        #expect(bell.enter(Self.scope) == nil)
        ticket.map { bell.leave($0) }
        #expect(bell.enter(Self.scope) != nil)
    }

    @Test func aChangeWhileLookingIsNotMissed() async throws {
        let bell = Bell()
        let ticket = try #require(bell.enter(Self.scope))
        bell.ring([Self.scope])
        let deadline = ContinuousClock.now + .seconds(600)
        #expect(await bell.wait(ticket, until: deadline))
        // Once for each ring.
        #expect(await !bell.wait(ticket, until: .now))
    }

    @Test func whoLeavesOrIsCancelledIsLetGo() async throws {
        let bell = Bell()
        let ticket = try #require(bell.enter(Self.scope))
        let deadline = ContinuousClock.now + .seconds(600)
        let waiting = Task { await bell.wait(ticket, until: deadline) }
        waiting.cancel()
        #expect(await !waiting.value)
        bell.leave(ticket)
        #expect(bell.scopes.isEmpty)
        #expect(await !bell.wait(ticket, until: .now))
    }
}
