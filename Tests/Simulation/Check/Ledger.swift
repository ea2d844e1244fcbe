import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSync

/// What was promised to whom: every save that returned, every changeset that
/// was sent, every receipt that was given.
struct Ledger {
    /// One value that a person was told is saved.
    struct Saved: Hashable {
        var machine: Int
        var record: RecordID
        var unit: UnitNumber
        var value: UnitValue
        /// It may be in the hub's history more than once: sealed again for another
        /// program, or a value that others write too.
        var isForeign = false
        /// It was saved since the last backup of a machine that was put back.
        var isExcused = false
    }

    var saved: [Saved] = []
    /// Two lives of one database may say different things under one name.
    var sent: [ChangesetIdentity: [Changeset]] = [:]
    var receipts: [ChangesetIdentity: Receipt.Outcome] = [:]
    /// The last sequence that a save returned from, by node.
    var lastSequence: [Int: Int64] = [:]
    /// What the node's clock said at each save, by node and sequence.
    var savedAt: [Int: [Int64: Int64]] = [:]
    var revoked: Set<Int> = []
    /// Machines whose folder was put back or copied.
    var copied: Set<Int> = []
    /// What an incarnation says it continues.
    var parents: [IncarnationID: ChangesetIdentity] = [:]
    /// Every name that a node's database went under.
    var incarnations: [Int: Set<IncarnationID>] = [:]

    /// A machine is put back: what it had not sent is gone, and nobody else's
    /// fault.
    mutating func excuse(_ machine: Int) {
        copied.insert(machine)
        lastSequence[machine] = 0
        for place in saved.indices where saved[place].machine == machine {
            saved[place].isExcused = true
        }
    }

    mutating func noteForeign(_ record: RecordID, _ values: [Entry], by machine: Int) {
        for entry in values {
            saved.append(
                Saved(
                    machine: machine, record: record, unit: UnitNumber(entry.field),
                    value: UnitValue(entry.value), isForeign: true))
        }
    }
}

extension Simulation {
    /// `before` is the machine's last sequence from before the save.
    func note(saved draft: ActionDraft, at machine: Int, after before: Int64) throws {
        for edit in draft.edits {
            for (field, value) in edit.values.sorted(by: { $0.key < $1.key }) {
                let isMember =
                    edit.type == Town.Site.type
                    && [Town.Site.total, Town.Site.male, Town.Site.female].contains(field)
                guard !isMember, !value.isNull else { continue }
                ledger.saved.append(
                    Ledger.Saved(
                        machine: machine, record: edit.id, unit: field, value: UnitValue(value),
                        isForeign: edit.type == Town.Site.type && field == Town.Site.status))
            }
        }
        guard machine != Operation.hub else { return }
        let replica = nodes[machine].replica
        // A save that changed nothing seals nothing.
        let isSealed = replica.lastSequence > before
        ledger.lastSequence[machine] = replica.lastSequence
        if isSealed, ledger.savedAt[machine]?[replica.lastSequence] == nil {
            ledger.savedAt[machine, default: [:]][replica.lastSequence] = draft.savedAt
        }
        if try replica.counts().outbox > 100 { marks.insert(.backlog) }
    }

    /// After a crash, everything that was reported saved is still there.
    func checkReported(_ node: SimulatedNode) throws {
        let reported = ledger.lastSequence[node.index, default: 0]
        guard node.replica.lastSequence >= reported else {
            throw Violation(
                "I1",
                "node \(node.index) reported sequence \(reported) saved, and after a crash has "
                    + "only \(node.replica.lastSequence)")
        }
        ledger.lastSequence[node.index] = node.replica.lastSequence
    }

