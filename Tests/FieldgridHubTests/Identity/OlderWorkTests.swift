import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSchema
import FieldgridService
import FieldgridSync
import Testing

/// Work made under an earlier schema is judged by that one, and what it comes
/// to is looked at by the present one (sync.md 9.21).
@Suite struct OlderWorkTests {
    let hub: TestHub
    let node: RealNode

    init() throws {
        hub = try Probe.hub()
        node = try RealNode(hub, hub.enrol("虚构·甲"))
    }

    private func create(_ values: [String: Value]) throws {
        try node.edit(.test(1), .create(TestHub.village), values, type: "probe")
    }

    private func limitPeople(to most: Int64) throws {
        try hub.republish {
            try $0.alter("people") { $0.checks = [.range(least: 0, greatest: most)] }
        }
    }

    private func refusal(_ node: RealNode) throws -> QuarantineCode? {
        try node.replica.quarantined().first?.code
    }

    @Test func aCheckThatCameMeanwhileIsAConflictUntilItHolds() throws {
        try create(["people": .integer(500)])
        try limitPeople(to: 100)
        try node.exchange()
        #expect(try refusal(node) == nil)
        let conflict = try #require(try hub.conflictList().first)
        #expect(conflict["kind"].text == "inconsistent")
        #expect(conflict["unit"].text == "people")
        #expect(conflict["state"].text == "open")
        #expect(conflict["reason"]["violation"].text == "value.range")
        #expect(conflict["reason"]["zh"].text?.contains("人数（people）：应为0至100") == true)
        #expect(conflict["sides"].elements.map { $0["value"].integer } == [500])
        try node.exchange()
        try node.edit(.test(1), .update, ["people": .integer(50)], type: "probe")
        try Probe.settle(hub, [node])
        #expect(try hub.conflictList().map { $0["state"].text } == ["settled"])
    }

    @Test func whatTheSameCheckRefusesIsMadeUnderThePresentSchema() throws {
        try limitPeople(to: 100)
        try node.exchange()
        try create(["people": .integer(500)])
        try node.exchange()
        #expect(try refusal(node) == .rule)
        #expect(try hub.conflictList().isEmpty)
    }

    @Test func aLooserSchemaThatCameMeanwhileExcusesNothing() throws {
        try limitPeople(to: 100)
        try node.exchange()
        try create(["people": .integer(500)])
        try limitPeople(to: 1_000)
        try node.exchange()
        #expect(try refusal(node) == .rule)
        #expect(try hub.state(.test(1)) == nil)
    }

    @Test func aFieldThatBecameRequiredIsAskedForAndRefusesNothing() throws {
        try create(["people": .integer(5)])
        try hub.republish { try $0.alter("name") { $0.required = true } }
        try node.exchange()
        let conflict = try #require(try hub.conflictList().first)
        #expect(conflict["unit"].text == "name")
        #expect(conflict["reason"]["violation"].text == "value.required")
        try node.exchange()
        try node.edit(.test(1), .update, ["name": .text("虚构试样")], type: "probe")
        try Probe.settle(hub, [node])
        #expect(try hub.conflictList(all: false).isEmpty)
    }

    @Test func anEditOfAnotherFieldIsNotAskedForWhatTheRecordNeverHad() throws {
        try create(["people": .integer(5)])
        try node.exchange()
        try node.edit(.test(1), .update, ["people": .integer(6)], type: "probe")
        try hub.republish { try $0.alter("name") { $0.required = true } }
        try node.exchange()
        #expect(try hub.conflictList().isEmpty)
        #expect(try refusal(node) == nil)
    }

    @Test func aRuleThatCameMeanwhileIsAConflictOfThatName() throws {
        try create(["people": .integer(5), "arrears": .integer(900)])
        try hub.republish {
            $0.rules.append(
                CrossFieldRule(
                    name: "no_arrears", label: Label(zh: "没有欠薪", en: "No arrears"),
                    condition: .compare(.equal, .field("arrears"), .integer(0))))
        }
        try node.exchange()
        let conflict = try #require(try hub.conflictList().first)
        #expect(conflict["unit"].text == "no_arrears")
        #expect(conflict["reason"]["en"].text?.contains("earlier schema") == true)
        try node.exchange()
        try node.edit(.test(1), .update, ["arrears": .integer(0)], type: "probe")
        try Probe.settle(hub, [node])
        #expect(try hub.conflictList(all: false).isEmpty)
    }

