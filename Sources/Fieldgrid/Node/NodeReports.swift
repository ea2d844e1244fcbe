import FieldgridNode
public import Foundation

/// How a node stands.
public struct NodeStatus: Hashable, Sendable {
    /// The name that the hub knows the device by, a UUID.
    public let node: String
    /// Whose device it is, and whose name its edits carry.
    public let holder: String
    /// The address of its hub.
    public let hub: String
    /// The grid it works in; it holds that grid and all below.
    public let scope: String
    /// Saves that the hub has not acknowledged.
    public let outbox: Int
    /// Saves that the hub set aside; ``FieldNode/refusedSaves()`` lists them and says why.
    public let quarantined: Int
    /// Conflicts that wait for a person.
    public let conflictsOpen: Int
    /// Visits that are due or late.
    public let tasksDue: Int
    /// Files that the hub has not acknowledged.
    public let attachmentsWaiting: Int
    /// When the hub was last heard, by this device's clock; nil for never.
    public let lastSyncAt: Date?
    /// Whether the hub's log of what happened is not the one it had shown.
    ///
    /// Exchanging has stopped, and the hub's people must know. `fieldgrid node audit` has
    /// the evidence.
    public let isAlarmed: Bool
}

/// What a synchronisation did.
public struct SyncReport: Hashable, Sendable {
    /// Saves that the hub accepted.
    public let accepted: Int
    /// Saves that the hub refused now; ``quarantined`` has those of earlier times too.
    public let refused: Int
    /// Records that the hub sent.
    public let received: Int
    /// Saves that the hub has set aside, those of earlier times among them.
    public let quarantined: Int
    /// Conflicts that wait for a person.
    public let conflictsOpen: Int
    /// Whether a newer schema came: draw forms anew.
    public let schemaChanged: Bool
    /// What is new in it, in sentences to show.
    public let schemaNews: [String]
    /// Why the hub's schema cannot be followed by this version of the library; saving and
    /// exchanging go on with the schema that is here.
    public let schemaProblem: String?
    /// Whether the device had been away for so long that it fetched everything anew; what
    /// it had saved was kept.
    public let beganAnew: Bool
    /// Files that the hub acknowledged.
    public let attachmentsSent: Int
    /// Files that still wait.
    public let attachmentsWaiting: Int
    /// Why files still wait, in a sentence to show; nil where none does, or where only the bytes
    /// allowed came to their end.
    ///
    /// ``FieldNode/waitingAttachments()`` has the reason of each.
    public let attachmentsNote: String?
    /// Records that differed from the hub's without a reason, and were put right.
    public let repaired: Int
    /// Requests that were sent to the hub.
    public let requests: Int
    /// Bytes of bodies sent.
    public let bytesUp: Int
    /// Bytes of bodies received.
    public let bytesDown: Int

    init(_ report: FieldgridNode.SyncReport, quarantined: Int) {
        accepted = report.pushed
        refused = report.quarantined
        received = report.pulled
        self.quarantined = quarantined
        conflictsOpen = report.conflictsOpen
        schemaChanged = report.schemaChanged
        schemaNews = report.schemaSentences
        schemaProblem = report.schemaProblem
        beganAnew = report.rebased
        attachmentsSent = report.attachments.sent
        attachmentsWaiting = report.attachments.waiting
        attachmentsNote = report.attachments.note
        repaired = report.repaired.count
        requests = report.traffic.requests
        bytesUp = report.traffic.bytesUp
        bytesDown = report.traffic.bytesDown
    }
}

/// A file that the hub has not acknowledged.
public struct WaitingAttachment: Hashable, Sendable, Identifiable {
    /// The name that ``FieldNode/addAttachment(_:)`` gave it, and a record's field holds.
    public let id: String
    /// How many bytes it has; nil where the file is not here any more.
    public let bytes: Int?
    /// Why it was not sent when it was offered last, such as `attachment.unnamed` where the hub
    /// has accepted no record that names it; nil while it only waits for its turn.
    public let problem: FieldgridError?
}

/// How far a synchronisation has come; told after each exchange.
public struct SyncProgress: Hashable, Sendable {
    /// Saves that the hub accepted so far.
    public let accepted: Int
    /// Records received so far.
    public let received: Int
    /// Saves that still wait.
    public let waiting: Int
    /// Bytes of a first copy that are here, and of how many.
    public let firstCopy: FirstCopy?

    /// How much of a first copy is here.
    public struct FirstCopy: Hashable, Sendable {
        /// Bytes that are here.
        public let bytes: Int
        /// Bytes of the whole first copy.
        public let total: Int
    }

    init(_ progress: FieldgridNode.SyncProgress) {
        accepted = progress.pushed
        received = progress.pulled
        waiting = progress.outboxLeft
        firstCopy = progress.snapshot.map { FirstCopy(bytes: $0.bytes, total: $0.of) }
    }
}

/// What waits for the hub, as one file for a stick.
public struct ExportedBundle: Hashable, Sendable {
    /// The file, `.fgb`: sealed, signed, the same bytes that an exchange carries.
    public let file: [UInt8]
    /// Saves in it.
    public let changesets: Int
    /// Saves that it had no room for; export again after they were taken.
    public let left: Int
    /// Files in this part.
    public let attachments: Int
    /// Files that wait and are in no part yet.
    public let attachmentsLeft: Int
    /// Give it as `after` for the next part; nil where this part has no file.
    public let lastAttachment: String?
}

/// What came of a bundle from the hub.
public struct ImportedBundle: Hashable, Sendable {
    /// Saves that the hub accepted.
    public let accepted: Int
    /// Records in it that were new here.
    public let received: Int
    /// Saves that still wait for the hub.
    public let waiting: Int
    /// Whether everything in it was known here already.
    public let isStale: Bool
    /// Whether the hub has more than fitted.
    public let hasMore: Bool
}
