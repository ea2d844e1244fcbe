package import FieldgridModel
import FieldgridSync
import Foundation

extension Acceptance {
    /// Writes what the accepted changes call for: conflict records first,
    /// then tasks.
    func deriveAftermath() throws {
        try settleIdentities()
        let pending = aftermath
        aftermath = []
        var lastOfConflict: [RecordID: Int] = [:]
        for (place, item) in pending.enumerated() {
            switch item {
            case .conflict(_, _, let event), .rule(_, _, let event):
                lastOfConflict[event.id] = place
            case .activity, .repoint: break
            }
        }
        for (place, item) in pending.enumerated() {
            switch item {
            case .conflict(let record, let unit, let event):
                // Only the last word on a conflict is worth a changeset.
                guard lastOfConflict[event.id] == place else { continue }
                try writeConflict(record, unit, event)
            case .rule(let record, let rule, let event):
                guard lastOfConflict[event.id] == place else { continue }
                // Broken and right again within one batch: nobody needs to hear of it.
                if event.state == .settled, try self.record(event.id) == nil { continue }
                try writeRuleConflict(record, rule, event)
            case .repoint: break
            case .activity(let record, let type, let offer, let activity):
                try noteActivity(record, type, offer, activity)
            }
        }
        // What the hub wrote is answered by nothing.
        aftermath = []
        unreviewed = []
    }

    /// References follow records that were merged or parted, and duplicates
    /// are looked for, until neither calls for the other.
    private func settleIdentities() throws {
        while true {
            try reviewDuplicates()
            let repoints = aftermath.compactMap { item in
                if case .repoint(let id, let target, let left) = item {
                    (id, target, left)
                } else {
                    nil
                }
            }
            guard !repoints.isEmpty else { return }
            aftermath.removeAll { if case .repoint = $0 { true } else { false } }
            for (id, target, left) in repoints { try repoint(id, to: target, leaving: left) }
        }
    }

    /// Writes a record under the hub's own incarnation: the same changesets, the same
    /// merge.
    ///
    /// Values that already stand are left out.
    func writeOwn(
        _ typeName: String, _ id: RecordID, scope: ScopeCode, values: [String: Value]
    ) throws {
        guard let entry = index.entry(named: typeName) else { return }
        let present = try record(id)
        var changes: [Change] = []
        func change(_ unit: UnitNumber, _ value: UnitValue) {
            changes.append(
                Change(type: entry.type.number, record: id, unit: unit, value: value))
        }
        if present == nil {
            change(.presence, .alive)
            change(.scope, UnitValue(.text(scope.text)))
        }
        for field in entry.type.fields {
            guard let value = values[field.name] else { continue }
            guard value.fits(field.kind) else {
                throw HubError(
                    code: "schema.system-type",
                    message: "the schema declares \(typeName).\(field.name) with a type that the "
                        + "engine does not write",
                    hint: "declare it as in schemas/labour, and publish the schema again")
            }
            let shown = present?.units[field.number]?.value(policy: .declared(.hub))?.single
            if (shown ?? .null) != value { change(field.number, UnitValue(value)) }
        }
        guard !changes.isEmpty else { return }
        try sealOwn(changes, author: HubIdentity.author, source: .hub, at: now)
    }

    /// Seals changes under the hub's incarnation and merges them.
    func sealOwn(
        _ changes: [Change], author: String, source: ValueSource, at milliseconds: Int64
    ) throws {
        var head =
            try incarnations[hub.incarnation] ?? store.incarnation(hub.incarnation)
            ?? IncarnationHead(node: hub.node, lastSeq: 0, digest: .start)
        let scopes = try Set(changes.compactMap { try record($0.record)?.scope })
        let changeset = Changeset(
            identity: ChangesetIdentity(incarnation: hub.incarnation, seq: head.lastSeq + 1),
            author: author, time: clock.tick(wallMilliseconds: milliseconds), source: source,
            schema: hub.schema, epoch: hub.epoch,
            context: heads(of: scopes).mapValues(\.position), changes: changes)
        let digest = ContentDigest.of(changeset, after: head.digest)
        let outcome = try merge(changeset, from: Author(node: hub.node, scope: nil))
        head.lastSeq += 1
        head.digest = digest
        incarnations[hub.incarnation] = head
        answers.append(
            (
                hub.incarnation,
                StoredAnswer(seq: head.lastSeq, digest: digest, outcome: outcome)
            ))
    }

    // MARK: Conflicts

