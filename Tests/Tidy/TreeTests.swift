import Testing

/// Holds the source tree to the rules of the house.
@Suite struct TreeTests {
    @Test(arguments: Rule.allCases) func theTreeKeeps(rule: Rule) throws {
        let excused = Allowance.all
        let violations = rule.violations(in: try Repository.here.get())
            .filter { violation in !excused.contains { violation.isExcused(by: $0) } }
        if !violations.isEmpty {
            let lines = violations.map(\.description).joined(separator: "\n")
            Issue.record("\(violations.count) violations of \(rule.rawValue)\n\(lines)")
        }
    }

    @Test func everyAllowanceIsStillNeeded() throws {
        let repository = try Repository.here.get()
        for allowance in Allowance.all {
            let violations = allowance.rule.violations(in: repository)
            #expect(
                violations.contains { $0.isExcused(by: allowance) },
                "\(allowance.path) keeps \(allowance.rule.rawValue) now; remove its allowance")
            #expect(!allowance.reason.isEmpty, "\(allowance.path) is allowed without a reason")
        }
    }

    @Test func theTreeIsReadAtAll() throws {
        let repository = try Repository.here.get()
        #expect(repository.paths.contains("Package.swift"))
        #expect(repository.swiftFiles.contains { $0.path == "Tests/Tidy/TreeTests.swift" })
        #expect(repository.swiftFiles.contains { $0.target == "FieldgridModel" })
    }
}
