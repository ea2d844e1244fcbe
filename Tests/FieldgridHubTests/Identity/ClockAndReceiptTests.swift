import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSync
import Testing

/// Clocks that run ahead, and answers that come late (sync.md section 5).
@Suite struct ClockAndReceiptTests {
    private let shop = RecordID.test(1)

    @Test func oneDayIn2099TaintsNothingAfterwards() throws {
        let hub = try TestHub()
        let clock = TestClock()
        let node = try RealNode(hub, try hub.enrol("虚构·王"), clock: clock)
        let other = try RealNode(hub, try hub.enrol("虚构·李"))
        clock.set("2099-01-01T08:00:00+08:00")
        try node.edit(shop, .create(TestHub.village), ["name": .text("虚构木业")])
        try node.exchange()
        #expect(node.reborn == [.clock])
        clock.set("2026-07-24T09:30:00+08:00")
        hub.clock.set("2026-07-24T09:30:00+08:00")
        try node.edit(shop, .update, ["phone": .text("13800000001")])
        let saved = try #require(try node.replica.nextRequest().request.batch?.changesets.last)
        #expect(saved.time.milliseconds == clock.milliseconds)
        try node.exchange()
        #expect(node.reborn == [.clock])
        try other.exchange()
        hub.clock.advance(minutes: 1)
        try other.edit(shop, .update, ["phone": .text("13800000002")])
        try other.exchange()
        #expect(try hub.hub.shown("phone", of: shop) == .text("13800000002"))
        #expect(try !hub.hub.history(shop).contains { $0.unit == UnitNumber(3) && $0.isClamped })
        try node.exchange()
        try expectAgreement(hub, node, other)
    }

    @Test func whatWasSavedIn2099AndWaitsGoesFirstAsItWasSealed() throws {
        let hub = try TestHub()
        let clock = TestClock()
        let node = try RealNode(hub, try hub.enrol("虚构·王"), clock: clock)
        clock.set("2099-01-01T08:00:00+08:00")
        try node.edit(shop, .create(TestHub.village), ["name": .text("虚构木业")])
        try node.edit(shop, .update, ["phone": .text("13800000001")])
        let waiting = try node.replica.nextRequest(maxChangesets: 1)
        let reply = try ExchangeCodec.decodeReply(
            try hub.hub.exchange(waiting.encoded, device: node.device))
        #expect(try node.replica.apply(reply).reincarnated == .clock)
        let next = try #require(try node.replica.nextRequest().request.batch)
        #expect(next.changesets.map(\.identity.seq) == [2])
        #expect(next.parent == nil)
        try node.exchange()
        #expect(try hub.hub.conflictCount() == 0)
        try expectAgreement(hub, node)
    }

    @Test func receiptsReachBeyondTheBatch() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·王"))
        try node.create("employer", shop, ["name": .text("虚构木业")])
        try node.set("employer", shop, ["phone": .text("13800000001")])
        try node.set("employer", shop, ["phone": .text("13800000002")])
        _ = try node.send(node.request())
        let reply = try node.send(node.request(Array(node.sealed.prefix(1))))
        #expect(reply.receipts.map(\.seq) == [1, 2, 3])
        #expect(reply.incarnation == node.incarnation)
    }

    @Test func aForkComesWithTheReceiptsBeforeIt() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·王"))
        try node.create("employer", shop, ["name": .text("虚构木业")])
        try node.set("employer", shop, ["phone": .text("13800000001")])
        _ = try node.send(node.request())
        node.sealed[1].changes[0].value = UnitValue(.text("13800000009"))
        let reply = try node.send(node.request())
        #expect(reply.chain == .fork(at: 2))
        #expect(reply.receipts.map(\.seq) == [1])
        #expect(reply.records.isEmpty)
    }

    @Test func whatTheCorrectionReleasedIsToldToItsOwnerAlone() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·王"))
        try node.create("employer", shop, ["phone": .text("13800000001")])
        #expect(try node.exchange().receipts.first?.isAccepted == false)
        var held = ExchangeRequest(
            schema: hub.hub.identity.schema, epoch: node.epoch, positions: node.positions,
            incarnation: node.incarnation, sealed: 1,
            held: [ChangesetIdentity(incarnation: node.incarnation, seq: 1)], batch: nil)
        #expect(try node.send(ExchangeCodec.encode(held) { _ in nil }).released.isEmpty)
        try node.set("employer", shop, ["name": .text("虚构木业")])
        try node.exchange()
        held.sealed = 2
        let reply = try node.send(ExchangeCodec.encode(held) { _ in nil })
        #expect(reply.released.map(\.identity.seq) == [1])
        var other = SketchNode(hub, try hub.enrol("虚构·李"))
        try other.exchange()
        held.incarnation = other.incarnation
        held.sealed = 0
        let foreign = try other.send(ExchangeCodec.encode(held) { _ in nil })
        #expect(foreign.released.isEmpty)
    }
}

extension Receipt {
    fileprivate var isAccepted: Bool {
        if case .accepted = outcome { true } else { false }
    }
}
