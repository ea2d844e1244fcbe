/// Why a decision cannot be taken back.
package enum UndoObstacle: Hashable, Sendable {
    /// There is no decision: the conflict waits for a person anyway.
    case undecided
    /// A later value took the decision's place.
    case superseded(by: Offer?)

    /// The reason in a sentence: the same at the hub and on a device.
    package var reason: Label {
        switch self {
        case .undecided:
            return Label(
                zh: "这条争议本来就等待裁决，没有可撤销的决定",
                en: "the conflict waits for a person; there is no decision to take back")
        case .superseded(let offer):
            let by = offer.map { ($0.author, Instants.text($0.time.milliseconds)) }
            return Label(
                zh: "这一裁决已被\(by.map { "\($0.0)（\($0.1)）的" } ?? "")后来的修改取代，不能撤销",
                en: "the decision was superseded by a later change"
                    + (by.map { " of \($0.0) at \($0.1)" } ?? "")
                    + "; edit the record instead")
        }
    }
}

extension UnitState {
    /// What stands in the way of taking back what was decided of a conflict,
    /// for somebody who has seen so much: nil where nothing does.
    ///
    /// The one test of hub and node.
    package func obstacle(toUndoing id: RecordID, seen: Seen) -> UndoObstacle? {
        guard let present = conflict, present.id == id else {
            return .superseded(by: sides.max { $0.offer.position < $1.offer.position }?.offer)
        }
        let settling = sides.filter { $0.settles == id }
        if settling.isEmpty {
            if present.state == .decided { return nil }
            return present.state.waitsForPerson ? .undecided : .superseded(by: sides.last?.offer)
        }
        let undone = settling.count { seen.includes($0) }
        if undone == 0 { return .superseded(by: settling.last?.offer) }
        // Settlements that an undo brought back replaced nothing any more: they are what people
        // disagree about, and without them nothing would stand.
        return undone == sides.count && present.replaced.isEmpty ? .undecided : nil
    }

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
        if let obstacle = obstacle(toUndoing: id, seen: seen) { return obstacle }
        let undone = Set(
            sides.filter { $0.settles == id && seen.includes($0) }.map(\.offer.identity))
        if !undone.isEmpty {
            sides.removeAll { $0.settles == id && undone.contains($0.offer.identity) }
            let standing = Set(sides.map(\.offer.identity))
            let replaced = conflict?.replaced ?? []
            for var side in replaced where !standing.contains(side.offer.identity) {
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

/// What the record of a conflict says of the unit it is about: the last that
/// a store hears which keeps values and no sides.
package struct ToldUnit: Hashable, Sendable {
    /// As the hub had it when it wrote the conflict.
    package var state: UnitState
    /// What showed then; nil where the conflict does not say it.
    package var shown: UnitValue?

    package init(state: UnitState, shown: UnitValue?) {
        self.state = state
        self.shown = shown
    }
}