    private func writeConflict(
        _ id: RecordID, _ unit: UnitNumber, _ event: ConflictEvent
    ) throws {
        guard let state = try record(id), let entry = index.entries[state.type],
            let merged = state.units[unit], let described = entry.unit(unit)
        else { return }
        let document =
            event.kind == .duplicate
            ? try duplicateDocument(of: id, entry, event)
            : ConflictDocument(
                unit: described, state: merged, reference: merged.conflict, event: event,
                schema: hub.schema)
        typealias Names = SystemTypes.Conflict
        var values: [String: Value] = [
            Names.kind: .text(event.kind.rawValue), Names.type: .text(entry.type.name),
            Names.record: .text(id.description), Names.unit: .text(described.name),
            Names.policy: .text(described.policy.name), Names.state: .text(event.state.rawValue),
        ]
        if let document {
            values[Names.sides] = .text(document.sides)
            values[Names.winner] = .integer(Int64(document.winner))
            values[Names.reason] = .text(document.reason)
            if merged.conflict != nil { values[Names.base] = .text(document.base) }
        }
        if try record(event.id) == nil { values[Names.openedAt] = .integer(now) }
        if event.state == .settled {
            values[Names.settledBy] = .text(event.offer.author)
            values[Names.settledAt] = .integer(event.offer.time.milliseconds)
            values[Names.note] = event.note.map(Value.text) ?? .null
            // The sides that were settled stay readable.
            if try record(event.id) != nil {
                values[Names.sides] = nil
                values[Names.winner] = .integer(0)
            }
        } else {
            for name in [Names.settledBy, Names.settledAt, Names.note] { values[name] = .null }
        }
        let scope = event.kind == .duplicate ? try duplicateScope(of: event, id) : state.scope
        try writeOwn(Names.name, event.id, scope: scope ?? state.scope, values: values)
    }

    /// Where the conflict of two records is shown, once it is there.
    private func duplicateScope(of event: ConflictEvent, _ twin: RecordID) throws -> ScopeCode? {
        if let present = try record(event.id) { return present.scope }
        return try other(of: event.id, than: twin).flatMap { try duplicateScope(of: $0, twin) }
    }

    /// Two records side by side; nil when the other is not to be found any
    /// more, and what the conflict said before stays.
    private func duplicateDocument(
        of twin: RecordID, _ entry: SchemaIndex.Entry, _ event: ConflictEvent
    ) throws -> ConflictDocument? {
        let alias = try record(twin)?.alias
        let known = alias.flatMap { RecordID.duplicate($0, twin) == event.id ? $0 : nil }
        guard let other = try known ?? other(of: event.id, than: twin),
            let first = try record(other), let second = try record(twin)
        else { return nil }
        return ConflictDocument(duplicates: [first, second], entry, event: event)
    }

    // MARK: Refresh

    /// Tasks follow from what people do: a change saved by a person, not by
    /// an import, completes the record's task of the half it was saved in.
    private func noteActivity(
        _ id: RecordID, _ typeNumber: TypeNumber, _ offer: Offer, _ activity: Activity
    ) throws {
        guard let entry = index.entries[typeNumber] else { return }
        if entry.type.refresh != nil, let state = try record(id) {
            return try refreshTask(of: state, entry, offer, activity)
        }
        guard let parentType = entry.type.parent?.type,
            let parentEntry = index.entry(named: parentType),
            parentEntry.type.refresh?.completedBy.contains(entry.type.name) == true,
            let unit = entry.parentUnit,
            let text = try record(id)?.units[unit]?.sides.first?.value.single.text,
            let parent = try RecordID(text).flatMap({ try record($0) })
        else { return }
        try refreshTask(of: parent, parentEntry, offer, Activity())
    }

    private func refreshTask(
        of state: RecordState, _ entry: SchemaIndex.Entry, _ offer: Offer, _ activity: Activity
    ) throws {
        // Who decides on a conflict sits at a desk.
        let isPerson =
            offer.source != .import && offer.source != .hub
            && !settlements.contains(offer.identity)
        guard
            isPerson || activity.isNew || activity.touchesStatus || activity.touchesTitle
                || activity.touchesPresence
        else { return }
        let saved = RefreshPeriod(at: offer.time.milliseconds)
        for period in try openPeriods() {
            let id = RecordID.task(of: state.id, in: period)
            let exists = try record(id) != nil
            if exists, activity.touchesPresence { try follow(id, state, in: period) }
            // Who deletes or merges a record has not visited it.
            let completes = isPerson && saved == period && state.isAlive
            if !exists, state.isAlive, entry.isActive(state) {
                try writeTask(id, of: state, entry, period, doneBy: completes ? offer : nil)
            } else if exists {
                if completes { try complete(id, state.scope, stamps(of: offer)) }
                if activity.touchesTitle {
                    try writeOwn(
                        SystemTypes.Task.name, id, scope: state.scope,
                        values: [SystemTypes.Task.title: title(of: state, entry)])
                }
            }
        }
    }

