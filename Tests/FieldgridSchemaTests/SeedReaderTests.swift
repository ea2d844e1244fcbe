import FieldgridModel
import FieldgridSchema
import Testing

@Suite struct SeedReaderTests {
    private let today = LocalDate(daysSince1970: 20_658)

    private func seeds(_ files: [SchemaFile]) throws -> Seeds {
        let schema = try LabourSchema.read()
        return try SeedReader.read(files: files, schema: schema, today: today)
    }

    private func mistakes(grids: String = grids, employers: String) throws -> [String] {
        do {
            _ = try seeds([
                SchemaFile(path: "grids.csv", text: grids),
                SchemaFile(path: "employers.csv", text: employers),
            ])
            return []
        } catch let error as SchemaMistakes {
            return error.mistakes.map { "\($0.file):\($0.line)" }
        }
    }

    private static let grids = """
        code,name,parent,level
        220602,浑江区,,1
        220602100,七道江镇,220602,2

        """

    @Test func theBuiltInSeedsAreTheWholeDistrict() throws {
        let seeds = try seeds(EmbeddedFiles.seeds)
        let levels = seeds.grids.map { $0.values["level"] }
        #expect(levels.count { $0 == .integer(1) } == 1)
        #expect(levels.count { $0 == .integer(2) } == 12)
        #expect(levels.count { $0 == .integer(3) } == 97)
    }

    @Test func theBuiltInEmployersAreAllMarkedFictional() throws {
        let seeds = try seeds(EmbeddedFiles.seeds)
        #expect(seeds.records.count == 40)
        #expect(seeds.records.allSatisfy { $0.values["name"]?.text?.hasPrefix("虚构") == true })
    }

    @Test func aGridLivesInTheScopeOfItsParent() throws {
        let seeds = try seeds([SchemaFile(path: "grids.csv", text: Self.grids)])
        #expect(seeds.grids.map(\.scope) == [ScopeCode("220602"), ScopeCode("220602")])
    }

    @Test(
        arguments: [
            ("220602100,虚构甲,91110000802100433B", []),
            ("220602999,虚构甲,91110000802100433B", ["employers.csv:2"]),
            ("220602100,,91110000802100433B", ["employers.csv:2"]),
            ("220602100,虚构甲,91110000802100433C", ["employers.csv:2"]),
            ("220602100,虚构甲", ["employers.csv:2"]), ("220602100,\"虚构甲", ["employers.csv:2"]),
        ] as [(String, [String])])
    func aSeedWithAMistakeIsToldWithItsLine(row: String, places: [String]) throws {
        #expect(try mistakes(employers: "scope,name,uscc\n\(row)\n") == places)
    }

    @Test func anUnknownColumnIsToldOnce() throws {
        #expect(try mistakes(employers: "scope,nome\n220602,a\n220602,b\n") == ["employers.csv:1"])
    }

    @Test(arguments: [
        "220602101,六道江镇,220603,2", "220602101,六道江镇,220602,3", "220602100,六道江镇,220602,2",
        "220602101,,220602,2",
    ])
    func aGridThatDoesNotFitTheTreeIsRefused(row: String) throws {
        #expect(
            try mistakes(grids: Self.grids + row + "\n", employers: "scope,name\n")
                == ["grids.csv:4"])
    }
}
