import FieldgridModel
import FieldgridSync

extension Acceptance {
    /// Merges an acceptable changeset: a position in every scope it touches,
    /// its values into the units, a row of history for every record.
    func merge(_ changeset: Changeset, from author: Author) throws -> Receipt.Outcome {
        let (time, isClamped) = try bounded(changeset)
        clock.observe(time)
        var positions: [ScopeCode: Position] = [:]
        var next = 0
        while next < changeset.changes.count {
            let id = changeset.changes[next].record
            var end = next + 1
            while end < changeset.changes.count, changeset.changes[end].record == id { end += 1 }
            let changes = changeset.changes[next..<end]
            next = end
            let scope = try home(of: changes)
            let position = positions[scope] ?? advance(scope)
            positions[scope] = position
            let offer = Offer(
                identity: changeset.identity, node: author.node, author: changeset.author,
                source: changeset.source, time: time, isClamped: isClamped,
                accepted: (scope, position))
            try mergeRecord(changes, of: changeset, offer: offer, author: author)
        }
        guard let (scope, position) = positions.min(by: { $0.key < $1.key }) else {
            let scope = author.scope ?? grids.roots.first ?? ScopeCode("")
            return .accepted(scope, advance(scope))
        }
        return .accepted(scope, position)
    }

    /// The scope whose log takes a record's changes: where it lives, or is to live.
    ///
    /// A child lives where its parent lives.
    private func home(of changes: ArraySlice<Change>) throws -> ScopeCode {
        guard let first = changes.first else { preconditionFailure("changes of no record") }
        if let present = try record(first.record) { return present.scope }
        if let unit = index.entries[first.type]?.parentUnit,
            let text = changes.first(where: { $0.unit == unit })?.value.single.text,
            let parent = try RecordID(text).flatMap({ try record($0) })
        {
            return parent.scope
        }
        let named = changes.first { $0.unit == .scope }?.value.single.text
        return ScopeCode(named ?? "")
    }

    private func mergeRecord(
        _ changes: ArraySlice<Change>, of changeset: Changeset, offer: Offer, author: Author
    ) throws {
        guard let first = changes.first, let entry = index.entries[first.type] else { return }
        var present = try record(first.record)
        let isNew = present == nil
        // Taken out, so that merging changes it in place and copies nothing.
        records[first.record] = nil
        var state = present.take() ?? newRecord(first, offer)
        let wasAlive = state.isAlive
        var units: [HistoryUnit] = []
        units.reserveCapacity(changes.count)
        if let outcome = try mergePresence(changes, changeset, offer, into: &state) {
            units.append(outcome)
        }
        var destination: ScopeCode?
        for change in changes where change.unit != .presence {
            guard let unit = entry.units[change.unit] else { continue }
            let outcome = try mergeUnit(
                change, unit, changeset, offer, author: author, into: &state)
            units.append(outcome)
            if change.unit == .scope {
                destination = state.units[.scope]?.value(policy: unit.policy)?.single.text
                    .map(ScopeCode.init)
            }
        }
        state.latest = max(state.latest, offer.position)
        if wasAlive != state.isAlive { touchAll(of: &state, at: offer.position) }
        if isNew || wasAlive != state.isAlive
            || changes.contains(where: { entry.keyUnits.contains($0.unit) })
        {
            rekeyed.insert(state.id)
        }
        put(state)
        history.append(
            HistoryRow(
                record: state.id, type: state.type, offer: offer, acceptedAt: now, units: units))
        try noteLinks(of: state, entry, isNew: isNew)
        if let destination, destination != state.scope, !isNew {
            try move(state.id, to: destination)
        }
        if entry.type.name == SystemTypes.Grid.name { gridsChanged = true }
        aftermath.append(
            .activity(
                record: state.id, type: state.type, offer: offer,
                Activity(
                    isNew: isNew,
                    touchesStatus: changes.contains { $0.unit == entry.statusUnit },
                    touchesTitle: changes.contains { $0.unit == entry.titleUnit })))
    }

    private func newRecord(_ change: Change, _ offer: Offer) -> RecordState {
        RecordState(
            type: change.type, id: change.record, scope: offer.scope,
            number: nextNumber(in: offer.scope), entered: offer.position)
    }

    /// Reviving, deleting and moving move the position of every unit: who
    /// hears of it hears of the whole record again.
    private func touchAll(of state: inout RecordState, at position: Position) {
        state.units.touchAll(at: position)
        state.latest = max(state.latest, position)
    }

    private func seen(_ change: Change, _ changeset: Changeset) -> Seen {
        Seen(
            identity: changeset.identity, context: credible(changeset),
            exception: change.seenThrough, named: change.settles?.sides ?? [],
            ancestry: ancestries[changeset.identity.incarnation] ?? [])
    }

    /// A context of another epoch, or of positions that the hub never gave,
    /// counts as having seen nothing: that errs towards a conflict.
    private func credible(_ changeset: Changeset) -> [ScopeCode: Position] {
        guard changeset.epoch == hub.epoch else { return [:] }
        if changeset.identity.incarnation == hub.incarnation { return changeset.context }
        return changeset.context.filter { scope, position in
            position <= headsAtStart[scope]?.position ?? .zero
        }
    }

