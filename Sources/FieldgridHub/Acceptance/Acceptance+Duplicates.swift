import FieldgridModel
import FieldgridSync

/// Two records made apart with one natural key (sync.md 9.19).
///
/// - Both are accepted. The one with the greater id carries the conflict on
///   its presence unit: settling it says `merged into` the other, or that
///   they are two things after all; undoing works as for any unit.
/// - While it is merged it is gone for readers, and what was given to it
///   shows in the other by the usual policies.
/// - Later changes through its id go into both, as sides of their own origin.
/// - What it was merged into may be merged in turn: then all this goes on into
///   that one, and is taken back from it too.
extension Acceptance {
    /// The record that an id stands for now, following aliases; nil for one that
    /// is not there.
    func survivor(of id: RecordID) throws -> RecordID? {
        try survivors(of: id).last ?? record(id)?.id
    }

    /// The records that one was merged into, one after the other, up to the
    /// one that it stands for.
    func survivors(of id: RecordID) throws -> [RecordID] {
        var found: [RecordID] = []
        // Each step leads to a smaller id, so there is no circle.
        while let next = try record(found.last ?? id)?.alias, next < found.last ?? id {
            guard try record(next) != nil else { break }
            found.append(next)
        }
        return found
    }

    /// Of the records that gave something to this one: `id`, and those that
    /// were merged into it.
    func origins(under id: RecordID, in state: RecordState) throws -> Set<RecordID> {
        let sides = state.units.elements.flatMap {
            $0.state.sides + ($0.state.conflict?.replaced ?? [])
        }
        var found: Set<RecordID> = [id]
        for origin in Set(sides.compactMap(\.origin)) where origin > id {
            if try survivors(of: origin).contains(id) { found.insert(origin) }
        }
        return found
    }

    // MARK: Finding

    /// A natural key of one type.
    struct TypedKey: Hashable {
        var type: TypeNumber
        var key: NaturalKey
    }

    /// Opens and closes the conflicts of records whose natural keys may have
    /// changed.
    func reviewDuplicates() throws {
        while !unreviewed.isEmpty {
            let ids = unreviewed.sorted()
            unreviewed = []
            indexKeys()
            for id in ids { try reviewDuplicates(of: id) }
        }
    }

    /// Looks up once what this batch gave every natural key.
    private func indexKeys() {
        batchKeys = [:]
        for id in rekeyed {
            guard let state = records[id], state.isAlive, let entry = index.entries[state.type],
                !entry.naturalKeys.isEmpty
            else { continue }
            for key in naturalKeys(of: state, entry) {
                batchKeys[TypedKey(type: state.type, key: key), default: []].append(id)
            }
        }
    }

    private func reviewDuplicates(of id: RecordID) throws {
        guard let state = try record(id), let entry = index.entries[state.type],
            !entry.naturalKeys.isEmpty
        else { return }
        var twins: Set<RecordID> = []
        for key in naturalKeys(of: state, entry) where state.isAlive {
            twins.formUnion(try holders(of: key, type: state.type))
        }
        twins.insert(id)
        try close(staleDuplicatesOf: id, twins: twins)
        guard state.isAlive, let first = twins.min() else { return }
        for twin in twins.sorted() where twin != first {
            try openDuplicate(twin, of: first)
        }
    }

    /// The living records that have a natural key, those of this batch
    /// included.
    private func holders(of key: NaturalKey, type: TypeNumber) throws -> [RecordID] {
        let stored = try store.find(type, key: key)
        try prefetch(stored)
        // What the store knows of those that this batch touched is out of date.
        let untouched = stored.filter { !rekeyed.contains($0) && records[$0]?.isAlive == true }
        return untouched + (batchKeys[TypedKey(type: type, key: key)] ?? [])
    }

    private func openDuplicate(_ twin: RecordID, of first: RecordID) throws {
        guard var state = try record(twin) else { return }
        let id = RecordID.duplicate(first, twin)
        var presence = state.units[.presence] ?? .empty
        if let present = presence.conflict {
            // Known, settled as two things, or busy with whether it is there at all.
            guard present.id != id, present.kind == .duplicate, present.state.waitsForPerson
            else { return }
            close(present.id, on: twin)
        } else if try record(id) != nil {
            return
        }
        presence.conflict = ConflictReference(
            id: id, state: .open, kind: .duplicate, base: .alive)
        state.units[.presence] = presence
        put(state)
        link(id, to: first)
        link(id, to: twin)
        note(id, .open, on: twin)
    }

