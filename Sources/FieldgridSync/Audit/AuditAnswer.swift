package import FieldgridModel

/// What a node says of the heads it keeps.
package struct AuditQuestion: Hashable, Sendable {
    /// Over all heads of the logs that it sees, so that the hub need not
    /// answer while nothing is new; zeros when one of them is of another
    /// epoch than the one it is in, or when it has none.
    package var digest: AuditDigest
    /// How large it knows each log.
    package var sizes: [AuditLog: Int64]

    package init(digest: AuditDigest, sizes: [AuditLog: Int64]) {
        self.digest = digest
        self.sizes = sizes
    }
}

/// Half of a SHA-256 over sizes and roots.
package struct AuditDigest: Hashable, Sendable {
    package var high: UInt64
    package var low: UInt64

    package static let none = AuditDigest(high: 0, low: 0)

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Of heads in the order of their logs; empty ones count for nothing.
    package init(of heads: some Sequence<(log: AuditLog, size: Int64, root: ContentDigest)>) {
        var writer = ByteWriter()
        writer.text("fieldgrid-heads-1")
        for head in heads.sorted(by: { $0.log < $1.log }) where head.size > 0 {
            writer.text(head.log.text)
            writer.count(Int(head.size))
            writer.raw(head.root.bytes)
        }
        let bytes = ContentDigest.of(writer.bytes).bytes
        high = bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// A head, and the proof that it continues the one that the asker keeps.
package struct ProvedHead: Hashable, Sendable {
    package var signed: SignedHead
    /// The size of the head that the proof starts from.
    package var from: Int64
    package var proof: [ContentDigest]

    package init(_ signed: SignedHead, from: Int64, proof: [ContentDigest]) {
        self.signed = signed
        self.from = from
        self.proof = proof
    }
}
