import FieldgridHub
import FieldgridModel
import FieldgridSync
import Testing

@Suite struct RefreshTests {
    private func half(_ text: String) throws -> RefreshPeriod {
        try #require(RefreshPeriod(text))
    }

    private func imported(_ hub: TestHub, _ count: Int, status: String? = nil) throws {
        let type = try hub.type("employer")
        let name = try #require(type.field(named: "name")).number
        let life = try #require(type.field(named: "life_status")).number
        let drafts = (1...count).map { place in
            ActionDraft(
                author: "虚构·局", source: .import, savedAt: hub.clock.milliseconds,
                edits: [
                    RecordEdit(
                        type: type.number, id: .test(UInt64(place)),
                        kind: .create(TestHub.village),
                        values: [name: .text("虚构\(place)"), life: status.map(Value.text) ?? .null])
                ])
        }
        try hub.hub.save(drafts)
    }

    @Test func openingMakesOneTaskPerActiveEmployerAndTwiceChangesNothing() throws {
        let hub = try TestHub()
        try imported(hub, 5)
        let period = try half("2026H2")
        #expect(try hub.hub.openRefresh(period) == 5)
        #expect(try hub.hub.openRefresh(period) == 0)
        #expect(try hub.hub.refreshStatus(period).total.due == 5)
    }

    @Test(arguments: ["CLOSED", "DEREGISTERED", "SUSPENDED"])
    func anEmployerThatIsNotActiveHasNoTask(status: String) throws {
        let hub = try TestHub()
        try imported(hub, 2, status: status)
        #expect(try hub.hub.openRefresh(half("2026H2")) == 0)
    }

    @Test func anEmployerImportedLaterGetsItsTaskThen() throws {
        let hub = try TestHub()
        try hub.hub.openRefresh(half("2026H2"))
        try imported(hub, 3)
        #expect(try hub.hub.refreshStatus(half("2026H2")).total.due == 3)
    }

    @Test func anEmployerFirstRecordedByAPersonInThisHalfCountsAsDone() throws {
        let hub = try TestHub()
        try hub.hub.openRefresh(half("2026H2"))
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        try node.create("employer", .test(1), ["name": .text("虚构木业")])
        try node.exchange()
        let progress = try hub.hub.refreshStatus(half("2026H2")).total
        #expect(progress == RefreshProgress(total: 1, done: 1, due: 0, late: 0))
    }

    @Test func aChangeByAPersonCompletesTheTaskAndAnImportDoesNot() throws {
        let hub = try TestHub()
        try imported(hub, 2)
        try hub.hub.openRefresh(half("2026H2"))
        let type = try hub.type("employer")
        let phone = try #require(type.field(named: "phone")).number
        try hub.hub.save(
            ActionDraft(
                author: "虚构·局", source: .import, savedAt: hub.clock.milliseconds,
                edits: [
                    RecordEdit(
                        type: type.number, id: .test(1), kind: .update,
                        values: [phone: .text("13804390009")])
                ]))
        #expect(try hub.hub.refreshStatus(half("2026H2")).total.done == 0)
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        try node.exchange()
        try node.set("employer", .test(2), ["phone": .text("13804390001")])
        try node.exchange()
        #expect(try hub.hub.refreshStatus(half("2026H2")).total.done == 1)
    }

    @Test func whoDeletesAnEmployerHasNotVisitedIt() throws {
        let hub = try TestHub()
        try imported(hub, 2)
        try hub.hub.openRefresh(half("2026H2"))
        let type = try hub.type("employer")
        try hub.hub.save(
            ActionDraft(
                author: "虚构文员", source: .onSite, savedAt: hub.clock.milliseconds,
                edits: [RecordEdit(type: type.number, id: .test(1), kind: .delete)]))
        let progress = try hub.hub.refreshStatus(half("2026H2")).total
        #expect(progress == RefreshProgress(total: 1, done: 0, due: 1, late: 0))
    }

    @Test func whoSettlesAConflictAtADeskHasNotVisitedTheEmployer() throws {
        let hub = try TestHub()
        try imported(hub, 1)
        try hub.hub.openRefresh(half("2026H2"))
        let type = try hub.type("employer")
        let phone = try #require(type.field(named: "phone")).number
        try hub.hub.save(
            ActionDraft(
                author: "虚构文员", source: .onSite, savedAt: hub.clock.milliseconds,
                edits: [
                    RecordEdit(
                        type: type.number, id: .test(1), kind: .update,
                        values: [phone: .text("13804390001")],
                        settlements: [phone: Settlement(conflict: .test(90), sides: [])])
                ]))
        let progress = try hub.hub.refreshStatus(half("2026H2")).total
        #expect(progress == RefreshProgress(total: 1, done: 0, due: 1, late: 0))
    }

