import FieldgridModel
import FieldgridSync

/// The leaves of what was decided, in the transaction that decides it.
extension Acceptance {
    /// One leaf for each answer, each release and each act since the last
    /// flush.
    func appendAudit(_ places: [HistoryPlace]) throws {
        let trails = trails(places)
        var leaves: [AuditLog: [[UInt8]]] = [:]
        func append(_ content: AuditEntry.Content, to log: AuditLog) {
            let entry = AuditEntry(time: now, epoch: hub.epoch, content)
            leaves[log, default: []].append(entry.bytes)
        }
        for (incarnation, answer) in answers {
            let identity = ChangesetIdentity(incarnation: incarnation, seq: answer.seq)
            let (decision, log) = try decision(answer, identity, trails)
            append(.decision(identity, answer.digest, decision), to: log)
            if PlantedBug.auditLeafTwice.isActive, case .quarantined = decision {
                append(.decision(identity, answer.digest, decision), to: log)
            }
        }
        for release in released {
            append(
                .release(release, trails[release.identity] ?? .none), to: .scope(release.scope))
        }
        for act in acts { append(.act(act), to: .administration) }
        acts = []
        try store.append(leaves)
    }

    /// Gives a section that is let go of its leaf.
    func note(refusalOf batch: ReceivedBatch, from node: NodeID, _ code: String) throws {
        guard let refusal = AuditRefusal(of: batch, from: node, code),
            try store.note(refusal, at: now)
        else { return }
        let entry = AuditEntry(time: now, epoch: hub.epoch, .refusal(refusal))
        try store.append([.scope(home(ofNode: node)): [entry.bytes]])
    }

    private func decision(
        _ answer: StoredAnswer, _ identity: ChangesetIdentity,
        _ trails: [ChangesetIdentity: AuditTrail]
    ) throws -> (AuditEntry.Decision, AuditLog) {
        switch answer.outcome {
        case .accepted(let scope, let position):
            let decision = AuditEntry.Decision.accepted(
                scope, position, trails[identity] ?? .none, isTimeMoved: answer.isTimeMoved)
            return (decision, .scope(scope))
        case .quarantined(let code, _):
            let decision = AuditEntry.Decision.quarantined(code, isTimeMoved: answer.isTimeMoved)
            return (decision, .scope(try home(of: identity.incarnation)))
        }
    }

    /// What was set aside belongs to the scope of the device it came from.
    private func home(of incarnation: IncarnationID) throws -> ScopeCode {
        try incarnations[incarnation].map { try home(ofNode: $0.node) } ?? grids.top
    }

    private func home(ofNode node: NodeID) throws -> ScopeCode {
        try store.devices().first { $0.node == node }?.scope ?? grids.top
    }

    private func trails(_ places: [HistoryPlace]) -> [ChangesetIdentity: AuditTrail] {
        var bodies: [ChangesetIdentity: [UInt8]] = [:]
        var runs: [ChangesetIdentity: [AuditTrail.Run]] = [:]
        bodies.reserveCapacity(places.count)
        runs.reserveCapacity(places.count)
        for (row, place) in zip(history, places) {
            let identity = row.offer.identity
            bodies[identity, default: []].append(contentsOf: place.body)
            var known = runs[identity] ?? []
            if let last = known.last, last.first + last.count == place.entry {
                known[known.count - 1].count += 1
            } else {
                known.append(AuditTrail.Run(first: place.entry, count: 1))
            }
            runs[identity] = known
        }
        return runs.reduce(into: [:]) { trails, item in
            trails[item.key] = AuditTrail(
                runs: item.value, digest: .of(bodies[item.key] ?? []))
        }
    }
}
