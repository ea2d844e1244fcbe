import FieldgridModel

extension RecordService {
    func show(_ typeName: String, id: String) throws -> ServiceReply {
        let type = try type(typeName)
        let record = try livingRecord(id, of: type)
        let waiting = try waitingConflicts(of: record.id)[record.id] ?? []
        var document = self.document(of: record, type: type, conflicts: waiting)
        if let parent = try missingParent(of: record, type: type) {
            document = document.adding("parked", .text(parent.description))
        }
        if record.id.description != id.lowercased() {
            document = document.adding("merged_from", .text(id.lowercased()))
        }
        return ServiceReply(document, needsPerson: needsPerson(record, conflicts: waiting))
    }

    func list(
        _ typeName: String, conditions: [String], page: Page
    ) throws -> ServiceReply {
        var documents: [JSONValue] = []
        let needsPerson = try forEachDocument(typeName, conditions: conditions, page: page) {
            documents.append($0)
        }
        return ServiceReply(.array(documents), needsPerson: needsPerson)
    }

    /// Hands over the records of a type one by one, so that a list of any
    /// length needs little memory; tells whether one waits for a person.
    package func forEachDocument(
        _ typeName: String, conditions: [String], _ body: (JSONValue) throws -> Void
    ) throws -> Bool {
        try forEachDocument(
            typeName, conditions: conditions, page: Page(skip: 0, limit: nil), body)
    }

    private func forEachDocument(
        _ typeName: String, conditions: [String], page: Page,
        _ body: (JSONValue) throws -> Void
    ) throws -> Bool {
        let type = try type(typeName)
        let conditions = try self.conditions(conditions, of: type)
        let waiting = try waitingConflicts(of: nil)
        var place = 0
        var needsPerson = false
        try store.forEachRecord(of: type, where: conditions) { record in
            defer { place += 1 }
            guard place >= page.skip else { return true }
            if let limit = page.limit, place - page.skip >= limit { return false }
            let conflicts = waiting[record.id] ?? []
            try body(document(of: record, type: type, conflicts: conflicts))
            needsPerson = needsPerson || self.needsPerson(record, conflicts: conflicts)
            return true
        }
        return needsPerson
    }

    /// The record that this one belongs to, when it is not here: late, out of
    /// scope, or deleted.
    private func missingParent(of record: StoredRecord, type: RecordType) throws -> RecordID? {
        guard let link = type.parent, let field = type.field(named: link.field),
            let parentType = schema.type(named: link.type),
            let id = record.values[field.number]?.text.flatMap({ RecordID($0) })
        else { return nil }
        let parent = try store.record(id, type: parentType)
        return parent?.isAlive == true ? nil : id
    }

    private func needsPerson(_ record: StoredRecord, conflicts: [RecordID]) -> Bool {
        !conflicts.isEmpty || record.unsynced.contains { $0.quarantine != nil }
    }

    /// `{"id", "scope", "type", "fields", "unsynced", "conflicts"}`, and
    /// `quarantine` where the hub refused something.
    func document(
        of record: StoredRecord, type: RecordType, conflicts: [RecordID]
    ) -> JSONValue {
        let refused = record.unsynced.filter { $0.quarantine != nil }
        var members: [JSONValue.Member] = [
            .init("id", .text(record.id.description)),
            .init("scope", .text(record.scope.text)),
            .init("type", .text(type.name)),
            .init("fields", fields(of: record, type: type)),
            .init("unsynced", .texts(record.unsynced.map { unitName($0.unit, of: type) })),
            .init("conflicts", .texts(conflicts.map(\.description))),
        ]
        if !refused.isEmpty {
            let reasons = refused.map { unit in
                JSONValue.object([
                    "unit": .text(unitName(unit.unit, of: type)),
                    "code": .optional(unit.quarantine?.rawValue),
                    "message": .optional(unit.message),
                ])
            }
            members.append(.init("quarantine", .array(reasons)))
        }
        return .object(members)
    }

    /// Every declared field in its order, null where it is empty; a group's
    /// members inside an object where its first member is declared.
    private func fields(of record: StoredRecord, type: RecordType) -> JSONValue {
        var members: [JSONValue.Member] = []
        var groups: Set<UnitNumber> = []
        for field in type.fields {
            guard let group = type.group(containing: field.name) else {
                members.append(.init(field.name, value(of: field, in: record)))
                continue
            }
            guard groups.insert(group.number).inserted else { continue }
            let inside = group.members.compactMap { type.field(named: $0) }.map {
                JSONValue.Member($0.name, value(of: $0, in: record))
            }
            members.append(.init(group.name, .object(inside)))
        }
        return .object(members)
    }

    private func value(of field: Field, in record: StoredRecord) -> JSONValue {
        ValueDocument.document(record.values[field.number] ?? .null, of: field)
    }

    func unitName(_ number: UnitNumber, of type: RecordType) -> String {
        Unit(number, of: type)?.name ?? "unit \(number.value)"
    }

    /// The conflicts that wait for a person, by the record they are about:
    /// those of one record, or of all when `id` is nil.
    func waitingConflicts(of id: RecordID?) throws -> [RecordID: [RecordID]] {
        guard let type = schema.type(named: SystemTypes.Conflict.name),
            let recordField = type.field(named: SystemTypes.Conflict.record)?.number,
            let stateField = type.field(named: SystemTypes.Conflict.state)?.number
        else { return [:] }
        let conditions = id.map {
            [FieldCondition(field: recordField, value: .text($0.description))]
        }
        var waiting: [RecordID: [RecordID]] = [:]
        try store.forEachRecord(of: type, where: conditions ?? []) { conflict in
            let state = conflict.values[stateField]?.text.flatMap(ConflictState.init)
            if state?.waitsForPerson == true, !settledHere.contains(conflict.id),
                let text = conflict.values[recordField]?.text,
                let subject = RecordID(text)
            {
                waiting[subject, default: []].append(conflict.id)
            }
            return true
        }
        try addDuplicates(to: &waiting, of: id, type)
        return waiting
    }

    /// A duplicate's conflict concerns both of its records.
    private func addDuplicates(
        to waiting: inout [RecordID: [RecordID]], of id: RecordID?, _ type: RecordType
    ) throws {
        guard let kind = type.field(named: SystemTypes.Conflict.kind)?.number else { return }
        let duplicates = FieldCondition(
            field: kind, value: .text(ConflictKind.duplicate.rawValue))
        try store.forEachRecord(of: type, where: [duplicates]) { stored in
            guard let conflict = ConflictRecord(stored, of: type, in: schema),
                conflict.waitsForPerson, !settledHere.contains(conflict.id)
            else { return true }
            for record in conflict.sides.compactMap(\.record)
            where record != conflict.record && (id == nil || record == id) {
                waiting[record, default: []].append(conflict.id)
            }
            return true
        }
    }
}
