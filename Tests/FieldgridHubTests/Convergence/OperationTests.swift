import FieldgridHub
import FieldgridModel
import FieldgridSchema
import Testing

/// Units that are no registers, through replicas and hub (sync.md 9.10).
@Suite struct OperationTests {
    private func set(_ elements: String...) -> Value {
        TextSet.encode(elements).map { .text($0) } ?? .null
    }

    @Test func shopNamesThatTwoPeopleAddBothHoldWithoutAConflict() throws {
        let (hub, first) = try RealNode.withOneEmployer(.test(1))
        let second = try RealNode(hub, hub.enrol("虚构·乙"))
        let alias = "name_alias"
        try first.edit(.test(1), .update, [alias: set("红松店")])
        for node in [first, second, first] { try node.exchange() }
        try first.edit(.test(1), .update, [alias: set("红松店", "老木匠")])
        try second.edit(.test(1), .update, [alias: set("七道江木业")])
        for node in [first, second, first] { try node.exchange() }
        #expect(try first.shown(.test(1), alias) == set("七道江木业", "老木匠"))
        #expect(try second.shown(.test(1), alias) == set("七道江木业", "老木匠"))
        #expect(try first.conflicts().isEmpty)
    }

    @Test func incrementsMadeApartAddUp() throws {
        let (hub, first, second) = try Probe.pair(["visits": .integer(10)])
        try first.edit(.test(1), .update, ["visits": .integer(11)], type: "probe")
        try second.edit(.test(1), .update, ["visits": .integer(12)], type: "probe")
        try second.edit(.test(1), .update, ["visits": .integer(15)], type: "probe")
        try Probe.settle(hub, [first, second])
        #expect(try first.shown(.test(1), "visits", type: "probe") == .integer(16))
        #expect(try first.conflicts().isEmpty)
    }

    @Test func aRowIsWhatTheHubHasWithTheOwnIncrementsThatItHasNot() throws {
        let (_, first, second) = try Probe.pair(["visits": .integer(10)])
        try first.edit(.test(1), .update, ["visits": .integer(14)], type: "probe")
        try first.exchange()
        // Refused for now, so the increment stays its own.
        try second.edit(
            .test(1), .update, ["visits": .integer(11), "arrears": .integer(-1)], type: "probe")
        try second.edit(.test(1), .move(ScopeCode("999999")), type: "probe")
        try second.exchange()
        #expect(try second.shown(.test(1), "visits", type: "probe") == .integer(15))
    }

    @Test func aRemovalTakesOnlyTheAdditionsItHadSeen() throws {
        let (hub, first, second) = try Probe.pair(["tags": set("粉尘", "欠薪")])
        try first.edit(.test(1), .update, ["tags": set("粉尘")], type: "probe")
        try second.edit(.test(1), .update, ["tags": set("粉尘", "欠薪", "童工")], type: "probe")
        try second.edit(.test(1), .update, ["tags": set("童工")], type: "probe")
        try second.edit(.test(1), .update, ["tags": set("童工", "欠薪")], type: "probe")
        try Probe.settle(hub, [first, second])
        #expect(try second.shown(.test(1), "tags", type: "probe") == set("欠薪", "童工"))
        #expect(try second.conflicts().isEmpty)
    }

    @Test func entriesAreAllKeptInTheOrderOfTheirTimes() throws {
        let (hub, first, second) = try Probe.pair(["notes": .text("初访")])
        try second.edit(.test(1), .update, ["notes": .text("初访\n二访")], type: "probe")
        hub.clock.advance(minutes: 1)
        try first.edit(.test(1), .update, ["notes": .text("初访\n三访")], type: "probe")
        try Probe.settle(hub, [first, second])
        #expect(try first.shown(.test(1), "notes", type: "probe") == .text("初访\n二访\n三访"))
    }

    @Test func whatIsSetOnceStaysAndTheSecondTryIsRefusedForThatUnitAlone() throws {
        let (hub, first, second) = try Probe.pair(["maker": .text("虚构·甲")])
        try second.edit(
            .test(1), .update, ["maker": .text("虚构·乙"), "name": .text("虚构新名")], type: "probe")
        try Probe.settle(hub, [first, second])
        #expect(try second.shown(.test(1), "maker", type: "probe") == .text("虚构·甲"))
        #expect(try second.shown(.test(1), "name", type: "probe") == .text("虚构新名"))
    }

    @Test func ofTwoWhoSetItApartTheEarlierStands() throws {
        let (hub, first, second) = try Probe.pair()
        try first.edit(.test(1), .update, ["maker": .text("虚构·甲")], type: "probe")
        hub.clock.advance(minutes: 1)
        try second.edit(.test(1), .update, ["maker": .text("虚构·乙")], type: "probe")
        try second.exchange()
        try Probe.settle(hub, [first, second])
        #expect(try second.shown(.test(1), "maker", type: "probe") == .text("虚构·甲"))
        #expect(try second.conflicts().map { $0["state"] } == [.text("decided")])
    }

    @Test func anEditOfAFieldOfTheHubIsRefusedAloneAndTakenBackAtItsNode() throws {
        let (hub, first, second) = try Probe.pair()
        try first.edit(
            .test(1), .update, ["case_number": .text("自编"), "name": .text("虚构新名")],
            type: "probe")
        try Probe.settle(hub, [first, second])
        #expect(try first.shown(.test(1), "case_number", type: "probe") == .null)
        #expect(try second.shown(.test(1), "name", type: "probe") == .text("虚构新名"))
    }

    @Test func whoHasSeenTheGreatestMayLowerIt() throws {
        let (hub, first, second) = try Probe.pair(["seen_on": .text("2026-07-20")])
        try first.edit(.test(1), .update, ["seen_on": .text("2026-07-22")], type: "probe")
        try second.edit(.test(1), .update, ["seen_on": .text("2026-07-21")], type: "probe")
        try Probe.settle(hub, [first, second])
        #expect(try second.shown(.test(1), "seen_on", type: "probe") == .text("2026-07-22"))
        try second.edit(.test(1), .update, ["seen_on": .text("2026-07-19")], type: "probe")
        try Probe.settle(hub, [first, second])
        #expect(try first.shown(.test(1), "seen_on", type: "probe") == .text("2026-07-19"))
    }

    @Test func aSaveThatTwoCopiesOfAFolderSendCountsOnce() throws {
        let (hub, first, second) = try Probe.pair(["visits": .integer(10)])
        let before = try first.copy()
        try first.edit(.test(1), .update, ["name": .text("虚构新名")], type: "probe")
        try first.exchange()
        // Put back, it does not know of its last number; what it saves now forks.
        try first.restore(before)
        try first.edit(.test(1), .update, ["visits": .integer(11)], type: "probe")
        let waiting = try first.copy()
        try first.exchange()
        try first.restore(waiting)
        try first.exchange()
        #expect(first.reborn.count == 2)
        try Probe.settle(hub, [first, second])
        #expect(try second.shown(.test(1), "visits", type: "probe") == .integer(11))
    }
}
