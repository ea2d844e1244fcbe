import FieldgridModel

extension RecordService {
    func create(
        _ typeName: String, fields: [String], scope: String?, source: ValueSource
    ) throws -> ServiceReply {
        let type = try type(typeName)
        try checkWritable(type)
        let values = try entry(fields, of: type, over: nil)
        let home = try self.scope(scope, for: values, of: type)
        let twin = try twin(of: values, type: type)
        let edit = RecordEdit(
            type: type.number, id: mint(), kind: .create(home), values: values.filter { !$1.isNull }
        )
        try store.save(draft(edit, source: source))
        var document: [JSONValue.Member] = [
            .init("id", .text(edit.id.description)), .init("scope", .text(home.text)),
        ]
        guard let twin else { return ServiceReply(.object(document)) }
        document.append(.init("same_key_as", .text(twin.description)))
        return ServiceReply(
            .object(document),
            notes: [
                "the \(type.name) \(twin) has the same natural key; if they are one in the world, "
                    + "delete this new one, or merge the two when the hub asks about them"
            ])
    }

    func set(
        _ typeName: String, id: String, fields: [String], source: ValueSource
    ) throws -> ServiceReply {
        let type = try type(typeName)
        try checkWritable(type)
        let record = try livingRecord(id, of: type)
        guard !fields.isEmpty else {
            throw ServiceError(
                "assignment.missing", "Nothing to set was given.",
                hint: "Give at least one field=value.", exitStatus: .wrongUsage)
        }
        let given = try entry(fields, of: type, over: record)
        let changed = given.filter { ($1.isNull ? nil : $1) != record.values[$0] }
        if !changed.isEmpty {
            let edit = RecordEdit(
                type: type.number, id: record.id, kind: .update, values: changed)
            try store.save(draft(edit, source: source))
        }
        return ServiceReply(saved(record.id, changed: changed.keys, of: type))
    }

    /// What ``create(_:fields:scope:source:)`` or ``set(_:id:fields:source:)`` would say of the
    /// values, without saving them; a grid that is missing is not one of these.
    func check(_ typeName: String, id: String?, fields: [String]) throws -> ServiceReply {
        let type = try type(typeName)
        try checkWritable(type)
        _ = try entry(fields, of: type, over: id.map { try livingRecord($0, of: type) })
        return ServiceReply(.object(["saved": .bool(false)]))
    }

    /// The values that an entry gives, checked as they must be to be saved.
    ///
    /// - throws: ``ServiceError`` with every value that is wrong.
    private func entry(
        _ fields: [String], of type: RecordType, over record: StoredRecord?
    ) throws -> [UnitNumber: Value] {
        var values = try values(fields, of: type)
        if let record {
            values = try appended(values, to: record, of: type)
            try count(&values, over: record, of: type)
            try checkParent(in: values, of: type, scope: record.scope)
        }
        try check(values, of: type, over: record)
        return values
    }

    /// What is given for a field that keeps every entry is one more entry.
    private func appended(
        _ given: [UnitNumber: Value], to record: StoredRecord, of type: RecordType
    ) throws(ServiceError) -> [UnitNumber: Value] {
        var values = given
        for field in type.fields where field.policy == .append {
            guard let value = given[field.number], let before = record.values[field.number]?.text
            else { continue }
            guard let entry = value.text else {
                throw ServiceError(
                    "field.append-only",
                    "\(field.label.zh) (\(field.name)) keeps every entry, and cannot be cleared.",
                    hint: "Add an entry that says what is not true any more.")
            }
            values[field.number] = .text(before + UnitOperation.separator + entry)
        }
        return values
    }

    /// What is given for a counter is what the author saw, and what was counted since.
    private func count(
        _ given: inout [UnitNumber: Value], over record: StoredRecord, of type: RecordType
    ) throws {
        for (number, shown) in shownCounters {
            guard let value = given[number] else { continue }
            let present = record.values[number]?.integer ?? 0
            let (since, isOver) = present.subtractingReportingOverflow(shown.integer ?? 0)
            let (total, isOut) = (value.integer ?? 0).addingReportingOverflow(since)
            guard !isOver, !isOut else {
                throw ServiceError(
                    "value.range",
                    "The counter “\(type.unitName(number))” of the \(type.name) \(record.id) would "
                        + "leave what 64 bits hold; nothing was saved.",
                    hint: "Read the record again and give the number that it should show.")
            }
            given[number] = .integer(total)
        }
    }

    /// Marks a record confirmed on a day, by default today.
    ///
    /// The stamp is saved even where it says that day already: a second visit
    /// is a fact of its own. A clock that the hub found wrong says no day.
    func verify(_ typeName: String, id: String, date: String?) throws -> ServiceReply {
        let type = try type(typeName)
        try checkWritable(type)
        guard let stamp = type.fields.first(where: { $0.stamp == .verifiedOn }) else {
            throw ServiceError(
                "type.no-verification", "Records of type “\(type.name)” are not verified.",
                hint: "Only types with a stamped field are; see `fieldgrid record types`.")
        }
        let record = try livingRecord(id, of: type)
        let day = try visitDay(date).description
        let edit = RecordEdit(
            type: type.number, id: record.id, kind: .update, values: [stamp.number: .text(day)])
        try store.save(draft(edit, source: .onSite))
        return ServiceReply(
            .object(["id": .text(record.id.description), stamp.name: .text(day)]))
    }

