import Foundation
import Testing

/// The example under `Examples/`, run as its README says, and what other pages show of it.
@Suite struct ExampleTests {
    @Test func theExampleTellsItsStoryAtARealHub() throws {
        let folder = try TemporaryFolder()
        let data = folder.file("hub")
        let example = try Self.example()
        try run(
            ["hub", "init", "--data", data, "--schema", example + "/schema"]
                + ["--seed", example + "/seed"])
        let hub = try RunningHub(data: data)
        let codes = try ["虚构王村医", "虚构李村医", "虚构赵村医"].map { holder in
            let answer = try JSON(
                run([
                    "hub", "enrol", "--scope", "990101100", "--holder", holder, "--data", data,
                    "--json",
                ]))
            return try #require(answer["code"].text)
        }
        let program = URL(fileURLWithPath: try Fieldgrid.executable())
            .deletingLastPathComponent().appending(path: "VillageClinicExample").path
        let told = try Fieldgrid.run(
            program, [hub.url] + codes + [folder.file("devices")], environment: [:])
        #expect(told.status == 0, "\(told.errors)")
        var lines = told.output.split(separator: "\n").map(String.init)[...]
        for expected in Self.story {
            let found = lines.firstIndex { $0.contains(expected) }
            #expect(found != nil, "“\(expected)” is not in: \(lines.joined(separator: "\n"))")
            if let found { lines = lines[(found + 1)...] }
        }
        let stick = folder.file("devices/stick.fgb")
        let taken = try JSON(run(["hub", "import", stick, "--data", data, "--json"]))
        #expect(taken["repeated"].integer == 1, "it had come by network already")
    }

    /// What it says, in this order, between other lines.
    private static let story = [
        "joined: Survey of village clinics",
        "refused: name: Name (name): required", "refused: rule.somebody_is_there",
        "saved without a network: 1 to send", "exchanging: 1 sent, 0 waiting", "accepted: 1",
        "the other sees: 虚构东村卫生室, 12000.50 元, OPEN",
        "conflict about beds: “Beds” was changed concurrently", "争议：“观察床位”被同时修改",
        "meanwhile the rest merged: 0999-0000001, 是", "settled: ", "taken back: reopened",
        "settled again: 6 beds", "photo: 1 sent, the same", "on the stick: 1 saved action",
        "equal on both devices", "in the end: 0 to send, 0 conflicts", "2 sent, ",
    ]

    @Test(arguments: [
        ("README.md", "TenLines.swift", "let node"),
        ("Sources/Fieldgrid/Fieldgrid.docc/Fieldgrid.md", "TenLines.swift", "let node"),
        (
            "Sources/Fieldgrid/Fieldgrid.docc/Embedding.md", "SessionTransport.swift",
            "final class SessionTransport"
        ),
    ])
    func whatAPageShowsIsInTheExample(page: String, source: String, first: String) throws {
        let text = try String(contentsOfFile: Self.root() + "/" + page, encoding: .utf8)
        let blocks = text.components(separatedBy: "```swift\n").dropFirst().compactMap {
            $0.components(separatedBy: "\n```").first
        }
        let block = try #require(blocks.first { $0.contains(first) })
        let path = try Self.example() + "/Sources/VillageClinic/" + source
        let compiled = Self.words(try String(contentsOfFile: path, encoding: .utf8))
        let shown = Self.words(block.replacingOccurrences(of: "import Fieldgrid\n", with: ""))
        #expect(compiled.contains(shown))
    }

    private static func words(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    @discardableResult
    private func run(_ arguments: [String]) throws -> String {
        let result = try Fieldgrid.run(arguments)
        guard result.status == 0 else {
            throw ProcessError("\(arguments) ended with \(result.status): \(result.errors)")
        }
        return result.output
    }

    private static func example() throws -> String { try root() + "/Examples/VillageClinic" }

    private static func root(of file: String = #filePath) throws -> String {
        guard let resolved = realpath(file, nil) else { throw ProcessError("no \(file)") }
        defer { free(resolved) }
        return URL(fileURLWithPath: String(cString: resolved)).deletingLastPathComponent()
            .appending(path: "../../..").standardizedFileURL.path
    }
}
