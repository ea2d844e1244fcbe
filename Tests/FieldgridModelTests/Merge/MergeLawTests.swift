import FieldgridModel
import Testing

/// The algebra of merge, by every order of small histories.
@Suite struct MergeLawTests {
    static let policies: [UnitPolicy] = [
        .latest, .review, .precedence, .greatest, .declared(.min), .declared(.fixed),
        .declared(.hub),
    ]

    /// Three authors who saw nothing of each other, with every choice of two
    /// values and two sources, and every choice of who is clamped.
    static var concurrent: [[Edit]] {
        var cases: [[Edit]] = []
        for choice in 0..<64 {
            cases.append(
                (0..<3).map { author in
                    var edit = Edit(
                        author: author + 1, seq: 1, value: Int64(choice >> author & 1),
                        time: Int64([3, 1, 2][author]), seen: 0)
                    if choice >> (author + 3) & 1 == 1 { edit.source = .registry }
                    return edit
                })
        }
        return cases
    }

    static func permutations(_ edits: [Edit]) -> [[Edit]] {
        guard edits.count > 1 else { return [edits] }
        return edits.indices.flatMap { place -> [[Edit]] in
            var rest = edits
            let first = rest.remove(at: place)
            return permutations(rest).map { [first] + $0 }
        }
    }

    /// What people and replicas see, without where it was accepted.
    private func outcome(_ edits: [Edit], _ policy: UnitPolicy) -> [String] {
        let state = UnitState.after(edits, policy: policy).state
        let sides = state.sides.map { "\($0.offer.identity) \($0.value.single)" }.sorted()
        return sides + ["\(String(describing: state.shown(policy)))"]
            + ["\(String(describing: state.conflict?.state))"]
    }

    @Test(arguments: policies.indices)
    func concurrentOffersGiveTheSameInEveryOrder(place: Int) {
        let policy = Self.policies[place]
        for edits in Self.concurrent {
            let expected = outcome(edits, policy)
            for order in Self.permutations(edits) {
                #expect(outcome(order, policy) == expected, "\(order.map(\.testDescription))")
            }
        }
    }

    @Test(arguments: policies.indices)
    func theStandingValueIsAlwaysOneThatSomebodyOffered(place: Int) {
        let policy = Self.policies[place]
        for edits in Self.concurrent {
            let state = UnitState.after(edits, policy: policy).state
            #expect(edits.map(\.value).contains(state.shown(policy) ?? -1))
        }
    }

    @Test(arguments: policies.indices)
    func concurrentDifferentValuesAlwaysStaySides(place: Int) {
        for edits in Self.concurrent {
            let state = UnitState.after(edits, policy: Self.policies[place]).state
            #expect(Set(state.sides.map(\.value.single)) == Set(edits.map { .integer($0.value) }))
        }
    }

    @Test func registersReportExactlyTheDisagreements() {
        for policy in [UnitPolicy.latest, .review, .precedence, .declared(.fixed)] {
            for edits in Self.concurrent {
                let disagree = Set(edits.map(\.value)).count > 1
                let state = UnitState.after(edits, policy: policy).state
                #expect((state.conflict != nil) == disagree)
            }
        }
    }
}
