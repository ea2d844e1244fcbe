import Foundation
import Testing

/// A district asks for more than before, while people are out in the villages.
@Suite struct NewSchemaTests {
    /// The labour schema with one alteration of the employers' file.
    private func schema(
        _ district: District, replacing text: String, by other: String
    ) throws -> String {
        let root = (0..<4).reduce(URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()) {
            url, _ in url.deletingLastPathComponent()
        }
        let source = root.appendingPathComponent("schemas/labour").path
        let copy = district.folder.file("schema")
        try FileManager.default.copyItem(atPath: source, toPath: copy)
        let file = URL(fileURLWithPath: copy + "/employer.yaml")
        let before = try String(contentsOf: file, encoding: .utf8)
        try #require(before.contains(text))
        try before.replacing(text, with: other, maxReplacements: 1)
            .write(to: file, atomically: true, encoding: .utf8)
        return copy
    }

    @Test func whatIsNewIsSaidAtTheHubAndAtTheDevice() throws {
        let district = try District()
        let node = try district.join()
        let folder = try schema(
            district, replacing: "\nfields:\n",
            by: """

                fields:
                  - number: 900
                    name: night_shift
                    label: { zh: 夜班, en: Night shift }
                    type: boolean

                """)
        let published = try district.done([
            "hub", "publish", "--schema", folder, "--data", district.hubData,
        ])
        #expect(published.contains("new field employer.night_shift"))
        let text = try district.done(["node", "sync", "--data", node])
        #expect(text.contains("The hub's schema changed: new field employer.night_shift."))
        let again = try district.ask(["node", "sync", "--data", node])
        #expect(again["schema_changes"].elements.isEmpty)
        _ = try district.record("employer", "name=虚构甲", "night_shift=true", at: node)
        try district.done(["node", "sync", "--data", node])
        #expect(try district.records("employer", at: district.hubData).count == 1)
    }

    @Test func workFromTheOldFormIsTakenAndAskedForWhatIsNew() throws {
        let district = try District()
        let node = try district.join()
        let id = try district.record("employer", "name=虚构甲", at: node)
        let folder = try schema(
            district, replacing: "    name: phone\n", by: "    name: phone\n    required: true\n")
        try district.done(["hub", "publish", "--schema", folder, "--data", district.hubData])
        #expect(try district.run(["node", "sync", "--data", node]).errors == "")
        let conflicts = try district.run(["conflicts", "list", "--data", node]).output
        #expect(conflicts.contains("填写时的表结构较旧"))
        #expect(conflicts.contains("必填"))
        try district.done([
            "record", "set", "employer", id, "phone=13800000001", "--data", node,
        ])
        try district.done(["node", "sync", "--data", node])
        let left = try district.done(["conflicts", "list", "--data", node])
        #expect(left.contains("No conflicts wait"))
    }
}
