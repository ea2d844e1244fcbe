import FieldgridModel
import FieldgridSchema
import Foundation

/// What can be recorded: record types with their fields, rules, code lists and
/// labels.
///
/// A schema is data. A node receives its hub's schema when it joins and follows
/// it when the hub publishes a newer one, so an app that draws its forms from
/// ``FieldNode/schema`` needs no new version for a new field.
public struct Schema: Hashable, Sendable {
    let base: FieldgridModel.Schema

    init(_ base: FieldgridModel.Schema) { self.base = base }

    /// Reads a folder of YAML files and finds every mistake in it at once.
    ///
    /// The language is described in `docs/schema-language.md` of the repository.
    ///
    /// - Parameter folder: The path of a folder with `*.yaml`, `codes/*.yaml` and
    ///   `imports/*.yaml`.
    /// - throws: ``FieldgridError`` with the code `schema.mistakes`, whose message has
    ///   one line `FILE:LINE: REASON` for each mistake.
    public init(folder: String) throws {
        base = try translated { try SchemaFolder.schema(at: URL(fileURLWithPath: folder)) }
    }

    /// Reads what ``canonicalJSON()`` wrote.
    ///
    /// - throws: ``FieldgridError`` with the code `schema.unreadable` when the bytes
    ///   are no schema that this version of the library knows.
    public init(canonicalJSON bytes: [UInt8]) throws {
        do {
            base = try FieldgridModel.Schema(canonicalJSON: bytes)
        } catch {
            throw FieldgridError(
                "schema.unreadable", "The document is no schema: \(error)",
                hint: "Is it what `canonicalJSON()` wrote, and is this library new enough?"
            )
        }
    }

    /// The bytes by which hubs and nodes name a schema: JSON with sorted keys and
    /// without white space.
    ///
    /// - throws: Never in practice; a schema holds nothing that JSON cannot.
    public func canonicalJSON() throws -> [UInt8] { try translated { try base.canonicalJSON() } }

    /// Its name, the same in all versions.
    public var name: String { base.name }
    /// Counted up with each change; 0 before a node's first exchange.
    public var version: Int { base.version }
    /// What people call it.
    public var label: Label { Label(base.label) }
    /// All types, the system's own (`grid`, `task`, `conflict`, …) among them.
    public var types: [RecordType] { base.types.map { RecordType($0, in: base) } }

    /// The type of a name, such as `clinic`; nil when there is none.
    public func type(named name: String) -> RecordType? {
        base.type(named: name).map { RecordType($0, in: base) }
    }
}

/// The same words in Chinese and in English.
public struct Label: Hashable, Sendable {
    /// Chinese.
    public let zh: String
    /// English.
    public let en: String

    /// Both are shown to people; neither may be empty.
    public init(zh: String, en: String) {
        self.zh = zh
        self.en = en
    }

    init(_ label: FieldgridModel.Label) { self.init(zh: label.zh, en: label.en) }
}

/// One kind of record, such as a clinic or an employer.
public struct RecordType: Hashable, Sendable {
    let base: FieldgridModel.RecordType
    private let schema: FieldgridModel.Schema

    init(_ base: FieldgridModel.RecordType, in schema: FieldgridModel.Schema) {
        self.base = base
        self.schema = schema
    }

    /// The name that functions take; lower case, never shown to people.
    public var name: String { base.name }
    /// What people call it.
    public var label: Label { Label(base.label) }
    /// The fields in the order of a form.
    public var fields: [Field] { base.fields.map { Field($0, of: base, in: schema) } }
    /// The field shown as a record's name in lists.
    public var titleField: String? { base.title }
    /// The type that a record of this one belongs to, and lives with.
    public var parentType: String? { base.parent?.type }
    /// Fields that together name one thing in the world; two records that agree in
    /// one of these lists become a conflict of kind ``Conflict/Kind-swift.struct/duplicate``.
    public var naturalKeys: [[String]] { base.naturalKeys }
    /// Whether only the hub writes such records.
    public var isHubOnly: Bool { base.hubOnly }

    /// The field of a name; nil when there is none.
    public func field(named name: String) -> Field? {
        base.field(named: name).map { Field($0, of: base, in: schema) }
    }
}
