package import FieldgridModel
package import FieldgridReplica
import FieldgridSync

/// What a synchronisation did, as `node sync --json` prints it.
package struct SyncReport: Hashable, Sendable {
    /// Changesets that the hub accepted.
    package var pushed = 0
    /// Records that the hub sent.
    package var pulled = 0
    /// Changesets that the hub set aside.
    package var quarantined = 0
    package var conflictsOpen = 0
    package var schemaChanged = false
    /// What is new in it, in words.
    package var schemaSentences: [String] = []
    /// Why the hub's schema cannot be read by this program.
    package var schemaProblem: String?
    /// The hub had been put back from a backup.
    package var epochChanged = false
    /// The device had been away for longer than the hub tells what left its
    /// grids, and fetched everything anew.
    package var rebased = false
    /// Records that were no longer in its grids then.
    package var removed = 0
    /// Records that the hub did not have any more, and that were sent again.
    package var salvaged = 0
    package var attachments = AttachmentReport()
    /// Records that were found to differ from the hub's, and were put right.
    package var repaired: [RepairedRecord] = []
    /// Why the database went on under a new name, each time that it did.
    package var reincarnated: [Reincarnation] = []
    /// Logs of the hub's that lost leaves when it was put back, as it says.
    package var breaks: [AuditBreak] = []
    package var traffic = Traffic()
    /// How far each scope has been applied.
    package var positions: [ScopeCode: Position] = [:]

    package init() {}
}

/// How far a synchronisation has come, for people who watch it.
package struct SyncProgress: Sendable {
    package var pushed = 0
    /// Changesets that the hub set aside.
    package var refused = 0
    package var pulled = 0
    /// Changesets that still wait.
    package var outboxLeft = 0
    /// How much of a first copy is there, and how much it is.
    package var snapshot: (bytes: Int, of: Int)?
    package var traffic = Traffic()
}

/// Why an exchange with a hub that answers still does not come to an end.
package struct SyncFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package var code: String
    package var message: String
    package var hint: String

    package var description: String { "\(message) \(hint)" }

    static func unreadable(_ problem: String) -> SyncFailure {
        SyncFailure(
            code: "sync.unreadable", message: "The hub's answer cannot be read: \(problem).",
            hint: "Use the same version of fieldgrid on both sides. Nothing was changed.")
    }

    static let wentBack = SyncFailure(
        code: "sync.hub-went-back",
        message: "The hub's answer is older than what it said before.",
        hint: "Nothing was changed. Tell the hub's operator: its database was replaced by an "
            + "older copy, which is done with `fieldgrid hub restore` only.")

    static func alarm(_ alarms: [StandingAlarm]) -> SyncFailure {
        let logs = Set(alarms.map(\.log)).sorted().map(\.description).joined(separator: ", ")
        return SyncFailure(
            code: "audit.alarm",
            message: "The hub's record of what happened is not the one it showed before "
                + "(\(logs)): it may have been rewritten.",
            hint: "Nothing was applied, and work goes on here. Tell the hub's operator; `fieldgrid "
                + "node audit` shows the evidence, and how to go on afterwards.")
    }

    static func stalled(rounds: Int, outboxLeft: Int) -> SyncFailure {
        SyncFailure(
            code: "sync.stalled",
            message: "After \(rounds) requests nothing moves any more; \(outboxLeft) saved "
                + "actions still wait.",
            hint: "Nothing is lost. Tell the hub's operator.")
    }
}
