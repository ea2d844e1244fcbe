import FieldgridModel
import FieldgridReplica
public import Foundation

/// One save that the hub set aside.
public struct RefusedSave: Hashable, Sendable {
    /// A record that it is about.
    public struct Subject: Hashable, Sendable {
        /// The name of its type.
        public let type: String
        /// Its id, for ``FieldNode/record(_:of:)``.
        public let id: RecordID
    }

    /// The records that it is about, usually one.
    public let subjects: [Subject]
    /// Who saved it.
    public let author: String
    /// When it was saved, by this device's clock.
    public let savedAt: Date
    /// Why it was set aside; stable.
    ///
    /// Empty where this version does not know the reason, which ``message`` has in any case.
    public let code: String
    /// The same in a sentence for whoever saved it.
    public let message: String

    init(_ refused: QuarantinedChangeset, in schema: FieldgridModel.Schema) {
        var subjects: [Subject] = []
        for change in refused.changeset.changes {
            let subject = Subject(
                type: schema.type(change.type)?.name ?? "", id: RecordID(change.record))
            if !subjects.contains(subject) { subjects.append(subject) }
        }
        self.subjects = subjects
        author = refused.changeset.author
        savedAt = Moments.date(refused.changeset.time.milliseconds)
        code = refused.code?.rawValue ?? ""
        message = refused.message
    }
}
