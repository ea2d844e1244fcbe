import FieldgridModel
import FieldgridSchema
import Testing

/// What is wrong with a small schema after one line of it was changed.
struct BrokenSchema: CustomTestStringConvertible, Sendable {
    /// The line that is replaced, without its indentation.
    var line: String
    var replacement: String
    var expectedLine: Int
    /// A part of the reason.
    var reason: String

    init(_ line: String, _ replacement: String, at expectedLine: Int, _ reason: String) {
        self.line = line
        self.replacement = replacement
        self.expectedLine = expectedLine
        self.reason = reason
    }

    var testDescription: String { "\(replacement) → \(reason)" }
}

@Suite struct SchemaReaderTests {
    static let head = SchemaFile(
        path: "schema.yaml",
        text: """
            schema: forest
            version: 3
            label: { zh: 林区, en: Forest }

            """)

    static let list = SchemaFile(
        path: "codes/species.yaml",
        text: """
            code_list: species
            label: { zh: 树种, en: Species }
            versions:
              - version: "1"
                codes:
                  - { code: PINE, zh: 红松, en: Pine }
                  - { code: BIRCH, zh: 白桦, en: Birch }

            """)

    static let stand = SchemaFile(
        path: "stand.yaml",
        text: """
            type: stand
            number: 16
            label: { zh: 林分, en: Stand }
            title: name
            unique:
              - [name]
            fields:
              - number: 2
                name: name
                label: { zh: 名称, en: Name }
                type: text
                length: 50
                required: true
              - number: 3
                name: species
                label: { zh: 树种, en: Species }
                type: code
                list: species
              - number: 4
                name: planted
                label: { zh: 栽植数, en: Planted }
                type: integer
                least: 0
                policy: max
              - number: 5
                name: alive
                label: { zh: 成活数, en: Alive }
                type: integer
            groups:
              - number: 6
                name: count
                label: { zh: 数量, en: Count }
                policy: review
                members: [planted, alive]
            rules:
              - name: alive_within_planted
                label: { zh: 成活数不应多于栽植数, en: The living were planted }
                holds: alive <= planted

            """)

    private static func mistakes(_ files: [SchemaFile]) -> [SchemaMistake] {
        do {
            _ = try SchemaReader.read(files: files)
            return []
        } catch {
            return error.mistakes
        }
    }

