package import FieldgridModel

/// A request as it arrived, its records not yet looked up.
package struct ReceivedRequest: Hashable, Sendable {
    package var schema: SchemaTag
    package var epoch: EpochID?
    package var stands: ScopeStands
    package var incarnation: IncarnationID
    /// Nil where the asker keeps no count of its own, as with `curl`.
    package var sealed: Int64?
    package var held: [ChangesetIdentity] = []
    package var kept: ChangesetIdentity?
    package var check: ScopeCheck?
    package var audit: AuditQuestion?
    package var replyBytesMax: Int
    package var batch: ReceivedBatch?

    package init(
        schema: SchemaTag, epoch: EpochID?, positions: [ScopeCode: Position],
        incarnation: IncarnationID, replyBytesMax: Int, batch: ReceivedBatch?
    ) {
        self.schema = schema
        self.epoch = epoch
        stands = ScopeStands(positions: positions)
        self.incarnation = incarnation
        self.replyBytesMax = replyBytesMax
        self.batch = batch
    }

    /// How far the asker has applied each scope.
    package var positions: [ScopeCode: Position] {
        get { stands.positions }
        set { stands.positions = newValue }
    }
}

/// The binary form of an exchange.
///
/// Grammar: `schemas/wire/grammar.md`.
package enum ExchangeCodec {
    /// The content type of both directions.
    package static let contentType = "application/vnd.fieldgrid.exchange"

    package static func encode(
        _ request: ExchangeRequest, number: (RecordID) -> (ScopeCode, RecordNumber)?
    ) -> [UInt8] {
        var writer = ByteWriter()
        writer.fixed(request.schema.value)
        writer.bits(request.epoch?.bits ?? UUIDBits(high: 0, low: 0))
        writer.bits(request.incarnation.bits)
        writer.count(Int(request.sealed))
        writer.count(request.replyBytesMax)
        write(request.positions, to: &writer)
        StandColumns.write(request, to: &writer)
        writer.count(request.held.count)
        for identity in request.held { writer.identity(identity) }
        writer.byte(request.kept == nil ? 0 : 1)
        if let kept = request.kept { writer.identity(kept) }
        CheckColumns.write(request.check, among: request.positions, to: &writer)
        AuditColumns.write(request.audit, among: request.positions, to: &writer)
        writer.byte(request.batch == nil ? 0 : 1)
        if let batch = request.batch {
            ChangesetColumns.write(batch, to: &writer, number: number)
        }
        return Frame.wrap(writer.bytes, kind: .exchangeRequest)
    }

    package static func decodeRequest(_ frame: [UInt8]) throws(WireError) -> ReceivedRequest {
        var reader = ByteReader(
            try Frame.unwrap(
                frame, kind: .exchangeRequest, limit: ExchangeRequest.Limit.bodyBytes))
        let schema = SchemaTag(try reader.fixed())
        let epoch = try reader.bits()
        let incarnation = IncarnationID(try reader.bits())
        let sealed = Int64(try reader.index(below: 1 << 53, "sequence"))
        let replyBytesMax = Int(clamping: try reader.unsigned())
        let positions = try readPositions(&reader)
        let stands = try StandColumns.stands(positions, &reader)
        let count = try reader.count(ofSize: 17)
        guard count <= ExchangeRequest.heldMax else {
            throw .malformed("\(count) held changesets", at: reader.offset)
        }
        var held: [ChangesetIdentity] = []
        for _ in 0..<count { held.append(try reader.identity()) }
        let kept = try reader.flag() ? try reader.identity() : nil
        let check = try CheckColumns.check(among: positions, &reader)
        let audit = try AuditColumns.question(among: positions, &reader)
        let batch = try reader.flag() ? try ChangesetColumnReader.read(&reader) : nil
        try reader.finish()
        var request = ReceivedRequest(
            schema: schema, epoch: epoch.high | epoch.low == 0 ? nil : EpochID(epoch),
            positions: positions, incarnation: incarnation, replyBytesMax: replyBytesMax,
            batch: batch)
        request.stands = stands
        request.sealed = sealed
        request.held = held
        request.kept = kept
        request.check = check
        request.audit = audit
        return request
    }

    package static func encode(_ reply: ExchangeReply) -> [UInt8] {
        var writer = ByteWriter()
        writer.bits(reply.epoch.bits)
        writer.count(Int(reply.time.raw))
        writer.fixed(reply.schema.value)
        writer.count(reply.schemaDocument?.count ?? 0)
        writer.raw(reply.schemaDocument ?? [])
        switch reply.chain {
        case .follows: writer.byte(0)
        case .gap(let expected):
            writer.byte(1)
            writer.count(Int(expected))
        case .fork(let seq):
            writer.byte(2)
            writer.count(Int(seq))
        }
        writer.byte(reply.incarnation == nil ? 0 : 1)
        if let incarnation = reply.incarnation { writer.bits(incarnation.bits) }
        ReceiptColumns.write(reply.receipts, to: &writer)
        write(reply.positions, to: &writer)
        writeSpans(of: reply, to: &writer)
        StandColumns.write(reply, to: &writer)
        ReceiptColumns.write(reply.released, to: &writer)
        writer.byte(reply.covered == nil ? 0 : 1)
        if let covered = reply.covered { writer.identity(covered) }
        CheckColumns.write(reply.sums, reply.checked, to: &writer)
        AuditColumns.write(reply.audit, to: &writer)
        DeltaColumns.write(reply.records, to: &writer)
        return Frame.wrap(writer.bytes, kind: .exchangeReply)
    }

    package static func decodeReply(_ frame: [UInt8]) throws(WireError) -> ExchangeReply {
        var reader = ByteReader(try Frame.unwrap(frame, kind: .exchangeReply))
        let epoch = EpochID(try reader.bits())
        guard let time = Int64(exactly: try reader.unsigned()) else {
            throw .malformed("a time beyond 63 bits", at: reader.offset)
        }
        let schema = SchemaTag(try reader.fixed())
        let document = Array(try reader.raw(try reader.count()))
        let chain: ChainAnswer
        switch try reader.byte() {
        case 0: chain = .follows
        case 1: chain = .gap(expected: Int64(try reader.index(below: 1 << 53, "sequence")))
        case 2: chain = .fork(at: Int64(try reader.index(below: 1 << 53, "sequence")))
        case let tag: throw .malformed("chain answer \(tag)", at: reader.offset)
        }
        let incarnation = try reader.flag() ? IncarnationID(try reader.bits()) : nil
        let receipts = try ReceiptColumns.receipts(&reader)
        let positions = try readPositions(&reader)
        let spans = try readSpans(of: positions, &reader)
        let ending = try StandColumns.ending(positions, &reader)
        let released = try ReceiptColumns.released(&reader)
        let covered = try reader.flag() ? try reader.identity() : nil
        let (sums, checked) = try CheckColumns.answer(&reader)
        let audit = try AuditColumns.heads(&reader)
        let records = try DeltaColumns.read(&reader)
        try reader.finish()
        var reply = ExchangeReply(
            epoch: epoch, time: HybridTime(raw: time), schema: schema,
            schemaDocument: document.isEmpty ? nil : document, receipts: receipts, chain: chain,
            positions: positions, records: records, hasMore: ending.hasMore)
        reply.mustRebase = ending.mustRebase
        reply.horizons = ending.horizons
        reply.receiptsHead = ending.receiptsHead
        reply.incarnation = incarnation
        reply.released = released
        reply.since = spans.since
        reply.heads = spans.heads
        reply.covered = covered
        reply.sums = sums
        reply.checked = checked
        reply.audit = audit
        return reply
    }

    /// For each position, in order: how far back the records start, and how
    /// far the hub's own position is ahead.
    private static func writeSpans(of reply: ExchangeReply, to writer: inout ByteWriter) {
        for (scope, position) in reply.positions.sorted(by: { $0.key < $1.key }) {
            let since = reply.since[scope] ?? .zero
            let head = reply.heads[scope] ?? position
            writer.count(Int(max(0, position.value - since.value)))
            writer.count(Int(max(0, head.value - position.value)))
        }
    }

    private static func readSpans(
        of positions: [ScopeCode: Position], _ reader: inout ByteReader
    ) throws(WireError) -> (since: [ScopeCode: Position], heads: [ScopeCode: Position]) {
        var since: [ScopeCode: Position] = [:]
        var heads: [ScopeCode: Position] = [:]
        for (scope, position) in positions.sorted(by: { $0.key < $1.key }) {
            let back = Int64(try reader.index(below: Int(position.value) + 1, "start of a scope"))
            let ahead = Int64(try reader.index(below: 1 << 53, "head of a scope"))
            since[scope] = Position(position.value - back)
            heads[scope] = Position(position.value + ahead)
        }
        return (since, heads)
    }

    /// Sorted by scope; each code as the length it shares with the one
    /// before, then the rest.
    private static func write(_ positions: [ScopeCode: Position], to writer: inout ByteWriter) {
        writer.count(positions.count)
        var last: [UInt8] = []
        for (scope, position) in positions.sorted(by: { $0.key < $1.key }) {
            let code = Array(scope.text.utf8)
            let shared = zip(last, code).prefix { $0 == $1 }.count
            writer.count(shared)
            writer.count(code.count - shared)
            writer.raw(code[shared...])
            writer.count(Int(position.value))
            last = code
        }
    }

    private static func readPositions(
        _ reader: inout ByteReader
    ) throws(WireError) -> [ScopeCode: Position] {
        var positions: [ScopeCode: Position] = [:]
        var last: [UInt8] = []
        for _ in 0..<(try reader.count(ofSize: 3)) {
            let shared = try reader.index(below: last.count + 1, "shared length")
            let code = Array(last[..<shared]) + (try reader.raw(try reader.count()))
            guard let text = String(validating: code, as: UTF8.self), code.count <= 64 else {
                throw .malformed("scope code", at: reader.offset)
            }
            guard positions.isEmpty || last.lexicographicallyPrecedes(code) else {
                throw .malformed("positions out of order", at: reader.offset)
            }
            let position = Int64(try reader.index(below: 1 << 53, "position"))
            positions[ScopeCode(text)] = Position(position)
            last = code
        }
        return positions
    }
}
