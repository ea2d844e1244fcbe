import FieldgridModel
import FieldgridService

/// One value that was offered for a unit of a record, winning or losing.
public struct HistoryLine: Hashable, Sendable {
    /// The field or group; `scope` or `presence` for moves and deletes.
    public let unit: String
    /// What was offered, by the names of fields.
    public let values: [String: FieldValue]
    /// Of a field with the policy `set`, what was taken out of it; `values` has what was added.
    public let removed: [String]
    /// Who saved it.
    public let author: String
    /// How it was learnt.
    public let source: ValueSource?
    /// When it was saved, by the author's clock as bounded by the hub: `2026-07-24T09:15:00+08:00`.
    public let at: String
    /// Whether the author's clock had run ahead and the hub moved the time.
    public let isTimeMoved: Bool
    /// Why it stands, or does not; on what was not sent yet, that it waits.
    public let reason: Label
    /// The conflict it was part of.
    public let conflict: ConflictID?
    /// What the author noted on settling.
    public let note: String?

    init(_ document: JSONValue, of type: FieldgridModel.RecordType?) {
        unit = document["unit"].text ?? ""
        values = UnitValues.values(of: document["value"], unit: unit, type)
        removed = document["removed"].elements.compactMap(\.text)
        author = document["author"].text ?? ""
        source = document["source"].text.flatMap(ValueSource.init)
        at = document["at"].text ?? ""
        isTimeMoved = document["clamped"].bool ?? false
        reason = Label(zh: document["reason_zh"].text ?? "", en: document["reason"].text ?? "")
        conflict = document["conflict"].text.flatMap(ConflictID.init)
        note = document["note"].text
    }
}

/// How a value was learnt.
///
/// Where a field's policy is `precedence`, it decides which of two concurrent values
/// shows; in every case it is kept with the value.
public enum ValueSource: String, Hashable, Sendable, CaseIterable {
    /// From an official register.
    case registry
    /// From a licence or certificate.
    case licence
    /// Seen or asked on site.
    case onSite = "on_site"
    /// Told by those whom the record is about.
    case selfReport = "self_report"
    /// From a table.
    case `import`
    /// Written by the hub itself.
    case hub

    var base: FieldgridModel.ValueSource {
        switch self {
        case .registry: .registry
        case .licence: .licence
        case .onSite: .onSite
        case .selfReport: .selfReport
        case .import: .import
        case .hub: .hub
        }
    }
}

/// One record's due visit in a half-year's refresh.
public struct VisitTask: Hashable, Sendable {
    /// How a visit stands.
    public enum State: String, Hashable, Sendable {
        /// It is to be made.
        case due
        /// Its last day has passed.
        case late
        /// It was made.
        case done
    }

    /// The record to visit.
    public let record: RecordID
    /// The record's type.
    public let type: String
    /// The record's name.
    public let name: String
    /// The grid it lies in.
    public let scope: String
    /// The half-year, such as `2026H2`.
    public let period: String
    /// The last day for it, `YYYY-MM-DD`.
    public let due: String
    /// How it stands today, in Asia/Shanghai.
    public let state: State
    /// Who made it.
    public let doneBy: String?

    init?(_ document: JSONValue) {
        guard let record = document["record"].text.flatMap(RecordID.init) else { return nil }
        self.record = record
        type = document["type"].text ?? ""
        name = document["name"].text ?? ""
        scope = document["scope"].text ?? ""
        period = document["period"].text ?? ""
        due = document["due"].text ?? ""
        state = document["state"].text.flatMap(State.init) ?? .due
        doneBy = document["done_by"].text
    }
}
