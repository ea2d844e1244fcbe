package import FieldgridModel
import FieldgridSync

extension Acceptance {
    /// Looks after a merge at the rules that reach several units: one that no
    /// longer holds opens an `inconsistent` conflict, one that holds again
    /// closes it (sync.md 9.17).
    func reviewRules(
        of state: inout RecordState, _ entry: SchemaIndex.Entry, touching touched: Set<UnitNumber>,
        offer: Offer
    ) {
        guard !entry.rules.isEmpty else { return }
        let isAlive = state.isAlive
        let today = LocalDate(
            milliseconds: now, offsetMinutes: LocalDate.shanghaiOffsetMinutes)
        for rule in entry.rules {
            let place = state.broken.firstIndex { $0.name == rule.rule.name }
            let isTouched = !rule.units.isDisjoint(with: touched) && rule.units.count > 1
            guard isTouched || place != nil else { continue }
            let snapshot = state
            let values = { (name: String) in Self.value(of: name, in: snapshot, entry) }
            let holds = !isAlive || rule.rule.condition.truth(in: values, today: today) != false
            if holds, let place {
                let ended = state.broken.remove(at: place)
                aftermath.append(
                    .rule(
                        record: state.id, rule: rule.rule.name,
                        ConflictEvent(
                            id: ended.conflict, state: .settled, kind: .inconsistent,
                            offer: offer, note: nil)))
            } else if !holds, place == nil {
                let id = RecordID.inconsistency(
                    of: state.id, rule: rule.rule.name, by: offer.identity)
                state.broken.append(BrokenRule(name: rule.rule.name, conflict: id))
                aftermath.append(
                    .rule(
                        record: state.id, rule: rule.rule.name,
                        ConflictEvent(
                            id: id, state: .open, kind: .inconsistent, offer: offer, note: nil)))
            }
        }
    }

    /// A field's value that shows.
    static func value(
        of name: String, in state: RecordState, _ entry: SchemaIndex.Entry
    ) -> Value {
        guard let field = entry.type.field(named: name) else { return .null }
        let number = entry.type.unit(of: field)
        guard let unit = entry.units[number],
            let place = unit.members.firstIndex(where: { $0.name == name }),
            let shown = state.units[number]?.value(policy: unit.policy),
            shown.members.count > place
        else { return .null }
        return shown.members[place]
    }

    /// Writes the conflict record of a broken rule: its sides are the units
    /// that the rule reads, with who gave each its value.
    func writeRuleConflict(_ id: RecordID, _ rule: String, _ event: ConflictEvent) throws {
        guard let state = try record(id), let entry = index.entries[state.type],
            let broken = entry.rules.first(where: { $0.rule.name == rule })
        else { return }
        typealias Names = SystemTypes.Conflict
        var values: [String: Value] = [
            Names.kind: .text(event.kind.rawValue), Names.type: .text(entry.type.name),
            Names.record: .text(id.description), Names.unit: .text(rule),
            Names.state: .text(event.state.rawValue), Names.winner: .integer(0),
        ]
        if event.state == .settled {
            values[Names.settledBy] = .text(event.offer.author)
            values[Names.settledAt] = .integer(event.offer.time.milliseconds)
        } else {
            let units = broken.units.sorted().compactMap { entry.units[$0] }
            values[Names.sides] = .text(ConflictDocument.sides(of: units, in: state))
            values[Names.reason] = .text(ConflictDocument.reason(of: broken.rule, event))
            values[Names.openedAt] = .integer(now)
        }
        try writeOwn(Names.name, event.id, scope: state.scope, values: values)
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
