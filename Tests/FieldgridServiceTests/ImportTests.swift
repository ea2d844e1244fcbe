import FieldgridModel
import FieldgridService
import Testing

@Suite struct ImportTests {
    let fixture: Fixture

    init() throws {
        fixture = try Fixture()
        fixture.place = .hub
        fixture.store.enrolled = [ScopeCode("220602")]
        for (code, name, parent, level) in [
            ("220602", "浑江区", nil, 1), ("220602100", "七道江镇", "220602", 2),
        ] as [(String, String, String?, Int)] {
            var fields = ["code=\(code)", "name=\(name)", "level=\(level)"]
            if let parent { fields.append("parent=\(parent)") }
            _ = try fixture.record(
                .create(type: "grid", fields: fields, scope: "220602", source: nil))
        }
    }

    static let registry = [
        "企业名称", "统一社会信用代码", "注册日期", "企业类型", "法人代表", "注册资金", "经营范围", "所在省份", "地区", "注册地址",
    ]

    func plan(_ headers: [String], type: String = "employer") throws -> ImportPlan {
        let reply = try fixture.answer(
            .imports(ask: .plan(type: type, headers: headers, mapName: nil, map: nil)))
        return try JSONBridge.value(ImportPlan.self, from: reply.document)
    }

    func run(_ headers: [String], _ rows: [[String]], dryRun: Bool = false) throws
        -> [ImportOutcome]
    {
        let rows = rows.enumerated().map { ImportRow(line: $0 + 2, cells: $1) }
        let batch = ImportBatch(
            plan: try plan(headers), rows: rows, scope: nil, dryRun: dryRun)
        let reply = try fixture.answer(.imports(ask: .rows(batch: batch)))
        return try JSONBridge.value([ImportOutcome].self, from: reply.document)
    }

    func row(_ name: String, code: String = "N/A", capital: String = "N/A", address: String = "")
        -> [String]
    {
        [name, code, "N/A", "N/A", "N/A", capital, "N/A", "吉林", "白山", address]
    }

    var employers: [StoredRecord] {
        let type = fixture.store.schema.type(named: "employer")
        return fixture.store.records.values.filter { $0.type == type?.number }
    }

    @Test func aRegistryTableIsRecognisedByItsHeaders() throws {
        #expect(try plan(Self.registry).mapName == "registry")
    }

    @Test func anAmountInTenThousandsBecomesFenWithItsCurrency() throws {
        let outcomes = try run(Self.registry, [row("虚构甲", capital: "2,518(万元人民币)")])
        #expect(outcomes.map(\.effect) == [.created])
        let record = try #require(employers.first)
        #expect(
            record.values[fixture.number("reg_capital", of: "employer")] == .integer(2_518_000_000))
        #expect(record.values[fixture.number("reg_currency", of: "employer")] == .text("CNY"))
    }

    @Test func theAddressNamesTheGridElseTheMarkIsSet() throws {
        let outcomes = try run(
            Self.registry,
            [row("虚构甲", address: "白山市七道江镇1号"), row("虚构乙", address: "白山市某街2号")])
        #expect(outcomes.map(\.scope) == ["220602100", "220602"])
        #expect(outcomes.map(\.gridUnknown) == [false, true])
        let mark = fixture.number("grid_unknown", of: "employer")
        let marked = employers.filter { $0.values[mark] == .integer(1) }
        #expect(marked.map(\.scope.text) == ["220602"])
    }

    @Test func repeatingDoublesNothingWithOrWithoutANaturalKey() throws {
        let rows = [row("虚构甲", code: "912206020000000005"), row("虚构乙")]
        #expect(try run(Self.registry, rows).map(\.effect) == [.created, .created])
        #expect(try run(Self.registry, rows).map(\.effect) == [.unchanged, .unchanged])
        #expect(employers.count == 2)
    }

    @Test func onlyChangedFieldsOfAKnownRecordAreWritten() throws {
        _ = try run(["name", "uscc", "phone"], [["虚构甲", "912206020000000005", "0439-3220001"]])
        let again = try run(
            ["name", "uscc", "phone"], [["虚构甲", "912206020000000005", "0439-3220002"]])
        #expect(again.map(\.effect) == [.updated])
        let edit = try #require(fixture.store.saved.last?.edits.first)
        #expect(edit.values.keys.map(\.value) == [fixture.number("phone", of: "employer").value])
        #expect(fixture.store.saved.last?.source == .import)
    }

    @Test func oneKeyTwiceInOneBatchIsOneRecord() throws {
        let code = "912206020000000005"
        let outcomes = try run(
            ["name", "uscc", "phone"],
            [["虚构甲", code, "0439-3220001"], ["虚构甲", code, "0439-3220002"]])
        #expect(outcomes.map(\.effect) == [.created, .updated])
        #expect(employers.count == 1)
    }

    @Test func aBadRowIsRefusedWithItsColumnAndTheOthersComeIn() throws {
        let outcomes = try run(
            ["name", "uscc", "phone"],
            [["虚构甲", "912206020000000006", ""], ["虚构乙", "", "12"], ["虚构丙"], ["虚构丁", "", ""]])
        #expect(outcomes.map(\.effect) == [.rejected, .rejected, .rejected, .created])
        #expect(outcomes[0].rejections.first?.code == "value.check-digit")
        #expect(outcomes[0].rejections.first?.column == 2)
        #expect(outcomes[1].rejections.first?.column == 3)
        #expect(outcomes[1].line == 3)
        #expect(outcomes[2].rejections.first?.code == "import.column")
    }

    @Test func aDryRunDecidesAndSavesNothing() throws {
        #expect(try run(["name"], [["虚构甲"]], dryRun: true).map(\.effect) == [.created])
        #expect(employers.isEmpty)
    }

    @Test func anUnknownColumnIsRefusedWithTheNearestName() throws {
        let error = #expect(throws: ServiceError.self) { try plan(["name", "phon"]) }
        #expect(error?.code == "import.column")
        #expect(error?.hint?.contains("phone") == true)
    }

    @Test func aColumnWithAnEndlessNameIsRefusedInASentence() throws {
        let name = String(repeating: "phone", count: 10_000)
        let error = try #require(#expect(throws: ServiceError.self) { try plan(["name", name]) })
        #expect(error.code == "import.column")
        #expect(error.message.count < 200)
        #expect(error.message.contains("phonephone"))
    }

    @Test func anExportedTableComesBackByItsIds() throws {
        let id = try fixture.employer("name=虚构甲", scope: "220602100")
        let outcomes = try run(
            ["id", "scope", "name", "phone"], [[id, "220602100", "虚构甲", "0439-3220001"]])
        #expect(outcomes.map(\.effect) == [.updated])
        #expect(employers.count == 1)
    }
}
