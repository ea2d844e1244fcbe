import FieldgridModel
import FieldgridNode
import FieldgridReplica
import FieldgridSchema
import FieldgridService

extension FieldNode {
    /// The living records of a type, in the order in which they came to this device.
    ///
    /// That order is the same each time, and it is this device's own: another one has heard of
    /// the same records in another order. Sort by a field, or by ``Record/id`` for the order in
    /// which each device made its own, where two are to be compared.
    ///
    /// - Parameter type: The type's name.
    /// - Parameter conditions: Values that the fields must have; ``FieldValue/empty`` asks for
    ///   records where the field is not filled.
    /// - Parameter skip: How many to pass over.
    /// - Parameter limit: How many at most; all when it is nil.
    /// - throws: ``FieldgridError``: `type.unknown`, `field.unknown`, `value.type`.
    public func records(
        of type: String, where conditions: [String: FieldValue] = [:], skip: Int = 0,
        limit: Int? = nil
    ) throws -> [Record] {
        try use { session in
            let base = session.replica.schema.type(named: type)
            let texts = try FieldValue.assignments(conditions, of: base)
            let list = try ask(
                .record(
                    ask: .list(
                        type: type, conditions: texts, skip: max(0, skip), limit: limit)),
                of: session)
            guard let base else { return [] }
            return list.elements.map { Record($0, of: base) { session.shown(in: $0) } }
        }
    }

    /// One record; where it was merged into another, that one.
    ///
    /// - throws: ``FieldgridError``: `record.unknown` when it is not on this device,
    ///   `record.deleted`, `type.unknown`.
    public func record(_ id: RecordID, of type: String) throws -> Record {
        try use { try record(id, of: type, in: $0) }
    }

    private func record(_ id: RecordID, of type: String, in session: NodeSession) throws -> Record {
        let document = try ask(.record(ask: .show(type: type, id: id.description)), of: session)
        guard let base = session.replica.schema.type(named: type) else {
            throw FieldgridError.closed
        }
        return Record(document, of: base) { session.shown(in: $0) }
    }

    /// Saves a new record.
    ///
    /// - Parameter type: The type's name.
    /// - Parameter values: By the names of fields; those left out are empty.
    /// - Parameter source: How the values were learnt.
    /// - Parameter scope: The code of the grid it lives in. It may be left out where the
    ///   device has one grid, and where the record belongs to a parent, whose grid it shares.
    /// - throws: ``FieldgridError`` with everything that is wrong with the values in
    ///   ``FieldgridError/problems``; `field.unknown`, `scope.missing`, `scope.forbidden`,
    ///   `type.hub-only`, or `replica.storage-full`. Nothing is saved then.
    @discardableResult
    public func create(
        _ type: String, _ values: [String: FieldValue], in scope: String? = nil,
        source: ValueSource = .onSite
    ) throws -> CreatedRecord {
        try save { session in
            let base = session.replica.schema.type(named: type)
            let fields = try FieldValue.assignments(values, of: base)
            let source = try source.base()
            let made = try ask(
                .record(
                    ask: .create(type: type, fields: fields, scope: scope, source: source)),
                of: session)
            let id = made["id"].text.flatMap(RecordID.init) ?? .none
            return CreatedRecord(
                record: try record(id, of: type, in: session),
                twin: made["same_key_as"].text.flatMap(RecordID.init))
        }
    }

    /// Saves new values of a record, as one action.
    ///
    /// Give only what the person changed: what equals the value that is here is not saved.
    /// And give the record that the person looked at; what the hub has sent since
    /// then was not seen, and two values that had not seen each other become a conflict
    /// instead of one overwriting the other. A counter grows by the difference to what the
    /// record shows, whoever else counted meanwhile.
    ///
    /// A field with the policy `append` is added to with ``append(_:to:of:source:)``; here it is
    /// taken only where it has the value that the record showed, which changes nothing.
    ///
    /// - Returns: The record as it is now.
    /// - throws: ``FieldgridError`` with everything that is wrong in
    ///   ``FieldgridError/problems``; `record.deleted`, `field.unknown`, `field.hub-only`,
    ///   `field.stamped`, `field.append-only`, or `replica.storage-full`. Nothing is saved then.
    @discardableResult
    public func edit(
        _ record: Record, _ values: [String: FieldValue], source: ValueSource = .onSite
    ) throws -> Record {
        try save { session in
            let base = session.replica.schema.type(named: record.type)
            let replaced = try record.replaced(by: values, of: base)
            guard !replaced.isEmpty || values.isEmpty else {
                return try self.record(record.id, of: record.type, in: session)
            }
            let fields = try FieldValue.assignments(replaced, of: base)
            let source = try source.base()
            return try act(on: record, in: session) {
                .set(type: record.type, id: $0, fields: fields, source: source)
            }
        }
    }

