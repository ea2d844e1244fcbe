import FieldgridModel
import FieldgridSync

extension Acceptance {
    /// A changeset on its way into the records.
    struct Merging {
        var changeset: Changeset
        var author: Author
        /// As the hub bounded it.
        var time: HybridTime
        var isClamped: Bool
        var positions: [ScopeCode: Position] = [:]

        func offer(_ scope: ScopeCode, _ position: Position) -> Offer {
            Offer(
                .init(
                    identity: changeset.identity, node: author.node, author: changeset.author,
                    source: changeset.source, time: time, isClamped: isClamped,
                    accepted: (scope, position)))
        }
    }

    /// Merges an acceptable changeset: a position in every scope it touches,
    /// its values into the units, a row of history for every record.
    func merge(
        _ changeset: Changeset, from author: Author
    ) throws -> Receipt.Outcome {
        let (time, isClamped) = try bounded(changeset)
        clock.observe(time)
        if changeset.changes.contains(where: { $0.settles != nil }) {
            settlements.insert(changeset.identity)
        }
        var merging = Merging(
            changeset: changeset, author: author, time: time, isClamped: isClamped)
        var next = 0
        while next < changeset.changes.count {
            let id = changeset.changes[next].record
            var end = next + 1
            while end < changeset.changes.count, changeset.changes[end].record == id { end += 1 }
            let changes = changeset.changes[next..<end]
            next = end
            let offer = place(in: try home(of: changes), &merging)
            try mergeRecord(changes, offer: offer, merging)
            for survivor in try survivors(of: id) {
                guard let scope = try record(survivor)?.scope else { continue }
                let offer = place(in: scope, &merging)
                try mergeLate(changes, through: id, into: survivor, offer: offer, merging)
            }
        }
        guard let (scope, position) = merging.positions.min(by: { $0.key < $1.key }) else {
            let scope = author.scope ?? grids.roots.first ?? ScopeCode("")
            return .accepted(scope, advance(scope))
        }
        return .accepted(scope, position)
    }

    private func place(in scope: ScopeCode, _ merging: inout Merging) -> Offer {
        let position = merging.positions[scope] ?? advance(scope)
        merging.positions[scope] = position
        return merging.offer(scope, position)
    }

