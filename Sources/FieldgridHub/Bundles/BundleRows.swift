package import FieldgridModel

/// A section of a bundle that came before what precedes it.
package struct ParkedSection: Hashable, Sendable {
    package var node: NodeID
    package var incarnation: IncarnationID
    package var first: Int64
    package var last: Int64
    package var since: Int64
    /// As it was in the bundle.
    package var frame: [UInt8]

    enum Limit {
        /// What may wait of one device.
        static let sections = 64
        static let bytes = 64 << 20
    }
}

/// Where a device said it stands, in the last bundle it sent.
package struct NodeStatement: Hashable, Sendable {
    package var node: NodeID
    /// For each life of its database that it sent something of, the first
    /// sequence for which it had no receipt.
    package var origins: [ChangesetIdentity]
    /// An exchange request without changesets.
    package var frame: [UInt8]
    /// The files that it still has to send.
    package var files: [String] = []
}
