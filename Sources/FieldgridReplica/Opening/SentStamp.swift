package import FieldgridModel
import GRDB

/// What a file beside the database remembers: how far it had sent.
///
/// Made durable before anything is sent, it outlives a database that is put
/// back from a copy, and tells (sync.md section 5).
package struct SentStamp: Hashable, Sendable, Codable {
    package var incarnation: IncarnationID
    /// The highest sequence that was sent, or about to be.
    package var sent: Int64

    package init(incarnation: IncarnationID, sent: Int64) {
        self.incarnation = incarnation
        self.sent = sent
    }
}

extension Replica {
    /// Begins a new incarnation where the stamp says that this database had
    /// sent more than it now has, or under a name that it never had.
    ///
    /// Without it, new work would get the names of what was lost. A stamp
    /// that is older than the database says nothing.
    ///
    /// - Returns: whether it did.
    @discardableResult
    package func goOnIfRewound(behind stamp: SentStamp?) throws -> Bool {
        guard let stamp, isBehind(stamp), !PlantedBug.rewindUnnoticed.isActive else { return false }
        try transact { db, memory in
            try Incarnating.begin(
                mintIncarnation, after: memory.state.seq, cause: .stamp,
                at: world.clock.milliseconds, &memory.state, db)
        }
        return true
    }

    private func isBehind(_ stamp: SentStamp) -> Bool {
        let state = memory.state
        if stamp.incarnation == state.incarnation { return stamp.sent > state.sealed }
        return !state.line.contains(stamp.incarnation)
    }
}
