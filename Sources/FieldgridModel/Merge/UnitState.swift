/// One accepted changeset as merge sees it: who offered a value, when, and
/// where in the hub's order it was accepted.
package struct Offer: Hashable, Sendable {
    package struct Facts: Hashable, Sendable {
        package let identity: ChangesetIdentity
        package let node: NodeID
        package let author: String
        package let source: ValueSource
        /// As the hub bounded it.
        package let time: HybridTime
        /// The hub moved the time to a bound, so it never wins by itself.
        package let isClamped: Bool
        /// The scope and position at which the hub accepted it.
        package fileprivate(set) var scope: ScopeCode
        package fileprivate(set) var position: Position

        package init(
            identity: ChangesetIdentity, node: NodeID, author: String, source: ValueSource,
            time: HybridTime, isClamped: Bool, accepted: (scope: ScopeCode, position: Position)
        ) {
            self.identity = identity
            self.node = node
            self.author = author
            self.source = source
            self.time = time
            self.isClamped = isClamped
            scope = accepted.scope
            position = accepted.position
        }
    }

    /// Shared by every side that it gave: a record is mostly of one offer.
    private final class Content: Sendable {
        let facts: Facts
        init(_ facts: Facts) { self.facts = facts }
    }

    private let content: Content

    package init(_ facts: Facts) { content = Content(facts) }

    package var identity: ChangesetIdentity { content.facts.identity }
    package var node: NodeID { content.facts.node }
    package var author: String { content.facts.author }
    package var source: ValueSource { content.facts.source }
    package var time: HybridTime { content.facts.time }
    package var isClamped: Bool { content.facts.isClamped }
    package var scope: ScopeCode { content.facts.scope }
    package var position: Position { content.facts.position }

    /// The same, standing again at another place of the hub's order.
    package func accepted(_ scope: ScopeCode, _ position: Position) -> Offer {
        var facts = content.facts
        facts.scope = scope
        facts.position = position
        return Offer(facts)
    }

    /// Whether both are the same value in memory: quick, and true only of equals.
    package func isIdentical(to other: Offer) -> Bool { content === other.content }

    package static func == (left: Offer, right: Offer) -> Bool {
        left.isIdentical(to: right) || left.content.facts == right.content.facts
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(identity)
        hasher.combine(position)
        hasher.combine(scope)
    }
}

/// One value that no other change had seen when it was made.
package struct Side: Hashable, Sendable {
    package var value: UnitValue
    package var offer: Offer
    /// The conflict this value settled, if a person chose it.
    package var settles: RecordID?
    /// The record it was given to, where that was merged into this one: what
    /// undoing the merge gives back.
    package var origin: RecordID?

    package init(
        value: UnitValue, offer: Offer, settles: RecordID? = nil, origin: RecordID? = nil
    ) {
        self.value = value
        self.offer = offer
        self.settles = settles
        self.origin = origin
    }
}

/// What the hub keeps of one merge unit.
///
/// - Sides are always the changes not yet seen by another change, also after
///   a rule has decided; winner and state are computed from them, so they do
///   not depend on the order of arrival. Normally there is one.
/// - `changed` is the position at which the unit last changed or was decided.
///   It only grows, and it is what a pull compares.
package struct UnitState: Hashable, Sendable {
    package var changed: Position
    package var sides: [Side]
    package var conflict: ConflictReference?

    package init(changed: Position, sides: [Side], conflict: ConflictReference? = nil) {
        self.changed = changed
        self.sides = sides
        self.conflict = conflict
    }
}

/// The conflict of a unit that is going on, or whose settlement still stands.
package struct ConflictReference: Hashable, Sendable {
    package var id: RecordID
    package var state: ConflictState
    /// `hard`, or what a disagreement about the presence of a record is.
    package var kind: ConflictKind
    /// What both sides started from.
    package var base: UnitValue
    /// The sides that a settlement replaced: what undoing it brings back.
    package var replaced: [Side]

    package init(
        id: RecordID, state: ConflictState, kind: ConflictKind = .hard, base: UnitValue,
        replaced: [Side] = []
    ) {
        self.id = id
        self.state = state
        self.kind = kind
        self.base = base
        self.replaced = replaced
    }
}

/// Who has the last word on a conflict so far.
package enum ConflictState: String, Hashable, Sendable, CaseIterable {
    /// Waits for a person.
    case open
    /// A rule decided; a person may overturn it.
    case decided
    /// A person settled it, or a later value that saw every side did.
    case settled
    /// Settled once, and contradicted since.
    case reopened

    package var waitsForPerson: Bool { self == .open || self == .reopened }
}

/// What kind of disagreement a conflict is.
package enum ConflictKind: String, Hashable, Sendable, CaseIterable {
    /// The same unit, edited concurrently to different values.
    case hard
    /// A merged record breaks a rule that both sides kept.
    case inconsistent
    /// Deleted by one, edited by another.
    case deleted
    /// Two records with one natural key.
    case duplicate
}

/// How a person ended a conflict about two records with one natural key.
package enum DuplicateOutcome: String, Hashable, Sendable, CaseIterable {
    /// They are one.
    case merged
    /// They are two things.
    case apart
}
