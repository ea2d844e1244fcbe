import Testing

/// Feeds every rule what it must report, and what it must leave alone, so
/// that a rule that cannot fail is noticed.
@Suite struct RuleTests {
    @Test(arguments: Sample.bad) func aBadSampleIsReported(sample: Sample) {
        let reported = sample.reported
        #expect(reported.map(\.line) == sample.lines, "\(reported)")
    }

    @Test(arguments: Sample.good) func aGoodSampleIsLeftAlone(sample: Sample) {
        #expect(sample.reported.isEmpty)
    }

    @Test(arguments: Rule.allCases) func everyRuleHasABadSample(rule: Rule) {
        #expect(Sample.bad.contains { $0.rule == rule })
    }

    @Test(arguments: BannedToken.all.map(\.token)) func everyTokenIsReported(token: String) {
        let path = "Tests/FieldgridModelTests/A.swift"
        let inSource = "Sources/FieldgridModel/A.swift"
        let found = [path, inSource].flatMap {
            let file = TextFile(path: $0, text: "let value = \(token)")
            return Rule.bannedToken.violations(in: Repository(files: [file]))
        }
        #expect(found.contains { $0.what.hasPrefix("`\(token)` ") })
    }

    @Test func aViolationIsOneLineThatSaysWhereWhatAndWhatInstead() {
        let file = TextFile(path: "Sources/FieldgridSync/A.swift", text: "\nimport Foundation\n")
        let violations = Rule.imports.violations(in: Repository(files: [file]))
        #expect(
            violations.map(\.description) == [
                "Sources/FieldgridSync/A.swift:2: imports — FieldgridSync may not import Foundation"
                    + " — move the code to the floor that may, or pass the value in"
            ])
    }

    @Test func anAllowanceExcusesItsRuleInItsFileOnly() {
        let allowance = Allowance(path: "A.swift", rule: .bannedToken, reason: "test")
        func violation(_ path: String, _ rule: Rule) -> Violation {
            Violation(path: path, line: 1, rule: rule, what: "", instead: "")
        }
        #expect(violation("A.swift", .bannedToken).isExcused(by: allowance))
        #expect(!violation("B.swift", .bannedToken).isExcused(by: allowance))
        #expect(!violation("A.swift", .lineLength).isExcused(by: allowance))
    }
}

/// A file, and the lines of it that one rule must report.
struct Sample: Sendable, CustomTestStringConvertible {
    let rule: Rule
    let path: String
    let text: String
    var lines: [Int] = []

    var testDescription: String {
        "\(rule.rawValue) of \(path): \(text.prefix(60).replacing("\n", with: " "))"
    }

    var reported: [Violation] {
        var files = [TextFile(path: path, text: text)]
        if rule == .folderSize {
            files = (0..<13).map { TextFile(path: path + "\($0).swift", text: text) }
        }
        return rule.violations(in: Repository(files: files))
    }
}
