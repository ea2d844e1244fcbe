package import FieldgridModel

/// A batch as it arrived, its records not yet looked up.
package struct ReceivedBatch: Hashable, Sendable {
    package var previous: ContentDigest
    package var head: ContentDigest
    /// What the incarnation continues, as the batch says.
    package var parent: ChangesetIdentity?
    /// Every record that the batch names, once.
    package var references: [RecordReference]
    /// With the index of a reference in place of each record's id.
    var changesets: [ReceivedChangeset]

    /// A batch that names every record by its id, as JSON does.
    package init(_ batch: ChangesetBatch) {
        previous = batch.previous
        head = batch.head
        parent = batch.parent
        var places: [RecordID: Int] = [:]
        var references: [RecordReference] = []
        changesets = batch.changesets.map { changeset in
            var head = changeset
            head.changes = []
            let positions = changeset.changes.map { change in
                if let known = places[change.record] { return known }
                places[change.record] = references.count
                references.append(.id(change.record))
                return references.count - 1
            }
            return ReceivedChangeset(
                head: head, changes: changeset.changes, places: positions)
        }
        self.references = references
    }

    init(
        previous: ContentDigest, head: ContentDigest, parent: ChangesetIdentity?,
        references: [RecordReference], changesets: [ReceivedChangeset]
    ) {
        self.previous = previous
        self.head = head
        self.parent = parent
        self.references = references
        self.changesets = changesets
    }

    /// The identities of the changesets, in order.
    package var identities: [ChangesetIdentity] { changesets.map(\.head.identity) }

    /// The changesets with their records' ids, one for each reference.
    package func resolved(_ ids: [RecordID]) -> ChangesetBatch {
        precondition(ids.count == references.count, "one id for each reference")
        let changesets = changesets.map { received in
            var changeset = received.head
            changeset.changes = zip(received.changes, received.places).map { change, place in
                var change = change
                change.record = ids[place]
                return change
            }
            return changeset
        }
        return ChangesetBatch(
            previous: previous, head: head, changesets: changesets, parent: parent)
    }
}

/// A changeset whose changes name records by place.
struct ReceivedChangeset: Hashable, Sendable {
    var head: Changeset
    var changes: [Change]
    var places: [Int]
}

extension ByteReader {
    /// An incarnation and one of its sequences.
    mutating func identity() throws(WireError) -> ChangesetIdentity {
        let incarnation = IncarnationID(try bits())
        return ChangesetIdentity(
            incarnation: incarnation, seq: Int64(try index(below: 1 << 53, "sequence")))
    }
}

extension ByteWriter {
    /// An incarnation and one of its sequences.
    mutating func identity(_ identity: ChangesetIdentity) {
        bits(identity.incarnation.bits)
        count(Int(identity.seq))
    }
}

/// Reads what ``ChangesetColumns`` wrote.
struct ChangesetColumnReader {
    private var reader: ByteReader
    private var authors: [String] = []
    private var scopes: [ScopeCode] = []
    private var schemas: [SchemaTag] = []
    private var epochs: [EpochID] = []
    private var contexts: [[ScopeCode: Position]] = []

    static func read(_ reader: inout ByteReader) throws(WireError) -> ReceivedBatch {
        var columns = ChangesetColumnReader(reader: reader)
        let batch = try columns.batch()
        reader = columns.reader
        return batch
    }

    private init(reader: ByteReader) { self.reader = reader }

    private mutating func batch() throws(WireError) -> ReceivedBatch {
        let incarnation = IncarnationID(try reader.bits())
        let first = Int64(try reader.index(below: 1 << 53, "sequence"))
        let parent = try reader.flag() ? try reader.identity() : nil
        let count = try reader.count()
        guard count <= ExchangeRequest.Limit.changesets else {
            throw .tooMany(
                "changesets", count: count, limit: ExchangeRequest.Limit.changesets)
        }
        let previous = try reader.digest()
        let head = try reader.digest()
        try readDictionaries()
        var changesets = try heads(count: count, incarnation: incarnation, first: first)
        var counts: [Int] = []
        for _ in 0..<count { counts.append(try reader.count()) }
        let changes = counts.reduce(0, +)
        guard changes <= ExchangeRequest.Limit.changes else {
            throw .tooMany("changes", count: changes, limit: ExchangeRequest.Limit.changes)
        }
        let references = try readChanges(into: &changesets, counts: counts)
        return ReceivedBatch(
            previous: previous, head: head, parent: parent, references: references,
            changesets: changesets)
    }

