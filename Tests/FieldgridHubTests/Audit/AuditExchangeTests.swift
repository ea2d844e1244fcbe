@testable import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSync
import Testing

/// What nodes hear of the hub's logs.
@Suite struct AuditExchangeTests {
    let hub: TestHub
    let node: RealNode

    init() throws {
        (hub, node) = try RealNode.withOneEmployer(.test(1))
    }

    private func ask(_ node: RealNode? = nil) throws -> (request: ExchangeRequest, ExchangeReply) {
        let node = node ?? self.node
        let (request, encoded) = try node.replica.nextRequest()
        let reply = try hub.hub.exchange(encoded, device: node.device)
        return (request, try ExchangeCodec.decodeReply(reply))
    }

    @Test func aNodeKnowsTheHeadsOfItsScopesAndOfAdministrationAfterOneExchange() throws {
        let heads = try node.replica.auditHeads().map(\.head)
        let present = try hub.hub.signedHeads(by: hub.key).map(\.head)
        let logs = [.administration] + node.replica.positions.keys.map(AuditLog.scope)
        let seen = present.filter { logs.contains($0.log) }
        #expect(heads.map(\.root) == seen.map(\.root))
        #expect(heads.contains { $0.log == TestHub.log })
    }

    @Test func whatIsKnownIsNotToldAgainAndCostsFewBytes() throws {
        try node.exchange()
        let (request, reply) = try ask()
        #expect(request.audit?.digest != AuditDigest.none)
        #expect(reply.audit.isEmpty)
        #expect(ExchangeCodec.encode(request) { _ in nil }.count <= 300)
        #expect(ExchangeCodec.encode(reply).count <= 300)
    }

    @Test func onlyTheLogThatGrewIsProved() throws {
        try node.exchange()
        let before = try node.replica.auditHeads().first { $0.head.log == TestHub.log }?.head.size
        try node.edit(.test(2), .create(TestHub.village), ["name": .text("虚构二")])
        let (_, reply) = try ask()
        #expect(reply.audit.map(\.signed.head.log) == [TestHub.log])
        #expect(reply.audit.first?.from == before)
        #expect(reply.audit.first?.proof.isEmpty == false)
    }

    @Test func aDeviceLearnsNothingOfOtherScopes() throws {
        let other = try RealNode(hub, try hub.enrol("虚构·李", TestHub.otherVillage))
        let sibling = AuditLog.scope(TestHub.village)
        #expect(try !other.replica.auditHeads().contains { $0.head.log == sibling })
        try other.exchange()
        let digest = try ask(other).request.audit?.digest
        try node.edit(.test(2), .create(TestHub.village), ["name": .text("虚构二")])
        try node.exchange()
        let (request, reply) = try ask(other)
        #expect(request.audit?.digest == digest)
        #expect(reply.audit.isEmpty)
    }

    @Test func anAnswerThatComesTwiceOrLateChangesNoHead() throws {
        try node.exchange()
        let (_, early) = try ask()
        try node.edit(.test(2), .create(TestHub.village), ["name": .text("虚构二")])
        let (_, reply) = try ask()
        try node.replica.apply(reply)
        let heads = try node.replica.auditHeads()
        for late in [reply, early, reply] {
            #expect(try node.replica.apply(late).alarms.isEmpty)
        }
        #expect(try node.replica.auditHeads() == heads)
    }

    @Test func aDeviceThatUsesSticksChecksTheSameWay() throws {
        try node.edit(.test(2), .create(TestHub.village), ["name": .text("虚构二")])
        let result = try hub.imported(node.exported())
        try node.imported(#require(result.reply).file)
        let head = try node.replica.auditHeads().first { $0.head.log == TestHub.log }?.head
        #expect(
            try head?.size
                == hub.hub.signedHeads(by: hub.key)
                .first { $0.head.log == TestHub.log }?.head.size)
        try node.edit(.test(3), .create(TestHub.village), ["name": .text("虚构三")])
        try hub.rewrite { leaves in leaves[0][1] ^= 1 }
        let second = try hub.imported(node.exported())
        let applied = try node.imported(#require(second.reply).file)
        #expect(applied.first?.alarms.map(\.log) == [TestHub.log])
    }

    @Test func aHubThatWasPutBackSaysSoAndTheOldHeadIsKeptBeside() throws {
        let backup = try hub.backup()
        try node.exchange()
        for name in UInt64(2)...4 {
            try node.edit(.test(name), .create(TestHub.village), ["name": .text("虚构\(name)")])
        }
        try node.exchange()
        let before = try #require(
            try node.replica.auditHeads().first { $0.head.log == TestHub.log })
        try hub.restore(backup)
        let breaks = try exchangeAll()
        #expect(breaks.contains { $0.log == TestHub.log && $0.lost > 0 })
        #expect(try node.replica.alarms().isEmpty)
        #expect(
            try node.replica.auditHeadsLeft().contains {
                $0.signed == before && $0.reason == .announced
            })
        #expect(try hub.finding() == nil)
        // The next head is proved as ever.
        try node.edit(.test(8), .create(TestHub.village), ["name": .text("虚构八")])
        #expect(try exchangeAll().isEmpty)
        #expect(try ask().1.audit.isEmpty)
        #expect(try hub.acts().contains(.epochBegun(cause: "restored")))
    }

    @Test func aFilePutBackWithoutAWordIsNoticedByItsShorterLogs() throws {
        let backup = try hub.backup()
        // Nothing of the node's own: only a log that it sees has grown.
        _ = try hub.enrol("虚构·李", TestHub.otherVillage)
        try node.exchange()
        try hub.restore(backup, behindItsBack: true)
        let breaks = try exchangeAll()
        #expect(breaks.map(\.log) == [.administration])
        #expect(try hub.hub.epochs().map(\.cause) == [.created, .found])
        #expect(try node.replica.alarms().isEmpty)
    }

    /// As the driver does it, which asks again until nothing is left to say.
    @Test func historyBeforeTheBackupMayNotBeRewrittenByTheWay() throws {
        let backup = try hub.backup()
        try node.exchange()
        try hub.restore(backup)
        try hub.rewrite { leaves in leaves[0][1] ^= 1 }
        #expect(throws: HubError.self) { try exchangeAll() }
        #expect(try node.replica.alarms().map(\.reason) == [.rewritten])
    }

    private func exchangeAll() throws -> [AuditBreak] {
        var breaks: [AuditBreak] = []
        for _ in 0..<20 {
            let applied = try node.replica.apply(ask().1)
            breaks += applied.breaks
            guard applied.alarms.isEmpty else {
                throw HubError(code: "test.alarm", message: "alarm", hint: "")
            }
            if !applied.hasMore, applied.outboxLeft == 0 { return breaks }
        }
        throw HubError(code: "test", message: "the exchange does not come to an end", hint: "")
    }
}
