import Foundation
import Testing

/// What the README and the architecture's page list, beside what there is.
@Suite struct ContractTests {
    private struct Node: Decodable {
        var commandName: String
        var shouldDisplay: Bool?
        var subcommands: [Node]?

        /// The names of everything that can be run, such as `hub init`.
        func runnable(below path: [String] = []) -> [String] {
            let shown = (subcommands ?? []).filter {
                $0.shouldDisplay ?? true && $0.commandName != "help"
            }
            guard !shown.isEmpty else { return [path.joined(separator: " ")] }
            return shown.flatMap { $0.runnable(below: path + [$0.commandName]) }
        }
    }

    private struct Tree: Decodable { var command: Node }

    @Test func theReadmeListsEveryCommandAndNoOther() throws {
        let dumped = try Fieldgrid.run(["--experimental-dump-help"])
        let tree = try JSONDecoder().decode(Tree.self, from: Data(dumped.output.utf8))
        let readme = try String(contentsOfFile: SnippetTests.root + "/README.md", encoding: .utf8)
        let mark = "**Commands.**"
        let start = try #require(readme.range(of: mark)?.upperBound)
        let end = try #require(readme[start...].range(of: "\n\n")?.lowerBound)
        let paragraph = readme[start..<end]
        let listed = paragraph.matches(of: /`([^`]*)`/).flatMap { match -> [String] in
            let words = match.output.1.split(separator: " ").map(String.init)
            let verbs = words.dropFirst().filter { $0 != "|" }
            return verbs.isEmpty ? [words[0]] : verbs.map { words[0] + " " + $0 }
        }
        #expect(listed.sorted() == tree.command.runnable().sorted())
    }

    @Test func theArchitecturesTableOfFloorsIsThePackages() throws {
        let page = try String(
            contentsOfFile: SnippetTests.root + "/docs/architecture.md", encoding: .utf8)
        let rows = page.matches(of: /(?m)^\| `(Fieldgrid\w*)` \|.*\| ([^|]*) \|$/)
        let listed = Dictionary(
            rows.map { (String($0.output.1), Self.names(in: String($0.output.2))) }
        ) { first, _ in first }
        let targets = try Self.targets()
        #expect(Set(listed.keys) == Set(targets.keys))
        for (name, needs) in targets {
            let told = listed[name] ?? []
            #expect(
                told.filter(Self.isOurs).sorted() == needs.filter(Self.isOurs).sorted(),
                "\(name): of our own modules")
            #expect(
                told.filter { !Self.isOurs($0) && !needs.contains($0) && $0 != "Foundation" }
                    .isEmpty,
                "\(name): the page lets it import what the package does not give it")
        }
    }

    private static func isOurs(_ name: String) -> Bool {
        name.hasPrefix("Fieldgrid")
            || ["CZstd", "CCurl", "CQrencode", "CXlsxwriter"].contains(name)
    }

    /// `Model, CZstd` as the modules that they are.
    private static func names(in cell: String) -> [String] {
        let ours = [
            "Model", "Sync", "Schema", "Replica", "Service", "Hub", "Node", "Pages", "Command",
        ]
        guard cell != "nothing" else { return [] }
        return cell.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            .map { ours.contains($0) ? "Fieldgrid" + $0 : $0 }
    }

    /// The targets under `Sources` that are Swift, and what they depend on.
    private static func targets() throws -> [String: [String]] {
        let targets = try SnippetTests.manifest(in: SnippetTests.root)["targets"].elements
            .filter {
                ["regular", "executable"].contains($0["type"].text) && $0["path"].isNull
            }
        return Dictionary(
            targets.map { target in
                let needs = target["dependencies"].elements.compactMap { dependency in
                    dependency["byName"].elements.first?.text
                        ?? dependency["product"].elements.first?.text
                }
                return (target["name"].text ?? "", needs)
            }
        ) { first, _ in first }
    }
}
