import FieldgridHub
import FieldgridModel
import FieldgridSync
import Testing

@Suite struct ExchangeTests {
    private func name(_ text: String) -> [String: Value] { ["name": .text(text)] }

    @Test func whatOneNodeSavedReachesTheOther() throws {
        let hub = try TestHub()
        var first = SketchNode(hub, try hub.enrol("虚构·甲"))
        var second = SketchNode(hub, try hub.enrol("虚构·乙"))
        try first.create("employer", .test(1), name("虚构木业"))
        try first.exchange()
        try second.exchange()
        let unit = try #require(try hub.type("employer").unitNumber(named: "name"))
        #expect(second.records[.test(1)]?[unit]?.single == .text("虚构木业"))
    }

    @Test func repeatingARequestChangesNothingAndAnswersTheSame() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        try node.create("employer", .test(1), name("虚构木业"))
        let body = node.request()
        let answers = try (0..<3).map { _ in try node.send(body) }
        #expect(answers[1] == answers[0])
        #expect(answers[2] == answers[0])
        #expect(try hub.hub.history(.test(1)).filter { $0.unit == .presence }.count == 1)
    }

    @Test func aLostAnswerIsAnsweredAgainAfterARestart() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        try node.create("employer", .test(1), name("虚构木业"))
        let body = node.request()
        let lost = try node.send(body)
        let again = try ExchangeCodec.decodeReply(
            try hub.reopened().exchange(body, device: node.device))
        #expect(again.receipts == lost.receipts)
    }

    @Test func aGapIsAnsweredWithWhereToGoOn() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        for place in 1...3 { try node.create("employer", .test(UInt64(place)), name("虚构\(place)")) }
        let reply = try node.send(node.request([node.sealed[2]]))
        #expect(reply.chain == .gap(expected: 1))
        #expect(reply.receipts.isEmpty)
    }

    @Test func anotherStoryUnderAUsedSequenceIsAFork() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        try node.create("employer", .test(1), name("虚构木业"))
        var twin = node
        try node.exchange()
        twin.sealed = []
        twin.seq = 0
        try twin.create("employer", .test(2), name("虚构粮油"))
        let reply = try twin.send(twin.request())
        #expect(reply.chain == .fork(at: 1))
        #expect(try hub.hub.record(.test(2), type: hub.type("employer")) == nil)
    }

    @Test func changesetsThatAreNotWhatWasSealedAreRefusedWhole() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        try node.create("employer", .test(1), name("虚构木业"))
        let request = ExchangeRequest(
            schema: hub.hub.identity.schema, epoch: node.epoch, positions: [:],
            incarnation: node.incarnation, sealed: node.seq,
            batch: ChangesetBatch(previous: .start, head: .start, changesets: node.sealed))
        let body = ExchangeCodec.encode(request, number: { _ in nil })
        #expect(throws: HubError.self) { _ = try node.send(body) }
        #expect(try hub.hub.record(.test(1), type: hub.type("employer")) == nil)
    }

    @Test func anIncarnationOfAnotherDeviceIsRefused() throws {
        let hub = try TestHub()
        var first = SketchNode(hub, try hub.enrol("虚构·甲"))
        try first.create("employer", .test(1), name("虚构木业"))
        try first.exchange()
        try first.create("employer", .test(2), name("虚构粮油"))
        let body = first.request()
        let thief = try hub.enrol("虚构·乙")
        #expect(throws: HubError.self) { _ = try hub.hub.exchange(body, device: thief) }
    }

    @Test func aNodeReceivesItsGridAndTheSharedRecordsAboveItOnly() throws {
        let hub = try TestHub()
        var clerk = SketchNode(hub, try hub.enrol("虚构·局", TestHub.district))
        let neighbour = TestHub.otherVillage
        try clerk.create("employer", .test(1), name("虚构本村"), scope: TestHub.village)
        try clerk.create("employer", .test(2), name("虚构邻村"), scope: neighbour)
        try clerk.create("employer", .test(3), name("虚构不明"), scope: TestHub.district)
        try clerk.exchange()
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        let reply = try node.exchange()
        let employers = reply.records.filter { $0.type == (try? hub.type("employer").number) }
        #expect(employers.map(\.id) == [.test(1)])
        #expect(
            Set(reply.positions.keys)
                == [TestHub.district, TestHub.township, TestHub.village])
        let grids = reply.records.filter { $0.type == (try? hub.type("grid").number) }
        #expect(grids.count == 110)
    }

    @Test func aNodesOwnUnchallengedValuesDoNotComeBack() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        try node.exchange()
        try node.create("employer", .test(1), name("虚构木业"))
        let reply = try node.exchange()
        let delta = try #require(reply.records.first { $0.id == .test(1) })
        #expect(delta.units.isEmpty)
        #expect(delta.presence == .alive)
    }

    @Test func aVillageIsNotToldWhatLeavesTheTownshipAboveIt() throws {
        let hub = try TestHub()
        var above = SketchNode(hub, try hub.enrol("虚构·甲", TestHub.township))
        var village = SketchNode(hub, try hub.enrol("虚构·乙"))
        try village.exchange()
        try above.create("employer", .test(1), name("虚构木业"))
        try above.exchange()
        above.save([
            Change(
                type: try hub.type("employer").number, record: .test(1), unit: .scope,
                value: UnitValue(.text(TestHub.otherVillage.text)))
        ])
        try above.exchange()
        #expect(try village.exchange().records.allSatisfy { $0.id != .test(1) })
    }

    @Test func aRecordThatGoesUpToTheTownshipLeavesTheVillage() throws {
        let hub = try TestHub()
        var above = SketchNode(hub, try hub.enrol("虚构·甲", TestHub.township))
        var village = SketchNode(hub, try hub.enrol("虚构·乙"))
        try village.create("employer", .test(1), name("虚构木业"))
        try village.exchange()
        try above.exchange()
        above.save([
            Change(
                type: try hub.type("employer").number, record: .test(1), unit: .scope,
                value: UnitValue(.text(TestHub.township.text)))
        ])
        try above.exchange()
        let delta = try village.exchange().records.first { $0.id == .test(1) }
        #expect(delta?.presence == .left)
    }

    @Test func aLongReplyComesInPagesThatEachStandAlone() throws {
        let hub = try TestHub()
        var writer = SketchNode(hub, try hub.enrol("虚构·甲"))
        let scope = String(repeating: "经营范围", count: 400)
        for place in 1...200 {
            try writer.create(
                "employer", .test(UInt64(place)),
                ["name": .text("虚构\(place)"), "business_scope": .text(scope)])
        }
        try writer.exchange()
        var reader = SketchNode(hub, try hub.enrol("虚构·乙"))
        var pages = 0
        while true {
            var request = try ExchangeCodec.decodeRequest(reader.request())
            request.replyBytesMax = 1
            let reply = try hub.hub.exchange(request, device: reader.device)
            reader.apply(reply)
            pages += 1
            if !reply.hasMore { break }
        }
        let type = try hub.type("employer").number
        #expect(pages > 3)
        #expect((1...200).allSatisfy { reader.records[.test(UInt64($0))] != nil }, "\(type)")
    }
}
