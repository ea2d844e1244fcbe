import FieldgridModel
import Testing

@testable import FieldgridSchema

@Suite struct ExpressionParserTests {
    @Test(
        arguments: [
            (
                "a == b + c",
                Expression.compare(.equal, .field("a"), .sum([.field("b"), .field("c")]))
            ),
            ("a - 1 < b", .compare(.less, .difference(.field("a"), .integer(1)), .field("b"))),
            ("a is null", .isNull(.field("a"))), ("a is not null", .not(.isNull(.field("a")))),
            ("not a and b", .all([.not(.field("a")), .field("b")])),
            ("a or b and c", .any([.field("a"), .all([.field("b"), .field("c")])])),
            ("(a or b) and c", .all([.any([.field("a"), .field("b")]), .field("c")])),
            ("a implies b or c", .implies(.field("a"), .any([.field("b"), .field("c")]))),
            (
                "a > 0 iff b > 0",
                .iff(
                    .compare(.greater, .field("a"), .integer(0)),
                    .compare(.greater, .field("b"), .integer(0)))
            ),
            (
                "uscc[9..17] == org_code",
                .compare(.equal, .slice(.field("uscc"), from: 9, through: 17), .field("org_code"))
            ),
            ("state != 'ACTIVE'", .compare(.notEqual, .field("state"), .text("ACTIVE"))),
            ("d<=today", .compare(.lessOrEqual, .field("d"), .today)),
            ("flag == true", .compare(.equal, .field("flag"), .integer(1))),
        ] as [(String, Expression)])
    func aRuleIsReadAsItsExpression(text: String, expression: Expression) throws {
        #expect(try ExpressionParser.parse(text) == expression)
    }

    @Test(arguments: [
        "", "a ==", "a = b", "a b", "(a", "a)", "a is", "a[1]", "a[3..1] == b", "a[0..1] == b",
        "'open", "99999999999999999999 == a", "and a", "a iff b iff c", "a == b == c", "A == b",
    ])
    func whatIsNoRuleIsRefused(text: String) {
        #expect(throws: ExpressionFault.self) { try ExpressionParser.parse(text) }
    }

    @Test func endlessNestingIsRefusedInsteadOfExhaustingTheStack() {
        let text = String(repeating: "(", count: 100_000)
        #expect(throws: ExpressionFault(reason: "is nested too deeply")) {
            try ExpressionParser.parse(text)
        }
        let nots = String(repeating: "not ", count: 100_000)
        #expect(throws: ExpressionFault(reason: "is nested too deeply")) {
            try ExpressionParser.parse(nots)
        }
    }

    private let kinds: [String: FieldKind] = [
        "count": .integer, "pay": .money, "name": .text(maxLength: 9), "on": .date, "month": .month,
        "flag": .boolean,
    ]

    @Test(arguments: [
        "count > 0", "pay == 0", "on <= today", "month <= '2026-07'", "flag", "flag == true",
        "flag implies name is not null", "on == '2026-07-24'", "pay > 0 iff flag",
    ])
    func aRuleThatMeansSomethingPasses(text: String) throws {
        try ExpressionTyping(kinds: kinds).requireCondition(ExpressionParser.parse(text))
    }

    @Test(arguments: [
        "count", "count and flag", "count == name", "pay == count", "pay + count > 0",
        "name + count > 0", "on < month", "count[1..2] == name", "unknown > 0", "not name",
        "flag > count", "'text'",
    ])
    func aRuleThatMeansNothingIsRefused(text: String) throws {
        let expression = try ExpressionParser.parse(text)
        #expect(throws: ExpressionFault.self) {
            try ExpressionTyping(kinds: kinds).requireCondition(expression)
        }
    }
}
