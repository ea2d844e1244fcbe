import FieldgridModel

/// What a node makes of a head that the hub shows it, given the one it keeps.
package enum AuditJudgement: Hashable, Sendable {
    /// It continues what is kept, and takes its place.
    case continues
    /// It was made for another moment, as an answer that comes late: it says
    /// nothing.
    case unrelated
    /// The hub says that its database was put back: so many of the leaves
    /// that were known are gone from the log, and it does not hide it.
    case announcedBreak(lost: Int64)
    /// What the hub shows cannot be what it showed before.
    case alarm(AuditAlarm)

    package static func of(
        _ offered: ProvedHead, kept: SignedHead?, hub: DevicePublicKey
    ) -> AuditJudgement {
        let new = offered.signed.head
        guard offered.signed.isSigned(by: hub), new.size >= 0, !new.lives.isEmpty else {
            return .alarm(.unsigned)
        }
        guard let old = kept?.head else {
            return offered.from == 0 ? .continues : .unrelated
        }
        guard let common = old.common(with: new) else { return .alarm(.unannounced) }
        if old.size > common { return .announcedBreak(lost: old.size - common) }
        guard offered.from == old.size else { return .unrelated }
        guard new.size >= old.size else { return .alarm(.shorter) }
        let isProved = ConsistencyProof.isValid(
            offered.proof, from: (old.size, old.root), to: (new.size, new.root))
        return isProved ? .continues : .alarm(.rewritten)
    }
}

/// Why a node no longer believes its hub's record of what happened.
package enum AuditAlarm: String, Hashable, Sendable, CaseIterable {
    /// The head is not signed with the hub's key.
    case unsigned
    /// The log has fewer leaves than it had.
    case shorter
    /// It is of another life of the hub's database, and not of a new one.
    case unannounced
    /// Leaves that were there are not there, or not in the same places.
    case rewritten
}
