import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSync
import Foundation

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
    /// Devices that the hub was told of, and has not lost since.
    var enrolled: Set<NodeID> = []
    var revoked: Set<NodeID> = []
    /// Machines whose folder was put back or copied.
    var copied: Set<Int> = []
    /// What an incarnation says it continues.
    var parents: [IncarnationID: ChangesetIdentity] = [:]
    /// Every name that a node's database went under.
    var incarnations: [Int: Set<IncarnationID>] = [:]
    /// What left which scope, also what the hub has forgotten.
    var moves: [RecordID: Set<Move>] = [:]

    /// Every name that the hub's own changesets went under.
    var hubIncarnations: Set<IncarnationID> = []
    /// How often the hub was put back.
    var hubRestores = 0
    /// The epoch that the hub went back into without a word: while it is in
    /// it, nobody has noticed.
    private(set) var unnoticed: EpochID?
    private var backup: Backup?

    /// Where records have been, by the numbers in their marks.
    var whereabouts = Whereabouts()
    /// The scopes that a node ever held.
    var heard: [Int: Set<ScopeCode>] = [:]
    /// Every headcount that somebody saved, member by member.
    var headcounts: Set<[Value]> = []
    /// Records whose rows were changed behind the triggers, by node.
    var damaged: [Int: Set<RecordID>] = [:]
    var families: [Family] = []
    private var disturbed: Set<RecordID> = []
    /// Records that were joined with others, or said to be two things.
    private(set) var joined: Set<RecordID> = []

    /// A record and a visit that one save made.
    struct Family: Hashable {
        var site: Int
        var visit: Int
    }

    /// What was promised when the hub was last backed up.
    private struct Backup {
        var receipts: [ChangesetIdentity: Receipt.Outcome]
        var enrolled: Set<NodeID>
        var revoked: Set<NodeID>
        var saved: Int
        var epoch: EpochID
    }

    mutating func noteBackup(in epoch: EpochID) {
        backup = Backup(
            receipts: receipts, enrolled: enrolled, revoked: revoked, saved: saved.count,
            epoch: epoch)
    }

    /// The hub is as it was: its own edits since are gone, devices that
    /// joined since are unknown to it, and what it acknowledged may come
    /// again under another name.
    mutating func hubWasRestored(isAnnounced: Bool) {
        guard let backup else { return }
        hubRestores += 1
        unnoticed = isAnnounced ? nil : backup.epoch
        receipts = backup.receipts
        enrolled = backup.enrolled
        revoked = backup.revoked
        for place in saved.indices {
            saved[place].isForeign = true
            if place >= backup.saved, saved[place].machine == Operation.hub {
                saved[place].isExcused = true
            }
        }
    }

    /// Something else than the save that made it happened to a record.
    mutating func disturb(_ record: RecordID) { disturbed.insert(record) }

    func isDisturbed(_ family: Family) -> Bool {
        !disturbed.isDisjoint(with: [.simulated(family.site), .simulated(family.visit)])
    }

    mutating func place(_ record: Int, in scope: ScopeCode) {
        whereabouts.place(record, in: scope)
    }

    /// Records that were said to be one: what is in one may show in the other.
    mutating func unite(_ records: [RecordID]) {
        let numbers = records.compactMap(\.simulatedNumber)
        for record in records { disturb(record) }
        joined.formUnion(records)
        for other in numbers.dropFirst() { whereabouts.unite(numbers[0], other) }
    }

    /// Values of these records may be offered more than once.
    mutating func loosen(_ records: [RecordID]) {
        for place in saved.indices where records.contains(saved[place].record) {
            saved[place].isForeign = true
        }
    }

    /// A machine is put back: what it had not sent is gone, and nobody else's
    /// fault.
    mutating func excuse(_ machine: Int) {
        copied.insert(machine)
        lastSequence[machine] = 0
        for place in saved.indices where saved[place].machine == machine {
            saved[place].isExcused = true
        }
    }

    mutating func noteForeign(
        _ record: RecordID, _ values: [(String, Value)], of type: RecordType, by machine: Int
    ) {
        for (name, value) in values {
            guard let field = type.field(named: name) else { continue }
            saved.append(
                Saved(
                    machine: machine, record: record, unit: field.number,
                    value: UnitValue(value), isForeign: true))
        }
    }
}

