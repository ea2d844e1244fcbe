import FieldgridModel

/// A batch of changesets in columns.
///
/// Grammar: `schemas/wire/grammar.md`.
///
///     batch     = incarnation(16) first-seq parent count previous(32) head(32)
///                 texts scopes schemas epochs contexts
///                 author* time* source* schema* epoch* context* changes*
///                 record-columns unit* flags* seen* settlement* value-columns
struct ChangesetColumns {
    enum Flag {
        static let seenThrough: UInt8 = 1
        static let settles: UInt8 = 2
        /// Together with ``settles``: takes the decision back.
        static let isUndo: UInt8 = 4
    }

    /// A list of distinct things and the index of each.
    private struct Dictionary<Element: Hashable> {
        var elements: [Element] = []
        var places: [Element: Int] = [:]

        mutating func place(of element: Element) -> Int {
            if let known = places[element] { return known }
            places[element] = elements.count
            elements.append(element)
            return elements.count - 1
        }
    }

    private var authors = Dictionary<String>()
    private var scopes = Dictionary<ScopeCode>()
    private var schemas = Dictionary<SchemaTag>()
    private var epochs = Dictionary<EpochID>()
    private var contexts = Dictionary<[ScopeCode: Position]>()
    private var heads = ByteWriter()
    private var times = ByteWriter()
    private var counts = ByteWriter()
    private var changes = ByteWriter()
    private var flags = ByteWriter()
    private var extras = ByteWriter()
    private var records = RecordColumns()
    private var values = ValueColumns()

    /// Writes a batch; `number` names records shortly where both sides can.
    static func write(
        _ batch: ChangesetBatch, to writer: inout ByteWriter,
        number: (RecordID) -> (ScopeCode, RecordNumber)?
    ) {
        var columns = ChangesetColumns()
        var last = HybridTime.zero
        for changeset in batch.changesets {
            columns.appendHead(of: changeset, after: &last)
            for change in changeset.changes { columns.append(change, number: number) }
        }
        columns.write(batch, to: &writer)
    }

    private mutating func appendHead(of changeset: Changeset, after last: inout HybridTime) {
        heads.count(authors.place(of: changeset.author))
        heads.byte(SourceCode.code(of: changeset.source))
        heads.count(schemas.place(of: changeset.schema))
        heads.count(epochs.place(of: changeset.epoch))
        for scope in changeset.context.keys.sorted() { _ = scopes.place(of: scope) }
        heads.count(contexts.place(of: changeset.context))
        times.signed(changeset.time.raw &- last.raw)
        last = changeset.time
        counts.count(changeset.changes.count)
    }

    private mutating func append(
        _ change: Change, number: (RecordID) -> (ScopeCode, RecordNumber)?
    ) {
        let reference: RecordReference
        if let (scope, number) = records.isRepeat(change.record) ? nil : number(change.record) {
            _ = scopes.place(of: scope)
            reference = .number(scope, number)
        } else {
            reference = .id(change.record)
        }
        records.append(reference, id: change.record) { scopes.place(of: $0) }
        changes.count(change.type.value)
        changes.count(change.unit.value)
        changes.count(change.value.count)
        var flag: UInt8 = 0
        if let seen = change.seenThrough {
            flag |= Flag.seenThrough
            extras.count(Int(seen.value))
        }
        if let settles = change.settles {
            flag |= settles.isUndo ? Flag.settles | Flag.isUndo : Flag.settles
            extras.bits(settles.conflict.bits)
            extras.count(settles.sides.count)
            for side in settles.sides {
                extras.identity(side)
            }
            extras.byte(settles.note == nil ? 0 : 1)
            if let note = settles.note { extras.text(note) }
        }
        flags.byte(flag)
        values.append(change.value, type: change.type, unit: change.unit)
    }

