import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSchema
import FieldgridSync
import Testing

/// Quarantine replays by itself when the obstacle is gone, and records that
/// move are followed (sync.md 3.3, 9.3, 9.7).
@Suite struct QuarantineReplayTests {
    private func quarantine(_ node: RealNode) throws -> [QuarantineCode?] {
        try node.replica.quarantined().map(\.code)
    }

    /// Makes a grid at the hub, as a clerk would.
    private func add(grid code: String, below parent: ScopeCode, to hub: TestHub) throws {
        let type = try hub.type("grid")
        var values: [UnitNumber: Value] = [:]
        let given: [String: Value] = [
            "code": .text(code), "name": .text("虚构新村"), "parent": .text(parent.text),
            "level": .integer(3),
        ]
        for (name, value) in given {
            values[try #require(type.field(named: name)).number] = value
        }
        try hub.hub.save(
            ActionDraft(
                author: "虚构·录入员", source: .hub, savedAt: hub.clock.milliseconds,
                edits: [
                    RecordEdit(
                        type: type.number, id: .test(900), kind: .create(TestHub.district),
                        values: values)
                ]))
    }

    @Test func whatWaitedForAGridIsAcceptedWhenTheGridComes() throws {
        let hub = try Probe.hub()
        let office = try RealNode(hub, hub.enrol("虚构·所", TestHub.township))
        let grid = ScopeCode("220602103999")
        try office.edit(.test(1), .create(grid), ["name": .text("虚构试样")], type: "probe")
        try office.exchange()
        #expect(try quarantine(office) == [.scopeUnknown])
        try add(grid: grid.text, below: TestHub.township, to: hub)
        try office.exchange()
        #expect(try quarantine(office) == [])
        #expect(try hub.state(.test(1))?.scope == grid)
        try Probe.settle(hub, [office])
    }

    @Test func aRefusedCreationThatItsDeviceDeletesIsOverEverywhere() throws {
        let hub = try Probe.hub()
        let node = try RealNode(hub, hub.enrol("虚构·甲"))
        let other = try RealNode(hub, hub.enrol("虚构·乙"))
        try node.edit(
            .test(1), .create(TestHub.village), ["people": .integer(1), "insured": .integer(9)],
            type: "probe")
        try node.exchange()
        #expect(try quarantine(node) == [.rule])
        try node.edit(.test(1), .update, ["code": .text("C")], type: "probe")
        try node.edit(.test(1), .delete, type: "probe")
        try node.exchange()
        #expect(try quarantine(node) == [])
        #expect(try hub.hub.quarantine().isEmpty)
        #expect(try node.replica.counts() == ReplicaCounts())
        try Probe.settle(hub, [node, other])
        #expect(try hub.state(.test(1))?.isAlive == false)
        #expect(try other.conflicts().isEmpty)
    }

    @Test func aRefusedCreationInNoGridThatIsDeletedDoesNotComeBackWithTheGrid() throws {
        let hub = try Probe.hub()
        let office = try RealNode(hub, hub.enrol("虚构·所", TestHub.township))
        let grid = ScopeCode("220602103999")
        try office.edit(.test(1), .create(grid), ["name": .text("虚构试样")], type: "probe")
        try office.exchange()
        try office.edit(.test(1), .delete, type: "probe")
        try office.exchange()
        #expect(try office.replica.counts() == ReplicaCounts())
        try add(grid: grid.text, below: TestHub.township, to: hub)
        try Probe.settle(hub, [office])
        #expect(try hub.state(.test(1))?.isAlive != true)
        #expect(try office.shown(.test(1), "name", type: "probe") == nil)
        #expect(try office.replica.counts() == ReplicaCounts())
    }

    @Test func whatARevokedDeviceLeftForAnotherReasonIsLetInOnceThatIsGone() throws {
        let hub = try Probe.hub()
        let office = try RealNode(hub, hub.enrol("虚构·所", TestHub.township))
        let grid = ScopeCode("220602103999")
        try office.edit(.test(1), .create(grid), ["name": .text("虚构试样")], type: "probe")
        try office.edit(
            .test(2), .create(TestHub.village), ["people": .integer(1), "insured": .integer(9)],
            type: "probe")
        try office.exchange()
        _ = try hub.hub.revoke(office.device.keyID)
        // Its author could put the second right, and nobody else.
        #expect(try hub.hub.review().map(\.code) == [.scopeUnknown])
        let early = try hub.hub.letThrough(hub.hub.device(named: office.device.keyID))
        #expect(early == (0, 2))
        hub.clock.advance(minutes: 5)
        try add(grid: grid.text, below: TestHub.township, to: hub)
        #expect(try hub.state(.test(1)) == nil, "what is revoked comes in with a word only")
        let since = try hub.hub.quarantine().map(\.waiting.since)
        let counts = try hub.hub.letThrough(hub.hub.device(named: office.device.keyID))
        #expect(counts == (1, 1))
        #expect(try hub.state(.test(1))?.scope == grid)
        let left = try hub.hub.quarantine()
        #expect(left.map(\.waiting.code) == [.rule])
        #expect(left.map(\.waiting.since) == since.suffix(1))
        #expect(try hub.hub.review().isEmpty)
    }

    @Test func anEditOfARecordThatIsNotThereYetWaitsForItAndNoLonger() throws {
        let hub = try Probe.hub()
        var early = SketchNode(hub, try hub.enrol("虚构·甲"))
        let late = try RealNode(hub, hub.enrol("虚构·乙"))
        try early.set("probe", .test(1), ["name": .text("虚构新名")])
        let receipt = try #require(try early.exchange().receipts.first)
        guard case .quarantined(.reference, _) = receipt.outcome else {
            Issue.record("the hub took an edit of a record that it does not have")
            return
        }
        try late.edit(.test(1), .create(TestHub.village), ["code": .text("B-1")], type: "probe")
        try late.exchange()
        try late.exchange()
        #expect(try late.shown(.test(1), "name", type: "probe") == .text("虚构新名"))
    }

    @Test func aReplayedChangeIsWeighedAgainstWhatOthersDidMeanwhile() throws {
        let hub = try Probe.hub()
        let office = try RealNode(hub, hub.enrol("虚构·所", TestHub.township))
        let other = try RealNode(hub, hub.enrol("虚构·丙", TestHub.township))
        try office.edit(.test(1), .create(TestHub.village), ["people": .integer(1)], type: "probe")
        try office.exchange()
        // One action of two records: the unknown grid holds back both.
        try office.save([
            office.edited(.test(1), .update, ["people": .integer(2)], type: "probe"),
            office.edited(
                .test(2), .create(ScopeCode("220602103999")), ["code": .text("C")], type: "probe"),
        ])
        try office.exchange()
        #expect(try quarantine(office) == [.scopeUnknown])
        try other.exchange()
        try other.edit(.test(1), .update, ["people": .integer(3)], type: "probe")
        try other.exchange()
        try add(grid: "220602103999", below: TestHub.township, to: hub)
        try Probe.settle(hub, [office, other])
        #expect(try quarantine(office) == [])
        let sides = try #require(try hub.state(.test(1))?.units[UnitNumber(9)]?.sides)
        #expect(sides.map(\.value.single) == [.integer(3), .integer(2)])
    }

    @Test func anEditUnderARightToTheOldGridFollowsARecordThatMoved() throws {
        let hub = try Probe.hub()
        let field = try RealNode(hub, hub.enrol("虚构·甲"))
        let office = try RealNode(hub, hub.enrol("虚构·所", TestHub.township))
        try field.edit(.test(1), .create(TestHub.village), ["people": .integer(1)], type: "probe")
        try field.exchange()
        try office.exchange()
        try office.edit(.test(1), .move(TestHub.otherVillage), type: "probe")
        try office.exchange()
        try field.edit(.test(1), .update, ["people": .integer(2)], type: "probe")
        try field.exchange()
        #expect(try quarantine(field) == [])
        try office.exchange()
        #expect(try office.shown(.test(1), "people", type: "probe") == .integer(2))
        #expect(try field.shown(.test(1), "people", type: "probe") == nil)
    }

    @Test func whatWasSavedBeforeAVillageWentToAnotherTownshipFollowsTheOldRight() throws {
        let hub = try Probe.hub()
        let office = try RealNode(hub, hub.enrol("虚构·所", TestHub.township))
        let village = try RealNode(hub, hub.enrol("虚构·甲"))
        try office.edit(.test(1), .create(TestHub.village), ["people": .integer(1)], type: "probe")
        try office.exchange()
        hub.clock.advance(minutes: 5)
        try hub.hang(TestHub.village, below: ScopeCode("220602100"))
        hub.clock.advance(minutes: 5)
        // It has not heard: what it edits, and what it makes, is as good as the day before.
        try office.edit(.test(1), .update, ["people": .integer(2)], type: "probe")
        try office.edit(.test(2), .create(TestHub.village), ["people": .integer(3)], type: "probe")
        try office.exchange()
        #expect(try quarantine(office) == [])
        try village.exchange()
        #expect(try village.shown(.test(1), "people", type: "probe") == .integer(2))
        #expect(try village.shown(.test(2), "people", type: "probe") == .integer(3))
        #expect(try office.shown(.test(1), "people", type: "probe") == nil)
    }

    @Test func whatWasSavedForAnEmptyVillageBeforeItWentFollowsTheOldRight() throws {
        let hub = try Probe.hub()
        let office = try RealNode(hub, hub.enrol("虚构·所", TestHub.township))
        try office.edit(.test(1), .create(TestHub.village), ["people": .integer(1)], type: "probe")
        hub.clock.advance(minutes: 5)
        try hub.hang(TestHub.village, below: ScopeCode("220602100"))
        try office.exchange()
        #expect(try quarantine(office) == [])
        #expect(try hub.state(.test(1))?.scope == TestHub.village)
    }

    @Test func whoHasHeardThatAVillageWentMayNoLongerWriteIntoIt() throws {
        let hub = try Probe.hub()
        let office = try RealNode(hub, hub.enrol("虚构·所", TestHub.township))
        try office.edit(.test(1), .create(TestHub.village), ["people": .integer(1)], type: "probe")
        try office.exchange()
        hub.clock.advance(minutes: 5)
        try hub.hang(TestHub.village, below: ScopeCode("220602100"))
        try office.exchange()
        hub.clock.advance(minutes: 5)
        try office.edit(.test(2), .create(TestHub.village), ["people": .integer(3)], type: "probe")
        try office.exchange()
        #expect(try quarantine(office) == [.scopeForbidden])
    }

    @Test func whoHasHeardThatItLeftMayNoLongerWriteIt() throws {
        let hub = try Probe.hub()
        var field = SketchNode(hub, try hub.enrol("虚构·甲"))
        let office = try RealNode(hub, hub.enrol("虚构·所", TestHub.township))
        try field.create("probe", .test(1), ["people": .integer(1)])
        try field.exchange()
        try office.exchange()
        try office.edit(.test(1), .move(TestHub.otherVillage), type: "probe")
        try office.exchange()
        try field.exchange()
        try field.set("probe", .test(1), ["people": .integer(2)])
        let receipt = try #require(try field.exchange().receipts.first)
        guard case .quarantined(.scopeForbidden, _) = receipt.outcome else {
            Issue.record("the hub took an edit of a grid that is not the device's")
            return
        }
    }

    @Test func theBaseOfAConflictIsWhatBothHadSeenAlsoWhereTheRecordMoved() throws {
        let hub = try TestHub()
        let office = try RealNode(hub, hub.enrol("虚构·所", TestHub.township))
        let neighbour = try RealNode(hub, hub.enrol("虚构·丙", TestHub.otherVillage))
        try office.edit(.test(1), .create(TestHub.village), ["name": .text("虚构木业")])
        for number in 1...6 {
            try office.edit(.test(1), .update, ["phone": .text("0439-333000\(number)")])
            try office.exchange()
        }
        try office.edit(.test(1), .move(TestHub.otherVillage))
        try office.exchange()
        try neighbour.exchange()
        hub.clock.advance(minutes: 1)
        try office.edit(.test(1), .update, ["phone": .text("0439-3330011")])
        try neighbour.edit(.test(1), .update, ["phone": .text("0439-3330012")])
        try office.exchange()
        try neighbour.exchange()
        let conflict = try #require(try neighbour.conflicts().first)
        #expect(conflict["base"] == .text("\"0439-3330006\""))
    }

    @Test func anEditOfARecordThatMovedIsNoConflictForWhoSawItWhereItIs() throws {
        let hub = try Probe.hub()
        let field = try RealNode(hub, hub.enrol("虚构·甲"))
        let office = try RealNode(hub, hub.enrol("虚构·所", TestHub.township))
        let neighbour = try RealNode(hub, hub.enrol("虚构·丙", TestHub.otherVillage))
        try field.edit(.test(1), .create(TestHub.village), ["people": .integer(1)], type: "probe")
        for node in [field, office] { try node.exchange() }
        try office.edit(.test(1), .move(TestHub.otherVillage), type: "probe")
        for node in [office, neighbour] { try node.exchange() }
        try neighbour.edit(.test(1), .update, ["people": .integer(2)], type: "probe")
        for node in [neighbour, office] { try node.exchange() }
        #expect(try office.conflicts().isEmpty)
        #expect(try office.shown(.test(1), "people", type: "probe") == .integer(2))
    }

    @Test func movedApartByTwoIsOneConflictOfItsPlace() throws {
        let hub = try Probe.hub()
        let first = try RealNode(hub, hub.enrol("虚构·甲", TestHub.township))
        let second = try RealNode(hub, hub.enrol("虚构·乙", TestHub.township))
        let third = ScopeCode("220602103203")
        try first.edit(.test(1), .create(TestHub.village), ["people": .integer(1)], type: "probe")
        for node in [first, second] { try node.exchange() }
        try first.edit(.test(1), .move(TestHub.otherVillage), type: "probe")
        try first.edit(.test(1), .update, ["people": .integer(2)], type: "probe")
        hub.clock.advance(minutes: 1)
        try second.edit(.test(1), .move(third), type: "probe")
        try second.edit(.test(1), .update, ["name": .text("虚构新名")], type: "probe")
        try Probe.settle(hub, [first, second])
        #expect(try hub.state(.test(1))?.scope == third)
        #expect(try first.conflicts().map { $0["unit"] } == [.text("scope")])
        #expect(try first.shown(.test(1), "people", type: "probe") == .integer(2))
        #expect(try first.shown(.test(1), "name", type: "probe") == .text("虚构新名"))
    }
}
