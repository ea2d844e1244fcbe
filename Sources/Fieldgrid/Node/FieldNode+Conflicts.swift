import FieldgridNode
import FieldgridReplica
import FieldgridService

extension FieldNode {
    /// The conflicts of this device's grids, oldest first.
    ///
    /// - Parameter includingDecided: Also those that a rule decided or a person settled.
    /// - throws: ``FieldgridError``: `type.unknown` before the first exchange.
    public func conflicts(includingDecided: Bool = false) throws -> [Conflict] {
        try use { session in
            try ask(.conflicts(ask: .list(all: includingDecided, conditions: [])), of: session)
                .elements.map { Conflict($0, in: session.replica.schema) }
        }
    }

    /// One conflict as it stands now.
    ///
    /// - throws: ``FieldgridError``: `conflict.unknown`.
    public func conflict(_ id: ConflictID) throws -> Conflict {
        try use { try conflict(id, in: $0) }
    }

    private func conflict(_ id: ConflictID, in session: NodeSession) throws -> Conflict {
        Conflict(
            try ask(.conflicts(ask: .show(id: id.description)), of: session),
            in: session.replica.schema)
    }

    /// Settles a conflict, also without a network; the hub hears of it by the next exchange.
    ///
    /// A settlement never loses to a rule. If two people settle one conflict apart and differ,
    /// it is reopened with both.
    ///
    /// - Parameter conflict: The conflict as the person saw it.
    /// - Parameter choice: What the person decided; not every choice fits every kind.
    /// - Parameter note: Why, for those who read the history.
    /// - Parameter source: How the person knows; when it is nil, as the side that is taken was
    ///   learnt, and for every other choice ``ValueSource/onSite``.
    /// - throws: ``FieldgridError``: `conflict.changed` when another side has come since, so
    ///   that the person decides on what there is; `conflict.settled`, `conflict.side-unknown`,
    ///   `conflict.kind-unknown` for a kind that this version does not know, `source.unknown`,
    ///   `conflict.other-fields` for values of fields that the conflict is not about, or what is
    ///   wrong with new values. Nothing is saved then.
    public func settle(
        _ conflict: Conflict, _ choice: Conflict.Choice, note: String? = nil,
        source: ValueSource? = nil
    ) throws {
        try save { session in
            guard Conflict.Kind.known.contains(conflict.kind) else {
                throw FieldgridError(
                    "conflict.kind-unknown",
                    "This version does not know conflicts of the kind “\(conflict.kind.rawValue)”.",
                    hint: "Settle it at the hub, or with a newer version of the app.")
            }
            try checkUnchanged(conflict, in: session)
            let request = try choice.request(for: conflict, in: session.replica.schema)
            _ = try ask(
                .conflicts(
                    ask: .resolve(
                        ids: [conflict.id.description], choice: request, note: note,
                        source: try source?.base())),
                of: session)
        }
    }

    /// Takes back what a rule or a person decided; the sides stand again, and it waits.
    ///
    /// - throws: ``FieldgridError``: `conflict.undecided`, `conflict.no-decision`,
    ///   `conflict.changed`; `undo.superseded` where a later change is known here to have taken
    ///   the decision's place.
    public func undo(_ conflict: Conflict, note: String? = nil) throws {
        try save { session in
            try checkUnchanged(conflict, in: session)
            _ = try ask(
                .conflicts(ask: .undo(ids: [conflict.id.description], note: note)), of: session)
        }
    }

    private func checkUnchanged(_ conflict: Conflict, in session: NodeSession) throws {
        let now = try self.conflict(conflict.id, in: session)
        guard now.sides == conflict.sides, now.base == conflict.base else {
            throw FieldgridError(
                "conflict.changed",
                "The conflict \(conflict.id) is not as it was shown: another side has come.",
                hint: "Show it again, and decide on what there is now.")
        }
    }
}
