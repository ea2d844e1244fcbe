import Crypto
package import FieldgridModel

extension ContentDigest {
    /// The digest of a changeset that follows `previous` in its incarnation.
    package static func of(_ changeset: Changeset, after previous: ContentDigest) -> ContentDigest {
        of(CanonicalEncoder.bytes(of: changeset, after: previous))
    }

    /// SHA-256.
    package static func of(_ bytes: [UInt8]) -> ContentDigest {
        guard let digest = ContentDigest(SHA256.hash(data: bytes)) else {
            preconditionFailure("SHA-256 has 32 bytes")
        }
        return digest
    }
}

extension ContentDigest {
    /// What precedes the first changeset of an incarnation that continues
    /// another one, which it names by its last sequence there.
    package static func start(after parent: ChangesetIdentity?) -> ContentDigest {
        guard let parent else { return .start }
        var encoder = CanonicalEncoder()
        encoder.append(text: "fieldgrid-incarnation-1")
        encoder.append(parent)
        return of(encoder.bytes)
    }
}

extension ChangesetBatch {
    /// Links changesets that were sealed one after the other.
    package init(
        following previous: ContentDigest, _ changesets: [Changeset],
        parent: ChangesetIdentity? = nil
    ) {
        self.init(
            previous: previous,
            head: changesets.reduce(previous) { ContentDigest.of($1, after: $0) },
            changesets: changesets, parent: parent)
    }
}

extension SchemaTag {
    /// The tag of a schema in its canonical JSON.
    package init(document: [UInt8]) {
        let word = ContentDigest.of(document).bytes.prefix(8)
            .reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        self.init(word)
    }
}

extension RecordID {
    /// The name of the conflict of a unit, from the two changesets that
    /// opened it: the same wherever it is derived.
    package static func conflict(
        record: RecordID, unit: UnitNumber, between first: ChangesetIdentity,
        and second: ChangesetIdentity
    ) -> RecordID {
        var encoder = CanonicalEncoder()
        encoder.append(text: "fieldgrid-conflict-1")
        encoder.append(record.bits)
        encoder.append(Int64(unit.value))
        encoder.append(first)
        encoder.append(second)
        return RecordID(.version8(digest: ContentDigest.of(encoder.bytes).bytes))
    }

    /// The name of something the hub derives, such as a record's task of a
    /// period: deriving it again gives the same record.
    package static func derived(_ kind: String, from parts: [String]) -> RecordID {
        var encoder = CanonicalEncoder()
        encoder.append(text: "fieldgrid-" + kind)
        for part in parts { encoder.append(text: part) }
        return RecordID(.version8(digest: ContentDigest.of(encoder.bytes).bytes))
    }
}
