import FieldgridModel
import FieldgridSync
import GRDB

/// A device that was away for longer than the hub keeps account of what left
/// its scopes (sync.md 9.18).
///
/// - What was saved goes up first, by the names that it has.
/// - Then everything is pulled as by a new device, over the rows that are
///   there: whatever is interrupted goes on where it was.
/// - Rows that did not come again left, or were deleted. They go, but for those
///   with own changes that the hub has not decided on.
extension ReplyApplication {
    /// Whether the hub no longer tells all that happened since this node was
    /// told something.
    var isBelowHorizon: Bool {
        ScopeStands(positions: memory.state.positions, pulls: memory.state.pulls)
            .isBelow(reply.horizons)
    }

    /// Begins to pull everything anew.
    mutating func rebase(at now: Int64) throws {
        try applyChain(at: now)
        result.hasMore = true
        result.outboxLeft = try Outbox.count(.waiting, db)
        // The hub sends nothing to who is below, so there is time to send first. Another reply may
        // have everything in it already, as a bundle has.
        if reply.mustRebase, result.outboxLeft > 0 { return }
        let isFirst = !memory.state.isRebasing && !memory.state.isSalvaging
        hasPending = try db.integer("SELECT 1 FROM fg_pending LIMIT 1") != nil
        for layout in memory.orderedLayouts where isFirst {
            for row in try unknownToTheHub(layout) { try salvage(row, layout, at: now) }
        }
        memory.state.isRebasing = true
        try forgetPlaces()
        try db.run("DELETE FROM fg_carried")
        try begin(.rebase, after: memory.state.seq, at: now)
        try memory.state.writePositions(db)
        result.rebased = true
        result.outboxLeft = try Outbox.count(.waiting, db)
    }

    /// Pulls everything anew because the hub speaks of a record that should
    /// be here and is not.
    ///
    /// Nothing explains what else is missing or too much, so that what the pull
    /// does not name is sealed for review.
    mutating func makeWhole(at now: Int64) throws {
        memory.state.isSalvaging = true
        memory.state.isRebasing = true
        try forgetPlaces()
        try db.run("DELETE FROM fg_carried")
        try begin(.incomplete, after: memory.state.seq, at: now)
        try memory.state.writePositions(db)
        result.rebased = true
        result.hasMore = true
        result.outboxLeft = try Outbox.count(.waiting, db)
    }

    /// Rows of a type that the whole pull did not name.
    mutating func letGoOfUnnamed(_ layout: TypeLayout) throws {
        for row in try unnamed(layout) {
            guard let id = row.id else { continue }
            let entries = try PendingEntry.all(of: id, db)
            if entries.isEmpty {
                try db.uncaptured { try db.run(layout.sql.delete, .integer(row.rec)) }
                result.removed += 1
            } else if !entries.contains(where: { $0.kind == .creation }) {
                try db.uncaptured { try markLeft(row, id, layout) }
            }
        }
    }

    private func unnamed(_ layout: TypeLayout) throws -> [RecordRow] {
        let query = try Query(
            db, "SELECT rec FROM \(layout.sql.table) WHERE num IS NULL ORDER BY rec")
        var found: [Int64] = []
        while try query.step() { found.append(query.integer(0)) }
        return try found.compactMap { try RecordRow.find(rec: $0, layout, db) }
    }
}
