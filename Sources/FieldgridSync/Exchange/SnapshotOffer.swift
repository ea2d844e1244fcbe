import FieldgridModel

/// A snapshot that a hub offers to a device without data.
package struct SnapshotOffer: Hashable, Sendable, Codable {
    /// SHA-256 of the file, lower-case hexadecimal; also its name.
    package var id: String
    package var bytes: Int
    package var records: Int

    package init(id: String, bytes: Int, records: Int) {
        self.id = id
        self.bytes = bytes
        self.records = records
    }
}

/// What a hub answers to a device that asks for a snapshot.
package struct SnapshotAnswer: Hashable, Sendable, Codable {
    /// Nil where an exchange is as good.
    package var snapshot: SnapshotOffer?

    package init(snapshot: SnapshotOffer?) { self.snapshot = snapshot }
}

/// How much of an attachment a hub has.
package struct AttachmentProgress: Hashable, Sendable, Codable {
    package var have: Int
    /// The whole file is there, durable and right.
    package var complete: Bool

    package init(have: Int, complete: Bool) {
        self.have = have
        self.complete = complete
    }
}

/// A file whose name is the digest of its content, fetched and sent in ranges.
package enum RangedFile {
    package static let contentType = "application/octet-stream"
    /// The largest range of one answer or request.
    package static let rangeMax = 1 << 20
    package static let attachmentPath = "/sync/v1/attachment"
    package static let snapshotPath = "/sync/v1/snapshot"

    /// Lower-case hexadecimal of a digest.
    package static func name(of digest: [UInt8]) -> String {
        digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// The digest that a name spells.
    ///
    /// - Precondition: it is one.
    package static func digest(of name: String) -> [UInt8] {
        precondition(isName(name), "a file is called by its digest")
        let digits = Array(name.utf8).map { $0 < 0x3a ? $0 - 0x30 : $0 - 0x57 }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    /// Whether a text can be such a name, and nothing else: neither a path
    /// nor anything with a dot in it.
    package static func isName(_ text: some StringProtocol) -> Bool {
        AttachmentName.isValid(text)
    }
}
