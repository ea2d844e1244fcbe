import FieldgridModel
import FieldgridService

/// One field of a record type: what a form needs to draw it.
public struct Field: Hashable, Sendable {
    /// The name that values are given and read by.
    public let name: String
    /// What people call it.
    public let label: Label
    /// What it holds.
    public let kind: FieldKind
    /// Whether a record cannot be saved without it.
    public let isRequired: Bool
    /// The unit of the number as people read it: 人, 元, 张.
    public let unit: String?
    /// The group of fields that merges as one with this field, if it is in one.
    public let group: String?
    /// How concurrent edits of it merge: `latest`, `review`, `precedence`, `max`,
    /// `min`, `hub`, `fixed`, `counter`, `set` or `append`; that of its group where
    /// it is in one.
    ///
    /// A field with the policy `append` has entries, which are added one by one with
    /// ``FieldNode/append(_:to:of:source:)``.
    public let policy: String
    /// Who may read it.
    public let sensitivity: Sensitivity
    /// The codes to choose from, of all editions of its list; empty unless the
    /// kind is ``FieldKind/code(list:)``.
    ///
    /// Where there is an ``editionField``, ``codes(ofEdition:)`` has those that go with it.
    public let codes: [Code]
    /// The field of the same record that says which edition of the list a code is of; nil where
    /// a code of any edition will do.
    public let editionField: String?
    /// Whether a person may fill it in at a node; false for what the program stamps
    /// and what only the hub writes.
    public let isEditable: Bool

    init(
        _ base: FieldgridModel.Field, of type: FieldgridModel.RecordType,
        in schema: FieldgridModel.Schema
    ) {
        let group = type.group(containing: base.name)
        name = base.name
        label = Label(base.label)
        kind = FieldKind(base.kind)
        isRequired = base.required
        unit = base.unit
        self.group = group?.name
        policy = UnitPolicy.declared(group?.policy ?? base.policy).name
        sensitivity = Sensitivity(base.sensitivity)
        isEditable = base.stamp == nil && base.policy != .hub && !type.hubOnly
        var codes: [Code] = []
        var editionField: String?
        if case .code(let list, let field) = base.kind {
            editionField = field
            codes =
                schema.codeList(named: list)?.versions.flatMap { version in
                    version.codes.map {
                        Code(
                            code: $0.code, label: Label($0.label), parent: $0.parent,
                            edition: version.version)
                    }
                } ?? []
        }
        self.codes = codes
        self.editionField = editionField
    }

    /// The codes that can be saved together with an edition.
    ///
    /// - Parameter edition: The value of the ``editionField``; with nil or an empty text, as while
    ///   that one is empty, the codes of all editions.
    public func codes(ofEdition edition: String?) -> [Code] {
        guard let edition, !edition.isEmpty else { return codes }
        return codes.filter { $0.edition == edition }
    }
}

/// What a field holds.
///
/// Later versions of the schema language may add kinds: a `switch` over it needs an
/// `@unknown default`. Every kind can be shown by its value's
/// ``FieldValue/description``, and written as text, as a person types it. What a new value does
/// to the old one is said by ``Field/policy``.
@nonexhaustive public enum FieldKind: Hashable, Sendable {
    /// Text of at most so many Unicode scalars.
    case text(maxLength: Int)
    /// A whole number.
    case integer
    /// An amount; 元 for people, integer 分 in ``FieldValue/money(fen:)``.
    case money
    /// A number with so many decimals.
    case decimal(scale: Int)
    /// Yes or no.
    case boolean
    /// A day, `YYYY-MM-DD`.
    case date
    /// A month, `YYYY-MM`.
    case month
    /// A moment.
    case instant
    /// One code of a list.
    case code(list: String)
    /// The id of a record of a type.
    case reference(type: String)
    /// The code of a grid.
    case grid
    /// Any number of short texts.
    case set
    /// The name of a file kept beside the data.
    case attachment

    init(_ kind: FieldgridModel.FieldKind) {
        switch kind {
        case .text(let length): self = .text(maxLength: length)
        case .integer: self = .integer
        case .money: self = .money
        case .decimal(let scale): self = .decimal(scale: scale)
        case .boolean: self = .boolean
        case .date: self = .date
        case .month: self = .month
        case .instant: self = .instant
        case .code(let list, _): self = .code(list: list)
        case .reference(let type): self = .reference(type: type)
        case .grid: self = .grid
        case .set: self = .set
        case .attachment: self = .attachment
        }
    }
}

/// One code of a list.
public struct Code: Hashable, Sendable {
    /// What is stored.
    public let code: String
    /// What people choose.
    public let label: Label
    /// The code one level up, where the list is a tree.
    public let parent: String?
    /// The edition of the list that has it; the same code may mean different things
    /// in different ones.
    public let edition: String
}

/// Who may read a value.
///
/// Later versions may add more: a `switch` over it needs an `@unknown default`, which
/// does best to treat a value as ``sensitive``.
@nonexhaustive public enum Sensitivity: String, Hashable, Sendable {
    /// Everybody.
    case open
    /// Those who work with the records.
    case `internal`
    /// About a person; in no message.
    case personal
    /// About a person, and harmful in wrong hands; in no message.
    case sensitive

    init(_ base: FieldgridModel.Sensitivity) {
        switch base {
        case .open: self = .open
        case .internal: self = .internal
        case .personal: self = .personal
        case .sensitive: self = .sensitive
        }
    }
}
