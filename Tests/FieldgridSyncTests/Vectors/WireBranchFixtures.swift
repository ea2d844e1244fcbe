import FieldgridModel
import FieldgridSync

/// Requests that go through every branch of the grammar.
enum RequestFixture {
    private static let township = WireFixture.township
    private static let village = WireFixture.village
    private static let largest = Position(1 << 53 - 1)

    /// The records that both sides know by a number.
    static let numbers: [RecordID: (ScopeCode, RecordNumber)] = [
        WireFixture.record(3): (village, RecordNumber(5_000)),
        WireFixture.record(4): (village, RecordNumber(3)),
        WireFixture.record(5): (township, RecordNumber(1 << 40 - 1)),
    ]

    /// What a device says that has never exchanged.
    static let first = ExchangeRequest(
        schema: SchemaTag(0), epoch: nil, positions: [:], incarnation: WireFixture.incarnation,
        sealed: 0, batch: nil)

    /// Levels 2 and 3, over so many ranges.
    static func checking(_ level: ScopeCheck.Level, ranges: Int) -> ExchangeRequest {
        var request = first
        request.epoch = WireFixture.epoch
        request.positions = [township: .zero, village: largest, ScopeCode("22"): Position(1)]
        request.held = (1...3).map {
            ChangesetIdentity(incarnation: WireFixture.incarnation, seq: 1 << 53 - $0)
        }
        request.check = ScopeCheck(
            level,
            (0..<ranges).map { range in
                let from = Int64(range) << 10
                let end = range == 15 ? 1 << 40 - 1 : from + 1_024
                return CheckRange(
                    range.isMultiple(of: 2) ? village : ScopeCode("22"),
                    from: RecordNumber(from), to: RecordNumber(end))
            })
        return request
    }

    /// Scopes that come in several replies, and contexts of what waits: at the
    /// position, at the beginning, as far ahead as can be.
    static let pulls: ExchangeRequest = {
        let (county, district) = (ScopeCode("22"), ScopeCode("2206"))
        var request = first
        request.epoch = WireFixture.epoch
        request.positions = [
            county: .zero, district: Position(300), township: Position(300), village: largest,
        ]
        request.pulls = [
            county: ScopePull(base: .zero, told: largest),
            township: ScopePull(base: Position(300), told: Position(300)),
            village: ScopePull(base: .zero, told: largest),
        ]
        request.oldest = [district: Position(299), township: .zero, village: .zero]
        return request
    }()

    /// Every kind of column, tag and flag, and the largest and smallest numbers.
    static let columns: ExchangeRequest = {
        var request = checking(.combined, ranges: 0)
        request.sealed = 1 << 53 - 1
        request.replyBytesMax = 1 << 24
        let changes = [names, again, values, groups, exceptions, []]
        let times: [Int64] = [0, .max, 1, 1 << 16, 1 << 16, 116_972_322_816_065_539]
        let both = [township: Position(3), village: Position(40)]
        let contexts = [[:], both, both, [village: largest], [:], both]
        let first: Int64 = 1 << 53 - 6
        let changesets = changes.indices.map { place in
            Changeset(
                identity: ChangesetIdentity(
                    incarnation: WireFixture.incarnation, seq: first + Int64(place)),
                author: ["虚构·王", "", "outside the program"][place % 3],
                time: HybridTime(raw: times[place]), source: ValueSource.allCases[place],
                schema: SchemaTag(place.isMultiple(of: 2) ? .max : 0xfeed_0000_0000_0001),
                epoch: place < 3
                    ? WireFixture.epoch : EpochID(WireFixture.parent.incarnation.bits),
                context: contexts[place], changes: changes[place])
        }
        request.batch = ChangesetBatch(
            following: ContentDigest.of(Array("what came before".utf8)), changesets)
        return request
    }()

    private static func change(
        _ record: UInt64, _ unit: Int, _ value: UnitValue, type: Int = 16,
        seen: Position? = nil, settles: Settlement? = nil
    ) -> Change {
        Change(
            type: TypeNumber(type), record: WireFixture.record(record), unit: UnitNumber(unit),
            value: value, seenThrough: seen, settles: settles)
    }

