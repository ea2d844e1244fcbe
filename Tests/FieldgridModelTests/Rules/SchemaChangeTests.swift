import FieldgridModel
import Testing

/// What may follow what, and what is said of it.
@Suite struct SchemaChangeTests {
    /// A change of a small schema, and what is said of it.
    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var problem: String?
        var sentence: String?
        var change: @Sendable (inout Schema) -> Void

        static func refused(
            _ problem: String, _ change: @escaping @Sendable (inout Schema) -> Void
        ) -> Case {
            Case(testDescription: problem, problem: problem, sentence: nil, change: change)
        }

        static func said(
            _ sentence: String, _ change: @escaping @Sendable (inout Schema) -> Void
        ) -> Case {
            Case(testDescription: sentence, problem: nil, sentence: sentence, change: change)
        }
    }

    private static func field(_ number: Int, _ name: String, _ kind: FieldKind) -> Field {
        Field(
            number: UnitNumber(number), name: name, label: Label(zh: name, en: name), kind: kind)
    }

    private static let schema = Schema(
        name: "fiction", version: 1, label: Label(zh: "虚构", en: "Fiction"),
        types: [
            RecordType(
                number: TypeNumber(1), name: "shop", label: Label(zh: "店", en: "Shop"),
                fields: [
                    field(2, "name", .text(maxLength: 60)),
                    field(3, "rate", .decimal(scale: 2)),
                    field(4, "kind", .code(list: "kinds", versionField: nil)),
                    field(5, "men", .integer), field(6, "women", .integer),
                    field(7, "visits", .integer),
                ],
                groups: [
                    FieldGroup(
                        number: UnitNumber(20), name: "people",
                        label: Label(zh: "人", en: "People"), members: ["men", "women"])
                ],
                naturalKeys: [["name"]]),
            RecordType(
                number: TypeNumber(2), name: "visit", label: Label(zh: "访", en: "Visit"),
                parent: ParentLink(field: "shop", type: "shop"),
                fields: [field(2, "shop", .reference(type: "shop"))]),
        ],
        codeLists: [
            CodeList(
                name: "kinds", label: Label(zh: "种", en: "Kinds"),
                versions: [
                    CodeListVersion(
                        version: "1",
                        codes: ["A", "B"].map { Code(code: $0, label: Label(zh: $0, en: $0)) })
                ])
        ])

    static let cases: [Case] = [
        .refused("the schema is fiction, not other") { $0.name = "other" },
        .refused("record type visit (2) is missing") { $0.types.removeLast() },
        .refused("number 2 is visit, and cannot become tour") { $0.types[1].name = "tour" },
        .refused("two record types have the number 1") {
            $0.types.append($0.types[0])
            $0.types[2].name = "stall"
        },
        .refused("two record types are called shop") {
            $0.types.append($0.types[0])
            $0.types[2].number = TypeNumber(3)
        },
        .refused("shop cannot change who receives or writes it") { $0.types[0].shared = true },
        .refused("shop cannot change who receives or writes it") { $0.types[0].hubOnly = true },
        .refused("visit cannot change what it belongs to: its records live where that does") {
            $0.types[1].parent = nil
        },
        .refused("field shop.name is missing") { $0.types[0].fields.removeFirst() },
        .refused("field shop.name (2) cannot become title, or another kind") {
            $0.types[0].fields[0].name = "title"
        },
        .refused("field shop.name (2) cannot become name, or another kind") {
            $0.types[0].fields[0].kind = .integer
        },
        .refused("field shop.rate (3) cannot become rate, or another kind") {
            $0.types[0].fields[1].kind = .decimal(scale: 3)
        },
        .refused("field visit.shop (2) cannot become shop, or another kind") {
            $0.types[1].fields[0].kind = .reference(type: "visit")
        },
        .refused("shop has the number 2 twice") {
            $0.types[0].fields.append(field(2, "other", .integer))
        },
        .refused("shop has the number 20 twice") {
            $0.types[0].fields.append(field(20, "other", .integer))
        },
        .refused("shop has the name people twice") {
            $0.types[0].fields.append(field(30, "people", .integer))
        },
        .refused(
            "field shop.visits cannot begin or cease to be a counter, a set or a list of entries: "
                + "changes that wait on devices would be misread"
        ) { $0.types[0].fields[5].policy = .counter },
        .refused("group shop.people cannot change its members") {
            $0.types[0].groups[0].members.reverse()
        },
        .refused("group shop.people cannot change its members") {
            $0.types[0].groups[0].members.append("visits")
        },
        .refused("field shop.visits cannot enter or leave a group") {
            $0.types[0].groups[0].members.append("visits")
        },
        .said("new record type stall") {
            $0.types.append($0.types[0])
            $0.types[2].number = TypeNumber(3)
            $0.types[2].name = "stall"
        },
        .said("new field shop.fax, required") {
            $0.types[0].fields.append(field(30, "fax", .integer))
            $0.types[0].fields[6].required = true
        },
        .said("shop.name is now required") { $0.types[0].fields[0].required = true },
        .said("shop.name is checked otherwise") {
            $0.types[0].fields[0].kind = .text(maxLength: 5)
        },
        .said("shop.visits is checked otherwise") {
            $0.types[0].fields[5].checks = [.range(least: 0, greatest: nil)]
        },
        .said("shop.name merges by another policy") { $0.types[0].fields[0].policy = .review },
        .said("shop.people merges by another policy") { $0.types[0].groups[0].policy = .review },
        .said("new group shop.address") {
            $0.types[0].fields += [field(30, "road", .integer), field(31, "door", .integer)]
            $0.types[0].groups.append(
                FieldGroup(
                    number: UnitNumber(21), name: "address", label: Label(zh: "址", en: "Address"),
                    members: ["road", "door"]))
        },
        .said("shop is known by other keys: duplicates are looked for anew") {
            $0.types[0].naturalKeys = []
        },
        .said("shop has a new rule some_men") {
            $0.types[0].rules.append(
                CrossFieldRule(
                    name: "some_men", label: Label(zh: "男", en: "Men"),
                    condition: .isNull(.field("men"))))
        },
        .said("the code list kinds no longer has B") {
            $0.codeLists[0].versions[0].codes.removeLast()
        },
        .said("the code list kinds has a new version 2") {
            $0.codeLists[0].versions.append(CodeListVersion(version: "2", codes: []))
        },
        .said("the code list kinds is gone") { $0.codeLists = [] },
        .said("labels, code lists or import maps change") { $0.label.en = "Other" },
    ]

    @Test(arguments: cases)
    func itIsSaidWhatChangesAndWhatCannot(_ one: Case) {
        var next = Self.schema
        one.change(&next)
        let change = SchemaChange(from: Self.schema, to: next)
        if let problem = one.problem {
            #expect(change.problems.contains(problem))
        } else {
            #expect(change.problems == [])
            #expect(change.sentences.contains(one.sentence ?? ""))
        }
    }

    @Test func nothingIsSaidOfTheSame() {
        let change = SchemaChange(from: Self.schema, to: Self.schema)
        #expect(change.problems + change.sentences == [])
    }
}