    private func mergePresence(
        _ changes: ArraySlice<Change>, _ changeset: Changeset, _ offer: Offer,
        into state: inout RecordState
    ) throws -> HistoryUnit? {
        let stated = changes.first { $0.unit == .presence }
        let deletes = stated?.value == .deleted
        let change =
            stated
            ?? Change(type: state.type, record: state.id, unit: .presence, value: .alive)
        let id = state.id
        let namer = { (first: ChangesetIdentity, second: ChangesetIdentity) in
            RecordID.conflict(record: id, unit: .presence, between: first, and: second)
        }
        let outcome: MergeOutcome
        if stated != nil, state.units[.presence] == nil || change.settles != nil {
            var unit = state.units[.presence] ?? .empty
            outcome = unit.merge(
                Side(value: change.value, offer: offer, settles: change.settles?.conflict),
                seen: seen(change, changeset), policy: .presence, conflictID: namer,
                base: { .alive })
            state.units[.presence] = unit
        } else {
            let merged = state.reconcilePresence(
                with: offer, deletes: deletes, seen: seen(change, changeset), conflictID: namer)
            guard let merged else { return nil }
            outcome = merged
        }
        noteConflict(outcome, .presence, state.id, offer, note: change.settles?.note)
        return HistoryUnit(
            unit: .presence, value: change.value, outcome: outcome, note: change.settles?.note)
    }

    private func mergeUnit(
        _ change: Change, _ unit: SchemaIndex.Unit, _ changeset: Changeset, _ offer: Offer,
        author: Author, into state: inout RecordState
    ) throws -> HistoryUnit {
        if case .declared(.hub) = unit.policy, author.scope != nil {
            let refused = MergeOutcome(effect: .refused, rule: .hubOnly)
            return HistoryUnit(unit: change.unit, value: change.value, outcome: refused, note: nil)
        }
        var merged = state.units[change.unit] ?? .empty
        let id = state.id
        let through = change.seenThrough ?? changeset.context[offer.scope] ?? .zero
        let outcome = try merged.merge(
            Side(value: change.value, offer: offer, settles: change.settles?.conflict),
            seen: seen(change, changeset), policy: unit.policy,
            conflictID: { first, second in
                RecordID.conflict(record: id, unit: change.unit, between: first, and: second)
            },
            base: { try base(of: change.unit, in: id, through: through, like: change.value) })
        state.units[change.unit] = merged
        noteConflict(outcome, change.unit, id, offer, note: change.settles?.note)
        return HistoryUnit(
            unit: change.unit, value: change.value, outcome: outcome, note: change.settles?.note)
    }

    private func noteConflict(
        _ outcome: MergeOutcome, _ unit: UnitNumber, _ record: RecordID, _ offer: Offer,
        note: String?
    ) {
        guard let id = outcome.conflict, let state = outcome.conflictState else { return }
        let event = ConflictEvent(
            id: id, state: state, kind: unit == .presence ? .deleted : .hard, offer: offer,
            note: note)
        aftermath.append(.conflict(record: record, unit: unit, event))
    }

    /// The value that both sides of a new conflict started from: what stood
    /// at the position that the later author had seen.
    private func base(
        of unit: UnitNumber, in id: RecordID, through: Position, like value: UnitValue
    ) throws -> UnitValue {
        var base = UnitValue(Array(repeating: .null, count: value.members.count))
        let earlier = try store.history(of: id) + history.filter { $0.record == id }
        for row in earlier where row.offer.position <= through {
            for entry in row.units where entry.unit == unit {
                switch entry.outcome.effect {
                case .stands, .agrees, .wins, .settles: base = entry.value
                case .loses, .refused: break
                }
            }
        }
        return base
    }

    // MARK: Children and moves

    private func noteLinks(
        of state: RecordState, _ entry: SchemaIndex.Entry, isNew: Bool
    ) throws {
        let unit: UnitNumber?
        switch entry.type.name {
        case SystemTypes.Task.name:
            unit = entry.type.field(named: SystemTypes.Task.record)?.number
        case SystemTypes.Conflict.name:
            unit = entry.type.field(named: SystemTypes.Conflict.record)?.number
        default: unit = entry.parentUnit
        }
        guard isNew, let unit, let text = state.units[unit]?.sides.first?.value.single.text,
            let parent = RecordID(text)
        else { return }
        links.append((parent, state.id))
    }

    /// Takes a record, and everything that belongs to it, to another scope.
    private func move(_ id: RecordID, to destination: ScopeCode) throws {
        let below = try store.dependents(of: id) + links.filter { $0.parent == id }.map(\.child)
        try prefetch(below)
        guard var state = records[id], state.scope != destination else { return }
        let left = advance(state.scope)
        departures.append(
            Departure(
                scope: state.scope, number: state.number, id: id, type: state.type,
                position: left, destination: destination))
        if moved[id] == nil { moved[id] = (state.scope, state.number) }
        state.scope = destination
        state.number = nextNumber(in: destination)
        let position = advance(destination)
        state.entered = position
        touchAll(of: &state, at: position)
        put(state)
        for child in Set(below).sorted() { try move(child, to: destination) }
    }
}
