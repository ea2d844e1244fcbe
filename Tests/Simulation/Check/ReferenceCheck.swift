import FieldgridHub
import FieldgridModel

extension Simulation {
    /// I5 to I7: sides, winner and conflict of every register are those that
    /// follow from the list of what was accepted.
    func checkReference() throws {
        try noteMoves()
        for number in [Town.Site.type, Town.Visit.type] {
            guard let type = Town.schema.type(number) else { continue }
            var ids: Set<RecordID> = []
            try hub.hub.forEachRecord(of: type, where: []) { record in
                ids.insert(record.id)
                return true
            }
            ids.formUnion(
                ledger.saved.map(\.record).filter { id in
                    id.simulatedNumber.map { Self.isVisit($0) == (number == Town.Visit.type) }
                        ?? false
                })
            for id in ids.sorted() { try checkReference(id, type) }
        }
    }

    private func checkReference(_ id: RecordID, _ type: RecordType) throws {
        let (state, history) = try hub.store.read { view in
            (try view.records([id])[id], try view.history(of: id))
        }
        guard let state else { return }
        for row in history where row.offer.time.milliseconds > row.acceptedAt + Self.driftMax {
            throw Violation("I9", "\(word(row.offer.identity)) counts with a time in the future")
        }
        let moves = movesCount(of: id)
        if moves < 2 { try checkDeletion(state, history) }
        for unit in type.unitNumbers + [.scope] {
            guard case .declared(let policy)? = type.policy(of: unit) else { continue }
            guard !policy.isOperation, let merged = state.units[unit] else { continue }
            let entries = history.flatMap(\.units).filter { $0.unit == unit }
            // Undone decisions and joined duplicates are other histories than this one.
            if entries.contains(where: { $0.outcome.effect == .undoes }) { continue }
            if merged.sides.contains(where: { $0.origin != nil }) { continue }
            if moves > 1 || ledger.joined.contains(id) { continue }
            var reference = Reference(policy: policy)
            for row in history {
                for entry in row.units where entry.unit == unit {
                    var offer = try offered(row, entry)
                    offer.home = (state.scope, state.entered)
                    if policy == .fixed { try check(entry, is: reference.isSet(offer), id) }
                    if entry.counts { reference.accept(offer) }
                }
            }
            try compare(merged, reference, policy, "\(type.unitName(unit)) of \(id)")
        }
    }

    /// What is set once is refused where its author knew it, and only there.
    private func check(_ entry: HistoryUnit, is isSet: Bool, _ id: RecordID) throws {
        let isRefused = entry.outcome.effect == .refused
        if isRefused { marks.insert(.fixedRefused) }
        guard isRefused != isSet else { return }
        throw Violation("I7", "a value set once of \(id) was \(isRefused ? "" : "not ")refused")
    }

    /// How often a record left a scope.
    ///
    /// Of one that moved about, the list does
    /// not say who had seen it arrive where.
    private func movesCount(of id: RecordID) -> Int {
        ledger.moves[id, default: []].count
    }

    /// How far ahead of the hub a time may lie that counts.
    private static let driftMax: Int64 = 600_000

    /// A delete never destroys an edit that it had not seen.
    private func checkDeletion(_ state: RecordState, _ history: [HistoryRow]) throws {
        guard !state.isAlive, state.alias == nil else { return }
        var deletions: [Reference.Offered] = []
        for row in history {
            for entry in row.units where entry.unit == .presence && entry.value == .deleted {
                var offer = try offered(row, entry)
                offer.home = (state.scope, state.entered)
                deletions.append(offer)
            }
        }
        if deletions.contains(where: \.isSettlement) || state.units[.presence]?.conflict != nil {
            return
        }
        for element in state.units.elements where element.number != .presence {
            for side in element.state.sides {
                let edit = Reference.Offered(side.offer, value: side.value)
                guard deletions.contains(where: { Reference.knew($0, of: edit) }) else {
                    throw Violation(
                        "I7", "a delete of \(state.id) destroyed \(word(side.offer.identity))")
                }
            }
        }
    }

    private func compare(
        _ merged: UnitState, _ reference: Reference, _ policy: MergePolicy, _ unit: String
    ) throws {
        let expected = Set(reference.sides.map(\.identity))
        let found = Set(merged.sides.map(\.offer.identity))
        guard expected == found else {
            throw Violation(
                "I6", "\(unit): sides are \(words(found)), by definition \(words(expected))")
        }
        if expected.count > 1 { marks.insert(.sides) }
        guard merged.value(policy: .declared(policy)) == reference.shown else {
            throw Violation("I6", "\(unit) shows another side than its policy names")
        }
        let state = merged.conflict?.state.rawValue ?? Reference.State.none.rawValue
        guard state == reference.state.rawValue else {
            throw Violation(
                "I7", "\(unit): its conflict is \(state), by definition \(reference.state)")
        }
    }

    private func words(_ identities: Set<ChangesetIdentity>) -> String {
        identities.sorted().map { word($0) }.joined(separator: ", ")
    }

    private func offered(_ row: HistoryRow, _ entry: HistoryUnit) throws -> Reference.Offered {
        let identity = row.offer.identity
        var offered = Reference.Offered(
            identity: identity, scope: row.offer.scope, position: row.offer.position,
            time: row.offer.time, isClamped: row.offer.isClamped, source: row.offer.source,
            value: entry.value, context: nil, exception: nil, named: [], isSettlement: false,
            ancestors: ancestors(of: identity.incarnation))
        guard !ledger.hubIncarnations.contains(identity.incarnation) else {
            offered.isSettlement = entry.note != nil
            return offered
        }
        let candidates = ledger.sent[identity, default: []]
        for changeset in candidates {
            for change in changeset.changes
            where change.record == row.record && change.unit == entry.unit
                && change.value == entry.value
            {
                offered.context = try credible(changeset)
                offered.exception = change.seenThrough
                offered.named = change.settles?.sides ?? []
                offered.isSettlement = change.settles != nil
                return offered
            }
        }
        throw Violation("I2", "the hub's history has \(word(identity)), which nobody sent so")
    }

    /// Positions of an earlier life of the hub count up to where any later
    /// one went another way; those of an unknown one not at all.
    private func credible(_ changeset: Changeset) throws -> [ScopeCode: Position] {
        let epochs = try hub.hub.epochs()
        guard let place = epochs.firstIndex(where: { $0.id == changeset.epoch }) else { return [:] }
        var context = changeset.context
        for epoch in epochs[(place + 1)...] {
            for (scope, position) in context {
                context[scope] = epoch.forks[scope].map { min(position, $0) }
            }
        }
        return context
    }

    private func ancestors(of incarnation: IncarnationID) -> [ChangesetIdentity] {
        var line: [ChangesetIdentity] = []
        var next = ledger.parents[incarnation]
        while let parent = next, line.count < 64 {
            line.append(parent)
            next = ledger.parents[parent.incarnation]
        }
        return line
    }
}

extension Reference.Offered {
    fileprivate init(_ offer: Offer, value: UnitValue) {
        self.init(
            identity: offer.identity, scope: offer.scope, position: offer.position,
            time: offer.time, isClamped: offer.isClamped, source: offer.source, value: value,
            named: [], isSettlement: false, ancestors: [])
    }
}

extension HistoryUnit {
    /// Whether the value was merged, and not only told.
    fileprivate var counts: Bool {
        switch outcome.effect {
        case .refused, .late: false
        default: true
        }
    }
}
