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
        /// What the last of them had seen.
        var context: [ScopeCode: Position] = [:]
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
            if let refusal = try schemaRefusal(changeset, author) { return refusal }
            for change in changeset.changes {
                if folds[change.record] == nil { order.append(change.record) }
                var fold = folds[change.record] ?? Fold(type: change.type)
                if fold.type != change.type { return typeMismatch }
                fold.values[change.unit] = change.value
                fold.context = changeset.context
                if change.unit == .presence, change.value == .alive { fold.creates = true }
                folds[change.record] = fold
            }
        }
        try prefetch(order)
        for id in order {
            guard let fold = folds[id] else { continue }
            if let refusal = try refusal(of: fold, id, from: author) { return refusal }
        }
        return try changesets.last.flatMap { try undoRefusal($0, author) }
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
        of fold: Fold, _ id: RecordID, from author: Author
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
        if let refusal = engineUnitRefusal(fold, id) { return refusal }
        if let refusal = try mergeRefusal(fold, present, author) { return refusal }
        if let refusal = try scopeRefusal(fold, present, entry, author) { return refusal }
        return try valueRefusal(fold, isNew: present == nil, entry)
    }

    /// The two units that every type has hold nothing but these.
    private func engineUnitRefusal(_ fold: Fold, _ id: RecordID) -> Refusal? {
        if let presence = fold.values[.presence], presence != .alive, presence != .deleted {
            guard let text = presence.single.text, let survivor = RecordID(text), survivor < id
            else {
                return Refusal(
                    .rule, zh: "记录的存在只能是 1、0 或并入的记录",
                    en:
                        "the presence of a record is 1, 0, or the record it is merged into, "
                        + "which has the smaller id")
            }
        }
        if let scope = fold.values[.scope], scope.members.count != 1 || scope.single.text == nil {
            return Refusal(
                .scopeUnknown, zh: "网格须写代码", en: "the scope of a record is a grid's code")
        }
        return nil
    }

    private func scopeRefusal(
        _ fold: Fold, _ present: RecordState?, _ entry: SchemaIndex.Entry,
        _ author: Author
    ) throws -> Refusal? {
        var scopes: [ScopeCode] = []
        if let present, try !mayFollow(present, fold, author) { scopes.append(present.scope) }
        if let text = fold.values[.scope]?.single.text { scopes.append(ScopeCode(text)) }
        if present == nil, let unit = entry.parentUnit,
            let parent = fold.values[unit]?.single.text.flatMap({ RecordID($0) }),
            let survivor = try survivor(of: parent), let state = try record(survivor),
            try !mayFollow(state, fold, author)
        {
            scopes.append(state.scope)
        }
        if scopes.isEmpty, present != nil { return nil }
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
        return nil
    }

    /// A record that moved out of an author's scopes, unknown to the author,
    /// is followed to where it went (sync.md 9.7).
    private func mayFollow(
        _ state: RecordState, _ fold: Fold, _ author: Author
    ) throws -> Bool {
        guard let right = author.scope, !grids.covers(right, state.scope) else {
            return author.scope == nil
        }
        let isUnheard = try
            (store.departures(of: state.id)
            + departures.filter { $0.id == state.id }).contains { departure in
                grids.covers(right, departure.scope)
                    && (fold.context[departure.scope] ?? .zero) < departure.position
            }
        if isUnheard { return true }
        // Below its horizon a scope does not say any more what left it, but history says what was
        // there; who has not seen that far is taken not to have heard.
        let left = heads.filter { scope, head in
            grids.covers(right, scope) && (fold.context[scope] ?? .zero) < head.horizon
        }
        guard !left.isEmpty else { return false }
        return try store.history(of: state.id).contains { left[$0.offer.scope] != nil }
    }

    /// A record is merged into one that is there, of the same type, by
    /// someone who may write both.
    private func mergeRefusal(
        _ fold: Fold, _ present: RecordState?, _ author: Author
    ) throws -> Refusal? {
        guard let text = fold.values[.presence]?.single.text, let id = RecordID(text) else {
            return nil
        }
        guard let survivor = try record(id), survivor.type == fold.type, survivor.isAlive,
            present != nil
        else {
            return Refusal(
                .reference, zh: "要并入的记录不在中心，或已不存在",
                en: "the record to merge into (\(text)) is not at the hub, or is gone")
        }
        if let right = author.scope, !grids.covers(right, survivor.scope) {
            return Refusal(
                .scopeForbidden, zh: "本设备无权填写网格 \(survivor.scope)（只限 \(right)）",
                en: "this device may write \(right) and below, not grid \(survivor.scope)")
        }
        return nil
    }

    /// A decision can be taken back while it stands.
    private func undoRefusal(_ changeset: Changeset, _ author: Author) throws -> Refusal? {
        let merging = Merging(
            changeset: changeset, author: author, time: changeset.time, isClamped: false)
        for change in changeset.changes {
            guard let settles = change.settles, settles.isUndo,
                let state = try record(change.record)
            else { continue }
            var unit = state.units[change.unit] ?? .empty
            let obstacle = unit.undo(
                settles.conflict, by: merging.offer(state.scope, state.latest),
                seen: try seen(change, merging, of: state))
            switch obstacle {
            case nil: continue
            case .undecided:
                return Refusal(
                    .superseded, zh: "这条争议本来就等待裁决，没有可撤销的决定",
                    en: "the conflict waits for a person; there is no decision to take back")
            case .superseded(let offer):
                let by = offer.map { ($0.author, Instants.text($0.time.milliseconds)) }
                return Refusal(
                    .superseded,
                    zh: "这一裁决已被\(by.map { "\($0.0)（\($0.1)）的" } ?? "")后来的修改取代，不能撤销",
                    en: "the decision was superseded by a later change"
                        + (by.map { " of \($0.0) at \($0.1)" } ?? "")
                        + "; edit the record instead")
            }
        }
        return nil
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
            guard let unit = entry.units[number], unit.fits(value) else {
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
            for (field, member) in zip(unit.members, unit.checked(value)) {
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

extension SchemaIndex.Unit {
    /// Whether a change's value has the members that the unit asks for.
    fileprivate func fits(_ value: UnitValue) -> Bool {
        guard case .declared(let policy) = self.policy, policy.isOperation else {
            return members.count == value.members.count
        }
        guard policy == .counter else { return value.members.count == 2 }
        return value.members.count == 1 && value.single.integer != nil
    }

    /// The part of a value that a field's own checks are for.
    ///
    /// What a counter comes to is looked at in the merged record.
    fileprivate func checked(_ value: UnitValue) -> [Value] {
        guard case .declared(let policy) = self.policy, policy.isOperation else {
            return value.members
        }
        return policy == .counter ? [] : value.members.prefix(1).filter { !$0.isNull }
    }
}
