package import FieldgridModel

/// What a revoked device brought in, waiting for a clerk.
package struct ReviewEntry: Hashable, Sendable {
    package var device: DeviceRow
    package var changeset: Changeset
    package var since: Int64
}

extension Hub {
    /// What waits for a clerk's word, in the order it was saved.
    package func review() throws -> [ReviewEntry] {
        let (waiting, devices) = try store.read { view in
            (try view.waiting(with: .revoked), try view.devices())
        }
        return waiting.compactMap { entry in
            guard let device = devices.first(where: { $0.node == entry.node }) else { return nil }
            return ReviewEntry(device: device, changeset: entry.changeset, since: entry.since)
        }
    }

    /// Lets through what a revoked device brought in, as if it had come
    /// before it was revoked.
    ///
    /// - Returns: how many changesets were accepted, and how many are in
    ///   quarantine for other reasons now.
    package func letThrough(_ device: DeviceRow) throws -> (accepted: Int, quarantined: Int) {
        try accepting { acceptance in
            let waiting = try acceptance.store.waiting(with: .revoked)
                .filter { $0.node == device.node }
            var author = Self.author(of: device)
            author.isRevoked = false
            return try acceptance.release(waiting.map(\.changeset), from: author)
        }
    }
}

extension Acceptance {
    /// Decides again what waited, each in its turn.
    fileprivate func release(
        _ changesets: [Changeset], from author: Author
    ) throws -> (accepted: Int, quarantined: Int) {
        try store.remove(changesets.map(\.identity))
        var counts = (accepted: 0, quarantined: 0)
        for changeset in changesets {
            let outcome = try decide(changeset, from: author)
            if case .accepted(let scope, let position) = outcome {
                counts.accepted += 1
                released.append(Release(changeset.identity, scope, position))
            } else {
                counts.quarantined += 1
            }
        }
        try deriveAftermath()
        return counts
    }
}
