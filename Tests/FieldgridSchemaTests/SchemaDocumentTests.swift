import FieldgridModel
import FieldgridSchema
import Foundation
import Testing

@Suite struct SchemaDocumentTests {
    /// The YAML blocks of the document's worked example, without the
    /// indentation of the list they stand in.
    private func workedExample() throws -> [SchemaFile] {
        let path = LabourSchemaTests.root.appending(path: "docs/schema-language.md")
        let text = try String(contentsOf: path, encoding: .utf8)
        let example = try #require(text.components(separatedBy: "## How to add a record type").last)
        let blocks = example.components(separatedBy: "```yaml\n").dropFirst()
        return try blocks.enumerated().map { number, block in
            let body = try #require(block.components(separatedBy: "```").first)
            let lines = body.split(separator: "\n").map {
                $0.hasPrefix("   ") ? $0.dropFirst(3) : $0
            }
            return SchemaFile(
                path: "example\(number).yaml", text: lines.joined(separator: "\n") + "\n")
        }
    }

    @Test func theWorkedExampleIsASchemaThatCanBeAddedToTheLabourSchema() throws {
        let files = try workedExample()
        #expect(files.count == 2)
        let schema = try SchemaReader.read(files: EmbeddedFiles.schema + files)
        let stand = try #require(schema.type(named: "stand"))
        #expect(stand.group(containing: "alive")?.policy == .review)
        #expect(schema.codeList(named: "species")?.versions.count == 1)
    }
}