    /// What no longer shares a key with this record is no duplicate of it.
    private func close(staleDuplicatesOf id: RecordID, twins: Set<RecordID>) throws {
        for conflict in try dependents(of: id) {
            guard let state = try record(conflict),
                text(of: SystemTypes.Conflict.kind, in: state) == ConflictKind.duplicate.rawValue,
                let twin = text(of: SystemTypes.Conflict.record, in: state)
                    .flatMap({ RecordID($0) }),
                var carrier = try record(twin), var presence = carrier.units[.presence],
                presence.conflict?.id == conflict,
                presence.conflict?.state.waitsForPerson == true
            else { continue }
            let other = twin == id ? try other(of: conflict, than: twin) : twin
            if let other, twins.contains(other) {
                // Still one; if a record moved, those who hold both have to see it.
                if let home = try duplicateScope(of: twin, other == twin ? id : other) {
                    try move(conflict, to: home)
                }
                continue
            }
            presence.conflict = nil
            carrier.units[.presence] = presence
            put(carrier)
            close(conflict, on: twin)
        }
    }

    /// The record that the carrier of a conflict doubles.
    func other(of conflict: RecordID, than carrier: RecordID) throws -> RecordID? {
        guard let state = try record(carrier), let entry = index.entries[state.type] else {
            return nil
        }
        var candidates: Set<RecordID> = []
        for key in naturalKeys(of: state, entry) {
            candidates.formUnion(try holders(of: key, type: state.type))
        }
        return candidates.first { RecordID.duplicate($0, carrier) == conflict }
    }

    private func note(_ id: RecordID, _ state: ConflictState, on twin: RecordID) {
        aftermath.append(
            .conflict(
                record: twin, unit: .presence,
                ConflictEvent(
                    id: id, state: state, kind: .duplicate, offer: ownOffer(), note: nil)))
    }

    private func close(_ id: RecordID, on twin: RecordID) { note(id, .settled, on: twin) }

    /// What the hub does of itself is offered at its own time.
    private func ownOffer() -> Offer {
        Offer(
            .init(
                identity: ChangesetIdentity(incarnation: hub.incarnation, seq: 0), node: hub.node,
                author: HubIdentity.author, source: .hub, time: clock.last, isClamped: false,
                accepted: (grids.roots.first ?? ScopeCode(""), .zero)))
    }

    /// The lowest scope that holds both: only who holds both is shown it.
    func duplicateScope(of first: RecordID, _ second: RecordID) throws -> ScopeCode? {
        guard let one = try record(first)?.scope, let two = try record(second)?.scope else {
            return nil
        }
        if one == two { return one }
        let above = [two] + grids.ancestors(of: two)
        return ([one] + grids.ancestors(of: one)).first { above.contains($0) }
    }

    /// Where grids moved, conflicts about two records go where both are held.
    func rehomeDuplicates() throws {
        guard let type = index.entry(named: SystemTypes.Conflict.name)?.type else { return }
        var pairs: [(conflict: RecordID, home: ScopeCode, both: [RecordID])] = []
        try store.forEachRecord(of: type.number) { conflict in
            if text(of: SystemTypes.Conflict.kind, in: conflict) == ConflictKind.duplicate.rawValue
            {
                let sides = text(of: SystemTypes.Conflict.sides, in: conflict)
                pairs.append((conflict.id, conflict.scope, ConflictDocument.records(in: sides)))
            }
            return true
        }
        for (conflict, home, both) in pairs.sorted(by: { $0.conflict < $1.conflict }) {
            guard both.count == 2, let scope = try duplicateScope(of: both[0], both[1]),
                scope != home
            else { continue }
            try prefetch([conflict])
            try move(conflict, to: scope)
        }
    }

    // MARK: Merging and parting

    /// Follows a change of what a record is an alias of.
    func realias(
        _ id: RecordID, from old: RecordID?, to new: RecordID?, offer: Offer
    ) throws {
        if let old {
            for survivor in try [old] + survivors(of: old) {
                try part(id, from: survivor, at: offer)
            }
        }
        if new != nil {
            for survivor in try survivors(of: id) { try join(id, into: survivor, at: offer) }
        }
        unreviewed.insert(id)
        aftermath.append(.repoint(from: id, to: new ?? id, leaving: new == nil ? old : nil))
    }