    /// By number, the same, a smaller number, the first again, by id.
    ///
    /// The scope is first used here, before any context names it.
    private static let names = [
        change(3, 0, .alive), change(3, 1, UnitValue(.text(village.text))),
        change(4, 2, UnitValue(.text("虚构·三道沟木业有限公司"))),
        change(3, 2, UnitValue(.text("虚构·四道沟木业有限公司"))),
        change(6, 0, UnitValue(.integer(0))),
    ]

    /// The record of the change before, which was another changeset's; then
    /// the largest number in another scope.
    private static let again = [
        change(6, 3, UnitValue(.text("[\"甲\",\"乙\"]"))), change(5, 2, UnitValue(.null)),
    ]

    /// Every tag and spelling, of the largest type and unit.
    private static let values: [Change] = {
        let integers: [Int64] = [0, -1, 1, 63, -64, 64, 1 << 53, .max, .min]
        let texts = [
            "", "a", "虚构", "\u{00e9}", "\u{1F3E2}", WireFixture.record(9).description,
            WireFixture.record(10).description.uppercased(),
            "01930000-0001-7000-8000-00000000000g", "01930000000170008000000000000009",
        ]
        let all = [.null] + integers.map { Value.integer($0) } + texts.map { Value.text($0) }
        return all.map { change(5, 1 << 20 - 1, UnitValue($0), type: 1 << 20 - 1) }
    }()

    /// A group with nothing, one with the most members, and what a counter, a
    /// set and an `append` unit say.
    private static let groups = [
        change(7, 40, UnitValue([])),
        change(7, 41, UnitValue((0..<255).map { .integer(Int64($0) - 127) })),
        change(7, 40, UnitValue([.integer(12), .null, .text("甲")])),
        change(7, 42, UnitValue(.integer(-3))),
        change(7, 43, UnitValue([.text("[\"甲\"]"), .text("[\"乙\",\"丙\"]")])),
        change(7, 44, UnitValue([.text("虚构记录"), .null])),
    ]

    /// Contexts of a change's own, settlements and what takes them back.
    private static let exceptions: [Change] = {
        let sides = (1...3).map {
            ChangesetIdentity(incarnation: WireFixture.parent.incarnation, seq: Int64($0) << 20)
        }
        let conflict = WireFixture.record(9)
        return [
            change(3, 2, UnitValue(.text("a")), seen: .zero),
            change(
                3, 2, UnitValue(.text("b")),
                settles: Settlement(conflict: conflict, sides: [sides[0]])),
            change(
                4, 2, UnitValue(.text("c")), seen: largest,
                settles: Settlement(conflict: conflict, sides: [], note: "")),
            change(
                8, 2, UnitValue(.null),
                settles: Settlement(
                    conflict: conflict, sides: sides, note: "虚构：弄错了", isUndo: true)),
        ]
    }()
}

/// Replies that go through every branch of the grammar.
enum ReplyFixture {
    private static let township = WireFixture.township
    private static let village = WireFixture.village

    /// Nothing is new.
    static let idle: ExchangeReply = {
        var reply = ExchangeReply(
            epoch: WireFixture.epoch, time: .zero, schema: SchemaTag(.max),
            positions: [township: .zero, village: Position(1 << 53 - 1)])
        reply.since = reply.positions
        return reply
    }()

    static let gap: ExchangeReply = {
        var reply = idle
        reply.incarnation = WireFixture.incarnation
        reply.chain = .gap(expected: 1)
        return reply
    }()

    static let fork: ExchangeReply = {
        var reply = idle
        reply.incarnation = WireFixture.incarnation
        reply.chain = .fork(at: 1 << 53 - 1)
        reply.receipts = [Receipt(seq: 6, outcome: .accepted(village, Position(41)))]
        return reply
    }()

