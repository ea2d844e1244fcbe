import FieldgridModel
import FieldgridSync

extension Acceptance {
    /// Why changesets cannot be accepted together.
    struct Refusal {
        var code: QuarantineCode
        /// A sentence a grid assistant understands, Chinese first.
        var message: String
        /// What to do next, where correcting the values is not it.
        var hint: String?

        init(_ code: QuarantineCode, zh: String, en: String) {
            self.code = code
            message = "\(zh) / \(en)"
        }
    }

    /// What one record comes to when the changesets are folded: the last
    /// value of every unit.
    struct Fold {
        var type: TypeNumber
        var values: [UnitNumber: UnitValue] = [:]
        /// The schema that created the record, where these do.
        var creator: SchemaIndex?
        /// What the last of them had seen, and when it was saved: UTC
        /// milliseconds by its author's clock.
        var context: [ScopeCode: Position] = [:]
        var savedAt: Int64 = 0
        /// The schema that the last of them names, and those that gave a
        /// value which stands, where they are others.
        var schema: SchemaIndex
        var tag: SchemaTag
        var earlier: [UnitNumber: SchemaIndex] = [:]

        var creates: Bool { creator != nil }
        /// It was made and deleted before the hub had it.
        var isWithdrawn: Bool { creates && values[.presence] == .deleted }

        /// The schema by which a value is checked.
        func schema(of unit: UnitNumber) -> SchemaIndex { earlier[unit] ?? schema }

        /// The schema by which rules over several units are checked: a newer
        /// one must not judge what an older one made.
        var judge: SchemaIndex { creator ?? schema }

        mutating func take(
            _ change: Change, of changeset: Changeset, under schema: SchemaIndex
        ) {
            if changeset.schema != tag {
                for unit in values.keys where earlier[unit] == nil {
                    earlier[unit] = self.schema
                }
                (self.schema, tag) = (schema, changeset.schema)
            }
            values[change.unit] = change.value
            earlier[change.unit] = nil
            context = changeset.context
            savedAt = changeset.time.milliseconds
            if change.unit == .presence, change.value == .alive { creator = schema }
        }
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
            guard let schema = try schema(of: changeset, author) else { return schemaUnknown }
            for change in changeset.changes {
                if folds[change.record] == nil { order.append(change.record) }
                var fold =
                    folds[change.record]
                    ?? Fold(type: change.type, schema: schema, tag: changeset.schema)
                if fold.type != change.type { return typeMismatch }
                fold.take(change, of: changeset, under: schema)
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
        if present == nil, fold.isWithdrawn {
            // Nobody will ever read its values, so that nobody has to put them right.
            return try scopeRefusal(fold, present, entry, author) ?? shapeRefusal(fold)
        }
        if let refusal = try mergeRefusal(fold, present, author) { return refusal }
        if let refusal = try gridRefusal(fold, present, entry) { return refusal }
        if let refusal = try scopeRefusal(fold, present, entry, author) { return refusal }
        return valueRefusal(fold, isNew: present == nil)
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
            if let right = author.scope, !grids.covers(right, scope),
                try !lay(scope, below: right, for: fold)
            {
                return forbidden(scope, to: right)
            }
        }
        return nil
    }

    private func forbidden(_ scope: ScopeCode, to right: ScopeCode) -> Refusal {
        Refusal(
            .scopeForbidden, zh: "本设备无权填写网格 \(scope)（只限 \(right)）",
            en: "this device may write \(right) and below, not grid \(scope)")
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
        let left = heads.all.filter { scope, head in
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
        if let right = author.scope, !grids.covers(right, survivor.scope),
            try !lay(survivor.scope, below: right, for: fold)
        {
            return forbidden(survivor.scope, to: right)
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
            let unit = state.units[change.unit] ?? .empty
            let seen = try seen(change, merging, of: state)
            if let obstacle = unit.obstacle(toUndoing: settles.conflict, seen: seen) {
                return Refusal(.superseded, zh: obstacle.reason.zh, en: obstacle.reason.en)
            }
        }
        return nil
    }
}
