import FieldgridModel
import FieldgridService
public import Foundation

/// The name of a conflict, the same on every device.
public struct ConflictID: Hashable, Sendable, LosslessStringConvertible {
    let base: FieldgridModel.RecordID

    /// Nil unless it is a UUID.
    public init?(_ description: String) {
        guard let base = FieldgridModel.RecordID(description.lowercased()) else { return nil }
        self.base = base
    }

    /// A UUID in lower case.
    public var description: String { base.description }
}

/// Edits that had not seen each other, as the hub wrote them down.
///
/// A conflict is no failure: everything is kept, one side shows meanwhile, and records
/// with conflicts can be edited like any other.
public struct Conflict: Hashable, Sendable, Identifiable {
    /// What it is about.
    ///
    /// Later versions may add kinds: one that this version does not know has its code in
    /// ``rawValue``. Show its ``Conflict/reason``; it is settled at the hub, or by a newer
    /// version.
    public struct Kind: RawRepresentable, Hashable, Sendable {
        /// Its code, such as `hard`.
        public let rawValue: String

        /// A kind by its code, whether this version knows it or not.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// One unit got different values.
        public static let hard = Kind(rawValue: "hard")
        /// A merged record breaks a rule that both sides kept.
        public static let inconsistent = Kind(rawValue: "inconsistent")
        /// One deleted the record while another was editing it.
        public static let deleted = Kind(rawValue: "deleted")
        /// Two records have the same natural key.
        public static let duplicate = Kind(rawValue: "duplicate")

        static let known: Set<Kind> = [.hard, .inconsistent, .deleted, .duplicate]
    }

    /// How it stands.
    ///
    /// Later versions may add states: one that this version does not know has its code in
    /// ``rawValue``, and waits for nobody here.
    public struct State: RawRepresentable, Hashable, Sendable {
        /// Its code, such as `open`.
        public let rawValue: String

        /// A state by its code, whether this version knows it or not.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// It waits for a person.
        public static let open = State(rawValue: "open")
        /// A rule of the schema decided; a person may overturn it.
        public static let decided = State(rawValue: "decided")
        /// A person decided.
        public static let settled = State(rawValue: "settled")
        /// It was decided, and waits again.
        public static let reopened = State(rawValue: "reopened")
    }

    /// One of the values that met.
    public struct Side: Hashable, Sendable {
        /// Its values by the names of fields; for a group all of its members, for a delete
        /// `presence` with `deleted` or `alive`.
        public let values: [String: FieldValue]
        /// Who saved it.
        public let author: String
        /// When it was saved, by the author's clock as bounded by the hub; nil where the hub
        /// does not say it.
        public let at: Date?
        /// How it was learnt; nil where the hub does not say it.
        public let source: ValueSource?
        /// Whether the author's clock had run ahead and the hub moved the time.
        public let isTimeMoved: Bool
        /// Of two records with one key, the one that this side is; nil for every other kind.
        public let record: RecordID?
        /// The change it came with.
        let identity: String
    }

    /// Its name.
    public let id: ConflictID
    /// What it is about.
    public let kind: Kind
    /// How it stands; `settled` also where a change saved here settles it and the hub
    /// has not answered yet.
    public let state: State
    /// The name of the record's type.
    public let type: String
    /// The record.
    public let record: RecordID
    /// The record's name; nil where the record is not here.
    public let recordName: String?
    /// The field or group; the rule's name for ``Kind-swift.struct/inconsistent``.
    public let unit: String
    /// What all sides started from, by the names of fields; nil where there is none.
    public let base: [String: FieldValue]?
    /// What met, in the order in which ``Choice/side(_:)`` counts them from 1.
    public let sides: [Side]
    /// The number of the side that shows, counted from 1; nil where none does.
    public let winner: Int?
    /// Why it stands as it does, in a sentence to show.
    public let reason: Label
    /// When the hub opened it, by the hub's clock; nil where the hub does not say it.
    public let openedAt: Date?
    /// When it was settled last; nil while nobody has.
    public let settledAt: Date?
    /// Who settled it; nil while nobody has.
    public let settledBy: String?
    /// What that person noted; nil where nothing was noted.
    public let note: String?

