import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSchema
import Testing

/// A record that was merged into another, which was merged in turn
/// (sync.md 9.19).
@Suite struct MergedTwiceTests {
    private static let lower = RecordID.duplicate(.test(2), .test(3))
    private static let upper = RecordID.duplicate(.test(1), .test(2))

    /// The third record is merged into the second, and that into the first.
    private func chain() throws -> (hub: TestHub, node: RealNode, late: RealNode) {
        let hub = try Probe.hub()
        let node = try RealNode(hub, hub.enrol("虚构·甲"))
        let late = try RealNode(hub, hub.enrol("虚构·乙"))
        for number: UInt64 in 1...3 {
            var values: [String: Value] = ["name": .text("虚构\(number)")]
            if number > 1 { values["code"] = .text("A-1") }
            try node.edit(.test(number), .create(TestHub.village), values, type: "probe")
        }
        try node.edit(.test(3), .update, ["visits": .integer(4)], type: "probe")
        try Probe.settle(hub, [node, late])
        try merge(node, .test(3), into: .test(2), Self.lower)
        try Probe.settle(hub, [node])
        try node.edit(.test(1), .update, ["code": .text("A-1")], type: "probe")
        try Probe.settle(hub, [node])
        try merge(node, .test(2), into: .test(1), Self.upper)
        try Probe.settle(hub, [node])
        return (hub, node, late)
    }

    private func merge(
        _ node: RealNode, _ id: RecordID, into other: RecordID, _ conflict: RecordID
    ) throws {
        try node.edit(
            id, .merge(into: other), type: "probe",
            settlements: ["presence": Settlement(conflict: conflict, sides: [])])
    }

    private func part(_ node: RealNode, _ id: RecordID, _ conflict: RecordID) throws {
        try node.edit(
            id, .update, type: "probe",
            settlements: ["presence": Settlement(conflict: conflict, sides: [], isUndo: true)])
    }

    /// The names that were given to a record, with what was merged into it.
    private func names(_ hub: TestHub, _ number: UInt64) throws -> Set<Value> {
        let unit = try #require(try hub.state(.test(number))?.units[UnitNumber(2)])
        return Set(unit.sides.map(\.value.single))
    }

    @Test func eachValueIsOfTheRecordThatItWasGivenTo() throws {
        let (hub, _, _) = try chain()
        #expect(try names(hub, 1) == [.text("虚构1"), .text("虚构2"), .text("虚构3")])
        let sides = try #require(try hub.state(.test(1))?.units[UnitNumber(2)]?.sides)
        #expect(Set(sides.map(\.origin)) == [nil, .test(2), .test(3)])
        #expect(try hub.hub.reviewAudit().finding == nil)
    }

    @Test func whatIsPartedFromTheLowerIsPartedFromTheUpperToo() throws {
        let (hub, node, late) = try chain()
        try part(node, .test(3), Self.lower)
        try Probe.settle(hub, [node, late])
        #expect(try names(hub, 2) == [.text("虚构2")])
        #expect(try names(hub, 1) == [.text("虚构1"), .text("虚构2")])
        #expect(try node.shown(.test(1), "visits", type: "probe") == .null)
        #expect(try hub.hub.reviewAudit().finding == nil)
    }

    @Test func theLowerTakesWhatWasMergedIntoItWithItAndWhatCameLate() throws {
        let (hub, node, late) = try chain()
        try late.edit(.test(3), .update, ["people": .integer(12)], type: "probe")
        try Probe.settle(hub, [late, node])
        #expect(try node.shown(.test(1), "people", type: "probe") == .integer(12))
        try part(node, .test(2), Self.upper)
        try Probe.settle(hub, [node, late])
        #expect(try names(hub, 1) == [.text("虚构1")])
        #expect(try names(hub, 2) == [.text("虚构2"), .text("虚构3")])
        #expect(try node.shown(.test(1), "people", type: "probe") == .null)
        #expect(try node.shown(.test(2), "people", type: "probe") == .integer(12))
        #expect(try node.shown(.test(2), "visits", type: "probe") == .integer(4))
        #expect(try hub.hub.reviewAudit().finding == nil)
    }
}
