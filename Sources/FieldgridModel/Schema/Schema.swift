/// Record types, merge policies, rules, code lists and labels: everything a
/// district can change without another program.
///
/// A schema is read from YAML by `FieldgridSchema`, travels to nodes as JSON
/// and is named by the digest of that JSON. Numbers of types, fields and
/// groups are permanent and never reused.
package struct Schema: Hashable, Sendable, Codable {
    package var name: String
    package var version: Int
    package var label: Label
    package var types: [RecordType]
    package var codeLists: [CodeList]
    package var imports: [ImportMap]

    package init(
        name: String, version: Int, label: Label, types: [RecordType], codeLists: [CodeList],
        imports: [ImportMap] = []
    ) {
        self.name = name
        self.version = version
        self.label = label
        self.types = types
        self.codeLists = codeLists
        self.imports = imports
    }

    package func type(named name: String) -> RecordType? { types.first { $0.name == name } }
    package func type(_ number: TypeNumber) -> RecordType? { types.first { $0.number == number } }
    package func codeList(named name: String) -> CodeList? { codeLists.first { $0.name == name } }
    /// The types whose `parent` is this one.
    package func children(of type: RecordType) -> [RecordType] {
        types.filter { $0.parent?.type == type.name }
    }
}

/// The same words in Chinese and in English.
package struct Label: Hashable, Sendable, Codable {
    package var zh: String
    package var en: String
    package init(zh: String, en: String) {
        self.zh = zh
        self.en = en
    }
}

/// One kind of record: an employer, a half-year's snapshot, a grid.
package struct RecordType: Hashable, Sendable, Codable {
    package var number: TypeNumber
    package var name: String
    package var label: Label
    /// Nodes below receive records of shared types from ancestor scopes.
    package var shared: Bool
    /// Only the hub writes records of this type.
    package var hubOnly: Bool
    /// The record this one belongs to, and lives with.
    package var parent: ParentLink?
    package var fields: [Field]
    package var groups: [FieldGroup]
    package var rules: [CrossFieldRule]
    /// Each entry is a natural key: fields that together name one thing in the world.
    ///
    /// Not enforced on replicas; duplicates are found and shown.
    package var naturalKeys: [[String]]
    /// The field shown as the record's name in lists.
    package var title: String?
    /// How the half-yearly refresh treats this type; nil where it does not.
    package var refresh: RefreshRule?

    package init(
        number: TypeNumber, name: String, label: Label, shared: Bool = false,
        hubOnly: Bool = false, parent: ParentLink? = nil, fields: [Field],
        groups: [FieldGroup] = [], rules: [CrossFieldRule] = [], naturalKeys: [[String]] = [],
        title: String? = nil, refresh: RefreshRule? = nil
    ) {
        self.number = number
        self.name = name
        self.label = label
        self.shared = shared
        self.hubOnly = hubOnly
        self.parent = parent
        self.fields = fields
        self.groups = groups
        self.rules = rules
        self.naturalKeys = naturalKeys
        self.title = title
        self.refresh = refresh
    }

    package func field(named name: String) -> Field? { fields.first { $0.name == name } }
    package func field(_ number: UnitNumber) -> Field? { fields.first { $0.number == number } }
    package func group(containing field: String) -> FieldGroup? {
        groups.first { $0.members.contains(field) }
    }
}

/// A child's field that names its parent record.
package struct ParentLink: Hashable, Sendable, Codable {
    package var field: String
    package var type: String
    package init(field: String, type: String) {
        self.field = field
        self.type = type
    }
}

/// One column: its type, its limits and how concurrent edits of it merge.
package struct Field: Hashable, Sendable, Codable {
    package var number: UnitNumber
    package var name: String
    package var label: Label
    package var kind: FieldKind
    package var required: Bool
    /// The unit of the number, as a person reads it: 人, 元, %.
    package var unit: String?
    package var policy: MergePolicy
    package var sensitivity: Sensitivity
    package var checks: [FieldCheck]
    /// Filled by the program, not by a person: when the record was verified.
    package var stamp: Stamp?

    package init(
        number: UnitNumber, name: String, label: Label, kind: FieldKind, required: Bool = false,
        unit: String? = nil, policy: MergePolicy = .latest, sensitivity: Sensitivity = .internal,
        checks: [FieldCheck] = [], stamp: Stamp? = nil
    ) {
        self.number = number
        self.name = name
        self.label = label
        self.kind = kind
        self.required = required
        self.unit = unit
        self.policy = policy
        self.sensitivity = sensitivity
        self.checks = checks
        self.stamp = stamp
    }
}

