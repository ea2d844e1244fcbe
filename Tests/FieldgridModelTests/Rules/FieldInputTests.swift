import FieldgridModel
import Testing

extension Field {
    static func fixture(
        _ kind: FieldKind, sensitivity: Sensitivity = .internal, checks: [FieldCheck] = [],
        required: Bool = false
    ) -> Field {
        Field(
            number: UnitNumber(2), name: "sample", label: Label(zh: "样例", en: "Sample"),
            kind: kind, required: required, sensitivity: sensitivity, checks: checks)
    }
}

extension Schema {
    /// One type with one field, and a list of two editions in which `150`
    /// means different things and `合伙` is the label of two codes.
    static func fixture(_ fields: [Field], rules: [CrossFieldRule] = []) -> Schema {
        let label = Label(zh: "样例", en: "Sample")
        func code(_ code: String, _ zh: String, _ en: String) -> Code {
            Code(code: code, label: Label(zh: zh, en: en))
        }
        let list = CodeList(
            name: "reg_type", label: label,
            versions: [
                CodeListVersion(
                    version: "2011",
                    codes: [
                        code("150", "有限责任公司", "Limited company"),
                        code("172", "合伙", "Private partnership"),
                    ]),
                CodeListVersion(
                    version: "2023",
                    codes: [
                        code("150", "合伙", "Partnership"), code("500", "个体工商户", "Individual"),
                    ]),
            ])
        let type = RecordType(
            number: TypeNumber(16), name: "sample", label: label, fields: fields, rules: rules)
        return Schema(name: "sample", version: 1, label: label, types: [type], codeLists: [list])
    }
}

@Suite struct FieldInputTests {
    private func parse(_ text: String, _ field: Field) throws(Violation) -> Value {
        let schema = Schema.fixture([field])
        return try FieldInput.parse(text, for: field, type: schema.types[0], schema: schema).get()
    }

    private func code(_ text: String, _ field: Field) -> String? {
        do {
            _ = try parse(text, field)
            return nil
        } catch {
            return error.code
        }
    }

    @Test(arguments: ["", "  ", "\u{3000}", "\n\t", "\u{feff}"])
    func whatIsEmptyIsNull(text: String) throws {
        #expect(try parse(text, .fixture(.text(maxLength: 10))) == .null)
    }

    @Test func textIsTrimmed() throws {
        #expect(try parse("\u{3000}白山 市 ", .fixture(.text(maxLength: 10))) == .text("白山 市"))
    }

    @Test(arguments: ["a\u{0}b", "a\u{7}b", "a\u{85}b", "a\rb"])
    func controlCharactersAreRefused(text: String) {
        #expect(code(text, .fixture(.text(maxLength: 10))) == "value.type")
    }

    @Test func newlinesAndTabsInsideATextStay() throws {
        #expect(try parse("a\n\tb", .fixture(.text(maxLength: 10))) == .text("a\n\tb"))
    }

    @Test func aTextIsMeasuredInCharacters() throws {
        #expect(try parse("一二三", .fixture(.text(maxLength: 3))) == .text("一二三"))
        #expect(code("一二三四", .fixture(.text(maxLength: 3))) == "value.too-long")
    }

    @Test(arguments: [
        ("12.5", 1_250), ("12", 1_200), ("0.01", 1), ("-3.10", -310), ("12.2000", 1_220),
        ("92233720368547758.07", Int64.max),
    ])
    func moneyIsExactlyItsHundredths(text: String, hundredths: Int64) throws {
        #expect(try parse(text, .fixture(.money)) == .integer(hundredths))
    }

    @Test(arguments: ["12.345", "1,000", "12元", "1e3", ".5", "5.", "--1", "+1", "１２"])
    func whatIsNoAmountIsRefused(text: String) {
        #expect(code(text, .fixture(.money)) == "value.type")
    }

    @Test func anAmountTooLargeIsOutOfRange() {
        #expect(code("92233720368547758.08", .fixture(.money)) == "value.range")
    }

    @Test func aCoordinateKeepsSixDecimals() throws {
        #expect(try parse("126.416085", .fixture(.decimal(scale: 6))) == .integer(126_416_085))
        #expect(code("126.4160851", .fixture(.decimal(scale: 6))) == "value.type")
    }

