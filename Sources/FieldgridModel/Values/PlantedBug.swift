/// A mistake that debug builds can make on purpose, to show that the
/// simulator would find it.
///
/// Release builds have none of them: ``isActive`` is the constant `false`
/// there, and what it guards is not compiled.
package enum PlantedBug: String, Sendable, CaseIterable {
    /// The hub answers before its transaction is on the disk.
    case receiptBeforeDurable
    /// A node says "saved" before its transaction is on the disk.
    case savedBeforeDurable
    /// A node's position is durable before the rows that it stands for.
    case cursorBeforeRows
    /// An author has not seen own earlier changesets.
    case ownEarlierNotSeen
    /// What the hub sends below an unacknowledged change is not kept.
    case baseNotFollowing
    /// Equal values, written apart, are a conflict.
    case equalValuesConflict
    /// Conflicts and all else from the scopes above are sent too.
    case scopeFilterMissing
    /// A late reply is applied like any other.
    case staleReplyApplied
    /// A change to a group loses a member that was not edited.
    case groupMemberLost
    /// A changeset has a time of its own, and not that of its save.
    case sealKeepsNoTime
    /// Neither stamp nor hub notices that a database was put back.
    case rewindUnnoticed
    /// A time in the future counts as it is.
    case futureTimeAccepted
    /// Of two concurrent values the one that arrived last wins.
    case winnerByArrival
    /// A delete takes edits with it that it had not seen.
    case deleteDestroysEdit
    /// What the hub cannot accept is forgotten.
    case quarantineDropped
    /// What left a scope is forgotten, and nobody who was away is told so.
    case trimmedInSilence
    /// What is set aside has two leaves in the audit log.
    case auditLeafTwice
    /// The tree of an audit log forgets what it began with.
    case auditTreeRegrown

    #if DEBUG
        /// The one that is planted for as long as a task-local body runs.
        @TaskLocal package static var planted: PlantedBug?
    #endif

    /// Whether this mistake is to be made now.
    @inlinable package var isActive: Bool {
        #if DEBUG
            Self.planted == self
        #else
            false
        #endif
    }
}
