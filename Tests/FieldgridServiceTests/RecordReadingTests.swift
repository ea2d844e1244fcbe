import FieldgridModel
import FieldgridService
import Testing

@Suite struct RecordReadingTests {
    let fixture: Fixture

    init() throws { fixture = try Fixture() }

    @Test func moneyIsFenAndGroupsAreObjects() throws {
        let id = try fixture.employer(
            "name=虚构商店", "reg_capital=12.34", "geo_lon=126.5", "geo_lat=41.9",
            "geo_datum=CGCS2000", "has_union=是")
        let fields = try fixture.record(.show(type: "employer", id: id))["fields"]
        #expect(fields["reg_capital"] == .integer(1234))
        #expect(fields["has_union"] == .bool(true))
        #expect(fields["geo"]["geo_lon"] == .number("126.500000"))
        #expect(fields["geo_lon"].isNull)
    }

    @Test func aListHasTheSameObjectsAsShow() throws {
        let id = try fixture.employer("name=虚构甲")
        _ = try fixture.employer("name=虚构乙")
        let shown = try fixture.record(.show(type: "employer", id: id))
        let list = try fixture.record(
            .list(type: "employer", conditions: ["name=虚构甲"], skip: 0, limit: nil))
        #expect(list == .array([shown]))
    }

    @Test func pagesTogetherAreTheWholeList() throws {
        for number in 0..<5 { _ = try fixture.employer("name=虚构\(number)") }
        let whole = try fixture.record(
            .list(type: "employer", conditions: [], skip: 0, limit: nil))
        var pages: [JSONValue] = []
        for skip in stride(from: 0, to: 6, by: 2) {
            let page = try fixture.record(
                .list(type: "employer", conditions: [], skip: skip, limit: 2))
            pages += page.elements
        }
        #expect(whole == .array(pages))
        #expect(pages.count == 5)
    }

    @Test func anEmptyConditionFindsEmptyFields() throws {
        _ = try fixture.employer("name=虚构甲", "phone=0439-3220001")
        let id = try fixture.employer("name=虚构乙")
        let list = try fixture.record(
            .list(type: "employer", conditions: ["phone="], skip: 0, limit: nil))
        #expect(list.elements.map { $0["id"].text } == [id])
    }

    @Test func whatTheHubRefusedIsShownWithItsSentence() throws {
        let id = try fixture.employer("name=虚构商店")
        let record = try #require(RecordID(id))
        var stored = try #require(fixture.store.records[record])
        stored.unsynced = [
            UnsyncedUnit(
                unit: fixture.number("phone", of: "employer"), quarantine: .rule, message: "…")
        ]
        fixture.store.put(stored)
        let reply = try fixture.answer(.record(ask: .show(type: "employer", id: id)))
        #expect(reply.needsPerson)
        #expect(reply.document["unsynced"] == .texts(["phone"]))
        #expect(reply.document["quarantine"].elements.first?["code"].text == "rule.broken")
    }

    @Test func aLosingValueIsToldWithTheRuleAndTheRival() throws {
        let id = try fixture.employer("name=虚构商店")
        let incarnation = IncarnationID(UUIDBits(high: 1, low: 1))
        let rival = ChangesetIdentity(incarnation: incarnation, seq: 9)
        let phone = fixture.number("phone", of: "employer")
        let entry = { (seq: Int64, author: String, outcome: MergeOutcome?) in
            HistoryEntry(
                unit: phone, value: UnitValue(.text("0439-322000\(seq)")),
                identity: ChangesetIdentity(incarnation: incarnation, seq: seq), author: author,
                node: nil, source: .onSite, savedAt: Fixture.now, outcome: outcome)
        }
        let lost = MergeOutcome(
            effect: .loses, rule: .latest, conflict: nil, conflictState: nil, rivals: [rival])
        fixture.store.entries = [entry(1, "虚构赵某", lost), entry(9, "虚构钱某", nil)]
        let history = try fixture.record(.history(type: "employer", id: id)).elements
        #expect(history.first?["outcome"].text == "loses")
        #expect(history.first?["reason"].text?.contains("虚构钱某") == true)
        #expect(history.first?["reason_zh"].text?.contains("较晚的时间") == true)
        #expect(history.last?["outcome"].isNull == true)
    }

    @Test func theHistoryOfASetTellsWhatWasAddedAndWhatWasTakenOut() throws {
        let id = try fixture.employer("name=虚构商店")
        let incarnation = IncarnationID(UUIDBits(high: 1, low: 1))
        let set = { (elements: [String]) -> Value in
            TextSet.encode(elements).map { .text($0) } ?? .null
        }
        let entry = { (seq: Int64, added: [String], removed: [String]) in
            HistoryEntry(
                unit: fixture.number("name_alias", of: "employer"),
                value: UnitValue([set(added), set(removed)]),
                identity: ChangesetIdentity(incarnation: incarnation, seq: seq),
                author: "虚构赵某", node: nil, source: .onSite, savedAt: Fixture.now,
                outcome: MergeOutcome(effect: .combines, rule: .set))
        }
        fixture.store.entries = [entry(1, ["甲厂", "乙厂"], []), entry(2, [], ["甲厂"])]
        let history = try fixture.record(.history(type: "employer", id: id)).elements
        #expect(history.map { $0["value"] } == [.texts(["乙厂", "甲厂"]), .null])
        #expect(history.map { $0["removed"] } == [.null, .texts(["甲厂"])])
        #expect(history.first?["reason_zh"].text?.contains("各方增减的项合并") == true)
    }

    @Test func whatTheHubRefusedIsNotSaidToBeUnsent() throws {
        let id = try fixture.employer("name=虚构商店")
        var entry = HistoryEntry(
            unit: fixture.number("phone", of: "employer"), value: UnitValue(.text("1")),
            identity: ChangesetIdentity(
                incarnation: IncarnationID(UUIDBits(high: 1, low: 1)), seq: 1),
            author: "虚构赵某", node: nil, source: .onSite, savedAt: Fixture.now)
        entry.quarantine = .rule
        fixture.store.entries = [entry]
        let history = try fixture.record(.history(type: "employer", id: id)).elements
        #expect(history.first?["reason_zh"].text?.contains("退回") == true)
        #expect(history.first?["reason"].text?.contains("Refused") == true)
    }

    @Test func tasksNotDoneComeFirstAndAreLateAfterTheirDay() throws {
        let type = try #require(fixture.store.schema.type(named: SystemTypes.Task.name))
        let task = { (number: UInt64, name: String, due: String, state: String) in
            let values: [String: Value] = [
                SystemTypes.Task.title: .text(name), SystemTypes.Task.due: .text(due),
                SystemTypes.Task.state: .text(state), SystemTypes.Task.period: .text("2026H1"),
            ]
            var numbered: [UnitNumber: Value] = [:]
            for (field, value) in values {
                if let number = type.field(named: field)?.number { numbered[number] = value }
            }
            return StoredRecord(
                type: type.number, id: Fixture.id(number), scope: ScopeCode("220602001"),
                values: numbered)
        }
        fixture.store.put(task(1, "虚构甲", "2026-06-30", "done"))
        fixture.store.put(task(2, "虚构乙", "2026-06-30", "due"))
        fixture.store.put(task(3, "虚构丙", "2026-12-31", "due"))
        let all = try fixture.answer(.tasks(period: nil, openOnly: false)).document.elements
        #expect(all.map { $0["state"].text } == ["late", "due", "done"])
        let open = try fixture.answer(.tasks(period: nil, openOnly: true)).document.elements
        #expect(open.map { $0["name"].text } == ["虚构乙", "虚构丙"])
    }
}
