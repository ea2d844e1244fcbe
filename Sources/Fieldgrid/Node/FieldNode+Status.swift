import FieldgridModel
import FieldgridNode
import FieldgridReplica
import FieldgridSchema
import FieldgridService

extension FieldNode {
    /// The visits that are asked for: those not made first, the earliest due first.
    ///
    /// - Parameter period: A half-year such as `2026H2`; all when it is nil.
    /// - Parameter includingDone: Also the visits that were made.
    /// - throws: ``FieldgridError``: `type.unknown` before the first exchange.
    public func tasks(
        period: String? = nil, includingDone: Bool = false
    ) throws -> [VisitTask] {
        try use { session in
            try ask(.tasks(period: period, openOnly: !includingDone), of: session)
                .elements.compactMap(VisitTask.init)
        }
    }

    /// Tells each time when something may have changed, by a save here or by an exchange.
    ///
    /// It is a signal, not data: read again what the screen shows. Signals that come faster
    /// than they are taken become one. The stream ends when the node is closed.
    public func changes() -> AsyncStream<Void> { listeners.stream() }

    /// How the node stands: what waits, and what needs a person.
    ///
    /// - throws: ``FieldgridError`` with the code `node.closed`.
    public func status() throws -> NodeStatus {
        try use { session in
            let replica = session.replica
            let counts = try replica.counts()
            let knowsTasks = replica.schema.type(named: SystemTypes.Task.name) != nil
            let tasks =
                knowsTasks ? try ask(.tasks(period: nil, openOnly: true), of: session) : .null
            return NodeStatus(
                node: session.document.node.description, holder: session.document.holder,
                hub: session.document.hub, scope: session.document.scope.text,
                outbox: counts.outbox, quarantined: counts.quarantined,
                conflictsOpen: counts.conflictsOpen, tasksDue: tasks.elements.count,
                attachmentsWaiting: session.attachments.outgoing().count,
                lastSyncAt: replica.lastSyncAt.map { Moments.date($0) },
                isAlarmed: try !replica.alarms().isEmpty)
        }
    }

    /// What the hub set aside of this device's saves, oldest first, and why.
    ///
    /// The values are still here. Correct them by editing the record; some obstacles go by
    /// themselves, and then the hub takes the save without anybody's help.
    ///
    /// - throws: ``FieldgridError`` with the code `node.closed`.
    public func refusedSaves() throws -> [RefusedSave] {
        try use { session in
            let schema = session.replica.schema
            return try session.replica.quarantined().map { RefusedSave($0, in: schema) }
        }
    }
}
