import FieldgridModel
import FieldgridSync

/// What a newly published schema does to what was accepted before it.
///
/// A field more, a rule more, another label: nothing at all. Only what the
/// new schema decides or finds otherwise is written, and only where it does.
extension Acceptance {
    private static let chunk = 500

    /// - Parameter old: the schema that was the present one until now.
    func adopt(from old: SchemaIndex) throws {
        for (number, entry) in index.entries.sorted(by: { $0.key < $1.key }) {
            guard let before = old.entries[number] else { continue }
            let changed = before.units.filter { entry.unit($0.number)?.policy != $0.policy }
            let policies = Dictionary(
                uniqueKeysWithValues: changed.map { ($0.number, $0.policy) })
            if !policies.isEmpty { try redecide(number, entry, policies) }
            if before.type.naturalKeys != entry.type.naturalKeys { try rekey(number) }
        }
        try reviewInconsistencies()
        try deriveAftermath()
    }

    /// Units whose sides come to something else under another policy.
    private func redecide(
        _ type: TypeNumber, _ entry: SchemaIndex.Entry, _ old: [UnitNumber: UnitPolicy]
    ) throws {
        var disputed: [RecordID] = []
        try store.forEachRecord(of: type) { state in
            if state.units.elements.contains(where: {
                old[$0.number] != nil && $0.state.sides.count > 1
            }) {
                disputed.append(state.id)
            }
            return true
        }
        for ids in disputed.sorted().chunked(by: Self.chunk) {
            try prefetch(ids)
            for id in ids { try redecide(id, entry, old) }
            try write()
        }
    }

    private func redecide(
        _ id: RecordID, _ entry: SchemaIndex.Entry, _ old: [UnitNumber: UnitPolicy]
    ) throws {
        guard var state = try record(id) else { return }
        let next = Position((heads[state.scope] ?? .empty).position.value + 1)
        var changed: [(UnitNumber, MergeOutcome)] = []
        for element in state.units.elements {
            guard let before = old[element.number], let unit = entry.unit(element.number) else {
                continue
            }
            var merged = element.state
            let outcome = merged.adopt(unit.policy, replacing: before, at: next) {
                RecordID.conflict(record: id, unit: element.number, between: $0, and: $1)
            }
            guard let outcome else { continue }
            state.units[element.number] = merged
            changed.append((element.number, outcome))
        }
        guard !changed.isEmpty else { return }
        let offer = ownOffer(state.scope, advance(state.scope))
        state.latest = offer.position
        rekeyed.insert(id)
        unreviewed.insert(id)
        let review = RuleReview(
            touched: Set(changed.map(\.0)), checked: Set(changed.map(\.0)), offer: offer)
        reviewRules(of: &state, entry, review)
        put(state)
        for (unit, outcome) in changed {
            noteConflict(outcome, unit, state, offer, note: nil)
        }
    }

    /// Records of a type are known by other keys from now on.
    private func rekey(_ type: TypeNumber) throws {
        var ids: [RecordID] = []
        try store.forEachRecord(of: type) { state in
            ids.append(state.id)
            return true
        }
        for part in ids.chunked(by: Self.chunk) {
            try prefetch(part)
            for id in part {
                dirty.insert(id)
                rekeyed.insert(id)
            }
            try write()
        }
        // Only now that all are known by them.
        for part in ids.chunked(by: Self.chunk) {
            unreviewed.formUnion(part)
            try write()
        }
    }

    /// Flushes, and forgets what was read.
    private func write() throws {
        try deriveAftermath()
        try flush()
        records = [:]
        missing = []
    }

    /// What was found to break a rule is looked at again by the new ones.
    private func reviewInconsistencies() throws {
        guard let conflicts = index.entry(named: SystemTypes.Conflict.name) else { return }
        var broken: Set<RecordID> = []
        try store.forEachRecord(of: conflicts.type.number) { state in
            if text(of: SystemTypes.Conflict.kind, in: state)
                == ConflictKind.inconsistent.rawValue,
                text(of: SystemTypes.Conflict.state, in: state) == ConflictState.open.rawValue,
                let id = text(of: SystemTypes.Conflict.record, in: state)
                    .flatMap({ RecordID($0) })
            {
                broken.insert(id)
            }
            return true
        }
        for id in broken.sorted() {
            guard var state = try record(id), let entry = index.entries[state.type] else {
                continue
            }
            let before = state.broken
            reviewRules(
                of: &state, entry,
                RuleReview(touched: [], offer: ownOffer(state.scope, state.latest)))
            if state.broken != before { put(state) }
        }
    }

    /// As if the hub had offered something.
    private func ownOffer(_ scope: ScopeCode, _ position: Position) -> Offer {
        Offer(
            .init(
                identity: ChangesetIdentity(incarnation: hub.incarnation, seq: 0), node: hub.node,
                author: HubIdentity.author, source: .hub,
                time: clock.tick(wallMilliseconds: now), isClamped: false,
                accepted: (scope, position)))
    }
}

extension Array {
    fileprivate func chunked(by size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
