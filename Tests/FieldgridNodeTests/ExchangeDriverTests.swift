import FieldgridModel
import FieldgridReplica
import FieldgridSync
import Testing

@testable import FieldgridNode

/// A replica whose outbox is a number.
final class FakeReplica: ExchangingReplica {
    var positions: [ScopeCode: Position] = [:]
    var outbox: Int
    var downLeft: Int
    var requestBytes = 100
    private(set) var sizes: [Int] = []
    private(set) var namings: [RecordNaming] = []
    private(set) var applied = 0
    /// What each reply makes of this database.
    var rebirth: Reincarnation?

    init(outbox: Int, downLeft: Int = 0) {
        self.outbox = outbox
        self.downLeft = downLeft
    }

    func nextRequest(
        maxChangesets: Int, maxBytes: Int, naming: RecordNaming
    ) throws -> (request: ExchangeRequest, encoded: [UInt8]) {
        sizes.append(maxBytes)
        namings.append(naming)
        let changeset = Changeset.fixture
        let batch = ChangesetBatch(
            previous: .start, head: .start, changesets: Array(repeating: changeset, count: 2))
        let request = ExchangeRequest(
            schema: SchemaTag(0), epoch: nil, positions: [:],
            incarnation: changeset.identity.incarnation, sealed: changeset.identity.seq,
            batch: batch)
        return (request, [UInt8](repeating: 0, count: min(maxBytes, requestBytes)))
    }

    func apply(_ reply: ExchangeReply) throws -> AppliedReply {
        var result = AppliedReply()
        result.reincarnated = rebirth
        let taken = min(outbox, reply.receipts.count)
        outbox -= taken
        result.accepted = taken
        if downLeft > 0 {
            downLeft -= 1
            result.pulled = 10
        }
        result.outboxLeft = outbox
        result.hasMore = downLeft > 0
        applied += 1
        return result
    }
}

extension Changeset {
    static let fixture = Changeset(
        identity: ChangesetIdentity(
            incarnation: IncarnationID(UUIDBits(high: 1, low: 1)), seq: 1),
        author: "虚构甲", time: .zero, source: .onSite, schema: SchemaTag(0),
        epoch: EpochID(UUIDBits(high: 3, low: 3)), context: [:], changes: [])
}

@Suite struct ExchangeDriverTests {
    private typealias Hub = FakeHubTransport

    /// A reply with receipts for two changesets.
    private static func reply(receipts: Int) -> [UInt8] {
        ExchangeCodec.encode(
            ExchangeReply(
                epoch: EpochID(UUIDBits(high: 3, low: 3)), time: .zero, schema: SchemaTag(0),
                receipts: (0..<receipts).map {
                    Receipt(
                        seq: Int64($0 + 1),
                        outcome: .accepted(ScopeCode("220602"), Position(Int64($0 + 1))))
                }))
    }

    private static func hub(receipts: Int) -> Hub {
        let body = reply(receipts: receipts)
        return Hub { _, signature in Hub.answer(signature, body: body) }
    }

    @Test func theDriverGoesOnUntilNothingWaitsOnEitherSide() throws {
        let replica = FakeReplica(outbox: 5, downLeft: 4)
        var driver = ExchangeDriver(replica: replica, client: Self.hub(receipts: 2).client())
        var seen: [Int] = []
        let report = try driver.run { seen.append($0.outboxLeft) }
        #expect(report.pushed == 5)
        #expect(report.pulled == 40)
        #expect(report.traffic.requests == 4)
        #expect(seen == [3, 1, 0, 0])
    }

