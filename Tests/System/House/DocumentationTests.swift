import Foundation
import Testing

/// The documentation of the library, built by the toolchain's own tools.
@Suite struct DocumentationTests {
    private static let folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "../../..").standardizedFileURL.path
    private static let script = folder + "/scripts/docs.sh"

    @Test func everyLinkAndEveryParameterOfTheLibrarysPagesIsThere() throws {
        let output = try TemporaryFolder()
        let built = try build(into: output.file("docs"))
        #expect(built.status == 0, "\(built.errors)\(built.output)")
        let page = output.file("docs/data/documentation/fieldgrid/conflicts.json")
        #expect(FileManager.default.fileExists(atPath: page))
    }

    @Test func aToolchainWithoutTheToolsIsToldFromALibraryThatIsNotBuilt() throws {
        let empty = try TemporaryFolder()
        let built = try build(into: empty.file("docs"), from: empty.path)
        #expect(built.status == 1)
        #expect(built.errors.contains("run 'swift build --target Fieldgrid'"))
        let swift = try empty.write("#!/bin/sh\n", to: "swift", executable: true)
        let path = URL(fileURLWithPath: swift).deletingLastPathComponent().path
        let without = try build(into: empty.file("docs"), path: path + ":/usr/bin:/bin")
        #expect(without.status == 1)
        #expect(without.errors.contains("has no docc"))
    }

    private func build(
        into output: String, from build: String? = nil, path: String? = nil
    ) throws -> Fieldgrid.Result {
        let built = URL(fileURLWithPath: try Fieldgrid.executable()).deletingLastPathComponent()
        var environment = ["FIELDGRID_BUILD": build ?? built.path]
        if let path { environment["PATH"] = path }
        return try Fieldgrid.run(
            "/bin/bash", [Self.script, output], environment: environment)
    }
}
