import FieldgridModel
import FieldgridSchema
import Foundation
import Testing

@Suite struct LabourSchemaTests {
    /// The folder this checkout keeps its data in.
    static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    @Test func theBuiltInSchemaIsReadWithoutAMistake() throws {
        let schema = try SchemaReader.read(files: EmbeddedFiles.schema)
        #expect(
            schema.types.map(\.name) == [
                "grid", "staff", "device", "task", "campaign", "conflict", "employer", "snapshot",
                "insurance",
            ])
    }

    @Test func theBuiltInFilesAreThoseOfTheFolders() throws {
        let folder = Self.root.appending(path: "schemas/labour")
        let builtIn = try LabourSchema.read()
        #expect(try SchemaFolder.schema(at: folder) == builtIn)
        for file in EmbeddedFiles.schema {
            let text = try String(contentsOf: folder.appending(path: file.path), encoding: .utf8)
            #expect(text == file.text, "run scripts/embed.py: \(file.path) is older than its file")
        }
    }

    @Test func theBuiltInSeedsAreThoseOfTheFolder() throws {
        let folder = Self.root.appending(path: "seeds/hunjiang")
        #expect(
            try SchemaFolder.seeds(at: folder).sorted { $0.path < $1.path }
                == EmbeddedFiles.seeds.sorted { $0.path < $1.path }, "run scripts/embed.py")
    }

    @Test func canonicalJSONReadsBackAsTheSameSchema() throws {
        let schema = try LabourSchema.read()
        #expect(try Schema(canonicalJSON: schema.canonicalJSON()) == schema)
    }

    @Test func canonicalJSONIsTheSameEveryTime() throws {
        let schema = try LabourSchema.read()
        let again = try Schema(canonicalJSON: schema.canonicalJSON())
        #expect(try again.canonicalJSON() == schema.canonicalJSON())
    }

    @Test func onlyTheNameOfAnEmployerIsRequired() throws {
        let employer = try #require(
            try LabourSchema.read().type(named: "employer"))
        #expect(employer.fields.filter(\.required).map(\.name) == ["name"])
    }

    @Test func whatTwoPeopleAddToASetBothHolds() throws {
        let fields = try LabourSchema.read().types.flatMap(\.fields).filter { $0.kind == .set }
        #expect(Set(fields.map(\.name)) == ["name_alias", "hazard_types"])
        #expect(fields.allSatisfy { $0.policy == .set })
    }

    @Test(arguments: ["headcount", "contract", "wage"])
    func aGroupOfTheSnapshotWaitsForAPerson(name: String) throws {
        let snapshot = try #require(
            try LabourSchema.read().type(named: "snapshot"))
        #expect(snapshot.groups.first { $0.name == name }?.policy == .review)
    }

    @Test func onlyGridsStaffAndCampaignsComeFromAbove() throws {
        let schema = try LabourSchema.read()
        #expect(schema.types.filter(\.shared).map(\.name) == ["grid", "staff", "campaign"])
    }
}
