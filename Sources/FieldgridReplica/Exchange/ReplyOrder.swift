import FieldgridModel
import FieldgridSync

/// How a reply fits what the replica has already.
///
/// Replies may arrive late, twice, or by other ways than they were asked for:
/// one from the network, one on a stick. The hub's position of every scope
/// says which of two was made first, and where its records start says whether
/// something between is missing.
enum ReplyOrder: Hashable {
    /// To be applied. It may begin before the replica's positions: it carries
    /// state, so what is there already only comes once more.
    case next
    /// The hub made it before one that was applied: it has nothing new, and
    /// what it says may have been superseded.
    case stale
    /// It begins after what the replica has of this scope.
    case ahead(ScopeCode, from: Position, at: Position)

    static func of(_ reply: ExchangeReply, at state: ReplicaState) -> ReplyOrder {
        if PlantedBug.staleReplyApplied.isActive { return .next }
        for (scope, position) in reply.positions {
            guard let known = state.heads[scope] else { continue }
            if max(position, reply.heads[scope] ?? position) < known { return .stale }
        }
        for (scope, since) in reply.since.sorted(by: { $0.key < $1.key }) {
            let position = state.positions[scope] ?? .zero
            guard since > position else { continue }
            // What was asked for before everything is pulled anew comes once more anyway.
            return state.isRebasing ? .stale : .ahead(scope, from: since, at: position)
        }
        return .next
    }
}

extension ReplicaError {
    static func replyAhead(
        _ scope: ScopeCode, from start: Position, at position: Position
    ) -> ReplicaError {
        ReplicaError(
            .replyAhead,
            "what the hub sent starts at position \(start.value) of \(scope), and this device is "
                + "at \(position.value): what lies between is missing, so nothing was applied",
            hint: "Import first the bundle that the hub made before this one; or run `fieldgrid "
                + "node export`, take that to the hub, and bring its answer")
    }
}