    /// Whether a person has to decide: it is ``State-swift.struct/open`` or
    /// ``State-swift.struct/reopened``.
    public var waitsForPerson: Bool { state == .open || state == .reopened }
}

extension Conflict {
    /// How a person settles a conflict.
    @nonexhaustive public enum Choice: Hashable, Sendable {
        /// The side with this number, counted from 1 as in ``Conflict/sides``.
        case side(Int)
        /// What all sides started from.
        case base
        /// Values of the person's own, by the names of fields; members of a group that are
        /// not named stay as they show.
        case values([String: FieldValue])
        /// The record that one side deleted stays.
        case keep
        /// The record that one side deleted goes.
        case delete
        /// Two records of one thing become one; both ids lead to it.
        case merge
        /// Two records with one key are two things after all.
        case apart
    }

    init(_ document: JSONValue, in schema: FieldgridModel.Schema) {
        let type = document["type"].text.flatMap { schema.type(named: $0) }
        let unit = document["unit"].text ?? ""
        id = ConflictID(document["id"].text ?? "") ?? ConflictID(RecordID.none)
        kind = Kind(rawValue: document["kind"].text ?? "")
        state = State(rawValue: document["state"].text ?? "")
        self.type = document["type"].text ?? ""
        record = document["record"].text.flatMap(RecordID.init) ?? .none
        recordName = document["record_name"].text
        self.unit = unit
        base =
            document["base"].isNull
            ? nil : UnitValues.values(of: document["base"], unit: unit, type)
        sides = document["sides"].elements.map { Side($0, unit: unit, type) }
        winner = document["winner"].integer.map { Int($0) }
        reason = Label(
            zh: document["reason"]["zh"].text ?? "", en: document["reason"]["en"].text ?? "")
        openedAt = Moments.date(document["opened_at"].text)
        settledAt = Moments.date(document["settled_at"].text)
        settledBy = document["settled_by"].text
        note = document["note"].text
    }
}

extension ConflictID: Codable {
    /// Reads what ``encode(to:)`` wrote.
    ///
    /// - throws: `DecodingError` when the text is no UUID.
    public init(from decoder: any Decoder) throws {
        self.init(try RecordID(from: decoder))
    }

    /// Writes ``description``.
    public func encode(to encoder: any Encoder) throws { try RecordID(base).encode(to: encoder) }
}

extension ConflictID {
    init(_ record: RecordID) { base = record.base }
}

extension Conflict.Side {
    fileprivate init(_ document: JSONValue, unit: String, _ type: FieldgridModel.RecordType?) {
        let name = document["unit"].text ?? unit
        values = UnitValues.values(of: document["value"], unit: name, type)
        author = document["author"].text ?? ""
        at = Moments.date(document["at"].text)
        // The service writes an empty text where the hub's word has none.
        let word = document["source"].text ?? ""
        source = word.isEmpty ? nil : ValueSource(rawValue: word)
        isTimeMoved = document["clamped"].bool ?? false
        record = document["record"].text.flatMap(RecordID.init)
        let change = [document["incarnation"], document["seq"]].map(\.description)
        identity = change.joined(separator: " ")
    }
}

extension Conflict.Choice {
    /// The choice in the service's words.
    func request(for conflict: Conflict, in schema: FieldgridModel.Schema) throws -> ConflictChoice
    {
        switch self {
        case .side(let number): return .side(number: number)
        case .base: return .base
        case .keep: return .value(text: "alive")
        case .delete: return .value(text: "deleted")
        case .merge: return .merge
        case .apart: return .apart
        case .values(let values):
            let type = schema.type(named: conflict.type)
            return .values(fields: try FieldValue.assignments(values, of: type))
        }
    }
}
