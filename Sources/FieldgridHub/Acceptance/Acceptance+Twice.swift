import FieldgridModel
import FieldgridSync

extension Acceptance {
    /// The answer that a save has already, sent from another copy of its
    /// folder under the name of another life (sync.md section 5: nothing
    /// doubled).
    ///
    /// A folder that was copied or put back while a save waited in it sends
    /// that save again: after a fork it is sealed anew, with its own time,
    /// author and values. Hybrid times of one device are its own; one that has
    /// the same of all three is the same save.
    func earlierAnswer(
        to changeset: Changeset, from author: Author
    ) throws -> Receipt.Outcome? {
        guard let first = changeset.changes.first, try hasSeveralLives(author.node) else {
            return nil
        }
        let changes = changeset.changes.filter { $0.record == first.record }
        let rows =
            try store.history(of: first.record) + history.filter { $0.record == first.record }
        let twin = rows.first { row in
            row.offer.node == author.node && row.sealedTime == changeset.time
                && row.offer.author == changeset.author
                && row.offer.identity != changeset.identity
                && changes.allSatisfy { change in
                    row.units.contains { $0.unit == change.unit && $0.value == change.value }
                }
        }
        return twin.map { .accepted($0.offer.scope, $0.offer.position) }
    }

    private func hasSeveralLives(_ node: NodeID) throws -> Bool {
        if let known = severalLives[node] { return known }
        let stored = try store.incarnations(of: node)
        let present = incarnations.filter { $0.value.node == node }.keys
        let found = Set(stored).union(present).count > 1
        severalLives[node] = found
        return found
    }
}