    /// `visited` is the one of the two that was visited before they were merged.
    @Test(arguments: [UInt64(1), 2])
    func aMergedEmployerKeepsOneTaskAndTheVisitOfEither(visited: UInt64) throws {
        let hub = try TestHub()
        try imported(hub, 2)
        try hub.hub.openRefresh(half("2026H2"))
        let type = try hub.type("employer")
        let phone = try #require(type.field(named: "phone")).number
        let settlement = Settlement(
            conflict: .duplicate(.test(1), .test(2)), sides: [])
        let edits = [
            RecordEdit(
                type: type.number, id: .test(visited), kind: .update,
                values: [phone: .text("13804390001")]),
            RecordEdit(
                type: type.number, id: .test(2), kind: .merge(into: .test(1)),
                settlements: [.presence: settlement]),
        ]
        for edit in edits {
            try hub.hub.save(
                ActionDraft(
                    author: "虚构文员", source: .onSite, savedAt: hub.clock.milliseconds,
                    edits: [edit]))
        }
        let progress = try hub.hub.refreshStatus(half("2026H2")).total
        #expect(progress == RefreshProgress(total: 1, done: 1, due: 0, late: 0))
    }

    @Test func aSnapshotOfTheEmployerCompletesItsTask() throws {
        let hub = try TestHub()
        try imported(hub, 1)
        try hub.hub.openRefresh(half("2026H2"))
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        try node.exchange()
        try node.create(
            "snapshot", .test(50),
            ["employer": .text(RecordID.test(1).description), "period": .text("2026H2")])
        try node.exchange()
        #expect(try hub.hub.refreshStatus(half("2026H2")).total.done == 1)
    }

    @Test func workSavedInTheOldHalfDoesNotCompleteTheNewOne() throws {
        let hub = try TestHub(clock: TestClock("2026-06-30T18:00:00+08:00"))
        try imported(hub, 1)
        try hub.hub.tick()
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        try node.exchange()
        try node.set("employer", .test(1), ["phone": .text("13804390001")])
        hub.clock.set("2026-07-02T09:00:00+08:00")
        try hub.hub.tick()
        try node.exchange()
        #expect(try hub.hub.refreshStatus(half("2026H1")).total.done == 1)
        #expect(try hub.hub.refreshStatus(half("2026H2")).total.due == 1)
    }

    @Test func aYearOfTicksOpensEachHalfOnceAndCatchesUpAfterAnOutage() throws {
        let hub = try TestHub(clock: TestClock("2026-01-05T08:00:00+08:00"))
        try imported(hub, 3)
        var opened: [String] = []
        for day in 0..<400 where !(170..<200).contains(day) {
            hub.clock.set("2026-01-05T08:00:00+08:00")
            hub.clock.advance(minutes: Int64(day) * 1_440)
            if let period = try hub.hub.tick() { opened.append(period.description) }
        }
        #expect(opened == ["2026H1", "2026H2", "2027H1"])
        let past = try hub.hub.refreshStatus(half("2026H1"))
        #expect(past.total == RefreshProgress(total: 3, done: 0, due: 0, late: 3))
        #expect(past.scopes.keys.map(\.text) == [TestHub.village.text])
    }

    @Test func aRestartDoesNotOpenTheSameHalfAgain() throws {
        let hub = try TestHub()
        #expect(try hub.hub.tick()?.description == "2026H2")
        #expect(try hub.reopened().tick() == nil)
    }

    @Test func tasksReachTheNodesOfTheirGrid() throws {
        let hub = try TestHub()
        try imported(hub, 4)
        try hub.hub.openRefresh(half("2026H2"))
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        let task = try hub.type("task").number
        #expect(try node.exchange().records.filter { $0.type == task }.count == 4)
    }

    @Test func aTaskFollowsTheNameOfItsEmployer() throws {
        let hub = try TestHub()
        try imported(hub, 1)
        try hub.hub.openRefresh(half("2026H2"))
        let type = try hub.type("employer")
        let name = try #require(type.field(named: "name")).number
        try hub.hub.save(
            ActionDraft(
                author: "虚构·局", source: .import, savedAt: hub.clock.milliseconds,
                edits: [
                    RecordEdit(
                        type: type.number, id: .test(1), kind: .update,
                        values: [name: .text("虚构新名")])
                ]))
        let task = try hub.type("task")
        let title = try #require(task.field(named: "name")).number
        var titles: [Value?] = []
        try hub.hub.forEachRecord(of: task, where: []) { record in
            titles.append(record.values[title])
            return true
        }
        #expect(titles == [.text("虚构新名")])
    }

    @Test func aClosedHalfIsNotCompletedAnyMore() throws {
        let hub = try TestHub()
        try imported(hub, 1)
        try hub.hub.openRefresh(half("2026H2"))
        try hub.hub.closeRefresh(half("2026H2"))
        var node = SketchNode(hub, try hub.enrol("虚构·甲"))
        try node.exchange()
        try node.set("employer", .test(1), ["phone": .text("13804390001")])
        try node.exchange()
        #expect(try hub.hub.refreshStatus(half("2026H2")).total.done == 0)
        #expect(try !hub.hub.refreshStatus(half("2026H2")).isOpen)
    }
}