    private func mergeRecord(
        _ changes: ArraySlice<Change>, offer: Offer, _ merging: Merging
    ) throws {
        guard let first = changes.first, let entry = index.entries[first.type] else { return }
        var present = try record(first.record)
        let isNew = present == nil
        // Taken out, so that merging changes it in place and copies nothing.
        records[first.record] = nil
        var state = present.take() ?? newRecord(first, offer)
        let (wasAlive, wasAlias) = (state.isAlive, state.alias)
        var units: [HistoryUnit] = []
        units.reserveCapacity(changes.count)
        if let outcome = try mergePresence(changes, offer, merging, into: &state) {
            units.append(outcome)
        }
        var destination: ScopeCode?
        for change in changes where change.unit != .presence {
            guard let unit = entry.unit(change.unit) else { continue }
            units.append(try mergeUnit(change, unit, offer, merging, into: &state))
            if change.unit == .scope {
                destination = state.units[.scope]?.value(policy: unit.policy)?.single.text
                    .map(ScopeCode.init)
            } else if change.unit == entry.parentUnit {
                destination = try parentScope(of: state, entry) ?? destination
            }
        }
        state.latest = max(state.latest, offer.position)
        if wasAlive != state.isAlive || wasAlias != state.alias {
            touchAll(of: &state, at: offer.position)
        }
        if isNew || wasAlive != state.isAlive
            || changes.contains(where: { entry.keyUnits.contains($0.unit) })
        {
            rekeyed.insert(state.id)
            unreviewed.insert(state.id)
        }
        if !isNew || merging.changeset.schema != hub.schema {
            let review = ruleReview(
                of: state, entry, changes, isNew: isNew, by: offer,
                madeUnder: merging.changeset.schema)
            reviewRules(of: &state, entry, review)
        }
        put(state)
        history.append(
            HistoryRow(
                record: state.id, type: state.type, offer: offer,
                sealedTime: merging.changeset.time, acceptedAt: now, units: units))
        noteLinks(of: state, entry, changes)
        if wasAlias != state.alias {
            try realias(state.id, from: wasAlias, to: state.alias, offer: offer)
        }
        if let destination, destination != state.scope, !isNew {
            try move(state.id, to: destination)
        }
        if isNew { leaveNamedScope(of: state, named: changes) }
        if isNew || (state.isAlive && !wasAlive) { try collectChildren(of: state.id) }
        if entry.type.name == SystemTypes.Grid.name { gridsChanged = true }
        aftermath.append(
            .activity(
                record: state.id, type: state.type, offer: offer,
                Activity(
                    isNew: isNew, touchesPresence: wasAlive != state.isAlive,
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
    func touchAll(of state: inout RecordState, at position: Position) {
        state.units.touchAll(at: position)
        state.latest = max(state.latest, position)
    }

    func seen(_ change: Change, _ merging: Merging, of state: RecordState) throws -> Seen {
        Seen(
            identity: merging.changeset.identity, context: credible(merging.changeset),
            exception: change.seenThrough, named: change.settles?.sides ?? [],
            ancestry: try ancestry(of: merging.changeset.identity.incarnation),
            home: (state.scope, state.entered))
    }

    /// Positions that the hub never gave count as having seen nothing, which
    /// errs towards a conflict.
    private func credible(_ changeset: Changeset) -> [ScopeCode: Position] {
        let context = hub.credible(changeset.context, of: changeset.epoch)
        if changeset.identity.incarnation == hub.incarnation { return context }
        return context.filter { scope, position in
            position <= heads.atStart(scope)?.position ?? .zero
        }
    }

    func mergeUnit(
        _ change: Change, _ unit: SchemaIndex.Unit, _ offer: Offer, _ merging: Merging,
        origin: RecordID? = nil, into state: inout RecordState
    ) throws -> HistoryUnit {
        var merged = state.units[change.unit] ?? .empty
        let id = state.id
        var seen = try seen(change, merging, of: state)
        if let origin { seen.origins = try origins(under: origin, in: state) }
        let outcome: MergeOutcome
        if case .declared(.hub) = unit.policy, merging.author.scope != nil {
            outcome = MergeOutcome(effect: .refused, rule: .hubOnly)
            // Its author's replica has to hear of the hub's value.
            merged.changed = max(merged.changed, offer.position)
        } else if let settles = change.settles, settles.isUndo {
            outcome = undo(settles, in: &merged, by: offer, seen: seen)
        } else {
            let side = Side(
                value: change.value, offer: offer, settles: change.settles?.conflict,
                origin: origin)
            outcome = try merged.merge(
                side, seen: seen, policy: unit.policy,
                conflictID: { first, second in
                    RecordID.conflict(record: id, unit: change.unit, between: first, and: second)
                },
                base: { try base(of: change.unit, in: id, seen: seen, like: change.value) })
        }
        state.units[change.unit] = merged
        noteConflict(outcome, change.unit, state, offer, note: change.settles?.note)
        return HistoryUnit(
            unit: change.unit, value: change.value, outcome: outcome, note: change.settles?.note)
    }

    func undo(
        _ settlement: Settlement, in unit: inout UnitState, by offer: Offer, seen: Seen
    ) -> MergeOutcome {
        if unit.undo(settlement.conflict, by: offer, seen: seen) != nil {
            // Refused before, unless it was folded with others.
            return MergeOutcome(effect: .refused, rule: .settlement)
        }
        return MergeOutcome(
            effect: .undoes, rule: .settlement, conflict: settlement.conflict,
            conflictState: .reopened, rivals: unit.sides.map(\.offer.identity))
    }

    func noteConflict(
        _ outcome: MergeOutcome, _ unit: UnitNumber, _ state: RecordState, _ offer: Offer,
        note: String?
    ) {
        guard let id = outcome.conflict, let conflict = outcome.conflictState else { return }
        let standing = state.units[unit]?.conflict?.kind
        let event = ConflictEvent(
            id: id, state: conflict, kind: standing ?? (unit == .presence ? .deleted : .hard),
            offer: offer, note: note, isUndo: outcome.effect == .undoes)
        aftermath.append(.conflict(record: state.id, unit: unit, event))
    }

    /// The value that both sides of a new conflict started from: what stood
    /// last of all that the later author had seen, in whatever grid the
    /// record lived then.
    private func base(
        of unit: UnitNumber, in id: RecordID, seen: Seen, like value: UnitValue
    ) throws -> UnitValue {
        var base = UnitValue(Array(repeating: .null, count: value.count))
        let earlier = try store.history(of: id) + history.filter { $0.record == id }
        for row in earlier where seen.includes(row.offer) {
            for entry in row.units where entry.unit == unit {
                switch entry.outcome.effect {
                case .stands, .agrees, .wins, .settles: base = entry.value
                case .loses, .refused, .combines, .undoes, .late: break
                }
            }
        }
        return base
    }
}
