import Foundation
import Testing

/// Every block of Swift that a page shows, compiled as a reader would who copies it.
@Suite struct SnippetTests {
    @Test func everyBlockOfThePagesCompiles() throws {
        let folder = try TemporaryFolder()
        let blocks = try Self.pages().flatMap(Block.all).filter { !$0.isManifest }
        #expect(blocks.count > 8)
        var files: [String] = []
        for (number, block) in blocks.enumerated() {
            #expect(
                block.imports.contains("import Fieldgrid"),
                "\(block.place): whoever copies it has to guess what to import")
            files.append(try folder.write(block.program, to: "Block\(number).swift"))
        }
        let checked = try Self.typecheck(files, Self.library() + ["-parse-as-library"])
        let places = blocks.enumerated().map { "Block\($0): \($1.place)" }
        #expect(checked.status == 0, "\(places.joined(separator: "\n"))\n\(checked.errors)")
    }

    @Test func everyManifestOfThePagesIsOne() throws {
        let manifests = try Self.pages().flatMap(Block.all).filter(\.isManifest)
        #expect(!manifests.isEmpty)
        for manifest in manifests {
            let folder = try TemporaryFolder()
            _ = try folder.write(manifest.text, to: "Package.swift")
            let described = try Self.manifest(in: folder.path)
            let dependencies = described["dependencies"].elements
            #expect(!dependencies.isEmpty, "\(manifest.place)")
        }
    }

    @Test func theExamplesOwnPackageNamesTheLibraryAndItsSourcesCompileInIt() throws {
        let example = Self.root + "/Examples/VillageClinic"
        let described = try Self.manifest(in: example)
        let path = described["dependencies"].elements.first?["fileSystem"].elements.first?["path"]
        #expect(path?.text == Self.root)
        let target = try #require(described["targets"].elements.first)
        #expect(target["name"].text == "VillageClinic")
        let product = target["dependencies"].elements.first?["product"].elements.first?.text
        #expect(product == "Fieldgrid")
        // As that package builds them: with the language mode of its tools version, and none of
        // the settings of ours.
        let sources = try FileManager.default.contentsOfDirectory(
            atPath: example + "/Sources/VillageClinic"
        ).map { example + "/Sources/VillageClinic/" + $0 }
        let checked = try Self.typecheck(
            sources, Self.library() + ["-parse-as-library", "-warnings-as-errors"])
        #expect(checked.status == 0, "\(checked.errors)")
    }

    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "../../..").standardizedFileURL.path

    /// The pages, and the sources whose comments are pages too.
    private static func pages() throws -> [String] {
        let folders = ["Sources/Fieldgrid", "Examples/VillageClinic", "docs"]
        let found = folders.flatMap { folder in
            let paths = FileManager.default.enumerator(atPath: root + "/" + folder)
            return (paths?.compactMap { $0 as? String } ?? []).map { folder + "/" + $0 }
        }
        let pages = found.filter { path in
            path.hasSuffix(".md")
                || (path.hasPrefix("Sources/Fieldgrid/") && path.hasSuffix(".swift"))
        }
        return (pages + ["README.md", "CONTRIBUTING.md"]).sorted()
    }

    /// What the package, dumped without building anything, says of itself.
    static func manifest(in folder: String) throws -> JSON {
        let scratch = try TemporaryFolder()
        let dumped = try Fieldgrid.run(
            "/usr/bin/env",
            ["swift", "package", "dump-package", "--package-path", folder]
                + ["--scratch-path", scratch.path])
        guard dumped.status == 0 else { throw ProcessError("\(folder): \(dumped.errors)") }
        return try JSON(dumped.output)
    }

    private static func typecheck(
        _ files: [String], _ options: [String]
    ) throws -> Fieldgrid.Result {
        try Fieldgrid.run(
            "/usr/bin/env",
            ["swiftc", "-typecheck", "-swift-version", "6", "-module-name", "Reader"] + options
                + files)
    }

    /// Where the built library is, and the C modules that it was built with.
    private static func library() throws -> [String] {
        let build = URL(fileURLWithPath: try Fieldgrid.executable()).deletingLastPathComponent()
        var maps: [String] = []
        for folder in [root + "/Sources"] + folders(in: root + "/.build/checkouts", "Sources") {
            for target in folders(in: folder) {
                maps += [target + "/module.modulemap", target + "/include/module.modulemap"]
            }
        }
        let known = maps.filter { FileManager.default.fileExists(atPath: $0) }
        return ["-I", build.appending(path: "Modules").path]
            + known.flatMap { ["-Xcc", "-fmodule-map-file=" + $0] }
    }

    private static func folders(in folder: String, _ below: String = "") -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.sorted().map { folder + "/" + $0 + (below.isEmpty ? "" : "/" + below) }
    }
}

/// A block of Swift on a page.
private struct Block {
    /// The page and the block's first line in words.
    let place: String
    let text: String

    var isManifest: Bool { text.contains("import PackageDescription") }
    private var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    private static func isImport(_ line: Substring) -> Bool {
        ["import ", "#if canImport", "#endif"].contains {
            line.drop(while: \.isWhitespace).hasPrefix($0)
        }
    }

    var imports: [String] { lines.filter(Self.isImport).map(String.init) }

    static func all(of page: String) throws -> [Block] {
        let whole = try String(contentsOfFile: SnippetTests.root + "/" + page, encoding: .utf8)
        let text =
            page.hasSuffix(".swift")
            ? whole.replacing(/(?m)^ *\/\/\/ ?/, with: "") : whole
        return text.components(separatedBy: "```swift\n").dropFirst().map { rest in
            let block = rest.components(separatedBy: "\n```")[0]
            let first = block.split(separator: "\n").first { !isImport($0) }
            return Block(place: "\(page), “\(first ?? "")”", text: block)
        }
    }

    /// A file of its own: declarations stand as they are, statements in a function that has what
    /// a page may speak of without showing where it is from.
    var program: String {
        let body = lines.filter { !Self.isImport($0) }.joined(separator: "\n")
        let first = body.drop(while: \.isWhitespace)
        let isDeclaration = ["func ", "struct ", "final class ", "///", "enum "].contains {
            first.hasPrefix($0)
        }
        let head = imports.joined(separator: "\n") + "\n"
        guard !isDeclaration else { return head + body + "\n" }
        return head + """
            private func statements(
                node: FieldNode, clinic: Record, folder: String, hub: String, code: String
            ) async throws {
            \(body)
            }

            """
    }
}
