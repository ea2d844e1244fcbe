import Testing

/// Keeps `docs/histories.md` true: what it says is kept by a test, is.
@Suite struct HistoriesTests {
    @Test func everyHistoryIsKeptByATestThereIs() throws {
        let repository = try Repository.here.get()
        let table = try #require(repository.files.first { $0.path == "docs/histories.md" })
        let named = /`([a-z]+[A-Z][A-Za-z0-9]+)`/
        let names = table.lines.flatMap { line in
            line.matches(of: named).map { String($0.output.1) }
        }
        #expect(names.count > 50)
        let tests = repository.swiftFiles.filter { $0.path.hasPrefix("Tests/") }
            .flatMap(\.lines).filter { $0.contains("func ") }.joined(separator: "\n")
        for name in names {
            #expect(tests.contains("func \(name)("), "docs/histories.md names \(name)")
        }
    }

    @Test func everyHistoryIsReachedByAMarkThereIs() throws {
        let repository = try Repository.here.get()
        let table = try #require(repository.files.first { $0.path == "docs/histories.md" })
        let rows = table.lines.filter { $0.hasPrefix("| ") }.dropFirst()
        #expect(rows.count > 25)
        let trace = try #require(
            repository.files.first { $0.path == "Tests/Simulation/Run/Trace.swift" })
        let cases = trace.lines.filter { $0.hasPrefix("    case ") }
            .flatMap { $0.dropFirst(9).split(separator: ", ") }
        let isLeftOut = "not simulated"
        #expect(rows.count { $0.contains("| \(isLeftOut) |") } <= 2)
        for row in rows where !row.contains("| \(isLeftOut) |") {
            let marks = row.split(separator: "|").last.map(String.init) ?? ""
            let named = marks.split(separator: " ")
            #expect(!named.isEmpty, "\(row.prefix(60)) has no mark")
            for mark in named {
                #expect(cases.contains(mark), "docs/histories.md names the mark \(mark)")
            }
        }
    }
}
