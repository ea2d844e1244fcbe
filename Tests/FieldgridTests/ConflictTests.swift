import Fieldgrid
import Testing

/// Disagreements, as an app meets them.
@Suite struct ConflictTests {
    /// Two devices that have both seen one clinic with three beds.
    private func two() async throws -> (FieldNode, FieldNode, RecordID) {
        let village = try Village()
        let first = try await village.join()
        let id = try first.create("clinic", ["name": "虚构卫生室", "beds": 3, "doctors": 1]).id
        try await first.sync()
        return (first, try await village.join("second"), id)
    }

    /// Two devices and the conflict of their counts.
    private func disagreeing() async throws -> (FieldNode, FieldNode, RecordID, Conflict) {
        let (first, second, id) = try await two()
        try first.edit(try first.record(id, of: "clinic"), ["beds": 4])
        try second.edit(try second.record(id, of: "clinic"), ["beds": 5])
        try await first.sync()
        try await second.sync()
        return (first, second, id, try #require(try second.conflicts().first))
    }

    @Test func bothSidesTheBaseAndTheReasonAreTold() async throws {
        let (_, second, id, conflict) = try await disagreeing()
        #expect(conflict.kind == .hard)
        #expect(conflict.unit == "beds")
        #expect(conflict.base == ["beds": 3])
        #expect(Set(conflict.sides.map { $0.values["beds"] }) == [4, 5])
        #expect(Set(conflict.sides.map(\.author)) == ["虚构1", "虚构2"])
        #expect(conflict.waitsForPerson)
        #expect(conflict.reason.zh.contains("请人工确认"))
        #expect(conflict.reason.en.contains("a person decides"))
        #expect(try second.record(id, of: "clinic").conflicts == [conflict.id])
    }

    @Test func aSettlementReachesTheOtherAndCanBeTakenBack() async throws {
        let (first, second, id, conflict) = try await disagreeing()
        try second.settle(conflict, .base)
        try await second.sync()
        try await first.sync()
        #expect(try first.record(id, of: "clinic")["beds"] == 3)
        #expect(try first.conflicts().isEmpty)
        try first.undo(try first.conflict(conflict.id))
        try await first.sync()
        try await second.sync()
        #expect(try second.conflict(conflict.id).state == .reopened)
    }

    @Test func anEditOfAScreenThatStayedOpenDoesNotOverwriteWhatCameMeanwhile() async throws {
        let (first, second, id) = try await two()
        let onScreen = try first.record(id, of: "clinic")
        try second.edit(try second.record(id, of: "clinic"), ["beds": 5])
        try await second.sync()
        try await first.sync()
        try first.edit(onScreen, ["beds": 4])
        try await first.sync()
        #expect(try first.conflicts().map(\.unit) == ["beds"])
    }

    @Test func anEditOfWhatWasReadAgainIsNoConflict() async throws {
        let (first, second, id) = try await two()
        try second.edit(try second.record(id, of: "clinic"), ["beds": 5])
        try await second.sync()
        try await first.sync()
        try first.edit(try first.record(id, of: "clinic"), ["beds": 4])
        try await first.sync()
        #expect(try first.conflicts(includingDecided: true).isEmpty)
        #expect(try first.record(id, of: "clinic")["beds"] == 4)
    }

    @Test func aConflictThatGrewSinceItWasShownIsNotSettledBlindly() async throws {
        let village = try Village()
        let nodes = try await [village.join("a"), village.join("b"), village.join("c")]
        let id = try nodes[0].create("clinic", ["name": "虚构卫生室", "beds": 3, "doctors": 1]).id
        for node in nodes { try await node.sync() }
        let screens = try nodes.map { try $0.record(id, of: "clinic") }
        for (number, node) in nodes.enumerated() {
            try node.edit(screens[number], ["beds": .integer(Int64(10 + number))])
        }
        for node in nodes[...1] { try await node.sync() }
        let shown = try #require(try nodes[1].conflicts().first)
        try await nodes[2].sync()
        try await nodes[1].sync()
        let error = FieldgridError.of { try nodes[1].settle(shown, .side(1)) }
        #expect(error?.code == "conflict.changed")
        let now = try nodes[1].conflict(shown.id)
        #expect(now.sides.count == 3)
        try nodes[1].settle(now, .side(1))
        #expect(try nodes[1].conflict(shown.id).state == .settled)
    }

    @Test func aGroupIsSettledWithValuesOfItsMembers() async throws {
        let (first, second, id) = try await two()
        try first.edit(try first.record(id, of: "clinic"), ["nurses": 1])
        try second.edit(try second.record(id, of: "clinic"), ["nurses": 2])
        try await first.sync()
        try await second.sync()
        let conflict = try #require(try second.conflicts().first)
        #expect(conflict.unit == "people")
        #expect(conflict.sides[0].values == ["doctors": 1, "nurses": 1])
        try second.settle(conflict, .values(["nurses": 3, "doctors": 2]))
        let record = try second.record(id, of: "clinic")
        #expect(record["nurses"] == 3)
        #expect(record["doctors"] == 2)
    }

    @Test func aBrokenRuleIsPutRightWithValuesThatHaveCommasAndSeveralElements() async throws {
        let (first, second, id) = try await two()
        try first.edit(try first.record(id, of: "clinic"), ["beds": 0])
        try await first.sync()
        try await second.sync()
        try first.edit(try first.record(id, of: "clinic"), ["doctors": 0])
        try second.edit(try second.record(id, of: "clinic"), ["beds": 4])
        try await first.sync()
        try await second.sync()
        let conflict = try #require(try second.conflicts().first { $0.kind == .inconsistent })
        let values: [String: FieldValue] = [
            "doctors": 2, "name": "虚构，卫生室, 二; 三", "services": ["慢病随访", "疫苗接种"],
        ]
        try second.settle(conflict, .values(values))
        let record = try second.record(id, of: "clinic")
        for (field, value) in values { #expect(record[field] == value) }
    }

    @Test func valuesOfOtherFieldsAreNoSettlementOfOne() async throws {
        let (_, second, id, conflict) = try await disagreeing()
        let others: [[String: FieldValue]] = [
            ["name": "虚构乙"], ["beds": 1, "name": "虚构乙"], [:],
        ]
        for values in others {
            let error = FieldgridError.of { try second.settle(conflict, .values(values)) }
            #expect(error?.code == "conflict.other-fields")
        }
        #expect(try second.record(id, of: "clinic")["name"] == "虚构卫生室")
        try second.settle(conflict, .values(["beds": 7]))
        #expect(try second.record(id, of: "clinic")["beds"] == 7)
    }

    @Test func twoRecordsOfOneThingAreMergedUnderBothIDs() async throws {
        let village = try Village()
        let (first, second) = try await (village.join("a"), village.join("b"))
        let ids = try [first, second].map {
            try $0.create("clinic", ["name": "虚构卫生室", "licence": "FG-1"]).id
        }
        try await first.sync()
        try await second.sync()
        let conflict = try #require(try second.conflicts().first)
        #expect(conflict.kind == .duplicate)
        try second.settle(conflict, .merge)
        try await second.sync()
        try await first.sync()
        #expect(try first.records(of: "clinic").map(\.id) == [ids.min()])
        #expect(try first.record(try #require(ids.max()), of: "clinic").id == ids.min())
    }

    @Test func aRecordThatOneDeletedAndAnotherEditedIsKeptUntilAPersonDecides() async throws {
        let (first, second, id) = try await two()
        try first.delete(try first.record(id, of: "clinic"))
        try second.edit(try second.record(id, of: "clinic"), ["phone": "0999-0000001"])
        try await first.sync()
        try await second.sync()
        let conflict = try #require(try second.conflicts().first)
        #expect(conflict.kind == .deleted)
        try second.settle(conflict, .delete)
        try await second.sync()
        #expect(try second.records(of: "clinic").isEmpty)
    }

    @Test func whatThisDeviceSavedIsToldWithItsReason() async throws {
        let node = try await Village().join()
        let made = try node.create("clinic", ["name": "虚构卫生室", "subsidy": .money(fen: 5)])
        let lines = try node.history(of: try node.record(made.id, of: "clinic"))
        let line = try #require(lines.first { $0.unit == "subsidy" })
        #expect(line.values == ["subsidy": .money(fen: 5)])
        #expect(line.author == "虚构1")
        #expect(line.source == .onSite)
        #expect(line.reason.zh == "尚未上报，等待区级处理")
    }
}
