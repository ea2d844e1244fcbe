import FieldgridModel
import Testing

@Suite struct ExpressionEvaluationTests {
    private let today = LocalDate(daysSince1970: 20_000)

    private func truth(_ expression: Expression, _ values: [String: Value]) -> Bool? {
        expression.truth(in: { values[$0] ?? .null }, today: today)
    }

    private let addsUp = Expression.compare(
        .equal, .field("total"), .sum([.field("men"), .field("women")]))

    @Test func aSumThatAddsUpIsTrue() {
        #expect(
            truth(addsUp, ["total": .integer(5), "men": .integer(2), "women": .integer(3)]) == true)
    }

    @Test func aSumThatDoesNotAddUpIsFalse() {
        #expect(
            truth(addsUp, ["total": .integer(6), "men": .integer(2), "women": .integer(3)])
                == false)
    }

    @Test func aSumWithAMissingPartIsUnknown() {
        #expect(truth(addsUp, ["total": .integer(5), "men": .integer(2)]) == nil)
    }

    @Test func aSumTooLargeForSixtyFourBitsIsUnknown() {
        let values: [String: Value] = [
            "total": .integer(0), "men": .integer(.max), "women": .integer(1),
        ]
        #expect(truth(addsUp, values) == nil)
    }

    @Test func aDifferenceTooLargeForSixtyFourBitsIsUnknown() {
        let difference = Expression.difference(.integer(.min), .integer(1))
        #expect(truth(.compare(.less, difference, .integer(0)), [:]) == nil)
    }

    @Test func oneFalsePartSettlesAnAndDespiteAnUnknownOne() {
        #expect(truth(.all([.field("missing"), .integer(0)]), [:]) == false)
    }

    @Test func oneTruePartSettlesAnOrDespiteAnUnknownOne() {
        #expect(truth(.any([.field("missing"), .integer(1)]), [:]) == true)
    }

    @Test func anImplicationWithAFalsePremiseHolds() {
        #expect(truth(.implies(.integer(0), .field("missing")), [:]) == true)
    }

    @Test func anImplicationWithATruePremiseAndAFalseEndIsBroken() {
        #expect(truth(.implies(.integer(1), .integer(0)), [:]) == false)
    }

    @Test(arguments: [(0, 0, true), (1, 1, true), (1, 0, false), (0, 1, false)])
    func iffHoldsWhenBothSidesAgree(left: Int64, right: Int64, holds: Bool) {
        #expect(truth(.iff(.integer(left), .integer(right)), [:]) == holds)
    }

    @Test func iffWithAnUnknownSideIsUnknown() {
        #expect(truth(.iff(.integer(1), .field("missing")), [:]) == nil)
    }

    @Test func isNullIsNeverUnknown() {
        #expect(truth(.isNull(.field("missing")), [:]) == true)
        #expect(truth(.isNull(.field("there")), ["there": .text("x")]) == false)
    }

    @Test func aSliceCountsFromOne() {
        let code: [String: Value] = ["uscc": .text("91110000802100433B")]
        let slice = Expression.slice(.field("uscc"), from: 9, through: 17)
        #expect(truth(.compare(.equal, slice, .text("802100433")), code) == true)
    }

    @Test func aSliceBeyondTheEndIsUnknown() {
        let slice = Expression.slice(.field("code"), from: 2, through: 4)
        #expect(truth(.compare(.equal, slice, .text("bc")), ["code": .text("abc")]) == nil)
    }

    @Test func todayIsTheDayThatWasGiven() {
        #expect(truth(.compare(.equal, .today, .text(today.description)), [:]) == true)
    }

    @Test func aTextAndANumberAreNotCompared() {
        #expect(truth(.compare(.less, .integer(1), .text("2")), [:]) == nil)
    }

    @Test func aRuleKnowsTheFieldsItReads() {
        let rule = CrossFieldRule(
            name: "adds_up", label: Label(zh: "相加", en: "Adds up"),
            condition: .implies(addsUp, .not(.isNull(.field("unit")))))
        #expect(rule.fields == ["total", "men", "women", "unit"])
    }
}
