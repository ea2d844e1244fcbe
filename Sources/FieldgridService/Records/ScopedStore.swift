package import FieldgridModel

/// The part of a store that one enrolment reaches: its grid and all below,
/// and the shared types of everywhere.
package final class ScopedStore: RecordStore {
    private let store: any RecordStore
    private let scope: ScopeCode
    private let covers: (ScopeCode) -> Bool

    /// `covers` tells whether a scope is the enrolled one or below it.
    package init(
        _ store: any RecordStore, scope: ScopeCode, covers: @escaping (ScopeCode) -> Bool
    ) {
        self.store = store
        self.scope = scope
        self.covers = covers
    }

    package var schema: Schema { get throws { try store.schema } }
    package var defaultScope: ScopeCode? { scope }

    package func record(_ id: RecordID, type: RecordType) throws -> StoredRecord? {
        guard let record = try store.record(id, type: type) else { return nil }
        return type.shared || covers(record.scope) ? record : nil
    }

    package func forEachRecord(
        of type: RecordType, where conditions: [FieldCondition],
        _ body: (StoredRecord) throws -> Bool
    ) throws {
        try store.forEachRecord(of: type, where: conditions) { record in
            type.shared || covers(record.scope) ? try body(record) : true
        }
    }

    package func find(_ type: RecordType, key: [UnitNumber: Value]) throws -> RecordID? {
        guard let id = try store.find(type, key: key) else { return nil }
        return try record(id, type: type) == nil ? nil : id
    }

    package func save(_ draft: ActionDraft) throws { try save([draft]) }

    package func save(_ drafts: [ActionDraft]) throws {
        for edit in drafts.flatMap(\.edits) {
            guard try isWithin(edit) else {
                throw ServiceError(
                    "scope.forbidden", "The record \(edit.id) lies outside the grid \(scope).",
                    hint: "Ask somebody whose device is enrolled for its grid.")
            }
        }
        try store.save(drafts)
    }

    private func isWithin(_ edit: RecordEdit) throws -> Bool {
        if case .create(let scope) = edit.kind { return covers(scope) }
        if case .move(let destination) = edit.kind, !covers(destination) { return false }
        guard let type = try store.schema.type(edit.type),
            let record = try store.record(edit.id, type: type)
        else { return false }
        if case .merge(let survivor) = edit.kind {
            guard let other = try store.record(survivor, type: type), covers(other.scope) else {
                return false
            }
        }
        return covers(record.scope)
    }

    package func checkScope(_ scope: ScopeCode) throws -> ScopeAnswer {
        let answer = try store.checkScope(scope)
        guard answer == .writable else { return answer }
        return covers(scope) ? .writable : .outside(enrolled: [self.scope])
    }

    package func history(_ id: RecordID) throws -> [HistoryEntry] { try store.history(id) }

    package func standing(
        of unit: UnitNumber, in record: RecordID, type: RecordType, told: ToldUnit
    ) throws -> UnitState {
        try store.standing(of: unit, in: record, type: type, told: told)
    }
}
