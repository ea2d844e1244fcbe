package import FieldgridModel
import FieldgridSync

extension Acceptance {
    /// What is to be looked at after a merge, and because of whom.
    struct RuleReview {
        /// Rules over several of which any was touched are looked at.
        var touched: Set<UnitNumber>
        /// The fields of these are checked by themselves: what shows in them
        /// is not what a present schema let through at the door.
        var checked: Set<UnitNumber> = []
        /// Also rules within one unit.
        var madeUnder: SchemaTag?
        var offer: Offer
    }

    /// What a changeset of a record calls for.
    ///
    /// What was made under the present schema was checked when it came; what
    /// was made under another is looked at now, for that one knows no newer
    /// rules (sync.md 9.21). The same goes where another value shows than the
    /// one that came, and for operations, whose result nobody has checked.
    func ruleReview(
        of state: RecordState, _ entry: SchemaIndex.Entry, _ changes: ArraySlice<Change>,
        isNew: Bool, by offer: Offer, madeUnder schema: SchemaTag
    ) -> RuleReview {
        var review = RuleReview(touched: Set(changes.map(\.unit)), offer: offer)
        if schema != hub.schema, schema.value != 0 {
            review.madeUnder = schema
            review.checked = review.touched
            if isNew { review.checked.formUnion(entry.requiredUnits.map(\.number)) }
        } else {
            for change in changes {
                guard let unit = entry.unit(change.unit) else { continue }
                let isMerged = (state.units[change.unit]?.sides.count ?? 0) > 1
                if isMerged || change.settles != nil || unit.policy.isOperation {
                    review.checked.insert(change.unit)
                }
            }
        }
        return review
    }

    /// Looks after a merge at what the record has to keep: what no longer
    /// holds opens an `inconsistent` conflict, what holds again closes it
    /// (sync.md 9.17).
    func reviewRules(
        of state: inout RecordState, _ entry: SchemaIndex.Entry, _ review: RuleReview
    ) {
        guard !entry.rules.isEmpty || !review.checked.isEmpty || !state.broken.isEmpty else {
            return
        }
        var subjects = state.broken.map(\.subject)
        for rule in entry.rules where !rule.units.isDisjoint(with: review.touched) {
            guard rule.units.count > 1 || review.madeUnder != nil else { continue }
            subjects.append(.rule(rule.rule.name))
        }
        for number in review.checked.sorted() {
            subjects += (entry.unit(number)?.members ?? []).map { .field($0.name) }
        }
        var seen: Set<BrokenRule.Subject> = []
        for subject in subjects where seen.insert(subject).inserted {
            review.note(subject, isBroken: isBroken(subject, in: state, entry), &state, self)
        }
    }

    private func isBroken(
        _ subject: BrokenRule.Subject, in state: RecordState, _ entry: SchemaIndex.Entry
    ) -> Bool {
        guard state.isAlive else { return false }
        switch subject {
        case .rule(let name):
            // A rule that the schema has no more is kept by everybody.
            guard let rule = entry.rules.first(where: { $0.rule.name == name })?.rule else {
                return false
            }
            let values = { (name: String) in Self.value(of: name, in: state, entry) }
            return rule.condition.truth(in: values, today: today) == false
        case .field: return violation(of: subject, in: state, entry) != nil
        }
    }

    /// What is wrong with a field of a merged record, in the present schema's
    /// words.
    private func violation(
        of subject: BrokenRule.Subject, in state: RecordState, _ entry: SchemaIndex.Entry
    ) -> Violation? {
        guard case .field(let name) = subject, let field = entry.type.field(named: name),
            let unit = entry.unit(entry.type.unit(of: field)), unit.showsWhatIsChecked
        else { return nil }
        let values = { (name: String) in Self.value(of: name, in: state, entry) }
        return entry.type.violations(
            ofField: field, value: values(name), others: values, schema: index.schema,
            today: today
        ).first
    }

    var today: LocalDate {
        LocalDate(milliseconds: now, offsetMinutes: LocalDate.shanghaiOffsetMinutes)
    }

