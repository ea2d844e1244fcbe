import FieldgridHub
import FieldgridModel
import FieldgridSync
import Foundation
import Testing

@Suite struct ConflictTests {
    /// Two nodes that both have one employer of the village.
    private func pair() throws -> (TestHub, SketchNode, SketchNode) {
        let hub = try TestHub()
        var first = SketchNode(hub, try hub.enrol("虚构·甲"))
        var second = SketchNode(hub, try hub.enrol("虚构·乙"))
        try first.create("employer", .test(1), ["name": .text("虚构木业")])
        try first.exchange()
        try first.exchange()
        try second.exchange()
        return (hub, first, second)
    }

    private func conflicts(_ hub: TestHub) throws -> [[String: Value]] {
        let type = try hub.type("conflict")
        var found: [[String: Value]] = []
        try hub.hub.forEachRecord(of: type, where: []) { record in
            var values: [String: Value] = [:]
            for field in type.fields { values[field.name] = record.values[field.number] }
            found.append(values)
            return true
        }
        return found
    }

    @Test func differentUnitsOfOneRecordMergeWithoutAsking() throws {
        var (hub, first, second) = try pair()
        try first.set("employer", .test(1), ["phone": .text("13804390001")])
        try second.set("employer", .test(1), ["postal_code": .text("134300")])
        try first.exchange()
        try second.exchange()
        try first.exchange()
        let type = try hub.type("employer")
        let record = try #require(try hub.hub.record(.test(1), type: type))
        #expect(record.values[try #require(type.field(named: "phone")).number] != nil)
        #expect(record.values[try #require(type.field(named: "postal_code")).number] != nil)
        #expect(try conflicts(hub).isEmpty)
    }

    @Test func theSameUnitEditedApartIsOneConflictWithBaseSidesAndReason() throws {
        var (hub, first, second) = try pair()
        try first.set("employer", .test(1), ["phone": .text("13804390001")])
        try first.exchange()
        try second.exchange()
        try first.set("employer", .test(1), ["phone": .text("13804390002")])
        hub.clock.advance(minutes: 1)
        try second.set("employer", .test(1), ["phone": .text("13804390003")])
        try first.exchange()
        try second.exchange()
        let conflict = try #require(try conflicts(hub).first)
        #expect(try conflicts(hub).count == 1)
        #expect(conflict["unit"] == .text("phone"))
        #expect(conflict["state"] == .text("decided"))
        #expect(conflict["base"] == .text("\"13804390001\""))
        let sides = try #require(conflict["sides"]?.text)
        #expect(sides.contains("13804390002") && sides.contains("13804390003"))
        #expect(conflict["winner"] == .integer(2))
        #expect(conflict["reason"]?.text?.contains("\"rule\":\"latest\"") == true)
        try first.exchange()
        let phone = try #require(try hub.type("employer").unitNumber(named: "phone"))
        #expect(first.records[.test(1)]?[phone]?.single == .text("13804390003"))
    }

    @Test func theLosersReplicaEndsWithTheHubsValue() throws {
        var (hub, first, second) = try pair()
        try first.set("employer", .test(1), ["phone": .text("13804390002")])
        hub.clock.advance(minutes: -2)
        try second.set("employer", .test(1), ["phone": .text("13804390003")])
        try first.exchange()
        let reply = try second.exchange()
        let phone = try #require(try hub.type("employer").unitNumber(named: "phone"))
        let sent = reply.records.flatMap(\.units).filter { $0.unit == phone }
        #expect(sent.map(\.value.single) == [.text("13804390002")])
    }

    @Test func aConflictReachesTheNodesOfItsGridAndCanBeSettledThere() throws {
        var (hub, first, second) = try pair()
        let type = try hub.type("employer")
        let unit = try #require(type.unitNumber(named: "phone"))
        try first.set("employer", .test(1), ["phone": .text("13804390002")])
        try second.set("employer", .test(1), ["phone": .text("13804390003")])
        try first.exchange()
        try second.exchange()
        let conflictType = try hub.type("conflict").number
        let delta = try #require(
            try first.exchange().records.first { $0.type == conflictType })
        let id = try #require(delta.id)
        let entries = try hub.hub.history(.test(1)).filter { $0.unit == unit }
        first.save([
            Change(
                type: type.number, record: .test(1), unit: unit,
                value: UnitValue(.text("13804390002")),
                settles: Settlement(
                    conflict: id, sides: entries.map(\.identity), note: "当面核实"))
        ])
        try first.exchange()
        let conflict = try #require(try conflicts(hub).first)
        #expect(conflict["state"] == .text("settled"))
        #expect(conflict["settled_by"] == .text("虚构·甲"))
        #expect(conflict["note"] == .text("当面核实"))
        try second.exchange()
        #expect(second.records[.test(1)]?[unit]?.single == .text("13804390002"))
    }

    @Test func nobodyHasSeenWhatHasNotHappened() throws {
        var (hub, first, second) = try pair()
        try first.set("employer", .test(1), ["phone": .text("13804390002")])
        try first.exchange()
        let positions = second.positions
        second.positions[TestHub.village] = Position(1 << 40)
        try second.set("employer", .test(1), ["phone": .text("13804390003")])
        second.positions = positions
        try second.exchange()
        #expect(try conflicts(hub).count == 1, "a context from nowhere overwrites nothing")
    }

    @Test func aYearAheadNeverWinsByItself() throws {
        var (hub, first, second) = try pair()
        try first.set("employer", .test(1), ["phone": .text("13804390002")])
        second.time = HybridTime(milliseconds: hub.clock.milliseconds + 365 * 86_400_000)
        try second.set("employer", .test(1), ["phone": .text("13804390003")])
        try first.exchange()
        try second.exchange()
        let conflict = try #require(try conflicts(hub).first)
        #expect(conflict["state"] == .text("open"))
        let type = try hub.type("employer")
        let phone = try #require(type.field(named: "phone")).number
        #expect(
            try hub.hub.record(.test(1), type: type)?.values[phone] == .text("13804390002"))
    }

    @Test func anEditOfADeletedRecordRevivesItAsAnOpenConflict() throws {
        var (hub, first, second) = try pair()
        let type = try hub.type("employer")
        first.save([
            Change(type: type.number, record: .test(1), unit: .presence, value: .deleted)
        ])
        try second.set("employer", .test(1), ["phone": .text("13804390003")])
        try first.exchange()
        #expect(try hub.hub.record(.test(1), type: type)?.isAlive == false)
        try second.exchange()
        #expect(try hub.hub.record(.test(1), type: type)?.isAlive == true)
        #expect(try conflicts(hub).first?["kind"] == .text("deleted"))
        try first.exchange()
        let name = try #require(type.unitNumber(named: "name"))
        #expect(
            first.records[.test(1)]?[name]?.single == .text("虚构木业"),
            "the whole record comes again")
    }

    @Test func aMoveTakesTheRecordOutOfOneGridAndIntoAnother() throws {
        var (hub, first, _) = try pair()
        var neighbour = SketchNode(hub, try hub.enrol("虚构·邻", TestHub.otherVillage))
        try neighbour.exchange()
        let type = try hub.type("employer")
        try hub.hub.save(
            ActionDraft(
                author: "虚构·局", source: .onSite, savedAt: hub.clock.milliseconds,
                edits: [
                    RecordEdit(
                        type: type.number, id: .test(1), kind: .move(TestHub.otherVillage))
                ]))
        try first.exchange()
        try neighbour.exchange()
        #expect(first.records[.test(1)] == nil)
        #expect(neighbour.records[.test(1)] != nil)
    }
}
