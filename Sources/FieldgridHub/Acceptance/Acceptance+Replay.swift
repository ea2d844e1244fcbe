import FieldgridModel
import FieldgridSync

/// Quarantine replays by itself when the obstacle is gone (sync.md 3.3).
extension Acceptance {
    /// Tries again what waits for records that this batch brought or changed.
    func replayWaiting() throws {
        if storeIsClear == nil { storeIsClear = try store.waitingCount() == 0 }
        guard storeIsClear == false || !waiting.isEmpty else { return }
        let touched = dirty.union(history.map(\.record))
        try replay(waitingNow(for: touched.sorted()))
    }

    /// Tries again everything that waits: a grid, a right or a schema may
    /// have come.
    func replayAll() throws {
        try replay(store.waiting().filter { !freed.contains($0.changeset.identity) })
    }

    private func waitingNow(for ids: [RecordID]) throws -> [WaitingChangeset] {
        var entries: [ChangesetIdentity: WaitingChangeset] = [:]
        for entry in try store.waiting(for: ids, of: nil)
        where !freed.contains(entry.changeset.identity) {
            entries[entry.changeset.identity] = entry
        }
        let wanted = Set(ids)
        for (identity, entry) in waiting
        where entry.changeset.changes.contains(where: { wanted.contains($0.record) }) {
            entries[identity] = entry
        }
        return entries.values.sorted { $0.changeset.identity < $1.changeset.identity }
    }

    /// One that is accepted may be what another waited for.
    private func replay(_ entries: [WaitingChangeset]) throws {
        var left = entries
        var moved = true
        while moved, !left.isEmpty {
            moved = false
            for entry in left where !freed.contains(entry.changeset.identity) {
                guard let author = try author(of: entry.node) else { continue }
                let outcome = try decide(entry.changeset, from: author, isReplay: true)
                if case .accepted = outcome { moved = true }
            }
            left.removeAll { freed.contains($0.changeset.identity) }
        }
    }

    /// Who sends from a device, unless it may no longer.
    private func author(of node: NodeID) throws -> Author? {
        try store.devices().first { $0.node == node && $0.revokedAt == nil }.map {
            Author(node: node, scope: $0.scope, holder: $0.holder)
        }
    }
}
