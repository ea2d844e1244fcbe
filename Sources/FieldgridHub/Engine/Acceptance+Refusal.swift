import FieldgridModel
import FieldgridSync

extension Acceptance {
    /// Why changesets cannot be accepted together.
    struct Refusal {
        var code: QuarantineCode
        /// A sentence a grid assistant understands, Chinese first.
        var message: String

        init(_ code: QuarantineCode, zh: String, en: String) {
            self.code = code
            message = "\(zh) / \(en)"
        }
    }

    /// What one record comes to when the changesets are folded: the last
    /// value of every unit.
    private struct Fold {
        var type: TypeNumber
        var values: [UnitNumber: UnitValue] = [:]
        var creates = false
    }

    /// Nil when the changesets can be accepted together.
    func refusal(of changesets: [Changeset], from author: Author) throws -> Refusal? {
        var folds: [RecordID: Fold] = [:]
        var order: [RecordID] = []
        if author.isRevoked {
            return Refusal(
                .revoked, zh: "本设备已停用，内容待中心审核",
                en: "this device is revoked; what it held waits for the hub's review")
        }
        for changeset in changesets {
            if changeset.changes.count > Changeset.Limit.changes {
                return Refusal(
                    .size, zh: "一次保存的内容太多",
                    en: "one save has more than \(Changeset.Limit.changes) changes")
            }
            if let refusal = authorRefusal(changeset, author) { return refusal }
            for change in changeset.changes {
                if folds[change.record] == nil { order.append(change.record) }
                var fold = folds[change.record] ?? Fold(type: change.type)
                if fold.type != change.type { return typeMismatch }
                fold.values[change.unit] = change.value
                if change.unit == .presence, change.value == .alive { fold.creates = true }
                folds[change.record] = fold
            }
        }
        try prefetch(order)
        for id in order {
            guard let fold = folds[id] else { continue }
            let created = Set(folds.filter { $0.value.creates }.keys)
            if let refusal = try refusal(of: fold, id, created: created, from: author) {
                return refusal
            }
        }
        return nil
    }

    /// A device speaks for its holder, and never for the hub.
    private func authorRefusal(_ changeset: Changeset, _ author: Author) -> Refusal? {
        guard let holder = author.holder else { return nil }
        let names = [holder, Changeset.outsideProgram]
        guard names.contains(changeset.author), changeset.source != .hub else {
            return Refusal(
                .author, zh: "提交人与本设备的持有人（\(holder)）不符",
                en: "the change is not by this device's holder, \(holder)")
        }
        return nil
    }

    private var typeMismatch: Refusal {
        Refusal(
            .typeMismatch, zh: "同一编号已用于另一类记录",
            en: "the record's id is already used by a record of another type")
    }

    private func refusal(
        of fold: Fold, _ id: RecordID, created: Set<RecordID>, from author: Author
    ) throws -> Refusal? {
        guard let entry = index.entries[fold.type] else {
            return Refusal(
                .schema, zh: "中心还不认识这类记录，请先升级中心",
                en: "the hub does not know record type \(fold.type.value); upgrade the hub")
        }
        if entry.type.hubOnly, author.scope != nil {
            return Refusal(
                .hubOnly, zh: "“\(entry.type.label.zh)”只能由中心填写",
                en: "only the hub writes records of type \(entry.type.name)")
        }
        let present = try record(id)
        if let present, present.type != fold.type { return typeMismatch }
        if present == nil, !fold.creates {
            return Refusal(
                .reference, zh: "中心没有这条记录", en: "the hub does not have record \(id)")
        }
        if let refusal = engineUnitRefusal(fold) { return refusal }
        if let refusal = try scopeRefusal(fold, present, entry, created: created, author) {
            return refusal
        }
        return try valueRefusal(fold, isNew: present == nil, entry)
    }

    /// The two units that every type has hold nothing but these.
    private func engineUnitRefusal(_ fold: Fold) -> Refusal? {
        if let presence = fold.values[.presence], presence != .alive, presence != .deleted {
            return Refusal(
                .rule, zh: "记录的存在只能是 1 或 0", en: "the presence of a record is 1 or 0")
        }
        if let scope = fold.values[.scope], scope.members.count != 1 || scope.single.text == nil {
            return Refusal(
                .scopeUnknown, zh: "网格须写代码", en: "the scope of a record is a grid's code")
        }
        return nil
    }

