import FieldgridModel
import Testing

/// Named places of a small world: three incarnations and one scope.
enum World {
    static let scope = ScopeCode("220602103")
    static let record = RecordID(UUIDBits(high: 7, low: 7))
    static let unit = UnitNumber(2)

    static func incarnation(_ name: Int) -> IncarnationID {
        IncarnationID(UUIDBits(high: 0, low: UInt64(name)))
    }

    /// A conflict's name from its two founders, without a hash.
    static func conflict(_ first: ChangesetIdentity, _ second: ChangesetIdentity) -> RecordID {
        RecordID(
            UUIDBits(
                high: first.incarnation.bits.low << 32 | UInt64(first.seq),
                low: second.incarnation.bits.low << 32 | UInt64(second.seq)))
    }
}

/// One edit of one unit, as a test writes it down.
struct Edit: Sendable, CustomTestStringConvertible {
    var author: Int
    var seq: Int64
    var value: Int64
    /// Minutes of hybrid time.
    var time: Int64
    /// The position the author's screen had shown.
    var seen: Int64
    var source: ValueSource = .onSite
    var isClamped = false
    var settles: RecordID?
    var named: [ChangesetIdentity] = []
    var exception: Int64?

    var identity: ChangesetIdentity {
        ChangesetIdentity(incarnation: World.incarnation(author), seq: seq)
    }

    var testDescription: String { "author \(author) sets \(value) having seen \(seen)" }

    func side(at position: Int64) -> Side {
        let offer = Offer(
            .init(
                identity: identity, node: NodeID(UUIDBits(high: 1, low: UInt64(author))),
                author: "author-\(author)", source: source,
                time: HybridTime(milliseconds: time * 60_000), isClamped: isClamped,
                accepted: (World.scope, Position(position))))
        return Side(value: UnitValue(.integer(value)), offer: offer, settles: settles)
    }

    var seenByAuthor: Seen {
        Seen(
            identity: identity, context: [World.scope: Position(seen)],
            exception: exception.map(Position.init), named: named)
    }
}

extension UnitState {
    /// Merges edits one after the other, at positions 1, 2, 3 and so on.
    static func after(
        _ edits: [Edit], policy: UnitPolicy
    ) -> (state: UnitState, outcomes: [MergeOutcome]) {
        var state = UnitState.empty
        var outcomes: [MergeOutcome] = []
        for (place, edit) in edits.enumerated() {
            outcomes.append(
                state.merge(
                    edit.side(at: Int64(place) + 1), seen: edit.seenByAuthor, policy: policy,
                    conflictID: World.conflict, base: { UnitValue(.integer(0)) }))
        }
        return (state, outcomes)
    }

    func shown(_ policy: UnitPolicy) -> Int64? { value(policy: policy)?.single.integer }
}

extension UnitPolicy {
    static let latest = UnitPolicy.declared(.latest)
    static let review = UnitPolicy.declared(.review)
    static let precedence = UnitPolicy.declared(
        .precedence([.registry, .licence, .onSite, .selfReport, .import]))
    static let greatest = UnitPolicy.declared(.max)
}
