package import FieldgridModel
package import FieldgridSync
import GRDB

/// What came of applying a hub's reply.
package struct AppliedReply: Hashable, Sendable {
    /// Records that the hub sent.
    package var pulled = 0
    /// Changesets acknowledged as accepted.
    package var accepted = 0
    /// Changesets that the hub set aside, with a reason for each.
    package var quarantined = 0
    package var schemaChanged = false
    /// What is new in the hub's schema, in words.
    package var schemaSentences: [String] = []
    /// Why the hub's schema cannot be read here; the node keeps its own.
    package var schemaProblem: String?
    /// The hub made it before one that was applied, so nothing of it was.
    package var isStale = false
    /// The hub began a new epoch: everything is pulled once more, and what
    /// it may not have is sent again.
    package var epochChanged = false
    /// The device was away for so long that the hub does not tell any more what
    /// left its scopes: everything is pulled once more.
    package var rebased = false
    /// Records that did not come again with that, and went.
    package var removed = 0
    /// Records that a restored hub did not have, and that are sent again.
    package var salvaged = 0
    /// Records in which this database and the hub's differed although nothing
    /// explains it, and which were put right.
    package var repaired: [RepairedRecord] = []
    /// The hub contradicts what it showed before: nothing was applied.
    package var alarms: [StandingAlarm] = []
    /// Logs of the hub's that lost leaves when it was put back, as it says.
    package var breaks: [AuditBreak] = []
    /// Set when the database goes on as a new incarnation.
    package var reincarnated: Reincarnation?
    /// There is more to fetch at once.
    package var hasMore = false
    /// Changesets that still wait for the hub.
    package var outboxLeft = 0

    package init() {}
}

/// A record that was put right after a comparison with the hub.
package struct RepairedRecord: Hashable, Sendable {
    package enum Difference: String, Hashable, Sendable, CaseIterable {
        /// It had other values here; they were sent to the hub for review.
        case changed
        /// It was not here, and was fetched.
        case missing
        /// The hub did not have it; it was sent, or removed where only the
        /// hub writes its type.
        case added
    }

    package var type: String
    package var id: RecordID
    package var difference: Difference

    package init(type: String, id: RecordID, difference: Difference) {
        self.type = type
        self.id = id
        self.difference = difference
    }
}

extension Replica {
    /// Applies a hub's reply in one transaction: receipts, values, schema and
    /// positions, or nothing.
    ///
    /// Applying a reply again changes nothing.
    ///
    /// - Precondition: the reply's signature was checked.
    /// - Throws: ``ReplicaError``.
    @discardableResult
    package func apply(_ reply: ExchangeReply) throws -> AppliedReply {
        if PlantedBug.cursorBeforeRows.isActive {
            try transact { db, memory in
                for (scope, position) in reply.positions {
                    memory.state.positions[scope] = max(
                        position, memory.state.positions[scope] ?? .zero)
                }
                try memory.state.writePositions(db)
            }
        }
        let check = asked
        asked = nil
        askNext = nil
        do {
            return try apply(reply, comparing: check)
        } catch let error as ReplicaError where error.code == .deltaUnknown {
            // Who pulls everything already is told of records by their ids: pulling anew would not
            // help.
            guard !memory.state.positions.isEmpty, !memory.state.isRebasing else { throw error }
            return try transact { db, memory in
                var application = ReplyApplication(reply, memory, db, next: mintIncarnation)
                try application.makeWhole(at: world.clock.milliseconds)
                memory = application.memory
                return application.result
            }
        }
    }

    private func apply(
        _ reply: ExchangeReply, comparing check: ScopeCheck?
    ) throws -> AppliedReply {
        var next: ScopeCheck?
        let result = try transact { db, memory in
            var report = OpeningReport()
            try ForeignEdits.seal(&memory, db, mint: mintID, into: &report)
            var application = ReplyApplication(reply, memory, db, next: mintIncarnation)
            try application.run(at: world.clock.milliseconds)
            if let check { next = try application.compare(check, at: world.clock.milliseconds) }
            memory = application.memory
            return application.result
        }
        askNext = next
        return result
    }
}