    /// Adds an entry to a field in which every entry is kept: one whose ``Field/policy`` is
    /// `append`.
    ///
    /// No entry replaces another one, whoever made it. The field's value shows all of them in
    /// the order of their times, each on a line of its own.
    ///
    /// - Parameter entry: One entry, and not the text that the field shows.
    /// - Parameter field: The field's name.
    /// - Parameter record: The record that it is about.
    /// - Parameter source: How it was learnt.
    /// - Returns: The record as it is now.
    /// - throws: ``FieldgridError``: `field.not-appended` where the field is no such one,
    ///   `value.required` for an entry of nothing, and as ``edit(_:_:source:)``. Nothing is saved
    ///   then.
    @discardableResult
    public func append(
        _ entry: String, to field: String, of record: Record, source: ValueSource = .onSite
    ) throws -> Record {
        try save { session in
            let base = session.replica.schema.type(named: record.type)?.field(named: field)
            if let base, base.policy != .append {
                throw FieldgridError(
                    "field.not-appended",
                    "\(base.label.zh) (\(field)) has one value, and no entries.",
                    hint: "Give it a new value with `edit`.")
            }
            guard entry.contains(where: { !$0.isWhitespace }) else {
                throw FieldgridError(
                    "value.required", "The entry is empty.", hint: "Write what is to be kept.")
            }
            let source = try source.base()
            return try act(on: record, in: session) {
                .set(type: record.type, id: $0, fields: ["\(field)=\(entry)"], source: source)
            }
        }
    }

    /// Marks a record confirmed on site, unchanged.
    ///
    /// - Parameter record: The record that was visited.
    /// - Parameter day: The day of the visit, as `2026-11-26`; today when it is nil.
    /// - Returns: The record as it is now.
    /// - throws: ``FieldgridError``: `type.no-verification` where the type has no field for it;
    ///   `clock.wrong` where no day is given and this device's day is not the hub's, as the
    ///   last exchange found it; `date.malformed`; `date.future`.
    @discardableResult
    public func confirm(_ record: Record, on day: String? = nil) throws -> Record {
        try save { session in
            try act(on: record, in: session) { .verify(type: record.type, id: $0, date: day) }
        }
    }

    /// Moves a record into another grid; what belongs to it follows at the hub.
    ///
    /// - Returns: The record as it is now.
    /// - throws: ``FieldgridError``: `scope.unknown`, `scope.forbidden`,
    ///   `record.moves-with-parent`, `record.merged` where it was merged into another one
    ///   since it was read.
    @discardableResult
    public func move(_ record: Record, to scope: String) throws -> Record {
        try save { session in
            try act(on: record, in: session) {
                .move(type: record.type, id: $0, scope: scope)
            }
        }
    }

    /// Deletes a record.
    ///
    /// If another person edits it meanwhile, the edit wins over the delete and a person is
    /// asked. Records that ended in the world are better closed with a status.
    ///
    /// - throws: ``FieldgridError``: `record.deleted`, `type.hub-only`, `record.merged` where
    ///   it was merged into another one since it was read: that one is not deleted.
    public func delete(_ record: Record) throws {
        try save { session in
            _ = try ask(
                .record(ask: .delete(type: record.type, id: record.id.description)), of: session,
                editing: record)
        }
    }

    private func act(
        on record: Record, in session: NodeSession, _ request: (String) -> RecordRequest
    ) throws -> Record {
        _ = try ask(
            .record(ask: request(record.id.description)), of: session, editing: record)
        return try self.record(record.id, of: record.type, in: session)
    }

    /// What this device has saved of a record and still keeps, oldest first, with why each
    /// value stands or does not.
    ///
    /// The history of everybody is at the hub: `fieldgrid record history` there.
    ///
    /// - throws: ``FieldgridError``: `record.unknown`.
    public func history(of record: Record) throws -> [HistoryLine] {
        try use { session in
            let lines = try ask(
                .record(ask: .history(type: record.type, id: record.id.description)),
                of: session)
            let type = session.replica.schema.type(named: record.type)
            return lines.elements.map { HistoryLine($0, of: type) }
        }
    }
}

extension Record {
    /// What of these values takes the place of one that it shows.
    ///
    /// - throws: ``FieldgridError`` for a field that keeps every entry, unless it is as shown.
    func replaced(
        by values: [String: FieldValue], of type: FieldgridModel.RecordType?
    ) throws -> [String: FieldValue] {
        try values.filter { name, value in
            guard let field = type?.field(named: name), field.policy == .append else { return true }
            guard value == self[name] else {
                throw FieldgridError(
                    "field.append-only",
                    "\(field.label.zh) (\(name)) keeps every entry: none is replaced or cleared.",
                    hint: "Add an entry with `append`.")
            }
            return false
        }
    }
}

extension NodeSession {
    /// Where the records of a grid are read now.
    func shown(in scope: ScopeCode) -> ShownAt {
        ShownAt(epoch: replica.epoch, position: replica.positions[scope] ?? .zero)
    }

    /// What the author of an edit had seen: what the record shows, unless positions mean
    /// something else by now, or the edit goes into the record that this one was merged into,
    /// which the author has not seen; then nothing, which errs towards a conflict.
    func context(of record: Record) throws -> Position? {
        guard let type = replica.schema.type(named: record.type),
            let current = try replica.record(record.id.base, type: type)
        else { return nil }
        let isSame =
            current.isAlive && current.scope.text == record.scope
            && record.shown.epoch == replica.epoch
        return isSame ? record.shown.position : .zero
    }

    /// What the author of an edit saw of each counter.
    func counters(of record: Record) -> [UnitNumber: Value] {
        let fields = replica.schema.type(named: record.type)?.fields ?? []
        return fields.filter { $0.policy == .counter }.reduce(into: [:]) { counters, field in
            counters[field.number] = record[field.name].count
        }
    }
}