    /// A run of two hundred; runs that end because the flag, the scope, the
    /// position or the sequence does not follow; every code of quarantine.
    static let receipts: ExchangeReply = {
        var reply = idle
        reply.time = HybridTime(raw: .max)
        reply.positions = [:]
        reply.since = [:]
        let run = (0..<200).map { step in
            Receipt(
                seq: 100 + Int64(step), outcome: .accepted(village, Position(500 + Int64(step))))
        }
        let broken: [(Int64, ScopeCode, Int64, Bool)] = [
            (1_100, village, 1_500, true), (1_101, village, 1_501, true),
            (1_102, township, 1_502, true), (1_103, township, 1_504, true),
            (1_105, township, 1_505, true), (1_106, township, 1_506, false),
            (1_107, township, 1_506, false),
        ]
        let refused = QuarantineCode.allCases.enumerated().map { place, code in
            Receipt(
                seq: 2_000 + Int64(place),
                outcome: .quarantined(code, message: place == 0 ? "" : "虚构"),
                isTimeMoved: place.isMultiple(of: 2))
        }
        reply.receipts =
            run
            + broken.map { seq, scope, position, isMoved in
                Receipt(
                    seq: seq, outcome: .accepted(scope, Position(position)), isTimeMoved: isMoved)
            } + refused
        reply.released = (1...2).map {
            Release(
                ChangesetIdentity(incarnation: WireFixture.parent.incarnation, seq: $0),
                township, Position(1 << 53 - $0))
        }
        reply.covered = ChangesetIdentity(
            incarnation: WireFixture.parent.incarnation, seq: 1 << 53 - 1)
        reply.receiptsHead = ContentDigest.of([7])
        return reply
    }()

    /// Every presence, with and without an id, a number that falls, units in
    /// another order than their numbers, every tag, nothing at all.
    static let records: ExchangeReply = {
        var reply = idle
        reply.schemaDocument = Array("{\"name\":\"虚构\"}".utf8)
        let values: [Value] = [
            .null, .integer(.min), .text(""), .text(WireFixture.record(9).description),
        ]
        reply.records = [
            delta(township, 1 << 40 - 1, WireFixture.record(1), .left, []),
            delta(township, 7, nil, .deleted, []),
            delta(village, 8, WireFixture.record(2), .whole, []),
            delta(
                village, 9, nil, .alive,
                [(1 << 20 - 1, values), (2, [.text("虚构甲")]), (40, [])]),
            delta(village, 9, WireFixture.record(3), .whole, [(2, [.text("虚构乙")])]),
        ]
        reply.hasMore = true
        return reply
    }()

    /// The asker is below horizons and is to begin anew.
    static let rebase: ExchangeReply = {
        var reply = idle
        reply.positions[ScopeCode("22")] = Position(7)
        reply.since = reply.positions
        reply.mustRebase = true
        reply.horizons = [township: Position(300), village: Position(1 << 53 - 1)]
        return reply
    }()

    /// A new epoch begins, and the asker was below a horizon of the one before.
    static let epoch: ExchangeReply = {
        var reply = idle
        reply.positions = [:]
        reply.since = [:]
        reply.mustRebase = true
        return reply
    }()

    static let sums: ExchangeReply = {
        var reply = idle
        reply.sums = [
            RecordSum(), RecordSum(high: .max, low: .max), RecordSum(high: 0, low: 1),
        ]
        return reply
    }()

    /// The range that was asked for has no record.
    static let checkedEmpty: ExchangeReply = {
        var reply = idle
        reply.checked = []
        return reply
    }()

    private static func delta(
        _ scope: ScopeCode, _ number: Int64, _ id: RecordID?, _ presence: RecordDelta.Presence,
        _ units: [(Int, [Value])]
    ) -> RecordDelta {
        RecordDelta(
            scope: scope, number: RecordNumber(number), id: id, type: TypeNumber(16),
            presence: presence,
            units: units.map { UnitDelta(unit: UnitNumber($0.0), value: UnitValue($0.1)) })
    }
}
