import FieldgridModel
import FieldgridSchema
import Testing

@Suite struct ImportRowTests {
    private static let header = [
        "企业名称", "统一社会信用代码", "注册日期", "企业类型", "法人代表", "注册资金", "经营范围", "所在省份", "地区",
        "注册地址",
    ]

    private func table(header: [String] = header) throws -> ImportTable {
        let schema = try LabourSchema.read()
        let map = try #require(schema.imports.first { $0.name == "registry" })
        return try ImportTable.bind(map, header: header, schema: schema)
    }

    private func row(
        kind: String = "N/A", capital: String = "N/A", founded: String = "1984-06-18"
    ) throws -> ImportTable.Row {
        try table().row([
            "虚构甲公司", "91110000802100433b", founded, kind, "虚×", capital, "", "吉林", "白山", "某街",
        ])
    }

    @Test(arguments: [
        ("2,518(万元人民币)", 2_518_000_000, "CNY"), ("12.2000(万元人民币)", 12_200_000, "CNY"),
        ("14,265.3700(万元人民币)", 14_265_370_000, "CNY"), ("100(万)", 100_000_000, "CNY"),
        ("50万人民币", 50_000_000, "CNY"), ("50 万元人民币", 50_000_000, "CNY"),
        ("8（万美元）", 8_000_000, "USD"), ("0.0001(万元人民币)", 100, "CNY"),
    ])
    func anAmountIsReadWithItsUnit(text: String, hundredths: Int64, currency: String) throws {
        let row = try row(capital: text)
        #expect(row.values["reg_capital"] == .integer(hundredths))
        #expect(row.values["reg_currency"] == .text(currency))
    }

    @Test(arguments: [
        ("100", "import.unit"), ("100(万贯)", "import.unit"), ("1,00(万)", "value.type"),
        ("(万)", "value.type"), ("0.0000001(万)", "value.type"),
        ("99999999999999999(万)", "value.range"),
    ])
    func anAmountThatIsNotExactIsRefused(text: String, code: String) throws {
        let row = try row(capital: text)
        #expect(row.violations.map(\.violation.code) == [code])
        #expect(row.violations.map(\.column) == ["注册资金"])
    }

    @Test func whatMeansEmptyIsNull() throws {
        let row = try row()
        #expect(row.values["reg_capital"] == .null && row.values["reg_type"] == .null)
        #expect(row.violations == [])
    }

    @Test func wordsBecomeCodesInSeveralFields() throws {
        let row = try row(kind: "个体工商户")
        #expect(row.values["reg_type"] == .text("410"))
        #expect(row.values["reg_type_ver"] == .text("2011"))
        #expect(row.values["unit_kind"] == .text("60"))
    }

    @Test func aCreditCodeIsRaisedToCapitals() throws {
        #expect(try row().values["uscc"] == .text("91110000802100433B"))
    }

    @Test func aBadDateIsToldWithItsColumn() throws {
        #expect(try row(founded: "1984/6/18").violations.map(\.column) == ["注册日期"])
    }

    @Test func aRowOfAnotherWidthIsRefused() throws {
        #expect(try table().row(["虚构甲公司"]).violations.map(\.violation.code) == ["import.column"])
    }

    @Test func everyColumnThatDoesNotFitIsTold() throws {
        var header = Self.header
        header[0] = "名称"
        header.append("地区")
        #expect {
            try table(header: header)
        } throws: {
            ($0 as? ImportHeaderFault)?.violations.count == 3
        }
    }
}
