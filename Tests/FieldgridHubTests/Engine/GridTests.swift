import FieldgridHub
import FieldgridModel
import Testing

/// A grid goes only when nobody lives in it.
@Suite struct GridTests {
    private func edit(
        _ hub: TestHub, _ grid: ScopeCode, _ kind: RecordEdit.Kind, code: String? = nil
    ) throws {
        let type = try hub.type("grid")
        let field = try #require(type.field(named: "code")).number
        let id = try #require(try hub.hub.find(type, key: [field: .text(grid.text)]))
        try hub.hub.save(
            ActionDraft(
                author: "虚构文员", source: .registry, savedAt: hub.clock.milliseconds,
                edits: [
                    RecordEdit(
                        type: type.number, id: id, kind: kind,
                        values: code.map { [field: .text($0)] } ?? [:])
                ]))
    }

    /// The message of a refusal; nil when there was none.
    private func refusal(_ body: () throws -> Void) throws -> String? {
        do {
            try body()
            return nil
        } catch let error as HubError {
            return error.message
        }
    }

    private func withTwoEmployers() throws -> (TestHub, SketchNode) {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·甲", TestHub.township))
        for name in [UInt64(1), 2] {
            try node.create(
                "employer", .test(name), ["name": .text("虚构\(name)")], scope: TestHub.village)
        }
        try node.exchange()
        return (hub, node)
    }

    @Test func aGridWithEmployersIsNotDeletedAndTheRefusalCountsThem() throws {
        let (hub, _) = try withTwoEmployers()
        let message = try #require(try refusal { try edit(hub, TestHub.village, .delete) })
        #expect(message.contains("still holds: 2 "))
        #expect(hub.hub.grids.contains(TestHub.village))
    }

    @Test func aGridWithEmployersKeepsItsCode() throws {
        let (hub, _) = try withTwoEmployers()
        let message = try refusal {
            try edit(hub, TestHub.village, .update, code: "220602103299")
        }
        #expect(message?.contains("still holds: 2 ") == true)
    }

    @Test func aGridWithGridsBelowOrADeviceIsNotDeleted() throws {
        let (hub, _) = try withTwoEmployers()
        let message = try #require(try refusal { try edit(hub, TestHub.township, .delete) })
        #expect(message.contains("grids below it"))
        #expect(message.contains("1 devices"))
    }

    @Test func aGridIsDeletedOnceItIsEmpty() throws {
        var (hub, node) = try withTwoEmployers()
        let type = try hub.type("employer").number
        for name in [UInt64(1), 2] {
            node.save([
                Change(type: type, record: .test(name), unit: .presence, value: .deleted)
            ])
        }
        try node.exchange()
        #expect(try refusal { try edit(hub, TestHub.village, .delete) } == nil)
        #expect(!hub.hub.grids.contains(TestHub.village))
    }

    @Test func whatIsRecordedForAGridThatWentMeanwhileWaitsAndIsNotLost() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·甲", TestHub.township))
        try node.create(
            "employer", .test(1), ["name": .text("虚构木业")], scope: TestHub.village)
        try edit(hub, TestHub.village, .delete)
        try node.exchange()
        #expect(try hub.hub.status().quarantined == 1)
    }
}
