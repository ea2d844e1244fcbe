import FieldgridModel
import FieldgridSync

/// Messages with one of everything in them, the same on every run.
enum WireFixture {
    static let incarnation = IncarnationID(
        UUIDBits(high: 0x0193_0000_0000_7000, low: 0x8000_0000_0000_0001))
    static let epoch = EpochID(UUIDBits(high: 0x0193_0000_0000_7000, low: 0x8000_0000_0000_00ee))
    /// What the incarnation continues.
    static let parent = ChangesetIdentity(
        incarnation: IncarnationID(
            UUIDBits(high: 0x0193_0000_0000_7000, low: 0x8000_0000_0000_0002)), seq: 7)
    static let township = ScopeCode("220602103")
    static let village = ScopeCode("220602103201")

    static func record(_ name: UInt64) -> RecordID {
        RecordID(UUIDBits(high: 0x0193_0000_0001_7000, low: 0x8000_0000_0000_0000 | name))
    }

    static var changesets: [Changeset] {
        let creation = [
            Change(type: TypeNumber(1), record: record(1), unit: .presence, value: .alive),
            Change(
                type: TypeNumber(1), record: record(1), unit: .scope,
                value: UnitValue(.text(village.text))),
            Change(
                type: TypeNumber(1), record: record(1), unit: UnitNumber(2),
                value: UnitValue(.text("虚构·三道沟木业有限公司"))),
            Change(
                type: TypeNumber(2), record: record(2), unit: UnitNumber(2),
                value: UnitValue(.text(record(1).description))),
        ]
        let settlement = Settlement(
            conflict: record(9),
            sides: [ChangesetIdentity(incarnation: incarnation, seq: 1)], note: "按工资表")
        let edit = [
            Change(
                type: TypeNumber(2), record: record(3), unit: UnitNumber(40),
                value: UnitValue([.integer(12), .null, .integer(-7)]),
                seenThrough: Position(17), settles: settlement)
        ]
        return [
            changeset(1, creation, context: [:]),
            changeset(2, edit, context: [village: Position(40), township: Position(3)]),
        ]
    }

    static func changeset(
        _ seq: Int64, _ changes: [Change], context: [ScopeCode: Position]
    ) -> Changeset {
        Changeset(
            identity: ChangesetIdentity(incarnation: incarnation, seq: seq), author: "虚构·王",
            time: HybridTime(milliseconds: 1_784_856_000_000 + seq, counter: 3),
            source: seq == 1 ? .onSite : .selfReport, schema: SchemaTag(0xfeed_0000_0000_0001),
            epoch: epoch, context: context, changes: changes)
    }

    static var request: ExchangeRequest {
        var request = plainRequest
        request.kept = ChangesetIdentity(incarnation: parent.incarnation, seq: 5)
        request.pulls = [village: ScopePull(base: Position(20), told: Position(45))]
        request.oldest = [township: Position(1)]
        request.check = ScopeCheck(
            .combined,
            [CheckRange(village, from: RecordNumber(1_024), to: RecordNumber(0))])
        request.audit = AuditQuestion(
            digest: AuditDigest(high: 3, low: 4),
            sizes: [.administration: 7, .scope(village): 2])
        return request
    }

    private static var plainRequest: ExchangeRequest {
        ExchangeRequest(
            schema: SchemaTag(0xfeed_0000_0000_0001), epoch: epoch,
            positions: [village: Position(40), township: Position(3)], incarnation: incarnation,
            sealed: 2, held: [ChangesetIdentity(incarnation: parent.incarnation, seq: 6)],
            batch: ChangesetBatch(
                following: .start(after: parent), changesets, parent: parent))
    }

    /// Record 3 is known to both sides by its number.
    static func number(_ id: RecordID) -> (ScopeCode, RecordNumber)? {
        id == record(3) ? (village, RecordNumber(5_000)) : nil
    }

    static var reply: ExchangeReply {
        var reply = ExchangeReply(
            epoch: epoch, time: HybridTime(milliseconds: 1_784_856_009_000),
            schema: SchemaTag(0xfeed_0000_0000_0001), schemaDocument: Array("{}".utf8),
            receipts: [
                Receipt(seq: 1, outcome: .accepted(village, Position(41))),
                Receipt(seq: 2, outcome: .accepted(village, Position(42))),
                Receipt(seq: 3, outcome: .quarantined(.rule, message: "男女人数之和不等于总数")),
                Receipt(seq: 4, outcome: .accepted(village, Position(43)), isTimeMoved: true),
            ],
            positions: [village: Position(44), township: Position(3)],
            records: [
                RecordDelta(
                    scope: village, number: RecordNumber(1), id: record(1), type: TypeNumber(1),
                    presence: .whole,
                    units: [UnitDelta(unit: UnitNumber(2), value: UnitValue(.text("虚构甲")))]),
                RecordDelta(
                    scope: village, number: RecordNumber(5_000), id: nil, type: TypeNumber(2),
                    presence: .alive,
                    units: [
                        UnitDelta(
                            unit: UnitNumber(40),
                            value: UnitValue([.integer(1), .null, .integer(2)]))
                    ]),
                RecordDelta(
                    scope: township, number: RecordNumber(2), id: nil, type: TypeNumber(1),
                    presence: .deleted, units: []),
            ],
            hasMore: true)
        reply.since = [village: Position(40), township: Position(2)]
        reply.heads = [village: Position(50), township: Position(3)]
        reply.horizons = [village: Position(41)]
        reply.incarnation = incarnation
        reply.covered = ChangesetIdentity(incarnation: incarnation, seq: 4)
        reply.sums = [RecordSum(high: 1, low: 2)]
        reply.checked = [
            RecordDelta(
                scope: village, number: RecordNumber(1_025), id: record(4), type: TypeNumber(1),
                presence: .whole,
                units: [UnitDelta(unit: UnitNumber(2), value: UnitValue(.text("虚构丁")))])
        ]
        reply.audit = [AuditFixture.provedHead]
        reply.released = [
            Release(
                ChangesetIdentity(incarnation: parent.incarnation, seq: 6), village, Position(41))
        ]
        return reply
    }
}
