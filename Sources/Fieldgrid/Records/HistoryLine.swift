import FieldgridModel
import FieldgridService
public import Foundation

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
    /// How it was learnt; nil where what is here does not say it.
    public let source: ValueSource?
    /// When it was saved, by the author's clock as bounded by the hub; nil where what is here
    /// does not say it.
    public let at: Date?
    /// Whether the author's clock had run ahead and the hub moved the time.
    public let isTimeMoved: Bool
    /// Why it stands, or does not; on what was not sent yet, that it waits.
    public let reason: Label
    /// The conflict it was part of; nil where nobody disagreed.
    public let conflict: ConflictID?
    /// What the author noted on settling; nil where nothing was noted.
    public let note: String?

    init(_ document: JSONValue, of type: FieldgridModel.RecordType?) {
        unit = document["unit"].text ?? ""
        values = UnitValues.values(of: document["value"], unit: unit, type)
        removed = document["removed"].elements.compactMap(\.text)
        author = document["author"].text ?? ""
        source = document["source"].text.map(ValueSource.init)
        at = Moments.date(document["at"].text)
        isTimeMoved = document["clamped"].bool ?? false
        reason = Label(zh: document["reason_zh"].text ?? "", en: document["reason"].text ?? "")
        conflict = document["conflict"].text.flatMap(ConflictID.init)
        note = document["note"].text
    }
}
