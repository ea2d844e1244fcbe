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

/// A schema of a newer program.
@Suite struct UnreadableSchemaTests {
    @Test(arguments: [
        ("\"policy\":{\"review\":{}}", "\"policy\":{\"vote\":{}}", "policy"),
        ("\"kind\":{\"money\":{}}", "\"kind\":{\"colour\":{}}", "kind"),
        ("\"required\":true", "\"required\":7", "required"),
    ])
    func whatIsNotKnownIsNamedByItsPlace(known: String, new: String, key: String) throws {
        let schema = try SchemaReader.read(files: EmbeddedFiles.schema)
        let text = String(decoding: try schema.canonicalJSON(), as: UTF8.self)
        let range = try #require(text.range(of: known))
        let newer = text.replacingCharacters(in: range, with: new)
        let error = #expect(throws: UnreadableSchema.self) {
            try Schema(canonicalJSON: Array(newer.utf8))
        }
        let place = try #require(error?.place)
        #expect(place.hasPrefix("labour › "))
        #expect(place.hasSuffix(" › \(key)"))
        #expect(place.components(separatedBy: " › ").count == 4, "type and field are named")
    }

    @Test func whatIsNoSchemaAtAllIsSaidToBeNone() {
        let error = #expect(throws: UnreadableSchema.self) {
            try Schema(canonicalJSON: Array("虚构".utf8))
        }
        #expect(error?.description == "it is no schema that this program knows")
    }
}