    @Test(arguments: [
        ("true", 1), ("1", 1), ("是", 1), ("Yes", 1), ("false", 0), ("0", 0), ("否", 0), ("NO", 0),
    ])
    func aBooleanIsReadInBothLanguages(text: String, value: Int64) throws {
        #expect(try parse(text, .fixture(.boolean)) == .integer(value))
    }

    @Test(arguments: [
        (FieldKind.boolean, "maybe"), (.integer, "1.5"), (.date, "2026-02-29"), (.month, "2026-13"),
        (.month, "2026-07-24"), (.instant, "yesterday"), (.reference(type: "sample"), "42"),
    ])
    func whatIsNotOfTheKindIsRefused(kind: FieldKind, text: String) {
        #expect(code(text, .fixture(kind)) == "value.type")
    }

    @Test(arguments: [
        ("2026-07-24T09:15", 1_784_855_700_000), ("2026-07-24 09:15:30", 1_784_855_730_000),
        ("2026-07-24T01:15Z", 1_784_855_700_000),
        ("2026-07-24T09:15:00.250+08:00", 1_784_855_700_250),
    ])
    func anInstantIsInShanghaiUnlessItSaysOtherwise(text: String, milliseconds: Int64) throws {
        #expect(try parse(text, .fixture(.instant)) == .integer(milliseconds))
    }

    private let regType = Field.fixture(.code(list: "reg_type", versionField: nil))

    @Test(arguments: [("150", "150"), ("有限责任公司", "150"), ("Individual", "500")])
    func aCodeIsReadByCodeOrExactLabel(text: String, code: String) throws {
        #expect(try parse(text, regType) == .text(code))
    }

    @Test(arguments: [("151", "value.code-unknown"), ("合伙", "value.code-ambiguous")])
    func anUnknownOrAmbiguousCodeIsRefused(text: String, expected: String) {
        #expect(code(text, regType) == expected)
    }

    @Test func anOrganisationCodeLosesItsHyphenAndGainsCapitals() throws {
        let field = Field.fixture(.text(maxLength: 9), checks: [.checkDigit(.orgCode)])
        #expect(try parse("d2143569-x", field) == .text("D2143569X"))
    }

    @Test func aSetIsSortedByBytesWithoutDoubles() throws {
        #expect(
            try parse("粉尘；噪声; dust;噪声;", .fixture(.set)) == .text(#"["dust","噪声","粉尘"]"#))
    }

    @Test func aSetOfNothingIsNull() throws {
        #expect(try parse(" ; ；", .fixture(.set)) == .null)
    }

    @Test(arguments: [
        (FieldKind.money, Value.integer(-5), "-0.05"), (.money, .integer(123_450), "1234.50"),
        (.decimal(scale: 6), .integer(126_416_085), "126.416085"), (.boolean, .integer(0), "否"),
        (.instant, .integer(1_784_855_700_250), "2026-07-24T09:15:00.250+08:00"),
        (.set, .text(#"["a\"b","粉尘"]"#), #"a"b;粉尘"#), (.date, .text("2026-07-24"), "2026-07-24"),
        (.integer, .integer(.min), "-9223372036854775808"), (.integer, .null, ""),
    ])
    func whatIsDisplayedIsReadBackAsTheSameValue(
        kind: FieldKind, value: Value, text: String
    ) throws {
        let field = Field.fixture(kind)
        #expect(FieldInput.display(value, for: field) == text)
        guard value.integer != .min else { return }
        #expect(try parse(text, field) == value)
    }

    @Test func aPersonalValueIsNotInTheMessage() {
        do {
            _ = try parse("secret", .fixture(.money, sensitivity: .personal))
            Issue.record("a word was read as money")
        } catch {
            #expect(!error.message.zh.contains("secret") && !error.message.en.contains("secret"))
        }
    }

    @Test func anOpenValueIsInTheMessage() {
        do {
            _ = try parse("word", .fixture(.money, sensitivity: .open))
            Issue.record("a word was read as money")
        } catch {
            #expect(error.message.en.contains("“word”") && error.message.zh.contains("“word”"))
        }
    }
}
