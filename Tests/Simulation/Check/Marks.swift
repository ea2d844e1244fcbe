import FieldgridHub
import FieldgridModel
import FieldgridReplica

/// What the hub's own records, and what was sent, say was reached.
extension Simulation {
    func noteMarks() throws {
        try noteConflicts()
        for node in nodes {
            if node.disk.failures > 0 { marks.insert(.diskFailure) }
            for rebirth in node.replica.rebirths where rebirth.cause == .stamp {
                marks.insert(.rewound)
            }
            if node.isOld, hub.hub.schema.version > 1 { marks.insert(.oldProgram) }
        }
        let devices = Dictionary(
            try hub.hub.devices().map { ($0.node, $0.scope) }, uniquingKeysWith: { $1 })
        for number in [Town.Site.type, Town.Visit.type] {
            guard let type = Town.schema.type(number) else { continue }
            try hub.store.read { view in
                try view.forEachRecord(of: number) { state in
                    self.note(state)
                    try self.noteParked(state, view)
                    let history = try view.history(of: state.id)
                    self.note(history, of: state, devices)
                    for unit in type.unitNumbers + [.scope, .presence] {
                        self.note(history, unit, type.policy(of: unit))
                    }
                    return true
                }
            }
        }
    }

    private func noteConflicts() throws {
        let marksOfStates: [ConflictState: Mark] = [
            .open: .conflict, .decided: .decided, .settled: .settled, .reopened: .reopened,
        ]
        for conflict in try conflicts(at: Operation.hub, where: { _ in true }) {
            if let mark = marksOfStates[conflict.state] { marks.insert(mark) }
            switch conflict.kind {
            case .deleted: marks.insert(.revival)
            case .inconsistent: marks.insert(.inconsistent)
            case .duplicate: marks.insert(.duplicate)
            case .hard: break
            }
        }
    }

    private func note(_ state: RecordState) {
        if state.alias != nil { marks.insert(.joined) }
        if state.units[Town.Site.headcount]?.conflict != nil { marks.insert(.groupDisagrees) }
        for element in state.units.elements {
            let settling = element.state.sides.filter { $0.settles != nil }
            if Set(settling.map(\.value)).count > 1 { marks.insert(.settledApart) }
            if element.state.sides.contains(where: { $0.origin != nil && state.alias == nil }) {
                marks.insert(.joined)
            }
        }
    }

    /// A child whose parent is not there.
    private func noteParked(_ state: RecordState, _ view: any HubReading) throws {
        guard state.type == Town.Visit.type, state.isAlive,
            let text = state.units[Town.Visit.site]?.sides.first?.value.single.text,
            let site = RecordID(text)
        else { return }
        if try view.records([site])[site]?.isAlive != true { marks.insert(.parked) }
    }

    private func note(
        _ history: [HistoryRow], of state: RecordState, _ devices: [NodeID: ScopeCode]
    ) {
        var merged = false
        for row in history {
            if let right = devices[row.offer.node], !covers(right, row.offer.scope) {
                marks.insert(.followedMove)
            }
            for entry in row.units where entry.unit == .presence {
                if entry.value.single.text != nil { merged = true }
                if merged, entry.outcome.effect == .undoes { marks.insert(.parted) }
            }
            noteSent(row.offer.identity)
        }
    }

    /// What is particular about an accepted changeset.
    private func noteSent(_ identity: ChangesetIdentity) {
        for changeset in ledger.sent[identity, default: []] {
            if changeset.epoch != hub.hub.identity.epoch { marks.insert(.oldEpochContext) }
            if changeset.schema != hub.hub.identity.schema { marks.insert(.olderSchema) }
            let isReview = changeset.time.milliseconds <= 1
            if !isReview, changeset.changes.contains(where: { $0.seenThrough != nil }) {
                marks.insert(.exceptionToContext)
            }
        }
    }

    private func note(_ history: [HistoryRow], _ unit: UnitNumber, _ policy: UnitPolicy?) {
        var authors: Set<NodeID> = []
        var undone = 0
        var greatest = Value.null
        for row in history {
            for entry in row.units where entry.unit == unit {
                switch entry.outcome.effect {
                case .undoes: undone += 1
                case .combines: authors.insert(row.offer.node)
                case .refused where policy == .declared(.hub): marks.insert(.hubUnitRefused)
                default: break
                }
                if policy == .declared(.max), entry.outcome.effect == .stands {
                    if entry.value.single < greatest { marks.insert(.lowered) }
                    greatest = max(greatest, entry.value.single)
                }
            }
        }
        if undone > 0 { marks.insert(.undone) }
        if undone > 1 { marks.insert(.undoneAgain) }
        guard authors.count > 1 else { return }
        if policy == .declared(.counter) { marks.insert(.counted) }
        if policy == .declared(.append) { marks.insert(.noted) }
    }
}
