import FieldgridModel
import FieldgridService
public import Foundation

/// One record's due visit in a half-year's refresh.
public struct VisitTask: Hashable, Sendable {
    /// How a visit stands.
    ///
    /// Later versions may add states: one that this version does not know has its code in
    /// ``rawValue``. Treat it as a visit that may still be asked for.
    public struct State: RawRepresentable, Hashable, Sendable {
        /// Its code, such as `due`.
        public let rawValue: String

        /// A state by its code, whether this version knows it or not.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// It is to be made.
        public static let due = State(rawValue: "due")
        /// Its last day has passed.
        public static let late = State(rawValue: "late")
        /// It was made.
        public static let done = State(rawValue: "done")
    }

    /// The record to visit.
    public let record: RecordID
    /// The name of the record's type.
    public let type: String
    /// What people call the record.
    public let name: String
    /// The code of the grid it lies in.
    public let scope: String
    /// The half-year, such as `2026H2`.
    public let period: String
    /// The last day for it, `YYYY-MM-DD` in Asia/Shanghai.
    public let due: String
    /// How it stands today, in Asia/Shanghai.
    public let state: State
    /// When it was made, by the clock of who made it; nil while it was not.
    public let doneAt: Date?
    /// Who made it; nil while it was not made.
    public let doneBy: String?

    init?(_ document: JSONValue) {
        guard let record = document["record"].text.flatMap(RecordID.init) else { return nil }
        self.record = record
        type = document["type"].text ?? ""
        name = document["name"].text ?? ""
        scope = document["scope"].text ?? ""
        period = document["period"].text ?? ""
        due = document["due"].text ?? ""
        state = State(rawValue: document["state"].text ?? "")
        doneAt = Moments.date(document["done_at"].text)
        doneBy = document["done_by"].text
    }
}
