import FieldgridModel
import Testing

@Suite struct ValidationTests {
    private let today = LocalDate(daysSince1970: 20_658)

    /// The codes of the violations of a record with this one value.
    private func codes(_ field: Field, _ value: Value) -> [String] {
        let schema = Schema.fixture([field])
        return schema.types[0].violations(of: [field.number: value], in: schema, today: today)
            .map(\.code)
    }

    @Test func anEmptyFieldIsInOrder() {
        #expect(codes(.fixture(.integer), .null) == [])
    }

    @Test func anEmptyRequiredFieldIsNot() {
        #expect(codes(.fixture(.integer, required: true), .null) == ["value.required"])
    }

    @Test(arguments: [
        (FieldKind.integer, Value.text("1")), (.text(maxLength: 5), .integer(1)),
        (.text(maxLength: 5), .text("")), (.boolean, .integer(2)), (.date, .text("2026-02-30")),
        (.month, .text("2026-1")), (.instant, .integer(.max)), (.reference(type: "x"), .text("x")),
        (.set, .text("[]")), (.set, .text(#"["b","a"]"#)), (.set, .text(#"["a", "b"]"#)),
        (.set, .text("a")), (.grid, .text("a\u{0}")), (.decimal(scale: 1), .text("1.5")),
    ])
    func aValueThatIsNotCanonicalIsRefused(kind: FieldKind, value: Value) {
        #expect(codes(.fixture(kind), value) == ["value.type"])
    }

    @Test(arguments: [
        (FieldKind.set, Value.text(#"["a","b"]"#)), (.instant, .integer(0)),
        (.month, .text("2026-01")),
        (.reference(type: "x"), .text("01890a5d-ac96-774b-bcce-b302099a8057")),
        (.boolean, .integer(1)),
    ])
    func aCanonicalValuePasses(kind: FieldKind, value: Value) {
        #expect(codes(.fixture(kind), value) == [])
    }

    @Test(
        arguments: [(0, ["value.range"]), (1, []), (31, []), (32, ["value.range"])]
            as [(Int64, [String])])
    func aRangeIncludesItsEnds(day: Int64, expected: [String]) {
        let field = Field.fixture(.integer, checks: [.range(least: 1, greatest: 31)])
        #expect(codes(field, .integer(day)) == expected)
    }

    @Test(arguments: [
        (TextShape.phone, "13812345678"), (.phone, "0439-3220000"), (.phone, "043912345678"),
        (.email, "a.b@example.com"), (.postalCode, "134300"), (.halfYear, "2026H2"),
    ])
    func aTextOfTheShapePasses(shape: TextShape, text: String) {
        #expect(codes(.fixture(.text(maxLength: 50), checks: [.shape(shape)]), .text(text)) == [])
    }

    @Test(arguments: [
        (TextShape.phone, "1381234567"), (.phone, "0439-322000"), (.phone, "3220000"),
        (.phone, "0439-3220-000"), (.email, "a@b"), (.email, "a b@c.d"), (.email, "a@@b.c"),
        (.postalCode, "13430"), (.halfYear, "2026H3"), (.halfYear, "2026h1"),
    ])
    func aTextOfAnotherShapeIsRefused(shape: TextShape, text: String) {
        let field = Field.fixture(.text(maxLength: 50), checks: [.shape(shape)])
        #expect(codes(field, .text(text)) == ["value.shape"])
    }

    @Test func aWrongCheckDigitIsRefused() {
        let field = Field.fixture(.text(maxLength: 18), checks: [.checkDigit(.uscc)])
        #expect(codes(field, .text("91110000802100433C")) == ["value.check-digit"])
    }

    @Test func todayIsNotInTheFutureAndTomorrowIs() {
        let field = Field.fixture(.date, checks: [.notAfterToday])
        #expect(codes(field, .text(today.description)) == [])
        #expect(
            codes(field, .text(today.adding(days: 1).description)) == ["value.date-in-future"])
    }

    private func codesOfRegType(_ code: String, edition: String?) -> [String] {
        let field = Field.fixture(.code(list: "reg_type", versionField: "edition"))
        let schema = Schema.fixture([field])
        return schema.types[0].violations(
            ofField: field, value: .text(code),
            others: { $0 == "edition" ? edition.map { .text($0) } ?? .null : .null },
            schema: schema, today: today
        ).map(\.code)
    }

    @Test(
        arguments: [
            ("172", nil, []), ("172", "2011", []), ("172", "2023", ["value.code-unknown"]),
            ("999", nil, ["value.code-unknown"]), ("150", "1999", ["value.code-unknown"]),
        ] as [(String, String?, [String])])
    func aCodeIsLookedUpInTheStatedEditionElseInAll(
        code: String, edition: String?, expected: [String]
    ) {
        #expect(codesOfRegType(code, edition: edition) == expected)
    }

    @Test func aBrokenRuleIsNamed() {
        let rule = CrossFieldRule(
            name: "above_ten", label: Label(zh: "应大于十", en: "Above ten"),
            condition: .compare(.greater, .field("sample"), .integer(10)))
        let field = Field.fixture(.integer)
        let schema = Schema.fixture([field], rules: [rule])
        let type = schema.types[0]
        #expect(
            type.violations(of: [field.number: .integer(10)], in: schema, today: today).map(\.code)
                == ["rule.above_ten"])
        #expect(type.violations(of: [field.number: .integer(11)], in: schema, today: today) == [])
        #expect(
            type.brokenRules(in: { _ in .integer(1) }, today: today, among: { _ in false }) == [])
    }

    @Test func aSensitiveValueIsNotInTheMessage() throws {
        let field = Field.fixture(
            .text(maxLength: 18), sensitivity: .sensitive, checks: [.checkDigit(.residentID)])
        let schema = Schema.fixture([field])
        let violation = try #require(
            schema.types[0].violations(
                of: [field.number: .text("110105194912310021")], in: schema, today: today
            ).first)
        #expect(!"\(violation)".contains("110105194912310021"))
    }
}
