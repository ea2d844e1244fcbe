import FieldgridModel
import FieldgridService
import Testing

@Suite struct ConflictTests {
    let fixture: Fixture
    let employer: String
    let incarnation = IncarnationID(UUIDBits(high: 7, low: 7))

    init() throws {
        fixture = try Fixture()
        employer = try fixture.employer("name=虚构商店", "phone=0439-3220002")
    }

    /// A conflict of the employer as the hub writes it down.
    @discardableResult
    func put(
        _ number: UInt64, unit: String = "phone", kind: String = "hard",
        state: String = "open", sides: [String] = ["\"0439-3220001\"", "\"0439-3220002\""],
        source: String = "on_site"
    ) throws -> RecordID {
        let type = try #require(fixture.store.schema.type(named: SystemTypes.Conflict.name))
        typealias Names = SystemTypes.Conflict
        let documents = sides.enumerated().map { place, value in
            """
            {"value":\(value),"author":"虚构\(place + 1)","node":null,"source":"\(source)",\
            "at":"2026-07-24T09:0\(place):00+08:00","clamped":false,\
            "incarnation":"\(incarnation)","seq":\(place + 1)}
            """
        }
        let values: [String: Value] = [
            Names.kind: .text(kind), Names.type: .text("employer"), Names.record: .text(employer),
            Names.unit: .text(unit), Names.policy: .text("latest"), Names.state: .text(state),
            Names.base: .text("\"0439-3220000\""), Names.winner: .integer(2),
            Names.sides: .text("[\(documents.joined(separator: ","))]"),
            Names.reason: .text("{\"rule\":\"latest\"}"),
        ]
        var numbered: [UnitNumber: Value] = [:]
        for (field, value) in values {
            if let number = type.field(named: field)?.number { numbered[number] = value }
        }
        let id = Fixture.id(1_000 + number)
        fixture.store.put(
            StoredRecord(
                type: type.number, id: id, scope: ScopeCode("220602001"), values: numbered))
        return id
    }

    func list(all: Bool = false, where conditions: String...) throws -> [JSONValue] {
        try fixture.answer(.conflicts(ask: .list(all: all, conditions: conditions)))
            .document.elements
    }

    func resolve(_ id: RecordID, _ choice: ConflictChoice) throws -> RecordEdit {
        let before = fixture.store.saved.count
        try fixture.answer(
            .conflicts(ask: .resolve(ids: [id.description], choice: choice, note: "已核实")))
        #expect(fixture.store.saved.count == before + 1)
        return try #require(fixture.store.saved.last?.edits.first)
    }

    @Test func onlyWhatWaitsIsListedUnlessAllIsAsked() throws {
        try put(1, state: "open")
        try put(2, state: "decided")
        try put(3, state: "settled")
        try put(4, state: "reopened")
        #expect(try list().map { $0["state"].text } == ["open", "reopened"])
        #expect(try list(all: true).count == 4)
        #expect(try list(all: true, where: "state=decided").count == 1)
    }

