import FieldgridModel
import FieldgridSync

/// What the values of changesets are checked by: the schema that each names,
/// and no newer one (sync.md 9.21).
extension Acceptance {
    /// The schema that a changeset is checked by; nil where it names one that
    /// was never published here, for which it waits.
    func schema(of changeset: Changeset, _ author: Author) throws -> SchemaIndex? {
        let tag = changeset.schema
        // The hub's own, and those of a client that names none, are judged by the present one.
        guard author.holder != nil, tag != hub.schema, tag.value != 0 else { return index }
        return try schemas.index(tag, in: store)
    }

    var schemaUnknown: Refusal {
        Refusal(
            .schema, zh: "本设备的表结构中心不认识，请先升级中心",
            en: "the hub never published the schema this was made under; upgrade the hub")
    }

    func valueRefusal(_ fold: Fold, isNew: Bool) -> Refusal? {
        let judge = isNew ? fold.judge : fold.schema
        guard let entry = judge.entries[fold.type] else { return unitUnknown(nil, fold) }
        if isNew, fold.values[.presence] != .deleted {
            for unit in entry.requiredUnits where fold.values[unit.number] == nil {
                return Refusal(
                    .rule, zh: "缺少必填项“\(entry.type.label.zh)”的 \(unit.name)",
                    en: "the required unit \(unit.name) of \(entry.type.name) is missing")
            }
        }
        for (number, value) in fold.values.sorted(by: { $0.key < $1.key }) {
            if number == .presence || number == .scope { continue }
            if let refusal = refusal(of: value, number, fold) { return refusal }
        }
        // A rule that also reads other units is no reason to refuse: what the
        // merged record comes to is looked at after the merge.
        let named = { (name: String) in fold.value(of: name, entry) }
        for rule in entry.rules where isNew || rule.units.allSatisfy({ fold.values[$0] != nil }) {
            if rule.rule.condition.truth(in: named, today: today) == false {
                return Refusal(.rule, entry.type.violation(of: rule.rule))
            }
        }
        return nil
    }

    /// Why values cannot even be kept, whatever they say.
    func shapeRefusal(_ fold: Fold) -> Refusal? {
        for (number, value) in fold.values.sorted(by: { $0.key < $1.key }) {
            if number == .presence || number == .scope { continue }
            guard let unit = fold.schema(of: number).entries[fold.type]?.unit(number),
                unit.fits(value)
            else { return unitUnknown(number, fold) }
        }
        return nil
    }

    private func refusal(
        of value: UnitValue, _ number: UnitNumber, _ fold: Fold
    ) -> Refusal? {
        let schema = fold.schema(of: number)
        guard let entry = schema.entries[fold.type], let unit = entry.unit(number),
            unit.fits(value)
        else { return unitUnknown(number, fold) }
        if let wrong = value.members.first(where: { !Canonical.isCanonical($0) }) {
            return Refusal(
                .rule, zh: "“\(unit.name)”的文字不规范（须为 NFC，非空，无控制字符）",
                en: "unit \(unit.name) is not canonical: text must be NFC, not empty, without "
                    + "U+0000 (\(wrong.text?.utf8.count ?? 0) bytes)")
        }
        let named = { (name: String) in fold.value(of: name, entry) }
        for (field, member) in zip(unit.members, unit.checked(value)) {
            let wrong = entry.type.violations(
                ofField: field, value: member, others: named, schema: schema.schema,
                today: today)
            if let wrong = wrong.first { return Refusal(.rule, wrong) }
        }
        return nil
    }

    private func unitUnknown(_ unit: UnitNumber?, _ fold: Fold) -> Refusal {
        let name = index.entries[fold.type]?.type.name ?? "\(fold.type.value)"
        guard let unit else {
            return Refusal(
                .schema, zh: "本设备的表结构没有这类记录（\(name)）",
                en: "the schema that this was made under has no record type \(name)")
        }
        return Refusal(
            .schema, zh: "本设备的表结构没有“\(name)”的第 \(unit.value) 项，或其内容不同",
            en: "the schema that this was made under has no such unit \(unit.value) of \(name)")
    }
}

extension Acceptance.Fold {
    /// A field's value by its name.
    fileprivate func value(of name: String, _ entry: SchemaIndex.Entry) -> Value {
        guard let field = entry.type.field(named: name) else { return .null }
        let number = entry.type.unit(of: field)
        guard let place = entry.unit(number)?.members.firstIndex(where: { $0.name == name }),
            let members = values[number]?.members, members.count > place
        else { return .null }
        return members[place]
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
            return members.count == value.count
        }
        guard policy == .counter else { return value.count == 2 }
        return value.count == 1 && value.single.integer != nil
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
