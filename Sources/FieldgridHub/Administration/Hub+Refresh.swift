package import FieldgridModel
import FieldgridSync

/// Progress of one half-year's refresh in one scope.
package struct RefreshProgress: Hashable, Sendable {
    /// Tasks of the campaign.
    package var total = 0
    package var done = 0
    /// Not done, and the day has not passed.
    package var due = 0
    /// Not done, and the day has passed.
    package var late = 0

    package init(total: Int = 0, done: Int = 0, due: Int = 0, late: Int = 0) {
        self.total = total
        self.done = done
        self.due = due
        self.late = late
    }

    static func + (left: Self, right: Self) -> Self {
        RefreshProgress(
            total: left.total + right.total, done: left.done + right.done,
            due: left.due + right.due, late: left.late + right.late)
    }
}

/// What `refresh status` reports.
package struct RefreshStatus: Hashable, Sendable {
    package var period: RefreshPeriod
    package var isOpen: Bool
    package var total: RefreshProgress
    /// By grid, tasks of the grid itself, without the grids below.
    package var scopes: [ScopeCode: RefreshProgress]
}

extension Hub {
    /// Opens a half-year: its campaign, and one task for every active record of every
    /// type that is refreshed.
    ///
    /// Opening twice changes nothing; a refresh that was interrupted goes on where it
    /// stopped.
    ///
    /// - Returns: how many tasks it made.
    @discardableResult
    package func openRefresh(_ period: RefreshPeriod) throws -> Int {
        guard index.entry(named: SystemTypes.Campaign.name) != nil,
            let root = grids.roots.first
        else { return 0 }
        typealias Names = SystemTypes.Campaign
        try accepting { acceptance in
            let id = RecordID.campaign(period)
            var values: [String: Value] = [
                Names.period: .text(period.description),
                Names.due: .text(period.due.description), Names.state: .text(CampaignState.open),
            ]
            if try acceptance.record(id) == nil { values[Names.openedAt] = .integer(now) }
            let written = acceptance.answers.count
            try acceptance.writeOwn(Names.name, id, scope: root, values: values)
            if acceptance.answers.count > written {
                acceptance.acts.append(.campaignOpened(period.description))
            }
        }
        var made = 0
        for entry in index.entries.values where entry.type.refresh != nil {
            made += try openTasks(of: entry, period)
        }
        return made
    }

    /// Records per transaction, so that exchanges are answered between.
    private static let tasksPerTransaction = 2_000

    private func openTasks(of entry: SchemaIndex.Entry, _ period: RefreshPeriod) throws -> Int {
        var active: [RecordID] = []
        try store.read { view in
            try view.forEachRecord(of: entry.type.number) { state in
                if state.isAlive, entry.isActive(state) { active.append(state.id) }
                return true
            }
        }
        var made = 0
        var rest = active[...]
        while !rest.isEmpty {
            let batch = rest.prefix(Self.tasksPerTransaction)
            rest = rest.dropFirst(batch.count)
            try accepting { acceptance in
                let tasks = batch.map { RecordID.task(of: $0, in: period) }
                try acceptance.prefetch(batch + tasks)
                for (id, task) in zip(batch, tasks) where acceptance.records[task] == nil {
                    guard let state = acceptance.records[id] else { continue }
                    let first = try firstOffer(of: state, in: period, acceptance)
                    try acceptance.writeTask(task, of: state, entry, period, doneBy: first)
                    made += 1
                }
            }
        }
        return made
    }

    /// The offer that first recorded a record, when a person made it in this
    /// very half: such a record needs no visit.
    private func firstOffer(
        of state: RecordState, in period: RefreshPeriod, _ acceptance: Acceptance
    ) throws -> Offer? {
        let offers = state.units.elements.flatMap(\.state.sides).map(\.offer)
        let persons = offers.filter {
            $0.source != .import && $0.source != .hub
                && RefreshPeriod(at: $0.time.milliseconds) == period
        }
        return persons.min { $0.time < $1.time }
    }

    /// Closes a half-year: its tasks stay as they are, and no change
    /// completes them any more.
    package func closeRefresh(_ period: RefreshPeriod) throws {
        typealias Names = SystemTypes.Campaign
        try accepting { acceptance in
            let id = RecordID.campaign(period)
            guard try acceptance.record(id) != nil, let root = grids.roots.first else {
                throw HubError(
                    code: "refresh.not-open", message: "the refresh of \(period) was never opened",
                    hint: "open it with `fieldgrid refresh open --period \(period)`")
            }
            let written = acceptance.answers.count
            try acceptance.writeOwn(
                Names.name, id, scope: root, values: [Names.state: .text(CampaignState.closed)])
            if acceptance.answers.count > written {
                acceptance.acts.append(.campaignClosed(period.description))
            }
        }
    }

    /// Does what time asks for: opens the current half once, at the hub's
    /// first start, when the date comes, and after being down over the date.
    ///
    /// - Returns: the half it opened, if it did.
    @discardableResult
    package func tick() throws -> RefreshPeriod? {
        try rememberContacts()
        try replayQuarantine()
        try trimIfDue()
        let period = RefreshPeriod(at: now)
        let opened = try store.read { try $0.setting(.refreshOpened) }
            .flatMap { RefreshPeriod($0) }
        if let opened, opened >= period { return nil }
        try openRefresh(period)
        // Last, so that a crash in between opens it again, which is harmless.
        try store.write { try $0.set(.refreshOpened, to: period.description) }
        return period
    }

    func rememberContacts() throws {
        guard !lastSeen.isEmpty || !standings.isEmpty else { return }
        let seen = lastSeen
        try store.write { view in
            try view.put(standings)
            for (keyID, time) in seen.sorted(by: { $0.key < $1.key }) {
                guard var device = try view.device(keyID: keyID) else { continue }
                device.lastSeenAt = time
                try view.put(device)
            }
        }
        lastSeen = [:]
        standings = [:]
    }

    /// Progress of a half-year, by grid.
    package func refreshStatus(_ period: RefreshPeriod) throws -> RefreshStatus {
        var status = RefreshStatus(
            period: period, isOpen: false, total: RefreshProgress(), scopes: [:])
        let today = LocalDate(
            milliseconds: now, offsetMinutes: LocalDate.shanghaiOffsetMinutes)
        status.isOpen = try store.write { view in
            try Acceptance(
                store: view, index: index, schemas: schemas, hub: identity, grids: grids,
                now: now
            )
            .openPeriods().contains(period)
        }
        guard let type = index.entry(named: SystemTypes.Task.name)?.type,
            let periodField = type.field(named: SystemTypes.Task.period),
            let stateField = type.field(named: SystemTypes.Task.state)
        else { return status }
        let wanted = FieldCondition(field: periodField.number, value: .text(period.description))
        try forEachRecord(of: type, where: [wanted]) { task in
            let isDone = task.values[stateField.number]?.text == TaskState.done
            let isLate = !isDone && today > period.due
            let one = RefreshProgress(
                total: 1, done: isDone ? 1 : 0, due: isDone || isLate ? 0 : 1,
                late: isLate ? 1 : 0)
            status.total = status.total + one
            status.scopes[task.scope] = (status.scopes[task.scope] ?? RefreshProgress()) + one
            return true
        }
        return status
    }
}
