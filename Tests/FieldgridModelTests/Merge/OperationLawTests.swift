import FieldgridModel
import Testing

/// The algebra of units that are no registers, by every order of small
/// histories.
@Suite struct OperationLawTests {
    /// One operation of one author, with what the author had seen.
    struct Operation: Sendable {
        var author: Int
        var seq: Int64 = 1
        var members: [Value]
        var minute: Int64 = 0
        var named: [Int] = []
        var origin: RecordID?

        func merge(into state: inout UnitState, at position: Int64, _ policy: MergePolicy) {
            let identity = ChangesetIdentity(incarnation: World.incarnation(author), seq: seq)
            let offer = Offer(
                .init(
                    identity: identity, node: NodeID(UUIDBits(high: 1, low: UInt64(author))),
                    author: "author-\(author)", source: .onSite,
                    time: HybridTime(milliseconds: minute * 60_000), isClamped: false,
                    accepted: (World.scope, Position(position))))
            let seen = Seen(
                identity: identity, context: [:],
                named: named.map {
                    ChangesetIdentity(incarnation: World.incarnation($0), seq: 1)
                })
            _ = state.merge(
                Side(value: UnitValue(members), offer: offer, origin: origin), seen: seen,
                policy: .declared(policy), conflictID: World.conflict,
                base: { UnitValue(.null) })
        }
    }

    private func shown(_ operations: [Operation], _ policy: MergePolicy) -> Value? {
        var state = UnitState.empty
        for (place, operation) in operations.enumerated() {
            operation.merge(into: &state, at: Int64(place) + 1, policy)
        }
        #expect(state.conflict == nil)
        return state.value(policy: .declared(policy))?.single
    }

    private func text(_ elements: [String]) -> Value {
        TextSet.encode(elements).map { .text($0) } ?? .null
    }

    private func permutations<Element>(_ elements: [Element]) -> [[Element]] {
        guard elements.count > 1 else { return [elements] }
        return elements.indices.flatMap { place -> [[Element]] in
            var rest = elements
            let first = rest.remove(at: place)
            return permutations(rest).map { [first] + $0 }
        }
    }

    @Test func incrementsAddUpInEveryOrder() {
        for choice in 0..<27 {
            let increments = [choice % 3 - 1, choice / 3 % 3 - 1, choice / 9 - 1].map(Int64.init)
            let operations = increments.enumerated().map { author, increment in
                Operation(author: author + 1, members: [.integer(increment)])
            }
            for order in permutations(operations) {
                #expect(shown(order, .counter) == .integer(increments.reduce(0, +)))
            }
        }
    }

    @Test func aCounterStopsAtTheBoundsOfItsIntegers() {
        let operations = [Int64.max, Int64.max].enumerated().map { author, increment in
            Operation(author: author + 1, members: [.integer(increment)])
        }
        #expect(shown(operations, .counter) == .integer(.max))
    }

    /// Two additions of three choices each and a removal that saw the first:
    /// whatever order the hub hears them in that has the seen one first.
    @Test func anAdditionWinsOverARemovalThatHadNotSeenIt() {
        let choices = [["a"], ["b"], ["a", "b"]]
        for first in choices {
            for second in choices {
                for removed in choices {
                    let operations = [
                        Operation(author: 1, members: [text(first), .null]),
                        Operation(author: 2, members: [text(second), .null]),
                        Operation(author: 3, members: [.null, text(removed)], named: [1]),
                    ]
                    let left = Set(first).subtracting(removed).union(second)
                    for order in permutations([0, 1, 2])
                    where (order.firstIndex(of: 0) ?? 0) < (order.firstIndex(of: 2) ?? 0) {
                        #expect(shown(order.map { operations[$0] }, .set) == text(left.sorted()))
                    }
                }
            }
        }
    }

    @Test func entriesStandInTheOrderOfTheirTimesWhateverTheOrderOfArrival() {
        let operations = (1...3).map { author in
            Operation(
                author: author, members: [.text("entry \(author)"), .null],
                minute: [5, 1, 3][author - 1])
        }
        for order in permutations(operations) {
            #expect(shown(order, .append) == .text("entry 2\nentry 3\nentry 1"))
        }
    }

    @Test func anEntryTakenBackIsGoneAndTheOthersStay() {
        let first = ChangesetIdentity(incarnation: World.incarnation(1), seq: 1)
        let operations = [
            Operation(author: 1, members: [.text("one"), .null]),
            Operation(author: 2, members: [.text("two"), .null], minute: 1),
            Operation(author: 3, members: [.null, text([UnitOperation.name(of: first)])]),
        ]
        #expect(shown(operations, .append) == .text("two"))
    }

    struct Step: Sendable, CustomTestStringConvertible {
        var policy: MergePolicy
        var old: Value
        var new: Value
        var testDescription: String { "\(policy): \(old) becomes \(new)" }
    }

    static let steps: [Step] = [
        Step(policy: .counter, old: .null, new: .integer(4)),
        Step(policy: .counter, old: .integer(4), new: .integer(-1)),
        Step(policy: .set, old: .text("[\"a\",\"b\"]"), new: .text("[\"b\",\"c\"]")),
        Step(policy: .set, old: .text("[\"a\"]"), new: .null),
        Step(policy: .append, old: .null, new: .text("first")),
        Step(policy: .append, old: .text("first"), new: .text("first\nsecond\nline")),
    ]

    @Test(arguments: steps)
    func whatTurnsOneValueIntoAnotherDoesSoWhenApplied(step: Step) throws {
        let (old, new) = (UnitValue(step.old), UnitValue(step.new))
        let operation = try #require(UnitOperation.between(old, new, policy: step.policy))
        #expect(UnitOperation.apply(operation, to: old, policy: step.policy) == new)
        #expect(UnitOperation.between(new, new, policy: step.policy) == nil)
    }

    @Test func aTextThatIsNoContinuationIsAnEntryOfItsOwn() throws {
        let operation = try #require(
            UnitOperation.between(
                UnitValue(.text("first")), UnitValue(.text("quite another")), policy: .append))
        #expect(operation.members.first == .text("quite another"))
    }
}
