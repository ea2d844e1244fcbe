package import FieldgridModel
import FieldgridSchema
import FieldgridSync
import Foundation

/// A hub's own edits are changesets like any other: sealed under the hub's
/// incarnation and given to the same merge. The hub has no replica.
extension Hub: RecordStore {
    package var schema: Schema { index.schema }

    package func record(_ id: RecordID, type: RecordType) throws -> StoredRecord? {
        guard let state = try store.read({ try $0.records([id])[id] }),
            state.type == type.number
        else { return nil }
        return stored(state, type)
    }

    private func stored(_ state: RecordState, _ type: RecordType) -> StoredRecord {
        var record = StoredRecord(
            type: state.type, id: state.id, scope: state.scope, isAlive: state.isAlive,
            values: state.values(type: type))
        record.alias = state.alias
        return record
    }

    package func forEachRecord(
        of type: RecordType, where conditions: [FieldCondition],
        _ body: (StoredRecord) throws -> Bool
    ) throws {
        try store.read { view in
            try view.forEachRecord(of: type.number) { state in
                guard state.isAlive else { return true }
                let record = stored(state, type)
                let fits = conditions.allSatisfy {
                    (record.values[$0.field] ?? .null) == $0.value
                }
                return fits ? try body(record) : true
            }
        }
    }

    package func find(_ type: RecordType, key: [UnitNumber: Value]) throws -> RecordID? {
        for (place, names) in type.naturalKeys.enumerated() {
            let fields = names.compactMap { type.field(named: $0)?.number }
            guard Set(fields) == Set(key.keys), fields.allSatisfy({ key[$0]?.isNull == false })
            else { continue }
            let spelled = NaturalKey(place: place, values: fields.compactMap { key[$0] })
            return try store.read { view in try view.find(type.number, key: spelled).min() }
        }
        return nil
    }

    package var defaultScope: ScopeCode? { grids.roots.count == 1 ? grids.roots.first : nil }

    package func checkScope(_ scope: ScopeCode) throws -> ScopeAnswer {
        grids.contains(scope) ? .writable : .unknown
    }

    package func save(_ draft: ActionDraft) throws { try save([draft]) }

    package func save(_ drafts: [ActionDraft]) throws {
        try accepting { acceptance in
            try acceptance.prefetch(drafts.lazy.flatMap(\.edits).map(\.id))
            for draft in drafts {
                let changes = try draft.edits.flatMap { try self.changes(of: $0, acceptance) }
                if changes.isEmpty { continue }
                try acceptance.acceptOwn(changes, draft: draft)
            }
            try acceptance.deriveAftermath()
        }
    }

    /// An edit as the changes of whole units: a group carries every member.
    private func changes(of edit: RecordEdit, _ acceptance: Acceptance) throws -> [Change] {
        guard let entry = index.entries[edit.type] else { return [] }
        let state = try acceptance.record(edit.id)
        var changes: [Change] = []
        func append(_ unit: UnitNumber, _ value: UnitValue) {
            changes.append(
                Change(
                    type: edit.type, record: edit.id, unit: unit, value: value,
                    settles: edit.settlements[unit]))
        }
        switch edit.kind {
        case .create(let scope):
            append(.presence, .alive)
            append(.scope, UnitValue(.text(scope.text)))
        case .delete: append(.presence, .deleted)
        case .merge(let survivor): append(.presence, .merged(into: survivor))
        case .move(let scope): append(.scope, UnitValue(.text(scope.text)))
        case .update: if edit.settlements[.presence] != nil { append(.presence, .alive) }
        }
        if let settlement = edit.settlements[.scope], settlement.isUndo, let state {
            append(.scope, UnitValue(.text(state.scope.text)))
        }
        for unit in entry.units where !unit.members.isEmpty {
            let number = unit.number
            let present = state?.units[number]?.value(policy: unit.policy)
            let isTouched = unit.members.contains { edit.values[$0.number] != nil }
            guard isTouched || edit.settlements[number] != nil else { continue }
            let members = unit.members.enumerated().map { place, field in
                edit.values[field.number].map(Canonical.canonical)
                    ?? present?.members[place] ?? .null
            }
            let value = UnitValue(members)
            if state == nil, value.isNull { continue }
            if case .declared(let policy) = unit.policy, policy.isOperation {
                let before = present ?? UnitValue(.null)
                guard let operation = UnitOperation.between(before, value, policy: policy)
                else { continue }
                append(number, operation)
            } else {
                append(number, value)
            }
        }
        return changes
    }

    package func standing(
        of unit: UnitNumber, in record: RecordID, type: RecordType, told: ToldUnit
    ) throws -> UnitState {
        try store.read { try $0.records([record])[record]?.units[unit] } ?? .empty
    }

    package func history(_ id: RecordID) throws -> [HistoryEntry] {
        try store.read { view in
            try view.history(of: id).flatMap { row in
                row.units.map { unit in
                    HistoryEntry(
                        unit: unit.unit, value: unit.value, identity: row.offer.identity,
                        author: row.offer.author, node: row.offer.node,
                        source: row.offer.source, savedAt: row.offer.time.milliseconds,
                        isClamped: row.offer.isClamped, accepted: row.offer.position,
                        acceptedAt: row.acceptedAt, outcome: unit.outcome, note: unit.note)
                }
            }
        }
    }
}

extension Acceptance {
    /// Accepts an action saved at the hub itself; what a node would find in
    /// quarantine is refused here at once.
    func acceptOwn(_ changes: [Change], draft: ActionDraft) throws {
        let probe = Changeset(
            // As it will be sealed: having seen everything.
            identity: ChangesetIdentity(incarnation: hub.incarnation, seq: .max),
            author: draft.author, time: .zero, source: draft.source, schema: hub.schema,
            epoch: hub.epoch, context: heads.all.mapValues(\.position), changes: changes)
        if let refusal = try refusal(of: [probe], from: Author(node: hub.node, scope: nil)) {
            throw HubError(
                code: refusal.code.rawValue, message: refusal.message,
                hint: refusal.hint
                    ?? "correct the values and save again; nothing was changed")
        }
        try sealOwn(changes, author: draft.author, source: draft.source, at: draft.savedAt)
    }
}

extension Hub {
    /// Writes the seed's records under the hub's incarnation.
    ///
    /// The whole grid tree lives in the topmost scope, so that every node has all of
    /// it.
    func plant(_ seed: HubSeed) throws {
        let now = clock.milliseconds
        let top = seed.records.first { $0.type == SystemTypes.Grid.name }?.scope
        try accepting { acceptance in
            for record in seed.records {
                let id = RecordID(.version7(milliseconds: now, using: &random))
                let isGrid = record.type == SystemTypes.Grid.name
                try acceptance.writeOwn(
                    record.type, id, scope: isGrid ? top ?? record.scope : record.scope,
                    values: record.values)
            }
        }
    }
}