    private func join(_ id: RecordID, into survivor: RecordID, at offer: Offer) throws {
        guard let gone = try record(id), var state = try record(survivor),
            let entry = index.entries[state.type]
        else { return }
        let position = advance(state.scope)
        for element in gone.units.elements {
            guard element.number > .scope, let unit = entry.unit(element.number) else { continue }
            var merged = state.units[element.number] ?? .empty
            let conflict = merged.join(
                element.state.sides, from: id, at: position, policy: unit.policy,
                conflictID: { first, second in
                    .conflict(
                        record: survivor, unit: element.number, between: first, and: second)
                })
            state.units[element.number] = merged
            note(conflict, element.number, survivor, offer)
        }
        finish(&state, entry, at: position, offer)
    }

    private func part(_ id: RecordID, from survivor: RecordID, at offer: Offer) throws {
        guard var state = try record(survivor), let entry = index.entries[state.type] else {
            return
        }
        let position = advance(state.scope)
        let origins = try origins(under: id, in: state)
        for element in state.units.elements where element.number > .scope {
            guard let unit = entry.unit(element.number) else { continue }
            var merged = element.state
            let conflict = merged.part(from: origins, at: position, policy: unit.policy)
            state.units[element.number] = merged
            note(conflict, element.number, survivor, offer)
        }
        finish(&state, entry, at: position, offer)
    }

    private func note(
        _ conflict: ConflictReference?, _ unit: UnitNumber, _ record: RecordID, _ offer: Offer
    ) {
        guard let conflict else { return }
        aftermath.append(
            .conflict(
                record: record, unit: unit,
                ConflictEvent(
                    id: conflict.id, state: conflict.state, kind: conflict.kind, offer: offer,
                    note: nil)))
    }

    private func finish(
        _ state: inout RecordState, _ entry: SchemaIndex.Entry, at position: Position,
        _ offer: Offer
    ) {
        touchAll(of: &state, at: position)
        reviewRules(
            of: &state, entry, RuleReview(touched: Set(entry.units.map(\.number)), offer: offer))
        rekeyed.insert(state.id)
        put(state)
    }

    /// A change to a record that was merged into another goes into that one
    /// too; its author had seen only what was given to the one it named.
    func mergeLate(
        _ changes: ArraySlice<Change>, through id: RecordID, into survivor: RecordID,
        offer: Offer, _ merging: Merging
    ) throws {
        guard var state = try record(survivor), let entry = index.entries[state.type] else {
            return
        }
        var units: [HistoryUnit] = []
        for change in changes where change.unit > .scope {
            guard let unit = entry.unit(change.unit) else { continue }
            units.append(
                try mergeUnit(change, unit, offer, merging, origin: id, into: &state))
        }
        guard !units.isEmpty else { return }
        state.latest = max(state.latest, offer.position)
        let review = ruleReview(
            of: state, entry, changes, isNew: false, by: offer,
            madeUnder: merging.changeset.schema)
        reviewRules(of: &state, entry, review)
        rekeyed.insert(survivor)
        put(state)
        history.append(
            HistoryRow(
                record: survivor, type: state.type, offer: offer,
                sealedTime: merging.changeset.time, acceptedAt: now, units: units))
    }

    // MARK: References

    /// Writes the references to a record that was merged, or parted again,
    /// under the hub's own name.
    ///
    /// `survivor` is the record that it was parted from, if it was.
    func repoint(_ id: RecordID, to target: RecordID, leaving survivor: RecordID?) throws {
        let wanted = try self.survivor(of: target) ?? target
        for child in try dependents(of: id) {
            guard let state = try record(child), let entry = index.entries[state.type],
                !entry.type.hubOnly
            else { continue }
            var changes: [Change] = []
            for unit in entry.units {
                let number = unit.number
                guard let shown = state.units[number]?.value(policy: unit.policy),
                    let side = state.units[number]?.sides.last
                else { continue }
                var members = shown.members
                for (place, field) in unit.members.enumerated() where field.kind.isReference {
                    guard let named = members[place].text.flatMap({ RecordID($0) }) else {
                        continue
                    }
                    let isOurs = side.offer.identity.incarnation == hub.incarnation
                    // Taken back only where the hub had written it for this very merge.
                    let follows = named == id || (named == survivor && isOurs)
                    if follows, named != wanted { members[place] = .text(wanted.description) }
                }
                if members != shown.members {
                    changes.append(
                        Change(
                            type: state.type, record: child, unit: number,
                            value: UnitValue(members)))
                }
            }
            if !changes.isEmpty {
                try sealOwn(changes, author: HubIdentity.author, source: .hub, at: now)
            }
        }
    }
}
