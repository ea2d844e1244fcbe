import FieldgridModel
import FieldgridService

/// The name of a record for ever, a UUID in lower case.
public struct RecordID: Hashable, Sendable, Comparable, LosslessStringConvertible {
    let base: FieldgridModel.RecordID

    init(_ base: FieldgridModel.RecordID) { self.base = base }

    /// Nil unless it is a UUID such as `01890a5d-ac96-774b-bcce-b302099a8057`.
    public init?(_ description: String) {
        guard let base = FieldgridModel.RecordID(description.lowercased()) else { return nil }
        self.base = base
    }

    /// The UUID in lower case.
    public var description: String { base.description }

    /// Ids made later on one device are greater.
    public static func < (left: RecordID, right: RecordID) -> Bool { left.base < right.base }
}

extension RecordID: Codable {
    /// Reads what ``encode(to:)`` wrote.
    ///
    /// - throws: `DecodingError` when the text is no UUID.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = RecordID(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "“\(text)” is not the id of a record")
        }
        self = id
    }

    /// Writes ``description``.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// A record as it was when it was read: a value, which no later save changes.
///
/// Give the record that the screen shows to ``FieldNode/edit(_:_:source:)``, not one that
/// was read again: the hub compares an edit with what its author had *seen*, and the
/// record remembers what that was.
public struct Record: Hashable, Sendable, Identifiable {
    /// Its name for ever.
    public let id: RecordID
    /// The name of its type.
    public let type: String
    /// The code of the grid it lives in.
    public let scope: String
    /// Its values by the names of fields; every field is there, ``FieldValue/empty``
    /// where nothing is set.
    public let values: [String: FieldValue]
    /// What was saved here and the hub has not decided on yet.
    public let unsynced: [UnsyncedUnit]
    /// Conflicts about it that wait for a person.
    public let conflicts: [ConflictID]
    /// The record it belongs to, when that one is not here.
    public let missingParent: RecordID?
    /// Where it was read.
    let shown: ShownAt

    /// The value of a field; ``FieldValue/empty`` also where there is no such field.
    public subscript(field: String) -> FieldValue { values[field] ?? .empty }

    /// Whether the hub has everything of it.
    public var isSynced: Bool { unsynced.isEmpty }
}

/// What the screen of a record had shown of its grid.
struct ShownAt: Hashable, Sendable {
    var epoch: EpochID?
    var position: Position
}

/// A field, or a group of fields that merges as one, that waits for the hub.
public struct UnsyncedUnit: Hashable, Sendable {
    /// The name of the field or group; `scope` for a move, `presence` for a delete.
    public let name: String
    /// Why the hub set the change aside; nil while it only waits.
    ///
    /// The values stay here, and the correction is simply the next edit.
    public let refusal: Refusal?

    /// Why the hub set a change aside.
    public struct Refusal: Hashable, Sendable {
        /// Stable.
        public let code: String
        /// A sentence for whoever saved it.
        public let message: String
    }
}

/// What ``FieldNode/create(_:_:in:source:)`` made.
public struct CreatedRecord: Hashable, Sendable, Identifiable {
    /// The new record.
    public let record: Record
    /// A record that is here already and has the same natural key.
    ///
    /// Both are kept. If they are one thing in the world, delete the new one, or merge them
    /// when the hub has made a conflict of it.
    public let twin: RecordID?

    /// The new record's id.
    public var id: RecordID { record.id }
}

extension Record {
    init(
        _ document: JSONValue, of type: FieldgridModel.RecordType,
        at shown: (FieldgridModel.ScopeCode) -> ShownAt
    ) {
        let scope = document["scope"].text ?? ""
        let refusals = document["quarantine"].elements.map { refusal in
            (
                refusal["unit"].text ?? "",
                UnsyncedUnit.Refusal(
                    code: refusal["code"].text ?? "", message: refusal["message"].text ?? "")
            )
        }
        let refused = Dictionary(refusals) { first, _ in first }
        id = RecordID(document["id"].text ?? "") ?? .none
        self.type = type.name
        self.scope = scope
        values = UnitValues.values(of: document["fields"], type)
        unsynced = document["unsynced"].elements.compactMap(\.text).map {
            UnsyncedUnit(name: $0, refusal: refused[$0])
        }
        conflicts = document["conflicts"].elements.compactMap { $0.text.flatMap(ConflictID.init) }
        missingParent = document["parked"].text.flatMap(RecordID.init)
        self.shown = shown(ScopeCode(scope))
    }
}

extension RecordID {
    /// Stands where a document has no id, which ours always have.
    static let none = RecordID(FieldgridModel.RecordID(UUIDBits(high: 0, low: 0)))
}

/// Values of one unit, or of all fields, in a document.
enum UnitValues {
    /// Of an object with a member for each field, or for each group an object of its own.
    static func values(
        of document: JSONValue, _ type: FieldgridModel.RecordType?
    ) -> [String: FieldValue] {
        var values: [String: FieldValue] = [:]
        for member in document.members {
            if case .object = member.value {
                values.merge(self.values(of: member.value, type)) { $1 }
            } else {
                values[member.key] = FieldValue(
                    member.value, kind: type?.field(named: member.key)?.kind)
            }
        }
        return values
    }

    /// Of one unit: a group's are an object, a field's stands alone.
    static func values(
        of document: JSONValue, unit: String, _ type: FieldgridModel.RecordType?
    ) -> [String: FieldValue] {
        if case .object = document { return values(of: document, type) }
        return [unit: FieldValue(document, kind: type?.field(named: unit)?.kind)]
    }
}
