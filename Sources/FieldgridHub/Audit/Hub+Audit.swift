package import FieldgridModel
package import FieldgridSync

extension HubReading {
    /// The lives of the database as a log went through them.
    func lives(
        of log: AuditLog, _ epochs: [EpochRow], _ forks: [EpochID: [AuditLog: Int64]]
    ) -> [AuditHead.Life] {
        epochs.map { AuditHead.Life($0.id, from: forks[$0.id]?[log] ?? 0) }
    }

    /// Heads of logs, in order; one that is not there is empty.
    func auditHeads(of logs: [AuditLog], at time: Int64) throws -> [AuditHead] {
        let extents = try auditExtents(of: logs)
        let (epochs, forks) = (try epochs(), try auditForks())
        return logs.sorted().map { log in
            let extent = extents[log] ?? .empty
            return AuditHead(
                log: log, size: extent.size, root: extent.root,
                lives: lives(of: log, epochs, forks), time: time)
        }
    }

    /// The hashes that take who knows the first `old` leaves of a log to
    /// `new`.
    package func proof(
        of log: AuditLog, from old: Int64, to new: Int64
    ) throws -> [ContentDigest] {
        guard 0 <= old, old <= new else { return [] }
        return try ConsistencyProof.hashes(from: old, to: new) { level, index in
            try auditSubtree(log, level: level, index: index)
        }
    }
}

extension HubWriting {
    /// Writes an act of the operators' into the log of administration.
    func note(_ act: AuditAct, in epoch: EpochID, at time: Int64) throws {
        let entry = AuditEntry(time: time, epoch: epoch, .act(act))
        try append([AuditLog.administration: [entry.bytes]])
    }
}

extension Hub {
    /// Heads of all logs, signed, for an outside witness.
    package func signedHeads(by key: DeviceKey) throws -> [SignedHead] {
        try store.read { view in
            try view.auditHeads(of: view.auditLogs(), at: now).map { $0.signed(by: key) }
        }
    }

    /// What an asker does not know yet of the logs that it may see: those of
    /// the scopes it receives, and that of administration.
    func auditAnswer(
        to question: AuditQuestion?, seeing scopes: some Sequence<ScopeCode>,
        _ view: any HubReading
    ) throws -> [ProvedHead] {
        guard let question, let headKey else { return [] }
        let logs = [.administration] + scopes.sorted().map(AuditLog.scope)
        let extents = try view.auditExtents(of: logs)
        let digest = AuditDigest(of: extents.map { ($0.key, $0.value.size, $0.value.root) })
        guard digest != question.digest else { return [] }
        // Where no size differs, a root does: whoever asks is to see it.
        let known = logs.filter { extents[$0] != nil || question.sizes[$0] != nil }
        let grown = known.filter { (extents[$0]?.size ?? 0) != question.sizes[$0] ?? 0 }
        let isWhole = question.digest == .none || grown.isEmpty
        return try view.auditHeads(of: isWhole ? known : grown, at: now).map { head in
            let from = question.sizes[head.log] ?? 0
            let proof = try view.proof(of: head.log, from: from, to: head.size)
            return ProvedHead(head.signed(by: headKey), from: from, proof: proof)
        }
    }

    /// Whether an asker has seen more of a log in this epoch than there is.
    static func isBehind(
        _ question: AuditQuestion?, _ view: any HubReading
    ) throws -> Bool {
        guard let question, question.digest != .none else { return false }
        let extents = try view.auditExtents(of: question.sizes.keys.sorted())
        return question.sizes.contains { log, size in size > extents[log]?.size ?? 0 }
    }

    /// Runs what may refuse a batch whole; a refusal gets its leaf, in a
    /// transaction of its own, and is then thrown on.
    ///
    /// The same batch refused again for the same reason has its leaf already.
    func noting<Result>(
        _ batch: ReceivedBatch, from device: DeviceRow, _ body: () throws -> Result
    ) throws -> Result {
        do {
            return try body()
        } catch let error as HubError where Self.refusals.contains(error.code) {
            try note(refusalOf: batch, from: device, error.code)
            throw error
        }
    }

    /// A fork takes nothing of a batch either.
    func note(refusalOf batch: ReceivedBatch, from device: DeviceRow, _ code: String) throws {
        guard let refusal = AuditRefusal(of: batch, from: device.node, code) else { return }
        let now = now
        try store.write { view in
            guard try view.note(refusal, at: now) else { return }
            let entry = AuditEntry(time: now, epoch: identity.epoch, .refusal(refusal))
            try view.append([AuditLog.scope(device.scope): [entry.bytes]])
        }
    }

    static let forkRefused = "chain.fork"
    /// What refuses a batch whole.
    static let refusals: Set = [
        "batch.altered", "incarnation.foreign", "record.number-unknown",
    ]
}

extension AuditRefusal {
    /// Nil for a batch without changesets.
    init?(of batch: ReceivedBatch, from node: NodeID, _ code: String) {
        guard let first = batch.identities.first, let last = batch.identities.last else {
            return nil
        }
        self.init(node: node, first: first, last: last.seq, head: batch.head, code: code)
    }
}
