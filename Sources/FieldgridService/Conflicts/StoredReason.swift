package import FieldgridModel

/// The reason that the hub stored with a conflict, read back: with its inputs
/// the decision can be made again and compared.
///
/// A reason names the schema whose policies it was made under, and has the
/// policy in it: a later schema may have another, and decides nothing anew
/// that was decided (sync.md 9.21).
package struct StoredReason {
    /// What was decided: the side that shows, counted from 1, the rule, and
    /// who has the last word.
    package struct Outcome: Hashable, Sendable {
        package var winner: Int
        package var rule: Decision.Rule
    }

    package let stored: Outcome
    /// The schema under which it was decided.
    package let schema: SchemaTag
    private let sides: [Side]
    private let policy: UnitPolicy

    /// Nil for a conflict without a decision between sides: a settled one, two
    /// records, a broken rule.
    init?(_ conflict: ConflictRecord) {
        guard conflict.isAboutUnit, conflict.winner > 0, let rule = conflict.rule,
            let schema = conflict.reason["policy_version"].text
                .flatMap({ UInt64($0, radix: 16) }),
            let policy = Self.policy(conflict.reason)
        else { return nil }
        let inputs = conflict.reason["inputs"].elements
        guard inputs.count == conflict.sides.count else { return nil }
        var sides: [Side] = []
        for (side, input) in zip(conflict.sides, inputs) {
            guard let identity = side.identity, let time = input["time"].integer,
                let source = input["source"].text.flatMap(ValueSource.init)
            else { return nil }
            let offer = Offer(
                .init(
                    identity: identity, node: NodeID(identity.incarnation.bits),
                    author: side.author,
                    source: source, time: HybridTime(raw: time),
                    isClamped: input["clamped"].bool ?? false, accepted: (conflict.scope, .zero)))
            let settles = input["settles"].bool == true ? conflict.id : nil
            sides.append(Side(value: side.value, offer: offer, settles: settles))
        }
        stored = Outcome(winner: conflict.winner, rule: rule)
        self.schema = SchemaTag(schema)
        self.sides = sides
        self.policy = policy
    }

    /// The same decision made again from the stored inputs.
    package var replayed: Outcome {
        let decision = Decision.of(sides, policy: policy)
        return Outcome(winner: decision.winner + 1, rule: decision.rule)
    }

    private static func policy(_ reason: JSONValue) -> UnitPolicy? {
        let order = reason["order"].elements.compactMap { $0.text.flatMap(ValueSource.init) }
        switch reason["policy"].text {
        case "presence": return .presence
        case "latest": return .declared(.latest)
        case "review": return .declared(.review)
        case "precedence": return .declared(.precedence(order))
        case "max": return .declared(.max)
        case "min": return .declared(.min)
        case "hub": return .declared(.hub)
        case "fixed": return .declared(.fixed)
        default: return nil
        }
    }
}

extension RecordService {
    /// The stored reasons of every conflict that has one, by conflict.
    package func storedReasons() throws -> [RecordID: StoredReason] {
        var reasons: [RecordID: StoredReason] = [:]
        for conflict in try conflicts(where: { _ in true }) {
            if let reason = StoredReason(conflict) { reasons[conflict.id] = reason }
        }
        return reasons
    }
}
