import FieldgridModel
import FieldgridSync
import GRDB

/// A hub that was put back from a backup (sync.md 9.2).
extension ReplyApplication {
    /// Positions and numbers belong to an epoch; in a new one, nothing of
    /// them is known, and accepted work may be missing at the hub.
    mutating func beginEpoch(at now: Int64) throws {
        memory.state.leave(memory.state.epoch)
        memory.state.epoch = reply.epoch
        memory.state.resendFrom = nil
        try forgetPlaces()
        try db.run(
            """
            UPDATE fg_outbox SET state = 0, scope = NULL, position = NULL, code = NULL,
            message = NULL WHERE state <> 0
            """)
        for var entry in try PendingEntry.every(db) {
            entry.seen = .zero
            for unit in entry.units.keys {
                entry.units[unit]?.seen = .zero
                entry.units[unit]?.isDecided = false
            }
            try entry.write(db)
        }
        memory.state.isSalvaging = true
        memory.state.isRebasing = memory.state.isRebasing || reply.mustRebase
        try begin(.epoch, after: memory.state.seq, at: now)
        try memory.state.writePositions(db)
        result.epochChanged = true
        result.hasMore = true
        result.outboxLeft = try Outbox.count(.waiting, db)
    }

    /// Forgets how far the scopes were, and under which numbers the hub knows
    /// their records: all of it comes again.
    mutating func forgetPlaces() throws {
        memory.state.positions = [:]
        memory.state.pulls = [:]
        memory.state.heads = [:]
        for layout in memory.orderedLayouts {
            try db.uncaptured {
                try db.run("UPDATE \(layout.sql.table) SET num = NULL WHERE num IS NOT NULL")
            }
        }
        try db.run("UPDATE fg_gone SET num = NULL")
    }

    /// Once everything was pulled anew: rows that the hub did not speak of.
    ///
    /// - After a restore the hub lost them, so they are sealed again as
    ///   creations.
    /// - After a re-base they left, so they go.
    /// - After both nobody can tell, so they are sealed for review.
    mutating func finishIfPulled(at now: Int64) throws {
        let (isSalvaging, isRebasing) = (memory.state.isSalvaging, memory.state.isRebasing)
        guard isSalvaging || isRebasing, !reply.hasMore, !reply.mustRebase,
            reply.chain == .follows, try Outbox.count(.waiting, db) == 0
        else { return }
        memory.state.isSalvaging = false
        memory.state.isRebasing = false
        for layout in memory.orderedLayouts {
            guard isSalvaging else {
                try letGoOfUnnamed(layout)
                continue
            }
            for row in try unknownToTheHub(layout) {
                try salvage(row, layout, underReview: isRebasing, at: now)
            }
        }
    }

    func unknownToTheHub(_ layout: TypeLayout) throws -> [RecordRow] {
        let query = try Query(
            db, "SELECT rec, id FROM \(layout.sql.table) WHERE num IS NULL ORDER BY rec")
        var found: [Int64] = []
        while try query.step() {
            guard let id = RecordID(query.text(1)), try !isPending(id) else { continue }
            found.append(query.integer(0))
        }
        return try found.compactMap { try RecordRow.find(rec: $0, layout, db) }
    }

    mutating func salvage(
        _ row: RecordRow, _ layout: TypeLayout, underReview: Bool = false, at now: Int64
    ) throws {
        guard let id = row.id else { return }
        let isOurs = !layout.type.hubOnly && !layout.type.shared
        guard isOurs, memory.state.positions[row.scope] != nil else {
            // What only the hub writes, it no longer has.
            return try db.uncaptured { try db.run(layout.sql.delete, .integer(row.rec)) }
        }
        let difference = RecordDifference(layout: layout, id: id, before: nil, after: row, at: now)
        var head = ActionHead(
            author: Changeset.outsideProgram, source: .import, savedAt: now)
        head.isUnderReview = underReview
        if try Sealing.seal([difference], as: head, &memory, db) != nil { result.salvaged += 1 }
    }
}