    @Test func aSchemaInOrderIsReadWhole() throws {
        let schema = try SchemaReader.read(files: [Self.stand, Self.list, Self.head])
        let stand = try #require(schema.type(named: "stand"))
        #expect(schema.name == "forest" && schema.version == 3)
        #expect(stand.field(named: "name")?.kind == .text(maxLength: 50))
        #expect(stand.field(named: "species")?.kind == .code(list: "species", versionField: nil))
        #expect(stand.field(named: "planted")?.checks == [.range(least: 0, greatest: nil)])
        #expect(stand.naturalKeys == [["name"]])
        #expect(
            stand.rules.map(\.condition)
                == [.compare(.lessOrEqual, .field("alive"), .field("planted"))])
    }

    @Test func aFieldOfAGroupMergesAsTheGroupDoes() throws {
        let schema = try SchemaReader.read(files: [Self.stand, Self.list, Self.head])
        #expect(schema.type(named: "stand")?.field(named: "planted")?.policy == .review)
    }

    @Test(arguments: [
        BrokenSchema("number: 16", "numbr: 16", at: 2, "unknown key “numbr”"),
        BrokenSchema("number: 16", "numbr: 16", at: 1, "“number” is missing"),
        BrokenSchema("number: 16", "number: many", at: 2, "must be a whole number"),
        BrokenSchema("title: name", "title: nome", at: 4, "which is no field here"),
        BrokenSchema("- [name]", "- [name, age]", at: 6, "which is no field here"),
        BrokenSchema("- number: 2", "- number: 1", at: 8, "whole number from 2"),
        BrokenSchema("- number: 2", "- number: 0", at: 8, "whole number from 2"),
        BrokenSchema("- number: 3", "- number: 2", at: 14, "already that of “name”"),
        BrokenSchema("- number: 6", "- number: 5", at: 30, "already that of “alive”"),
        BrokenSchema("name: species", "name: name", at: 15, "is there twice"),
        BrokenSchema("name: count", "name: alive", at: 31, "is there twice"),
        BrokenSchema("name: alive", "name: Alive", at: 26, "is no name"),
        BrokenSchema("name: alive", "name: scope", at: 26, "a name of the engine"),
        BrokenSchema("label: { zh: 名称, en: Name }", "label: { zh: 名称 }", at: 10, "“en” is missing"),
        BrokenSchema(
            "label: { zh: 名称, en: Name }", "sensitivity: open", at: 8, "“label” is missing"),
        BrokenSchema("type: text", "type: string", at: 11, "must be one of text, integer"),
        BrokenSchema("length: 50", "sensitivity: open", at: 8, "the type text needs “length”"),
        BrokenSchema("length: 50", "scale: 2", at: 12, "belongs to the type decimal"),
        BrokenSchema("required: true", "required: yes", at: 13, "must be true or false"),
        BrokenSchema("required: true", "least: 1", at: 13, "needs the type integer"),
        BrokenSchema("required: true", "shape: tall", at: 13, "must be one of phone"),
        BrokenSchema("required: true", "not_after_today: true", at: 13, "needs the type date"),
        BrokenSchema("least: 0", "check_digit: uscc", at: 23, "needs the type text"),
        BrokenSchema("least: 0", "least: 0.5", at: 23, "must be a whole number"),
        BrokenSchema("policy: max", "policy: oldest", at: 24, "must be one of latest, review"),
        BrokenSchema(
            "policy: max", "policy: { precedence: [rumour] }", at: 24, "“rumour” is no source"),
        BrokenSchema("list: species", "list: colours", at: 14, "the unknown code list “colours”"),
        BrokenSchema("list: species", "version_in: year", at: 14, "needs “list”"),
        BrokenSchema(
            "members: [planted, alive]", "members: [planted, dead]", at: 34, "“dead” is no field"),
        BrokenSchema(
            "members: [planted, alive]", "members: [alive]", at: 34, "at least two members"),
        BrokenSchema("holds: alive <= planted", "holds: alive <=", at: 38, "where the end stands"),
        BrokenSchema("holds: alive <= planted", "holds: alive <= dead", at: 38, "names “dead”"),
        BrokenSchema(
            "holds: alive <= planted", "holds: alive <= name", at: 38, "compared with a text"),
        BrokenSchema(
            "holds: alive <= planted", "holds: alive + planted", at: 38, "needs a condition"),
        BrokenSchema(
            "holds: alive <= planted", "holds: alive ~ planted", at: 38, "a sign it cannot"),
    ])
    func aMistakeIsToldWithFileLineAndReason(broken: BrokenSchema) throws {
        try #require(Self.stand.text.contains(broken.line + "\n"))
        let text = Self.stand.text.replacing(
            broken.line + "\n", with: broken.replacement + "\n", maxReplacements: 1)
        let found = Self.mistakes([
            Self.head, Self.list, SchemaFile(path: "stand.yaml", text: text),
        ])
        #expect(
            found.contains {
                $0.file == "stand.yaml" && $0.line == broken.expectedLine
                    && $0.reason.contains(broken.reason)
            }, "\(found)")
    }

    @Test func everyMistakeIsToldAtOnce() {
        let text = Self.stand.text
            .replacing("type: text", with: "type: string")
            .replacing("policy: max", with: "policy: oldest")
        let list = SchemaFile(path: Self.list.path, text: Self.list.text + "colour: red\n")
        let found = Self.mistakes([
            Self.head, list, SchemaFile(path: "stand.yaml", text: text),
        ])
        #expect(
            found.map(\.description.firstWord) == [
                "codes/species.yaml:8:", "stand.yaml:11:", "stand.yaml:24:",
            ])
    }

    @Test func aFieldInTwoGroupsIsRefused() {
        let group = """
            groups:
              - number: 7
                name: more
                label: { zh: 更多, en: More }
                members: [alive, name]

            """
        let text = Self.stand.text.replacing("groups:\n", with: group)
        let found = Self.mistakes([
            Self.head, Self.list, SchemaFile(path: "stand.yaml", text: text),
        ])
        #expect(
            found.map(\.reason) == [
                "“alive” is already in the group “more”; a field is in at most one"
            ])
    }

    @Test func aFileThatIsNoYAMLIsToldWithItsLine() throws {
        let found = Self.mistakes([Self.head, SchemaFile(path: "x.yaml", text: "type: a\n b: [\n")])
        let mistake = try #require(found.first { $0.file == "x.yaml" })
        #expect(mistake.reason.hasPrefix("not YAML") && mistake.line >= 2)
    }

    @Test func theSameKeyTwiceIsRefused() {
        let found = Self.mistakes([
            Self.head, SchemaFile(path: "x.yaml", text: "type: a\nnumber: 1\nnumber: 2\n"),
        ])
        #expect(found.contains { $0.file == "x.yaml" && $0.reason.contains("the same key twice") })
    }

    @Test(arguments: ["", "# nothing\n", "- a\n- b\n", "colour: red\n", "plain\n"])
    func aFileThatIsNothingWeKnowIsRefused(text: String) {
        let found = Self.mistakes([Self.head, SchemaFile(path: "x.yaml", text: text)])
        #expect(found.contains { $0.file == "x.yaml" })
    }

    @Test func aFolderWithoutAHeadIsRefused() {
        let found = Self.mistakes([Self.list, Self.stand])
        #expect(found.map(\.reason.isEmpty) == [false])
    }

    @Test func twoTypesWithOneNumberAreRefused() {
        let text = Self.stand.text.replacing("type: stand", with: "type: tree")
        let found = Self.mistakes([
            Self.head, Self.list, Self.stand, SchemaFile(path: "tree.yaml", text: text),
        ])
        #expect(found.map(\.reason) == ["the number 16 is already that of “stand”"])
    }

    @Test func aCodeTwiceInOneVersionIsRefused() {
        let text = Self.list.text.replacing("BIRCH", with: "PINE")
        let found = Self.mistakes([
            Self.head, SchemaFile(path: "codes/species.yaml", text: text), Self.stand,
        ])
        #expect(
            found == [
                SchemaMistake(
                    file: "codes/species.yaml", line: 7, reason: "the code “PINE” is there twice")
            ])
    }

    @Test func aBrokenListIsNotAlsoAnUnknownOne() {
        let text = Self.list.text.replacing("label: { zh: 树种", with: "label: { cn: 树种")
        let found = Self.mistakes([
            Self.head, SchemaFile(path: "codes/species.yaml", text: text), Self.stand,
        ])
        #expect(found.allSatisfy { $0.file == "codes/species.yaml" })
    }

    @Test func anImportOfAnUnknownFieldIsRefused() {
        let text = """
            import: trees
            type: stand
            label: { zh: 林分表, en: Stands }
            columns:
              - header: 名称
                field: nome
              - header: 树种
                field: species
                words: { 松: OAK }
              - header: 备注

            """
        let found = Self.mistakes([
            Self.head, Self.list, Self.stand, SchemaFile(path: "imports/trees.yaml", text: text),
        ])
        #expect(found.map(\.line) == [5, 7, 10])
    }
}

extension String {
    var firstWord: String { String(prefix { $0 != " " }) }
}
