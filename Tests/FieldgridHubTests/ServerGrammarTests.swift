import Foundation
import Testing

@testable import FieldgridHub

/// What the wire's page says of a server is what it does.
@Suite struct ServerGrammarTests {
    /// Lines `| 404 | `a.code`, `another.code` |`.
    private static func statuses() throws -> [String: Int] {
        let page = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("schemas/wire/grammar.md")
        var found: [String: Int] = [:]
        for line in try String(contentsOf: page, encoding: .utf8).split(separator: "\n") {
            let cells = line.split(separator: "|").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            guard cells.count == 2, let status = Int(cells[0]), cells[1].hasPrefix("`") else {
                continue
            }
            for code in cells[1].split(separator: ",") {
                found[code.trimmingCharacters(in: CharacterSet(charactersIn: " `"))] = status
            }
        }
        return found
    }

    @Test func everyCodeHasTheStatusThatThePageSays() throws {
        #expect(try Self.statuses() == ErrorStatus.byCode)
    }
}