/// What a field holds.
///
/// Shapes of canonical values are in ``Value``.
package enum FieldKind: Hashable, Sendable, Codable {
    /// Text of at most so many Unicode scalars.
    case text(maxLength: Int)
    case integer
    /// 元 outside, integer 分 inside.
    case money
    /// A scaled integer with so many decimals.
    case decimal(scale: Int)
    case boolean
    /// `YYYY-MM-DD`.
    case date
    /// `YYYY-MM`.
    case month
    /// UTC milliseconds.
    case instant
    /// A code of the named list; `versionField` names the field that says
    /// which version of the list, when values of several are kept.
    case code(list: String, versionField: String?)
    /// The id of a record of the named type.
    case reference(type: String)
    /// The code of a grid.
    case grid
    /// Texts, as a JSON array in byte order.
    case set
    /// A file beside the data, named by the SHA-256 of its content.
    case attachment
}

/// Who may read a value (domain.md section 1): open, internal, personal,
/// sensitive personal.
package enum Sensitivity: String, Hashable, Sendable, Codable {
    case open, `internal`, personal, sensitive
}

/// Values that the program itself puts into a field.
package enum Stamp: String, Hashable, Sendable, Codable {
    /// The day a person last confirmed the record.
    case verifiedOn
}

/// Fields that only make sense together and merge as one unit.
package struct FieldGroup: Hashable, Sendable, Codable {
    package var number: UnitNumber
    package var name: String
    package var label: Label
    package var members: [String]
    package var policy: MergePolicy

    package init(
        number: UnitNumber, name: String, label: Label, members: [String],
        policy: MergePolicy = .latest
    ) {
        self.number = number
        self.name = name
        self.label = label
        self.members = members
        self.policy = policy
    }
}

/// How concurrent edits of one unit merge (sync.md section 3.1).
package enum MergePolicy: Hashable, Sendable, Codable {
    /// The later hybrid time decides.
    case latest
    /// A person decides; the later time is shown meanwhile.
    case review
    /// How the value was learnt decides, in this order; then the later time.
    case precedence([ValueSource])
    /// The greatest or least of the concurrent values.
    case max, min
    /// Only the hub writes.
    case hub
    /// Set once: the earliest concurrent value, and none after it.
    case fixed
    /// Increments add up.
    case counter
    /// Elements are added and removed one by one; an addition that a removal had not seen stays.
    case set
    /// Entries are kept, all of them, in the order of their times.
    case append

    /// Whether an edit carries what it *does* to the value rather than the
    /// value it leaves (``UnitOperation``).
    package var isOperation: Bool {
        switch self {
        case .counter, .set, .append: true
        case .latest, .review, .precedence, .max, .min, .hub, .fixed: false
        }
    }
}

/// How a value was learnt.
package enum ValueSource: String, Hashable, Sendable, Codable, CaseIterable {
    case registry, licence, onSite = "on_site", selfReport = "self_report", `import`
    /// Written by the hub itself: tasks, conflicts, campaigns.
    case hub
}

/// How the half-yearly refresh treats a type.
package struct RefreshRule: Hashable, Sendable, Codable {
    /// The field that says whether the record is still alive in the world.
    package var statusField: String
    /// The codes that count as active.
    package var activeCodes: [String]
    /// Whether an empty status counts as active.
    package var emptyIsActive: Bool
    /// Child types whose change by a person also completes the task.
    package var completedBy: [String]

    package init(
        statusField: String, activeCodes: [String], emptyIsActive: Bool, completedBy: [String]
    ) {
        self.statusField = statusField
        self.activeCodes = activeCodes
        self.emptyIsActive = emptyIsActive
        self.completedBy = completedBy
    }
}

/// A list of codes with its versions.
///
/// The same code may mean different things in different versions.
package struct CodeList: Hashable, Sendable, Codable {
    package var name: String
    package var label: Label
    package var versions: [CodeListVersion]

    package init(name: String, label: Label, versions: [CodeListVersion]) {
        self.name = name
        self.label = label
        self.versions = versions
    }
}

/// One published edition of a code list.
package struct CodeListVersion: Hashable, Sendable, Codable {
    package var version: String
    /// First day in force, `YYYY-MM-DD`; nil when it always was.
    package var validFrom: String?
    /// Where the list was published.
    package var source: String?
    package var codes: [Code]

    package init(version: String, validFrom: String? = nil, source: String? = nil, codes: [Code]) {
        self.version = version
        self.validFrom = validFrom
        self.source = source
        self.codes = codes
    }
}

/// One code of a list.
package struct Code: Hashable, Sendable, Codable {
    package var code: String
    package var label: Label
    /// The code one level up, where the list is a tree.
    package var parent: String?

    package init(code: String, label: Label, parent: String? = nil) {
        self.code = code
        self.label = label
        self.parent = parent
    }
}
