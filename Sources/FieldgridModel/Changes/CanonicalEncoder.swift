/// The bytes that a digest covers: one spelling for one logical content.
///
/// Grammar (all integers big-endian 64 bit, `bytes` = length then bytes):
///
///     changeset = "fieldgrid-changeset-1" previous-digest(32)
///                 incarnation(16) seq author(bytes) time source(bytes)
///                 schema epoch(16) contexts changes
///     contexts  = count { scope(bytes) position }      ; by scope, byte order
///     changes   = count { change }                     ; in saved order
///     change    = type record(16) unit value seen settles
///     value     = count { 0x00 | 0x01 integer | 0x02 bytes }
///     seen      = 0x00 | 0x01 position
///     settles   = 0x00 | ( 0x01 | 0x02 ) conflict(16) count { incarnation(16) seq } note
///                                                      ; 0x02 takes a decision back
///     note      = 0x00 | 0x01 bytes
///
/// Wire bytes are never digested: records travel by number, texts in columns,
/// and either may change with the version of the wire.
package struct CanonicalEncoder {
    package private(set) var bytes: [UInt8] = []

    package init(reservingCapacity capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    /// The canonical form of a changeset that follows `previous`.
    package static func bytes(of changeset: Changeset, after previous: ContentDigest) -> [UInt8] {
        var encoder = CanonicalEncoder(reservingCapacity: 256 + 64 * changeset.changes.count)
        encoder.bytes.append(contentsOf: "fieldgrid-changeset-1".utf8)
        encoder.bytes.append(contentsOf: previous.bytes)
        encoder.append(changeset.identity)
        encoder.append(text: changeset.author)
        encoder.append(changeset.time.raw)
        encoder.append(text: changeset.source.rawValue)
        encoder.append(Int64(bitPattern: changeset.schema.value))
        encoder.append(changeset.epoch.bits)
        encoder.append(Int64(changeset.context.count))
        for (scope, position) in changeset.context.sorted(by: { $0.key < $1.key }) {
            encoder.append(text: scope.text)
            encoder.append(position.value)
        }
        encoder.append(Int64(changeset.changes.count))
        for change in changeset.changes { encoder.append(change) }
        return encoder.bytes
    }

    private mutating func append(_ change: Change) {
        append(Int64(change.type.value))
        append(change.record.bits)
        append(Int64(change.unit.value))
        append(Int64(change.value.count))
        change.value.forEachMember { append($1) }
        if let seen = change.seenThrough {
            bytes.append(1)
            append(seen.value)
        } else {
            bytes.append(0)
        }
        guard let settles = change.settles else { return bytes.append(0) }
        bytes.append(settles.isUndo ? 2 : 1)
        append(settles.conflict.bits)
        append(Int64(settles.sides.count))
        for side in settles.sides { append(side) }
        guard let note = settles.note else { return bytes.append(0) }
        bytes.append(1)
        append(text: note)
    }

    package mutating func append(_ value: Value) {
        switch value {
        case .null: bytes.append(0)
        case .integer(let integer):
            bytes.append(1)
            append(integer)
        case .text(let text):
            bytes.append(2)
            append(text: text)
        }
    }

    package mutating func append(text: String) {
        append(Int64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    package mutating func append(_ identity: ChangesetIdentity) {
        append(identity.incarnation.bits)
        append(identity.seq)
    }

    package mutating func append(_ bits: UUIDBits) {
        append(Int64(bitPattern: bits.high))
        append(Int64(bitPattern: bits.low))
    }

    package mutating func append(_ integer: Int64) {
        var word = UInt64(bitPattern: integer)
        for _ in 0..<8 {
            bytes.append(UInt8(truncatingIfNeeded: word >> 56))
            word <<= 8
        }
    }
}