    @Test func basesAndSidesAreDecoded() throws {
        try put(1)
        let conflict = try #require(try list().first)
        #expect(conflict["base"] == .text("0439-3220000"))
        #expect(
            conflict["sides"].elements.map { $0["value"].text } == ["0439-3220001", "0439-3220002"])
        #expect(conflict["winner"] == .integer(2))
        #expect(conflict["record_name"].text == "虚构商店")
    }

    @Test func theReasonNamesTheRuleAndThePeopleInBothLanguages() throws {
        try put(1, state: "decided")
        let reason = try #require(try list(all: true).first)["reason"]
        #expect(reason["zh"].text?.contains("以较晚的时间为准") == true)
        #expect(reason["zh"].text?.contains("虚构2") == true)
        #expect(reason["en"].text?.contains("the later time decides") == true)
    }

    @Test func takingASideWritesItsValueAndNamesTheSidesThatWereSeen() throws {
        let id = try put(1)
        let edit = try resolve(id, .side(number: 1))
        let phone = fixture.number("phone", of: "employer")
        #expect(edit.values == [phone: .text("0439-3220001")])
        let settlement = try #require(edit.settlements[phone])
        #expect(settlement.conflict == id)
        #expect(
            settlement.sides
                == [1, 2].map {
                    ChangesetIdentity(incarnation: incarnation, seq: $0)
                })
        #expect(settlement.note == "已核实")
    }

    @Test func theBaseOrAnOwnValueSettlesToo() throws {
        let phone = fixture.number("phone", of: "employer")
        #expect(try resolve(put(1), .base).values == [phone: .text("0439-3220000")])
        let own = try resolve(put(2), .value(text: "0439-3229999"))
        #expect(own.values == [phone: .text("0439-3229999")])
    }

    @Test func deletedSettlesAsADeletionAndAliveAsARevival() throws {
        let id = try put(1, unit: "presence", kind: "deleted", sides: ["0", "1"])
        #expect(try resolve(id, .side(number: 1)).kind == .delete)
        let revival = try resolve(id, .side(number: 2))
        #expect(revival.kind == .update)
        #expect(revival.settlements[.presence]?.conflict == id)
    }

    @Test(arguments: [
        (ConflictChoice.side(number: 1), RecordService.Place.node, ValueSource.licence),
        (.winner, .hub, .licence),
        (.base, .node, .onSite),
        (.base, .hub, .hub),
        (.value(text: "0439-3229999"), .hub, .hub),
    ])
    func aSettlementHasTheSourceOfTheSideItTakesOrOfThePlaceItIsMadeAt(
        _ choice: ConflictChoice, _ place: RecordService.Place, _ source: ValueSource
    ) throws {
        let id = try put(1, source: "licence")
        fixture.place = place
        _ = try resolve(id, choice)
        #expect(fixture.store.saved.last?.source == source)
    }

    @Test func aDeviceThatTakesTheHubsSideDoesNotSpeakForTheHub() throws {
        _ = try resolve(try put(1, source: "hub"), .side(number: 1))
        #expect(fixture.store.saved.last?.source == .onSite)
    }

    @Test func theSourceThatThePersonNamesIsThatOfTheSettlement() throws {
        let id = try put(1, source: "licence").description
        try fixture.answer(
            .conflicts(
                ask: .resolve(ids: [id], choice: .winner, note: nil, source: .registry)))
        #expect(fixture.store.saved.last?.source == .registry)
    }

    @Test func aPreviewSavesNothingAndAFilterChooses() throws {
        try put(1)
        try put(2, unit: "hr_contact", sides: ["\"虚构\"", "\"虚构乙\""])
        let before = fixture.store.saved.count
        let preview = try fixture.answer(
            .conflicts(
                ask: .resolveAll(
                    conditions: ["unit=phone"], choice: .winner, note: nil, preview: true)))
        #expect(preview.document.elements.map { $0["unit"].text } == ["phone"])
        #expect(fixture.store.saved.count == before)
    }

    @Test func whatWasSettledHereDoesNotWaitAnyMore() throws {
        let id = try put(1)
        fixture.settledHere = [id]
        #expect(try list().isEmpty)
        let shown = try fixture.record(.show(type: "employer", id: employer))
        #expect(shown["conflicts"].elements.isEmpty)
    }

    @Test func valuesThatStillBreakTheRuleSettleNothing() throws {
        let id = try put(
            1, unit: "founded_before_status", kind: "inconsistent", sides: ["\"2019-06-01\""])
        let type = try #require(fixture.store.schema.type(named: "employer"))
        let key = try #require(RecordID(employer))
        var record = try #require(fixture.store.record(key, type: type))
        record.values[fixture.number("founded_on", of: "employer")] = .text("2019-06-01")
        record.values[fixture.number("status_on", of: "employer")] = .text("2015-03-01")
        fixture.store.put(record)
        for text in ["founded_on=2022-01-01", "hr_contact=虚构"] {
            let error = #expect(throws: ServiceError.self) { try resolve(id, .value(text: text)) }
            #expect(error?.message.contains("存续状态日期不应早于成立日期") == true)
        }
        #expect(try resolve(id, .value(text: "founded_on=2014-01-01")).values.count == 1)
        let fields = ["founded_on=2014-01-01", "hr_contact=虚构，人事"]
        #expect(try resolve(id, .values(fields: fields)).values.count == 2)
    }

    @Test func aStateThatThereIsNotIsRefusedAndNamesThoseThereAre() throws {
        let error = #expect(throws: ServiceError.self) { try list(where: "state=closed") }
        #expect(error?.hint?.contains("settled") == true)
        #expect(throws: ServiceError.self) { try list(where: "kind=foo") }
    }

    @Test func anInvalidValueOrSideIsRefused() throws {
        let id = try put(1).description
        for choice in [ConflictChoice.value(text: "12"), .side(number: 3)] {
            #expect(throws: ServiceError.self) {
                try fixture.answer(
                    .conflicts(ask: .resolve(ids: [id], choice: choice, note: nil)))
            }
        }
    }
}
