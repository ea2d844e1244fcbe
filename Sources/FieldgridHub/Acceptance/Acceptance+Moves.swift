import FieldgridModel
import FieldgridSync

/// Where records live: children with their parent, conflicts and tasks with
/// their record.
extension Acceptance {
    /// The scope whose log takes a record's changes: where it lives, or is to live.
    ///
    /// A child lives where its parent lives; while that is missing it is
    /// parked where its author put it.
    func home(of changes: ArraySlice<Change>) throws -> ScopeCode {
        guard let first = changes.first else { preconditionFailure("changes of no record") }
        if let present = try record(first.record) { return present.scope }
        if let unit = index.entries[first.type]?.parentUnit,
            let text = changes.first(where: { $0.unit == unit })?.value.single.text,
            let parent = try RecordID(text).flatMap({ try survivor(of: $0) }),
            let state = try record(parent)
        {
            return state.scope
        }
        let named = changes.first { $0.unit == .scope }?.value.single.text
        return ScopeCode(named ?? "")
    }

    /// Where the record that a child names as its parent lives; nil when that
    /// is not here.
    func parentScope(
        of state: RecordState, _ entry: SchemaIndex.Entry
    ) throws -> ScopeCode? {
        guard let parent = parent(of: state, entry),
            let survivor = try survivor(of: parent)
        else { return nil }
        return try record(survivor)?.scope
    }

    func parent(of state: RecordState, _ entry: SchemaIndex.Entry) -> RecordID? {
        guard let unit = entry.parentUnit, let policy = entry.unit(unit)?.policy else {
            return nil
        }
        return state.units[unit]?.value(policy: policy)?.single.text.flatMap { RecordID($0) }
    }

    /// Remembers which records a record names, so that they are found from
    /// there.
    func noteLinks(
        of state: RecordState, _ entry: SchemaIndex.Entry, _ changes: ArraySlice<Change>
    ) {
        let isOurs = [SystemTypes.Task.name, SystemTypes.Conflict.name].contains(entry.type.name)
        for change in changes {
            guard let unit = entry.unit(change.unit) else { continue }
            for (field, value) in zip(unit.members, change.value.members) {
                let isSubject = isOurs && field.name == SystemTypes.Task.record
                guard field.kind.isReference || isSubject,
                    let id = value.text.flatMap({ RecordID($0) })
                else { continue }
                link(state.id, to: id)
            }
        }
    }

    /// Everything that names a record, as far as it is known here.
    func dependents(of id: RecordID) throws -> [RecordID] {
        let linked = try store.dependents(of: id) + (linkedChildren[id] ?? [])
        let sorted = Set(linked).sorted()
        try prefetch(sorted)
        return sorted
    }

    /// What lives where a record lives: its children, tasks and conflicts.
    private func household(of id: RecordID) throws -> [RecordID] {
        try dependents(of: id).filter { child in
            guard let state = try record(child), let entry = index.entries[state.type] else {
                return false
            }
            switch entry.type.name {
            case SystemTypes.Task.name: return true
            case SystemTypes.Conflict.name:
                // A duplicate's conflict lives above both of its records.
                return text(of: SystemTypes.Conflict.kind, in: state)
                    != ConflictKind.duplicate.rawValue
            default: return parent(of: state, entry) == id
            }
        }
    }

    /// Takes a record, and everything that belongs to it, to another scope.
    func move(_ id: RecordID, to destination: ScopeCode) throws {
        let below = try household(of: id)
        guard var state = records[id], state.scope != destination else { return }
        let left = advance(state.scope)
        departures.append(
            Departure(
                scope: state.scope, number: state.number, id: id, type: state.type,
                position: left, destination: destination))
        state.scope = destination
        state.number = nextNumber(in: destination)
        let position = advance(destination)
        state.entered = position
        // Not the greater of the two: positions of two scopes have nothing in common.
        state.latest = position
        touchAll(of: &state, at: position)
        put(state)
        // Where it shares a natural key with another, people of both scopes have to see it.
        if state.isAlive { unreviewed.insert(id) }
        for child in below { try move(child, to: destination) }
    }

    /// A child whose parent had moved before the hub heard of it leaves the
    /// scope that its author named: it is there on the author's device.
    func leaveNamedScope(of state: RecordState, named changes: ArraySlice<Change>) {
        guard let text = changes.first(where: { $0.unit == .scope })?.value.single.text,
            text != state.scope.text, grids.contains(ScopeCode(text))
        else { return }
        let scope = ScopeCode(text)
        departures.append(
            Departure(
                scope: scope, number: nextNumber(in: scope), id: state.id, type: state.type,
                position: advance(scope), destination: state.scope))
    }

    /// A record that came, or came back, takes in the children that were
    /// parked for want of it.
    func collectChildren(of id: RecordID) throws {
        guard let state = try record(id) else { return }
        for child in try household(of: id) where records[child]?.scope != state.scope {
            try move(child, to: state.scope)
        }
    }

    /// The text of an engine's own field.
    func text(of field: String, in state: RecordState) -> String? {
        guard let entry = index.entries[state.type], let field = entry.type.field(named: field),
            let unit = entry.unit(field.number)
        else { return nil }
        return state.units[field.number]?.value(policy: unit.policy)?.single.text
    }
}

extension FieldKind {
    /// Whether values name records.
    var isReference: Bool {
        if case .reference = self { true } else { false }
    }
}