    /// One identity names one content, and times rise with sequences.
    func noteSent(_ request: ExchangeRequest, by node: SimulatedNode) throws {
        guard let batch = request.batch else { return }
        if batch.changesets.count > 100 { marks.insert(.backlog) }
        if let parent = batch.parent, let first = batch.changesets.first {
            ledger.parents[first.identity.incarnation] = parent
        }
        let mayDiffer = ledger.copied.contains(node.index)
        for changeset in batch.changesets {
            let identity = changeset.identity
            ledger.incarnations[node.index, default: []].insert(identity.incarnation)
            let before = ledger.sent[identity, default: []]
            if !before.contains(changeset) {
                guard before.isEmpty || mayDiffer else {
                    throw Violation("I3", "\(word(identity)) was sent with two contents")
                }
                ledger.sent[identity] = before + [changeset]
            }
            let saved = ledger.savedAt[node.index]?[identity.seq]
            if !mayDiffer, node.replica.rebirths.isEmpty, let saved,
                changeset.time.milliseconds < saved
            {
                throw Violation("I9", "\(word(identity)) is older than its save")
            }
            let earlier = ledger.sent[
                ChangesetIdentity(incarnation: identity.incarnation, seq: identity.seq - 1)]
            // What a repair found at a node goes under review, with the time of nobody.
            let hasTime = changeset.time.milliseconds > 1
            if !mayDiffer, hasTime, let earlier = earlier?.first, earlier.time >= changeset.time {
                throw Violation("I9", "\(word(identity)) is not later than the one before it")
            }
        }
    }

    /// A receipt is fixed for ever, and nothing outside a device's scope is
    /// ever said to it.
    func noteAnswered(_ bytes: [UInt8], to node: SimulatedNode) throws {
        let reply = try ExchangeCodec.decodeReply(bytes)
        for receipt in reply.receipts {
            let identity = ChangesetIdentity(
                incarnation: reply.incarnation ?? node.replica.incarnation, seq: receipt.seq)
            if let before = ledger.receipts[identity], before != receipt.outcome {
                guard case .quarantined = before, case .accepted = receipt.outcome else {
                    throw Violation("I3", "\(word(identity)) has two receipts")
                }
            }
            ledger.receipts[identity] = receipt.outcome
            if case .quarantined(let code, _) = receipt.outcome {
                marks.insert(code == .scopeForbidden ? .outOfRight : .quarantine)
            }
        }
        try checkScope(of: reply, to: node)
        try checkDurable(reply, node)
    }

    private func checkScope(of reply: ExchangeReply, to node: SimulatedNode) throws {
        for delta in reply.records {
            let isBelow = Town.covers(node.scope, delta.scope)
            let isAbove = Town.covers(delta.scope, node.scope)
            let type = Town.schema.type(delta.type)
            guard isBelow || (isAbove && type?.shared == true) else {
                throw Violation(
                    "I11",
                    "node \(node.index) of \(node.scope) was told of a "
                        + "\(type?.name ?? "record") in \(delta.scope)")
            }
        }
    }

    /// What a reply acknowledges is on the hub's disk, and would survive.
    private func checkDurable(_ reply: ExchangeReply, _ node: SimulatedNode) throws {
        guard !reply.receipts.isEmpty else { return }
        let incarnation = reply.incarnation ?? node.replica.incarnation
        let numbers = reply.receipts.map(\.seq)
        guard let first = numbers.min(), let last = numbers.max() else { return }
        let kept = try hub.store.read { try $0.answers(incarnation, first...last) }
        guard kept.count == Set(numbers).count else {
            throw Violation(
                "I2", "the hub acknowledged \(numbers) and keeps \(kept.map(\.seq))")
        }
    }

    /// Applies a reply; positions never go back.
    @discardableResult
    func apply(_ reply: ExchangeReply, at node: SimulatedNode) throws -> AppliedReply {
        let before = node.replica.positions
        let applied = try node.replica.apply(reply)
        node.awaited = nil
        let after = node.replica.positions
        switch applied.reincarnated {
        case .fork?: marks.insert(.fork)
        case .clock?: marks.insert(.clockTurned)
        case .stamp?: marks.insert(.rewound)
        case .epoch?, .lost?, .review?, nil: break
        }
        for (scope, position) in before.sorted(by: { $0.key < $1.key }) {
            if let now = after[scope], now < position, !applied.epochChanged {
                throw Violation("I4", "node \(node.index) went back in \(scope)")
            }
        }
        trace.note(
            "applied \(applied.pulled) \(applied.accepted) \(applied.quarantined) "
                + "\(applied.outboxLeft)")
        return applied
    }

    /// An identity without its random bits, for reports.
    func word(_ identity: ChangesetIdentity) -> String {
        let node = nodes.firstIndex { $0.replica.incarnation == identity.incarnation }
        return "changeset \(identity.seq) of node \(node.map(String.init) ?? "?")"
    }
}