    private func visitDay(_ text: String?) throws(ServiceError) -> LocalDate {
        guard let text else {
            guard today == hubToday else {
                throw ServiceError(
                    "clock.wrong",
                    "This device's clock says \(today); the hub's, as the last exchange found it, "
                        + "says \(hubToday).",
                    hint: "Set the clock and run `fieldgrid node sync`, or give the day of the "
                        + "visit with --date YYYY-MM-DD.")
            }
            return today
        }
        guard let day = LocalDate(text) else {
            throw ServiceError(
                "date.malformed", "“\(text)” is not a day.",
                hint: "Write it as \(hubToday).", exitStatus: .wrongUsage)
        }
        guard day <= max(today, hubToday) else {
            throw ServiceError(
                "date.future", "\(day) has not come yet: today is \(hubToday).",
                hint: "Give the day on which the record was confirmed.")
        }
        return day
    }

    func delete(_ typeName: String, id: String) throws -> ServiceReply {
        let type = try type(typeName)
        try checkWritable(type)
        let record = try ownRecord(id, of: type)
        let edit = RecordEdit(type: type.number, id: record.id, kind: .delete)
        try store.save(draft(edit, source: .onSite))
        return ServiceReply(
            .object(["id": .text(record.id.description), "deleted": .bool(true)]))
    }

    func move(_ typeName: String, id: String, scope: String) throws -> ServiceReply {
        let type = try type(typeName)
        try checkWritable(type)
        let record = try ownRecord(id, of: type)
        if let parent = type.parent {
            throw ServiceError(
                "record.moves-with-parent",
                "A \(type.name) lives where its \(parent.type) lives.",
                hint: "Move the \(parent.type); what belongs to it follows.")
        }
        let destination = try writableScope(scope)
        if destination != record.scope {
            let edit = RecordEdit(type: type.number, id: record.id, kind: .move(destination))
            try store.save(draft(edit, source: .onSite))
        }
        return ServiceReply(
            .object([
                "id": .text(record.id.description), "scope": .text(destination.text),
                "changed": .texts(destination == record.scope ? [] : ["scope"]),
            ]))
    }

    private func saved(
        _ id: RecordID, changed: some Sequence<UnitNumber>, of type: RecordType
    ) -> JSONValue {
        let numbers = Set(changed)
        let names = type.fields.filter { numbers.contains($0.number) }.map(\.name)
        return .object(["id": .text(id.description), "changed": .texts(names)])
    }

    /// A living record with one of the natural keys that these values fill.
    private func twin(of values: [UnitNumber: Value], type: RecordType) throws -> RecordID? {
        for key in type.completeKeys(in: values) {
            if let id = try store.find(type, key: key) { return id }
        }
        return nil
    }
}

/// Where records may live.
extension RecordService {
    /// The scope of a new record: its parent's, the one asked for, or the
    /// store's only one.
    private func scope(
        _ asked: String?, for values: [UnitNumber: Value], of type: RecordType
    ) throws -> ScopeCode {
        if let home = try parentScope(in: values, of: type) {
            guard asked == nil || asked == home.text else {
                throw ServiceError(
                    "scope.not-parents",
                    "The \(type.name) belongs to a record in grid \(home), not in \(asked ?? "").",
                    hint: "Leave --scope out: it lives where its parent lives.")
            }
            return try writableScope(home.text)
        }
        if let asked { return try writableScope(asked) }
        if let only = try store.defaultScope { return only }
        throw ServiceError(
            "scope.missing", "It is not clear in which grid the new \(type.name) lives.",
            hint: "Give --scope CODE; `fieldgrid record list grid` shows the codes.",
            exitStatus: .wrongUsage)
    }

    func writableScope(_ code: String) throws -> ScopeCode {
        let scope = ScopeCode(code)
        switch try store.checkScope(scope) {
        case .writable: return scope
        case .unknown:
            throw ServiceError(
                "scope.unknown", "There is no grid with the code “\(code)”.",
                hint: "`fieldgrid record list grid` shows the grids and their codes.")
        case .outside(let enrolled):
            let codes = enrolled.map(\.text).joined(separator: ", ")
            throw ServiceError(
                "scope.forbidden", "The grid \(code) lies outside what this device may write.",
                hint: "It is enrolled for \(codes) and the grids below.")
        }
    }

    /// The scope of the record that the values name as their parent.
    func parentScope(in values: [UnitNumber: Value], of type: RecordType) throws -> ScopeCode? {
        guard let link = type.parent, let field = type.field(named: link.field),
            let parentType = schema.type(named: link.type),
            let text = values[field.number]?.text, let id = RecordID(text)
        else { return nil }
        return try store.record(id, type: parentType)?.scope
    }

    /// A record cannot be given to a parent that lives elsewhere by `set`.
    private func checkParent(
        in values: [UnitNumber: Value], of type: RecordType, scope: ScopeCode
    ) throws {
        guard let home = try parentScope(in: values, of: type), home != scope else { return }
        throw ServiceError(
            "scope.not-parents",
            "The new parent lives in grid \(home), this \(type.name) in \(scope).",
            hint: "Record it anew under that parent, and delete this one.")
    }
}

extension RecordType {
    /// The natural keys all of whose fields have a value.
    func completeKeys(in values: [UnitNumber: Value]) -> [[UnitNumber: Value]] {
        naturalKeys.compactMap { names in
            var key: [UnitNumber: Value] = [:]
            for name in names {
                guard let field = field(named: name), let value = values[field.number],
                    !value.isNull
                else { return nil }
                key[field.number] = value
            }
            return key.isEmpty ? nil : key
        }
    }
}