    private func write(_ batch: ChangesetBatch, to writer: inout ByteWriter) {
        guard let first = batch.changesets.first else {
            preconditionFailure("an empty batch is not sent")
        }
        writer.bits(first.identity.incarnation.bits)
        writer.count(Int(first.identity.seq))
        writer.byte(batch.parent == nil ? 0 : 1)
        if let parent = batch.parent {
            writer.identity(parent)
        }
        writer.count(batch.changesets.count)
        writer.raw(batch.previous.bytes)
        writer.raw(batch.head.bytes)
        writer.count(authors.elements.count)
        for author in authors.elements { writer.text(author) }
        writer.count(scopes.elements.count)
        for scope in scopes.elements { writer.text(scope.text) }
        writer.count(schemas.elements.count)
        for schema in schemas.elements { writer.fixed(schema.value) }
        writer.count(epochs.elements.count)
        for epoch in epochs.elements { writer.bits(epoch.bits) }
        writer.count(contexts.elements.count)
        for context in contexts.elements {
            writer.count(context.count)
            for (scope, position) in context.sorted(by: { $0.key < $1.key }) {
                writer.count(scopes.places[scope] ?? 0)
                writer.count(Int(position.value))
            }
        }
        writer.raw(heads.bytes)
        writer.raw(times.bytes)
        writer.raw(counts.bytes)
        records.write(to: &writer)
        writer.raw(changes.bytes)
        writer.raw(flags.bytes)
        writer.raw(extras.bytes)
        values.write(to: &writer)
    }
}

/// The one-byte names of value sources on the wire.
///
/// Never reuse a number.
enum SourceCode {
    private static let codes: [(ValueSource, UInt8)] = [
        (.registry, 1), (.licence, 2), (.onSite, 3), (.selfReport, 4), (.import, 5), (.hub, 6),
    ]

    static func code(of source: ValueSource) -> UInt8 {
        codes.first { $0.0 == source }?.1 ?? 0
    }

    static func source(_ code: UInt8) -> ValueSource? { codes.first { $0.1 == code }?.0 }
}

/// Which record each change is about.
///
///     record-columns = count kind* scope* number* id*
///     kind           = 0 the same as before · 1 by number · 2 by id
///
/// Numbers are zigzag differences from the number before.
struct RecordColumns {
    private var count = 0
    private var kinds = ByteWriter()
    private var scopes = ByteWriter()
    private var numbers = ByteWriter()
    private var identifiers = ByteWriter()
    private var last: RecordID?
    private var lastNumber: Int64 = 0

    func isRepeat(_ id: RecordID) -> Bool { id == last }

    mutating func append(
        _ reference: RecordReference, id: RecordID, place: (ScopeCode) -> Int
    ) {
        defer { last = id }
        count += 1
        guard id != last else { return kinds.byte(0) }
        switch reference {
        case .number(let scope, let number):
            kinds.byte(1)
            scopes.count(place(scope))
            numbers.signed(number.value - lastNumber)
            lastNumber = number.value
        case .id(let id):
            kinds.byte(2)
            identifiers.bits(id.bits)
        }
    }

    func write(to writer: inout ByteWriter) {
        writer.count(count)
        writer.raw(kinds.bytes)
        writer.raw(scopes.bytes)
        writer.raw(numbers.bytes)
        writer.raw(identifiers.bytes)
    }

    /// The records that are named, and for each change which of them it is.
    static func read(
        _ reader: inout ByteReader, scopes: [ScopeCode]
    ) throws(WireError) -> (references: [RecordReference], places: [Int]) {
        let count = try reader.count()
        let kinds = try reader.raw(count)
        var scopeOf: [ScopeCode] = []
        var numberOf: [RecordNumber] = []
        for kind in kinds where kind == 1 {
            scopeOf.append(scopes[try reader.index(below: scopes.count, "scope")])
        }
        var number: Int64 = 0
        for kind in kinds where kind == 1 {
            number = try reader.number(after: number)
            numberOf.append(RecordNumber(number))
        }
        var references: [RecordReference] = []
        var places: [Int] = []
        places.reserveCapacity(count)
        var next = 0
        for kind in kinds {
            switch kind {
            case 0:
                guard !references.isEmpty else {
                    throw .malformed("the first change repeats no record", at: reader.offset)
                }
            case 1:
                references.append(.number(scopeOf[next], numberOf[next]))
                next += 1
            case 2: references.append(.id(RecordID(try reader.bits())))
            default: throw .malformed("record kind \(kind)", at: reader.offset)
            }
            places.append(references.count - 1)
        }
        return (references, places)
    }
}