    private mutating func readDictionaries() throws(WireError) {
        for _ in 0..<(try reader.count()) { authors.append(try reader.text()) }
        for _ in 0..<(try reader.count()) { scopes.append(ScopeCode(try reader.text())) }
        for _ in 0..<(try reader.count(ofSize: 8)) {
            schemas.append(SchemaTag(try reader.fixed()))
        }
        for _ in 0..<(try reader.count(ofSize: 16)) { epochs.append(EpochID(try reader.bits())) }
        for _ in 0..<(try reader.count()) {
            contexts.append(try context())
        }
    }

    private mutating func context() throws(WireError) -> [ScopeCode: Position] {
        var context: [ScopeCode: Position] = [:]
        var last: ScopeCode?
        for _ in 0..<(try reader.count(ofSize: 2)) {
            let scope = scopes[try reader.index(below: scopes.count, "scope")]
            guard last.map({ $0 < scope }) ?? true else {
                throw .malformed("a context out of order", at: reader.offset)
            }
            last = scope
            context[scope] = Position(Int64(try reader.index(below: 1 << 53, "position")))
        }
        return context
    }

    private mutating func heads(
        count: Int, incarnation: IncarnationID, first: Int64
    ) throws(WireError) -> [ReceivedChangeset] {
        var changesets: [ReceivedChangeset] = []
        changesets.reserveCapacity(count)
        for offset in 0..<count {
            let author = authors[try reader.index(below: authors.count, "author")]
            let code = try reader.byte()
            guard let source = SourceCode.source(code) else {
                throw .malformed("source \(code)", at: reader.offset)
            }
            let schema = schemas[try reader.index(below: schemas.count, "schema")]
            let epoch = epochs[try reader.index(below: epochs.count, "epoch")]
            let context = contexts[try reader.index(below: contexts.count, "context")]
            let identity = ChangesetIdentity(incarnation: incarnation, seq: first + Int64(offset))
            let head = Changeset(
                identity: identity, author: author, time: .zero, source: source, schema: schema,
                epoch: epoch, context: context, changes: [])
            changesets.append(ReceivedChangeset(head: head, changes: [], places: []))
        }
        var time: Int64 = 0
        for index in changesets.indices {
            let (next, overflow) = time.addingReportingOverflow(try reader.signed())
            guard !overflow, next >= 0 else {
                throw .malformed("time \(next)", at: reader.offset)
            }
            time = next
            changesets[index].head.time = HybridTime(raw: time)
        }
        return changesets
    }

    private mutating func readChanges(
        into changesets: inout [ReceivedChangeset], counts: [Int]
    ) throws(WireError) -> [RecordReference] {
        let (references, places) = try RecordColumns.read(&reader, scopes: scopes)
        guard places.count == counts.reduce(0, +) else {
            throw .malformed("the changesets' counts do not add up", at: reader.offset)
        }
        var units: [(type: TypeNumber, unit: UnitNumber, members: Int)] = []
        for _ in places {
            let type = TypeNumber(try reader.index(below: ValueColumnReader.Bound.number, "type"))
            let unit = UnitNumber(try reader.index(below: ValueColumnReader.Bound.number, "unit"))
            let members = try reader.index(below: ValueColumnReader.Bound.members, "members")
            units.append((type, unit, members))
        }
        let flags = try reader.raw(places.count)
        var extras: [(Position?, Settlement?)] = []
        for flag in flags { extras.append(try extra(flag)) }
        var values = try ValueColumnReader(&reader)
        var next = 0
        let placeholder = RecordID(UUIDBits(high: 0, low: 0))
        for (index, count) in counts.enumerated() {
            for _ in 0..<count {
                let (type, unit, members) = units[next]
                let value = try values.take(type: type, unit: unit, members: members)
                let change = Change(
                    type: type, record: placeholder, unit: unit, value: value,
                    seenThrough: extras[next].0, settles: extras[next].1)
                changesets[index].changes.append(change)
                changesets[index].places.append(places[next])
                next += 1
            }
        }
        try values.finish()
        return references
    }

    private mutating func extra(_ flag: UInt8) throws(WireError) -> (Position?, Settlement?) {
        typealias Flag = ChangesetColumns.Flag
        guard flag < 8, flag & Flag.isUndo == 0 || flag & Flag.settles != 0 else {
            throw .malformed("flags \(flag)", at: reader.offset)
        }
        var seen: Position?
        if flag & Flag.seenThrough != 0 {
            seen = Position(Int64(try reader.index(below: 1 << 53, "position")))
        }
        guard flag & Flag.settles != 0 else { return (seen, nil) }
        let conflict = RecordID(try reader.bits())
        var sides: [ChangesetIdentity] = []
        for _ in 0..<(try reader.count(ofSize: 17)) {
            sides.append(try reader.identity())
        }
        let note = try reader.flag() ? try reader.text() : nil
        let isUndo = flag & Flag.isUndo != 0
        return (seen, Settlement(conflict: conflict, sides: sides, note: note, isUndo: isUndo))
    }
}