    @Test func aRuleThatIsGoneEndsItsConflicts() throws {
        try create(["people": .integer(500)])
        try limitPeople(to: 100)
        try node.exchange()
        try node.exchange()
        #expect(try node.conflicts().map { $0["state"] } == [.text("open")])
        try limitPeople(to: 1_000)
        try node.exchange()
        #expect(try node.conflicts().map { $0["state"] } == [.text("settled")])
        try Probe.settle(hub, [node])
    }

    @Test func aCodeThatWasWithdrawnIsAConflict() throws {
        try node.edit(
            .test(1), .create(TestHub.village),
            ["name": .text("虚构木业"), "life_status": .text("NOT_FOUND")])
        var schema = hub.hub.schema
        let field = try #require(hub.type("employer").field(named: "life_status"))
        guard case .code(let list, _) = field.kind else { return }
        let place = try #require(schema.codeLists.firstIndex { $0.name == list })
        for version in schema.codeLists[place].versions.indices {
            schema.codeLists[place].versions[version].codes.removeAll { $0.code == "NOT_FOUND" }
        }
        let change = try hub.hub.publish(try schema.canonicalJSON())
        #expect(change.sentences == ["the code list \(list) no longer has NOT_FOUND"])
        try node.exchange()
        let conflict = try #require(try hub.conflictList().first)
        #expect(conflict["unit"].text == "life_status")
        #expect(conflict["reason"]["violation"].text == "value.code-unknown")
    }

    @Test func aUnitThatTheNamedSchemaDoesNotHaveWaits() throws {
        let old = hub.hub.identity.schema
        try hub.republish { try $0.add("fax", like: "name", 40) }
        var sketch = SketchNode(hub, try hub.enrol("虚构·乙"))
        try sketch.create("probe", .test(2), ["fax": .text("1")])
        sketch.sealed[0].schema = old
        let reply = try sketch.exchange()
        guard case .quarantined(let code, let message)? = reply.receipts.first?.outcome else {
            Issue.record("it was accepted")
            return
        }
        #expect(code == .schema)
        #expect(message.contains("no such unit 40 of probe"))
    }

    @Test func anEarlierCreationAndItsCorrectionAreEachJudgedByTheirOwn() throws {
        try limitPeople(to: 100)
        try node.exchange()
        try create(["people": .integer(500)])
        try node.exchange()
        #expect(try refusal(node) == .rule)
        try hub.republish { try $0.alter("name") { $0.required = true } }
        try node.exchange()
        try node.edit(.test(1), .update, ["people": .integer(50)], type: "probe")
        try node.exchange()
        #expect(try refusal(node) == nil, "the creation names a schema without that requirement")
        #expect(try hub.conflictList(all: false).map { $0["unit"].text } == ["name"])
    }

    @Test func whatAnUndoBringsBackIsLookedAtAgain() throws {
        let other = try RealNode(hub, hub.enrol("虚构·乙"))
        try create(["arrears": .integer(0)])
        for node in [node, other] { try node.exchange() }
        try node.edit(.test(1), .update, ["arrears": .integer(900)], type: "probe")
        hub.clock.advance(minutes: 1)
        try other.edit(.test(1), .update, ["arrears": .integer(10)], type: "probe")
        for node in [node, other] { try node.exchange() }
        try hub.republish {
            try $0.alter("arrears") { $0.checks = [.range(least: 0, greatest: 5)] }
        }
        for node in [node, other, node] { try node.exchange() }
        let conflict = try #require(
            try node.conflicts().first { $0["kind"] == .text("hard") })
        let id = try #require(conflict["id"]?.text.flatMap { RecordID($0) })
        let sides = try #require(try hub.state(.test(1))?.units[UnitNumber(11)]?.sides)
        let settlement = Settlement(conflict: id, sides: sides.map(\.offer.identity), note: nil)
        try node.edit(
            .test(1), .update, ["arrears": .integer(5)], type: "probe",
            settlements: ["arrears": settlement])
        try node.exchange()
        #expect(try hub.conflictList(all: false).isEmpty)
        let undo = Settlement(conflict: id, sides: [], note: nil, isUndo: true)
        try node.edit(.test(1), .update, type: "probe", settlements: ["arrears": undo])
        try node.exchange()
        #expect(
            try hub.conflictList(all: false).compactMap { $0["kind"].text }.sorted()
                == ["hard", "inconsistent"])
    }
}
