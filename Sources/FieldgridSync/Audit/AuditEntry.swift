package import FieldgridModel

/// What one leaf of a hub's audit logs says: something that the hub decided,
/// or that its operators did.
///
///     leaf = kind(byte) time epoch(bits) content
///
/// The grammar of the wire has the contents. Equal entries have equal bytes.
package struct AuditEntry: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        /// The durable answer for one changeset.
        case decision(ChangesetIdentity, ContentDigest, Decision)
        /// A quarantined changeset was accepted after all.
        case release(Release, AuditTrail)
        /// A batch was refused whole.
        case refusal(AuditRefusal)
        case act(AuditAct)
    }

    package enum Decision: Hashable, Sendable {
        case accepted(ScopeCode, Position, AuditTrail, isTimeMoved: Bool)
        case quarantined(QuarantineCode, isTimeMoved: Bool)
    }

    /// Hub time, UTC milliseconds.
    package var time: Int64
    package var epoch: EpochID
    package var content: Content

    package init(time: Int64, epoch: EpochID, _ content: Content) {
        self.time = time
        self.epoch = epoch
        self.content = content
    }
}

/// What an accepted changeset left in the hub's history.
package struct AuditTrail: Hashable, Sendable {
    /// Numbers of rows that follow one another.
    package struct Run: Hashable, Sendable {
        package var first: Int64
        package var count: Int64

        package init(first: Int64, count: Int64) {
            self.first = first
            self.count = count
        }
    }

    package var runs: [Run]
    /// Over the rows' bytes, one after the other.
    package var digest: ContentDigest

    package init(runs: [Run], digest: ContentDigest) {
        self.runs = runs
        self.digest = digest
    }

    /// Of a changeset that says again what was said before.
    package static let none = AuditTrail(runs: [], digest: .of([]))
}

/// A batch that the hub took nothing of, with the reason.
package struct AuditRefusal: Hashable, Sendable {
    package var node: NodeID
    /// The first changeset of it.
    package var first: ChangesetIdentity
    package var last: Int64
    /// The head that travelled with it.
    package var head: ContentDigest
    package var code: String

    package init(
        node: NodeID, first: ChangesetIdentity, last: Int64, head: ContentDigest, code: String
    ) {
        self.node = node
        self.first = first
        self.last = last
        self.head = head
        self.code = code
    }
}

/// What operators do.
package enum AuditAct: Hashable, Sendable {
    case epochBegun(cause: String)
    case schemaPublished(ContentDigest)
    /// The code itself is not kept; `lookup` names it.
    case codeIssued(lookup: [UInt8], ScopeCode, holder: String, role: String, expiresAt: Int64)
    case deviceEnrolled(NodeID, DevicePublicKey, lookup: [UInt8])
    case deviceRevoked(NodeID)
    /// A half-year, as `2026H2`.
    case campaignOpened(String)
    case campaignClosed(String)
    case backupNoted
    /// The backup that was noted then has been read from end to end.
    case backupVerified(notedAt: Int64)
}
