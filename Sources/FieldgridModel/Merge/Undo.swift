/// Why a decision cannot be taken back.
package enum UndoObstacle: Hashable, Sendable {
    /// There is no decision: the conflict waits for a person anyway.
    case undecided
    /// A later value took the decision's place.
    case superseded(by: Offer?)
}

extension UnitState {
    /// Takes back what was decided of a conflict (sync.md 9.14).
    ///
    /// - The sides that a settlement had replaced stand again, as accepted at
    ///   the undo's position: whoever has not seen the undo has not seen them.
    /// - A rule's decision keeps its value and sides.
    /// - Either way the conflict waits for a person, and no rule decides it
    ///   again.
    /// - A concurrent value stays a side beside them.
    ///
    /// - Returns: what stood in the way, or nil when it is done.
    package mutating func undo(
        _ id: RecordID, by offer: Offer, seen: Seen
    ) -> UndoObstacle? {
        guard let present = conflict, present.id == id else {
            return .superseded(by: sides.max { $0.offer.position < $1.offer.position }?.offer)
        }
        let settling = sides.filter { $0.settles == id }
        if settling.isEmpty {
            guard present.state == .decided else {
                return present.state.waitsForPerson
                    ? .undecided
                    : .superseded(by: sides.last?.offer)
            }
        } else {
            let undone = Set(settling.filter { seen.includes($0) }.map(\.offer.identity))
            guard !undone.isEmpty else { return .superseded(by: settling.last?.offer) }
            sides.removeAll { $0.settles == id && undone.contains($0.offer.identity) }
            let standing = Set(sides.map(\.offer.identity))
            for var side in present.replaced where !standing.contains(side.offer.identity) {
                side.offer = side.offer.accepted(offer.scope, offer.position)
                sides.append(side)
            }
            conflict?.replaced = []
        }
        conflict?.state = .reopened
        changed = max(changed, offer.position)
        return nil
    }
}
