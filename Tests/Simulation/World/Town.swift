import FieldgridHub
import FieldgridModel
import FieldgridSchema

/// The schema and the grids of every simulation: every policy, a group, rules
/// over one unit and over two, a natural key, and a type with a parent.
enum Town {
    enum Site {
        static let type = TypeNumber(90)
        static let name = UnitNumber(2)
        static let code = UnitNumber(3)
        static let phone = UnitNumber(4)
        static let arrears = UnitNumber(5)
        static let total = UnitNumber(6)
        static let male = UnitNumber(7)
        static let female = UnitNumber(8)
        static let opened = UnitNumber(9)
        static let closed = UnitNumber(10)
        static let seen = UnitNumber(11)
        static let founded = UnitNumber(12)
        static let caseNumber = UnitNumber(13)
        static let status = UnitNumber(14)
        static let visits = UnitNumber(15)
        static let tags = UnitNumber(16)
        static let log = UnitNumber(17)
        static let maker = UnitNumber(18)
        static let headcount = UnitNumber(30)
        /// Of the second schema only.
        static let email = UnitNumber(40)

        /// Units that one field makes and a node may write.
        static let single = [
            name, code, phone, arrears, opened, closed, seen, founded, status, maker, email,
        ]
        /// Units whose changes say what they do.
        static let operations = [visits, tags, log]
        /// Members of the group.
        static let members = [total, male, female]
        /// Units whose text says which record it belongs to.
        static let marked = [name, phone, log, maker, email]
    }

    enum Visit {
        static let type = TypeNumber(91)
        static let site = UnitNumber(2)
        static let note = UnitNumber(3)
        static let result = UnitNumber(4)
        static let single = [note, result]
    }

    private static func field(
        _ number: UnitNumber, _ name: String, _ kind: FieldKind = .text(maxLength: 100),
        _ policy: MergePolicy = .latest, required: Bool = false
    ) -> Field {
        Field(
            number: number, name: name, label: Label(zh: name, en: name), kind: kind,
            required: required, policy: policy)
    }

    private static func rule(_ name: String, _ condition: Expression) -> CrossFieldRule {
        CrossFieldRule(name: name, label: Label(zh: name, en: name), condition: condition)
    }

    private static let site = RecordType(
        number: Site.type, name: "site", label: Label(zh: "场所", en: "Site"),
        fields: [
            field(
                Site.name, "name", .text(maxLength: 100),
                .precedence([.registry, .licence, .onSite]), required: true),
            field(Site.code, "code"), field(Site.phone, "phone"),
            field(Site.arrears, "arrears", .money, .review),
            field(Site.total, "total", .integer), field(Site.male, "male", .integer),
            field(Site.female, "female", .integer), field(Site.opened, "opened", .date),
            field(Site.closed, "closed", .date), field(Site.seen, "seen", .date, .max),
            field(Site.founded, "founded", .date, .min),
            field(Site.caseNumber, "case_number", .text(maxLength: 100), .hub),
            field(Site.status, "status"),
            field(Site.visits, "visits", .integer, .counter),
            field(Site.tags, "tags", .set, .set),
            field(Site.log, "log", .text(maxLength: 60_000), .append),
            field(Site.maker, "maker", .text(maxLength: 100), .fixed),
        ],
        groups: [
            FieldGroup(
                number: Site.headcount, name: "headcount", label: Label(zh: "人数", en: "Headcount"),
                members: ["total", "male", "female"], policy: .review)
        ],
        rules: [
            rule(
                "sum",
                .compare(.equal, .sum([.field("male"), .field("female")]), .field("total"))),
            rule("order", .compare(.lessOrEqual, .field("opened"), .field("closed"))),
        ],
        naturalKeys: [["code"]], title: "name",
        refresh: RefreshRule(
            statusField: "status", activeCodes: ["open"], emptyIsActive: true,
            completedBy: ["visit"])
    )

    private static let visit = RecordType(
        number: Visit.type, name: "visit", label: Label(zh: "走访", en: "Visit"),
        parent: ParentLink(field: "site", type: "site"),
        fields: [
            field(Visit.site, "site", .reference(type: "site"), required: true),
            field(Visit.note, "note"), field(Visit.result, "result", .integer, .review),
        ])

    /// The engine's own types as the labour schema declares them.
    private static let system: [RecordType] = {
        let names = SystemTypes.required.map(\.type)
        let labour = try? SchemaReader.read(files: EmbeddedFiles.schema)
        return (labour?.types ?? []).filter { names.contains($0.name) }
    }()

    static let schema = Schema(
        name: "town", version: 1, label: Label(zh: "样例", en: "Sample"),
        types: system + [site, visit], codeLists: codeLists)

    /// The second schema: one field more.
    static let schema2: Schema = {
        var second = schema
        second.version = 2
        for place in second.types.indices where second.types[place].number == Site.type {
            second.types[place].fields.append(field(Site.email, "email"))
        }
        return second
    }()

    /// Lists that the engine's own types name.
    private static let codeLists: [CodeList] = {
        let labour = try? SchemaReader.read(files: EmbeddedFiles.schema)
        var named: Set<String> = []
        for type in system {
            for field in type.fields {
                if case .code(let list, _) = field.kind { named.insert(list) }
            }
        }
        return (labour?.codeLists ?? []).filter { named.contains($0.name) }
    }()

    static let district = ScopeCode("10")
    /// A district, two townships, two villages in each.
    static let grids = ["10", "1001", "1002", "100101", "100102", "100201", "100202"]
        .map { ScopeCode($0) }
    static let villages = Array(grids[3...])

    static let seeds: HubSeed? = {
        var table = "code,name,name_en,parent,level\n"
        for grid in grids {
            let parent = grid == district ? "" : String(grid.text.dropLast(2))
            table += "\(grid),格\(grid),Grid \(grid),\(parent),\(grid.text.count / 2)\n"
        }
        let day = LocalDate(milliseconds: 0, offsetMinutes: 0)
        let seeds = try? SeedReader.read(
            files: [SchemaFile(path: "grids.csv", text: table)], schema: schema, today: day)
        return seeds.map { HubSeed(schema: schema, records: $0.grids) }
    }()
}

extension RecordID {
    /// The n-th record of a plan.
    static func simulated(_ number: Int) -> RecordID {
        RecordID(
            UUIDBits(
                high: 0x0198_0000_0000_7000, low: 0x8000_0000_0000_0000 | UInt64(number)))
    }
}
