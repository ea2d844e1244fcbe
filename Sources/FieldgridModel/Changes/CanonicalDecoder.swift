/// Reads back what ``CanonicalEncoder`` wrote.
///
/// Outboxes and histories keep changesets in their canonical form, so that what is
/// stored is exactly what the digest covers.
package struct CanonicalDecoder {
    package enum Failure: Error, Hashable, Sendable {
        case truncated(at: Int)
        case malformed(String, at: Int)
    }

    private let bytes: ArraySlice<UInt8>
    private var index: Int

    package init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        index = bytes.startIndex
    }

    /// The changeset and the digest of the one before it.
    package static func changeset(
        from bytes: [UInt8]
    ) throws(Failure) -> (changeset: Changeset, previous: ContentDigest) {
        var decoder = CanonicalDecoder(bytes[...])
        let magic = Array("fieldgrid-changeset-1".utf8)
        guard try Array(decoder.take(magic.count)) == magic else {
            throw .malformed("not a changeset", at: 0)
        }
        guard let previous = ContentDigest(try decoder.take(32)) else {
            throw .malformed("digest", at: decoder.index)
        }
        let identity = try decoder.identity()
        let author = try decoder.text()
        let time = HybridTime(raw: try decoder.integer())
        guard let source = ValueSource(rawValue: try decoder.text()) else {
            throw .malformed("source", at: decoder.index)
        }
        let schema = SchemaTag(UInt64(bitPattern: try decoder.integer()))
        let epoch = EpochID(try decoder.bits())
        var context: [ScopeCode: Position] = [:]
        for _ in 0..<(try decoder.count()) {
            let scope = ScopeCode(try decoder.text())
            context[scope] = Position(try decoder.integer())
        }
        var changes: [Change] = []
        for _ in 0..<(try decoder.count()) { changes.append(try decoder.change()) }
        let changeset = Changeset(
            identity: identity, author: author, time: time, source: source, schema: schema,
            epoch: epoch, context: context, changes: changes)
        return (changeset, previous)
    }

    private mutating func change() throws(Failure) -> Change {
        let type = TypeNumber(Int(try integer()))
        let record = RecordID(try bits())
        let unit = UnitNumber(Int(try integer()))
        var members: [Value] = []
        for _ in 0..<(try count()) { members.append(try value()) }
        let seen = try flag() ? Position(try integer()) : nil
        let settles = try settlement()
        return Change(
            type: type, record: record, unit: unit, value: UnitValue(members), seenThrough: seen,
            settles: settles)
    }

    private mutating func settlement() throws(Failure) -> Settlement? {
        let tag = try byte()
        guard tag != 0 else { return nil }
        guard tag <= 2 else { throw .malformed("settlement \(tag)", at: index) }
        let conflict = RecordID(try bits())
        var sides: [ChangesetIdentity] = []
        for _ in 0..<(try count()) { sides.append(try identity()) }
        let note = try flag() ? try text() : nil
        return Settlement(conflict: conflict, sides: sides, note: note, isUndo: tag == 2)
    }

    package mutating func value() throws(Failure) -> Value {
        switch try byte() {
        case 0: return .null
        case 1: return .integer(try integer())
        case 2: return .text(try text())
        case let tag: throw .malformed("value tag \(tag)", at: index)
        }
    }

    private mutating func identity() throws(Failure) -> ChangesetIdentity {
        ChangesetIdentity(incarnation: IncarnationID(try bits()), seq: try integer())
    }

    private mutating func bits() throws(Failure) -> UUIDBits {
        let high = UInt64(bitPattern: try integer())
        return UUIDBits(high: high, low: UInt64(bitPattern: try integer()))
    }

    package mutating func integer() throws(Failure) -> Int64 {
        var word: UInt64 = 0
        for byte in try take(8) { word = word << 8 | UInt64(byte) }
        return Int64(bitPattern: word)
    }

    /// A count of things that take at least one byte each.
    private mutating func count() throws(Failure) -> Int {
        let count = Int(try integer())
        guard count >= 0, count <= bytes.endIndex - index else {
            throw .malformed("count \(count)", at: index)
        }
        return count
    }

    package mutating func text() throws(Failure) -> String {
        let slice = try take(try count())
        guard let text = unsafe slice.withUnsafeBufferPointer({ unsafe String(exactly: $0) }) else {
            throw .malformed("text is not UTF-8", at: index)
        }
        return text
    }

    private mutating func flag() throws(Failure) -> Bool { try byte() == 1 }

    private mutating func byte() throws(Failure) -> UInt8 {
        guard index < bytes.endIndex else { throw .truncated(at: index) }
        defer { index += 1 }
        return bytes[index]
    }

    private mutating func take(_ count: Int) throws(Failure) -> ArraySlice<UInt8> {
        guard count <= bytes.endIndex - index else { throw .truncated(at: index) }
        defer { index += count }
        return bytes[index..<(index + count)]
    }
}