    @Test func aHubThatGoesDownInTheMiddleLosesNothing() {
        let replica = FakeReplica(outbox: 5)
        var rounds = 0
        let body = Self.reply(receipts: 2)
        let hub = Hub { _, signature throws(TransportFailure) in
            rounds += 1
            guard rounds == 1 else { throw .unreachable("gone", mayHaveArrived: false) }
            return Hub.answer(signature, body: body)
        }
        var driver = ExchangeDriver(replica: replica, client: hub.client())
        #expect(throws: HubFailure.unreachable(reason: "gone", mayHaveArrived: false)) {
            try driver.run()
        }
        #expect(replica.outbox == 3)
    }

    @Test func aWaitThatIsEndedIsFollowedByOneExchangeThatDoesNotWait() throws {
        let replica = FakeReplica(outbox: 0)
        let body = Self.reply(receipts: 0)
        var queries: [String] = []
        let hub = Hub { call, signature throws(TransportFailure) in
            queries.append(call.target.query)
            if call.isWait { throw .interrupted }
            return Hub.answer(signature, body: body)
        }
        var driver = ExchangeDriver(replica: replica, client: hub.client())
        _ = try driver.run(waitSeconds: 600)
        #expect(queries == ["wait=30", ""])
    }

    @Test func anExchangeThatIsEndedWithoutWaitingIsNotRepeated() {
        let replica = FakeReplica(outbox: 5)
        let hub = Hub { _, _ throws(TransportFailure) in throw .interrupted }
        var driver = ExchangeDriver(replica: replica, client: hub.client())
        #expect(throws: HubFailure.interrupted) { try driver.run(waitSeconds: 600) }
        #expect(hub.calls.count == 2)
        #expect(replica.outbox == 5)
    }

    @Test func aWaitThatFailsAfterAnExchangeDiscardsNothingThatWasDone() throws {
        let replica = FakeReplica(outbox: 1)
        let body = Self.reply(receipts: 1)
        let hub = Hub { call, signature throws(TransportFailure) in
            guard replica.outbox > 0 else { throw .unreachable("cut", mayHaveArrived: true) }
            return Hub.answer(signature, body: body)
        }
        var driver = ExchangeDriver(replica: replica, client: hub.client())
        #expect(try driver.run(waitSeconds: 600).pushed == 1)
        #expect(hub.calls.map(\.isWait) == [true, true])
        #expect(throws: HubFailure.self, "what is no wait fails") { try driver.run() }
    }

    @Test func aFirstWaitThatFailsIsAFailure() {
        let hub = Hub { _, _ throws(TransportFailure) in
            throw .unreachable("cut", mayHaveArrived: true)
        }
        var driver = ExchangeDriver(replica: FakeReplica(outbox: 0), client: hub.client())
        #expect(throws: HubFailure.self) { try driver.run(waitSeconds: 30) }
    }

    @Test(arguments: ["batch.altered", "record.number-unknown"])
    func aHubThatMeansOtherRecordsByTheirNumbersIsToldTheirIds(code: String) throws {
        let replica = FakeReplica(outbox: 3)
        var refusals = 1
        let body = Self.reply(receipts: 2)
        let hub = Hub { _, signature in
            guard refusals == 0 else {
                refusals -= 1
                return Hub.refusal(signature, 409, code)
            }
            return Hub.answer(signature, body: body)
        }
        var driver = ExchangeDriver(replica: replica, client: hub.client())
        #expect(try driver.run().pushed == 3)
        #expect(replica.namings == [.numbers, .ids, .ids])
    }

    @Test func whatIsRefusedByIdsTooIsNotSentForEver() {
        let replica = FakeReplica(outbox: 3)
        let hub = Hub { _, signature in
            Hub.refusal(signature, 409, "batch.altered")
        }
        var driver = ExchangeDriver(replica: replica, client: hub.client())
        let failure = #expect(throws: HubFailure.self) { try driver.run() }
        #expect(failure?.code == "batch.altered")
        #expect(replica.namings == [.numbers, .ids])
    }

    @Test func anExchangeInWhichNothingMovesEndsWithAnError() {
        let replica = FakeReplica(outbox: 5)
        var driver = ExchangeDriver(replica: replica, client: Self.hub(receipts: 0).client())
        let failure = #expect(throws: SyncFailure.self) { try driver.run() }
        #expect(failure?.code == "sync.stalled")
        #expect(replica.applied == 3)
    }

    @Test func aDatabaseThatIsBornAgainWithEveryReplyEndsWithAnError() {
        let replica = FakeReplica(outbox: 5)
        replica.rebirth = .fork
        var driver = ExchangeDriver(replica: replica, client: Self.hub(receipts: 0).client())
        let failure = #expect(throws: SyncFailure.self) { try driver.run() }
        #expect(failure?.code == "sync.stalled")
        #expect(replica.applied == 16)
    }

    @Test func anAnswerThatCannotBeReadChangesNothing() {
        let replica = FakeReplica(outbox: 1)
        let hub = Hub { _, signature in Hub.answer(signature, body: [1, 2, 3]) }
        var driver = ExchangeDriver(replica: replica, client: hub.client())
        let failure = #expect(throws: SyncFailure.self) { try driver.run() }
        #expect(failure?.code == "sync.unreadable")
        #expect(replica.applied == 0)
    }

    @Test func aLinkThatBreaksUnderALargeRequestIsTriedWithASmallerOne() throws {
        let replica = FakeReplica(outbox: 2)
        replica.requestBytes = 1 << 20
        let body = Self.reply(receipts: 2)
        let hub = Hub { call, signature throws(TransportFailure) in
            guard call.body.count <= 64 << 10 else {
                throw .unreachable("reset", mayHaveArrived: true)
            }
            return Hub.answer(signature, body: body)
        }
        var driver = ExchangeDriver(replica: replica, client: hub.client())
        #expect(try driver.run().pushed == 2)
        #expect(replica.sizes == [4 << 20, 512 << 10, 64 << 10])
        #expect(hub.calls.map(\.mayBeRepeated) == [false, false, true])
    }
}