    private func scopeRefusal(
        _ fold: Fold, _ present: RecordState?, _ entry: SchemaIndex.Entry,
        created: Set<RecordID>, _ author: Author
    ) throws -> Refusal? {
        var scopes: [ScopeCode] = present.map { [$0.scope] } ?? []
        if let text = fold.values[.scope]?.single.text { scopes.append(ScopeCode(text)) }
        if scopes.isEmpty {
            return Refusal(.scopeUnknown, zh: "没有写明网格", en: "the new record has no grid")
        }
        for scope in scopes {
            guard grids.contains(scope) || entry.type.name == SystemTypes.Grid.name else {
                return Refusal(
                    .scopeUnknown, zh: "网格 \(scope) 不存在，请改选网格",
                    en: "there is no grid \(scope); choose another")
            }
            if let right = author.scope, !grids.covers(right, scope) {
                return Refusal(
                    .scopeForbidden, zh: "本设备无权填写网格 \(scope)（只限 \(right)）",
                    en: "this device may write \(right) and below, not grid \(scope)")
            }
        }
        guard let unit = entry.parentUnit, let parent = fold.values[unit]?.single.text else {
            return nil
        }
        let id = RecordID(parent)
        let isKnown = try id.map { try created.contains($0) || record($0) != nil } ?? false
        return isKnown
            ? nil
            : Refusal(
                .reference, zh: "所属的记录还没有到达中心",
                en: "the record it belongs to (\(parent)) is not at the hub yet")
    }

    private func valueRefusal(
        _ fold: Fold, isNew: Bool, _ entry: SchemaIndex.Entry
    ) throws -> Refusal? {
        let type = entry.type
        if isNew, fold.values[.presence] != .deleted {
            for unit in entry.requiredUnits where fold.values[unit.number] == nil {
                return Refusal(
                    .rule, zh: "缺少必填项“\(type.label.zh)”的 \(unit.name)",
                    en: "the required unit \(unit.name) of \(type.name) is missing")
            }
        }
        let today = LocalDate(
            milliseconds: now, offsetMinutes: LocalDate.shanghaiOffsetMinutes)
        let named = { (name: String) -> Value in
            guard let field = type.field(named: name) else { return .null }
            let number = type.unit(of: field)
            guard let place = entry.units[number]?.members.firstIndex(where: { $0.name == name }),
                let members = fold.values[number]?.members, members.count > place
            else { return .null }
            return members[place]
        }
        for (number, value) in fold.values.sorted(by: { $0.key < $1.key }) {
            if number == .presence || number == .scope { continue }
            guard let unit = entry.units[number], unit.members.count == value.members.count else {
                return Refusal(
                    .schema, zh: "中心还不认识第 \(number.value) 项，请先升级中心",
                    en: "the hub does not know unit \(number.value) of \(type.name)")
            }
            if let wrong = value.members.first(where: { !Canonical.isCanonical($0) }) {
                return Refusal(
                    .rule, zh: "“\(unit.name)”的文字不规范（须为 NFC，非空，无控制字符）",
                    en: "unit \(unit.name) is not canonical: text must be NFC, not empty, without "
                        + "U+0000 (\(wrong.text?.utf8.count ?? 0) bytes)")
            }
            for (field, member) in zip(unit.members, value.members) {
                let wrong = type.violations(
                    ofField: field, value: member, others: named, schema: index.schema,
                    today: today)
                if let wrong = wrong.first { return Refusal(.rule, wrong) }
            }
        }
        // A rule that also reads other units is no reason to refuse: what the
        // merged record comes to is looked at after the merge.
        for rule in entry.rules where isNew || rule.units.allSatisfy({ fold.values[$0] != nil }) {
            if rule.rule.condition.truth(in: named, today: today) == false {
                return Refusal(.rule, type.violation(of: rule.rule))
            }
        }
        return nil
    }
}

extension Acceptance.Refusal {
    fileprivate init(_ code: QuarantineCode, _ violation: Violation) {
        self.init(code, zh: violation.message.zh, en: violation.message.en)
    }
}
