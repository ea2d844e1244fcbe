package import FieldgridModel
package import FieldgridSync

/// Where a row of the history went.
package struct HistoryPlace: Hashable, Sendable {
    package var entry: Int64
    package var body: [UInt8]
}

/// How far a log is, without what makes a head evidence.
package struct AuditExtent: Hashable, Sendable {
    package var size: Int64
    package var root: ContentDigest

    package static let empty = AuditExtent(size: 0, root: MerkleTree.emptyRoot)
}

/// One leaf as it is stored.
package struct StoredLeaf: Hashable, Sendable {
    package var index: Int64
    package var hash: ContentDigest
    package var bytes: [UInt8]
}

/// The audit logs, as far as they can be read.
package protocol AuditReading: AnyObject {
    func auditLogs() throws -> [AuditLog]
    /// Those of these logs that have a leaf.
    func auditExtents(of logs: [AuditLog]) throws -> [AuditLog: AuditExtent]
    /// The root of the `index`-th complete subtree of `1 << level` leaves.
    func auditSubtree(_ log: AuditLog, level: Int, index: Int64) throws -> ContentDigest
    /// The roots of the complete subtrees at a log's right edge.
    func auditEdge(_ log: AuditLog) throws -> MerkleEdge
    func forEachLeaf(
        of log: AuditLog, from index: Int64, _ body: (StoredLeaf) throws -> Bool) throws
    /// How large each log was when an epoch began; logs that were empty are
    /// not named.
    func auditForks() throws -> [EpochID: [AuditLog: Int64]]
    /// When a batch was first refused for this reason.
    func refusedAt(_ refusal: AuditRefusal) throws -> Int64?
    func refusalCount() throws -> Int64

    // What the leaves speak of.
    func incarnations() throws -> [(IncarnationID, IncarnationHead)]
    /// The bytes of rows of the history, as far as they are there.
    func historyBodies(_ run: AuditTrail.Run) throws -> [[UInt8]]
    func historyCount() throws -> Int64
    func enrolments() throws -> [EnrolmentRow]
    func schemaTags() throws -> [SchemaTag]
}

package protocol AuditWriting: AuditReading {
    /// Appends leaves to logs, in order.
    func append(_ leaves: [AuditLog: [[UInt8]]]) throws
    /// Notes how large every log is as an epoch begins.
    func forkAudit(at epoch: EpochID) throws
    /// - Returns: false when it was noted before.
    func note(_ refusal: AuditRefusal, at time: Int64) throws -> Bool
}