    /// What is due for a record goes and comes back with it; what was done for one that was
    /// merged into another counts for that one.
    private func follow(
        _ task: RecordID, _ state: RecordState, in period: RefreshPeriod
    ) throws {
        typealias Names = SystemTypes.Task
        guard let present = try record(task), present.isAlive != state.isAlive else { return }
        let isDone = text(of: Names.state, in: present) == TaskState.done
        guard !isDone || state.isAlive || state.alias != nil else { return }
        if isDone, let survivor = try survivor(of: state.id), survivor != state.id,
            let home = try record(survivor)?.scope, let type = index.entries[present.type]?.type
        {
            var stamps: [String: Value] = [:]
            let values = present.values(type: type)
            for name in [Names.doneAt, Names.doneBy] {
                stamps[name] = type.field(named: name).flatMap { values[$0.number] }
            }
            try complete(.task(of: survivor, in: period), home, stamps)
        }
        let change = Change(
            type: present.type, record: task, unit: .presence,
            value: state.isAlive ? .alive : .deleted)
        try sealOwn([change], author: HubIdentity.author, source: .hub, at: now)
    }

    /// The half-years whose campaign is open.
    func openPeriods() throws -> [RefreshPeriod] {
        if let known = openPeriodsCache { return known }
        var periods: [RefreshPeriod] = []
        if let entry = index.entry(named: SystemTypes.Campaign.name) {
            try store.forEachRecord(of: entry.type.number) { campaign in
                let values = campaign.values(type: entry.type)
                let text = entry.type.field(named: SystemTypes.Campaign.period)
                    .flatMap { values[$0.number]?.text }
                let state = entry.type.field(named: SystemTypes.Campaign.state)
                    .flatMap { values[$0.number]?.text }
                if state == CampaignState.open, let period = text.flatMap(RefreshPeriod.init) {
                    periods.append(period)
                }
                return true
            }
        }
        openPeriodsCache = periods
        return periods
    }

    func writeTask(
        _ id: RecordID, of state: RecordState, _ entry: SchemaIndex.Entry,
        _ period: RefreshPeriod, doneBy offer: Offer?
    ) throws {
        typealias Names = SystemTypes.Task
        var values: [String: Value] = [
            Names.record: .text(state.id.description), Names.recordType: .text(entry.type.name),
            Names.title: title(of: state, entry), Names.period: .text(period.description),
            Names.due: .text(period.due.description),
            Names.state: .text(offer == nil ? TaskState.due : TaskState.done),
        ]
        if let offer { values.merge(stamps(of: offer)) { $1 } }
        try writeOwn(Names.name, id, scope: state.scope, values: values)
    }

    private func title(of state: RecordState, _ entry: SchemaIndex.Entry) -> Value {
        let field = entry.type.title.flatMap { entry.type.field(named: $0) }
        return field.flatMap { state.values(type: entry.type)[$0.number] } ?? .null
    }

    /// Marks a task done, unless it is; `stamps` say when and by whom.
    private func complete(
        _ id: RecordID, _ scope: ScopeCode, _ stamps: [String: Value]
    ) throws {
        typealias Names = SystemTypes.Task
        guard let type = index.entry(named: Names.name)?.type,
            let field = type.field(named: Names.state),
            try record(id)?.values(type: type)[field.number]?.text == TaskState.due
        else { return }
        try writeOwn(
            Names.name, id, scope: scope,
            values: stamps.merging([Names.state: .text(TaskState.done)]) { $1 })
    }

    private func stamps(of offer: Offer) -> [String: Value] {
        [
            SystemTypes.Task.doneAt: .integer(offer.time.milliseconds),
            SystemTypes.Task.doneBy: .text(offer.author),
        ]
    }
}

/// The codes of a task's state.
package enum TaskState {
    package static let due = "due"
    package static let done = "done"
}

/// The codes of a campaign's state.
package enum CampaignState {
    package static let open = "open"
    package static let closed = "closed"
}

extension RecordID {
    /// The task of a record in a half-year: opening twice gives the same.
    package static func task(of record: RecordID, in period: RefreshPeriod) -> RecordID {
        .derived("task-1", from: [record.description, period.description])
    }

    /// The campaign of a half-year.
    package static func campaign(_ period: RefreshPeriod) -> RecordID {
        .derived("campaign-1", from: [period.description])
    }
}

extension Value {
    /// Whether a column of this kind can hold the value.
    fileprivate func fits(_ kind: FieldKind) -> Bool {
        switch (kind, self) {
        case (_, .null): true
        case (.text, .text), (.date, .text), (.month, .text), (.code, .text),
            (.reference, .text), (.grid, .text), (.set, .text), (.attachment, .text):
            true
        case (.integer, .integer), (.money, .integer), (.decimal, .integer),
            (.boolean, .integer), (.instant, .integer):
            true
        default: false
        }
    }
}

extension SchemaIndex.Entry {
    /// Whether the refresh counts a record as active.
    package func isActive(_ state: RecordState) -> Bool {
        guard let rule = type.refresh, let field = type.field(named: rule.statusField) else {
            return false
        }
        guard let code = state.values(type: type)[field.number]?.text else {
            return rule.emptyIsActive
        }
        return rule.activeCodes.contains(code)
    }
}