    /// A field's value that shows.
    static func value(
        of name: String, in state: RecordState, _ entry: SchemaIndex.Entry
    ) -> Value {
        guard let field = entry.type.field(named: name) else { return .null }
        let number = entry.type.unit(of: field)
        guard let unit = entry.unit(number),
            let place = unit.members.firstIndex(where: { $0.name == name }),
            let shown = state.units[number]?.value(policy: unit.policy),
            shown.members.count > place
        else { return .null }
        return shown.members[place]
    }

    /// Writes the conflict record of a broken rule: its sides are the units
    /// that the rule reads, with who gave each its value.
    func writeRuleConflict(
        _ id: RecordID, _ subject: BrokenRule.Subject, _ event: ConflictEvent
    ) throws {
        guard let state = try record(id), let entry = index.entries[state.type] else { return }
        typealias Names = SystemTypes.Conflict
        var values: [String: Value] = [
            Names.kind: .text(event.kind.rawValue), Names.type: .text(entry.type.name),
            Names.record: .text(id.description), Names.unit: .text(subject.name),
            Names.state: .text(event.state.rawValue), Names.winner: .integer(0),
        ]
        if event.state == .settled {
            values[Names.settledBy] = .text(event.offer.author)
            values[Names.settledAt] = .integer(event.offer.time.milliseconds)
        } else {
            let units = entry.units(read: subject)
            values[Names.sides] = .text(ConflictDocument.sides(of: units, in: state))
            values[Names.reason] = .text(
                ConflictDocument.reason(
                    of: subject, violation(of: subject, in: state, entry), event,
                    schema: hub.schema))
            values[Names.openedAt] = .integer(now)
        }
        try writeOwn(Names.name, event.id, scope: state.scope, values: values)
    }
}

extension Acceptance.RuleReview {
    /// Opens the conflict of what is broken, or closes that of what is not.
    fileprivate func note(
        _ subject: BrokenRule.Subject, isBroken: Bool, _ state: inout RecordState,
        _ acceptance: Acceptance
    ) {
        let place = state.broken.firstIndex { $0.subject == subject }
        guard isBroken == (place == nil) else { return }
        var event: ConflictEvent
        if let place {
            let ended = state.broken.remove(at: place)
            event = ConflictEvent(
                id: ended.conflict, state: .settled, kind: .inconsistent, offer: offer, note: nil)
        } else {
            let id = RecordID.inconsistency(
                of: state.id, rule: subject.text, by: offer.identity)
            state.broken.append(BrokenRule(subject, conflict: id))
            event = ConflictEvent(
                id: id, state: .open, kind: .inconsistent, offer: offer, note: nil)
            event.madeUnder = madeUnder
        }
        acceptance.aftermath.append(.rule(record: state.id, rule: subject, event))
    }
}

extension SchemaIndex.Unit {
    /// Whether a field's own checks are for the value that shows: that of a
    /// set or of a list of entries is made of many, each checked as it came.
    fileprivate var showsWhatIsChecked: Bool {
        switch policy {
        case .declared(.set), .declared(.append), .presence: false
        case .declared: number != .scope
        }
    }
}

extension SchemaIndex.Entry {
    /// The units that something broken reads.
    fileprivate func units(read subject: BrokenRule.Subject) -> [SchemaIndex.Unit] {
        switch subject {
        case .rule(let name):
            (rules.first { $0.rule.name == name }?.units ?? []).sorted().compactMap { unit($0) }
        case .field(let name):
            type.field(named: name).flatMap { unit(type.unit(of: $0)) }.map { [$0] } ?? []
        }
    }
}

extension RecordID {
    /// The conflict of a record that broke a rule with a changeset.
    static func inconsistency(
        of record: RecordID, rule: String, by identity: ChangesetIdentity
    ) -> RecordID {
        .derived(
            "inconsistent-1",
            from: [
                record.description, rule, identity.incarnation.description,
                String(identity.seq),
            ])
    }

    /// The conflict of two records with one natural key.
    package static func duplicate(_ first: RecordID, _ second: RecordID) -> RecordID {
        .derived(
            "duplicate-1",
            from: [min(first, second).description, max(first, second).description])
    }
}