extension Simulation {
    /// `before` is the machine's last sequence from before the save.
    func note(
        saved draft: ActionDraft, at machine: Int, after before: Int64,
        doing operations: [UnitNumber: UnitValue] = [:]
    ) throws {
        for edit in draft.edits {
            try notePlace(of: edit, at: machine)
            let isSite = edit.type == Town.Site.type
            for (field, value) in edit.values.sorted(by: { $0.key < $1.key }) {
                guard !(isSite && Town.Site.members.contains(field)), !value.isNull else {
                    continue
                }
                if value.isStrange { marks.insert(.strangeText) }
                ledger.saved.append(
                    Ledger.Saved(
                        machine: machine, record: edit.id, unit: field,
                        value: UnitValue(
                            (operations[field] ?? UnitValue(value)).members.map(\.canonical)),
                        isForeign: isSite && [Town.Site.status, Town.Site.code].contains(field)))
            }
            if isSite, let shown = try headcount(of: edit.id, at: machine) {
                ledger.headcounts.insert(shown)
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

    private func notePlace(of edit: RecordEdit, at machine: Int) throws {
        guard let number = edit.id.simulatedNumber else { return }
        switch edit.kind {
        case .create(let scope), .move(let scope): ledger.place(number, in: scope)
        case .update, .delete, .merge: ledger.disturb(edit.id)
        }
        let parent = edit.type == Town.Visit.type ? edit.values[Town.Visit.site]?.text : nil
        if let parent = parent.flatMap({ RecordID($0) })?.simulatedNumber {
            ledger.whereabouts.unite(number, parent)
        }
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
        try checkCanaries(bytes, to: node)
        if !reply.released.isEmpty { marks.insert(.released) }
        if reply.hasMore { marks.insert(.severalReplies) }
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
                if code == .superseded { marks.insert(.undoSuperseded) }
            }
        }
        try checkScope(of: reply, to: node)
        try checkDurable(reply, node)
    }

    private func checkScope(of reply: ExchangeReply, to node: SimulatedNode) throws {
        for delta in reply.records {
            let isBelow = covers(node.scope, delta.scope)
            let isAbove = covers(delta.scope, node.scope)
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
        let apart = try differences(reply.checked ?? [], at: node)
        let applied = try node.replica.apply(reply)
        node.awaited = nil
        try noteAlarms(applied.alarms, at: node)
        let after = node.replica.positions
        switch applied.reincarnated {
        case .fork?: marks.insert(.fork)
        case .clock?: marks.insert(.clockTurned)
        case .stamp?: marks.insert(.rewound)
        case .epoch?: marks.insert(.epochBegan)
        case .review?: marks.insert(.repaired)
        case .rebase?: marks.insert(.rebased)
        case .incomplete?: marks.insert(.madeWhole)
        case .lost?, nil: break
        }
        if applied.salvaged > 0 { marks.insert(.salvaged) }
        try checkRepaired(applied.repaired, at: node, found: apart)
        for (scope, position) in before.sorted(by: { $0.key < $1.key }) {
            if let now = after[scope], now < position, !applied.epochChanged, !applied.rebased {
                throw Violation("I4", "node \(node.index) went back in \(scope)")
            }
        }
        trace.note(
            "applied \(applied.pulled) \(applied.accepted) \(applied.quarantined) "
                + "\(applied.outboxLeft)")
        return applied
    }

    /// Only what was damaged is put right: anything else would have been a
    /// difference of our own making.
    private func checkRepaired(
        _ repaired: [RepairedRecord], at node: SimulatedNode, found: [RecordID: String]
    ) throws {
        if !repaired.isEmpty { marks.insert(.repaired) }
        guard !marks.contains(.hubRewound) else { return }
        for record in repaired
        where ledger.damaged[node.index]?.contains(record.id) != true {
            throw Violation(
                "I5",
                "node \(node.index) differed from the hub in \(record.type) \(record.id) "
                    + "(\(record.difference)), which nobody had damaged: \(found[record.id] ?? "")")
        }
    }

    /// The units in which a node's rows are other than what the hub says.
    private func differences(
        _ records: [RecordDelta], at node: SimulatedNode
    ) throws -> [RecordID: String] {
        var found: [RecordID: String] = [:]
        for delta in records {
            guard let id = delta.id, let type = node.replica.schema.type(delta.type),
                let row = try node.replica.record(id, type: type)
            else { continue }
            var units: [String] = []
            for unit in type.unitNumbers {
                let fields = type.members(of: unit) ?? []
                let here = fields.map { row.values[$0.number] ?? .null }
                let there = delta.units.first { $0.unit == unit }?.value.members
                if here != there ?? fields.map({ _ in .null }) {
                    units.append("\(type.unitName(unit)) \(here) / \(there ?? [])")
                }
            }
            found[id] = units.joined(separator: "; ")
        }
        return found
    }

    /// An identity without its random bits, for reports.
    func word(_ identity: ChangesetIdentity) -> String {
        let node = nodes.firstIndex { $0.replica.incarnation == identity.incarnation }
        return "changeset \(identity.seq) of node \(node.map(String.init) ?? "?")"
    }
}

extension Value {
    /// What naive stores and languages change: text that is not NFC, or a
    /// number beyond what a float holds.
    fileprivate var isStrange: Bool {
        if case .integer(let number) = self { return number > 1 << 53 }
        return text?.utf8.elementsEqual(canonical.text?.utf8 ?? "".utf8) == false
    }

    /// As the engine spells it.
    var canonical: Value {
        guard case .text(let text) = self else { return self }
        return .text(text.precomposedStringWithCanonicalMapping)
    }
}
