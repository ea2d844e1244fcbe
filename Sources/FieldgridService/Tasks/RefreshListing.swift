import FieldgridModel

extension RecordService {
    /// How far a half-year's refresh is: totals, and one entry for each grid
    /// with tasks of its own.
    ///
    /// Works on any store, with the tasks it holds. The half-year is by
    /// default that of the newest campaign, else this one.
    package func refreshStatus(period text: String?) throws -> ServiceReply {
        let campaigns = try campaignStates()
        let newest = campaigns.keys.max() ?? RefreshPeriod(containing: today)
        let period = text.flatMap { RefreshPeriod($0) } ?? newest
        if let text, RefreshPeriod(text) == nil {
            throw ServiceError(
                "period.malformed", "“\(text)” is not a half-year.",
                hint: "Write it as 2026H1 or 2026H2.", exitStatus: .wrongUsage)
        }
        let grids = try GridNames(service: self)
        var own: [String: RefreshCount] = [:]
        try forEachTask(of: period) { scope, state in own[scope, default: RefreshCount()].add(state)
        }
        var total = RefreshCount()
        for count in own.values { total.add(count) }
        let scopes = own.sorted { $0.key < $1.key }.map { grids.document($0.key, $0.value) }
        return ServiceReply(
            .object(
                [
                    .init("period", .text(period.description)),
                    .init("state", .text(campaigns[period] ?? "not_opened")),
                    .init("due_on", .text(period.due.description)),
                ] + total.members + [
                    .init("scopes", .array(scopes)),
                    .init("townships", .array(grids.townships(own))),
                ]))
    }

    private func campaignStates() throws -> [RefreshPeriod: String] {
        let type = try type(SystemTypes.Campaign.name)
        typealias Names = SystemTypes.Campaign
        guard let periodField = type.field(named: Names.period),
            let stateField = type.field(named: Names.state)
        else { return [:] }
        var states: [RefreshPeriod: String] = [:]
        try store.forEachRecord(of: type, where: []) { stored in
            if let period = stored.values[periodField.number]?.text.flatMap({ RefreshPeriod($0) }) {
                states[period] = stored.values[stateField.number]?.text ?? ""
            }
            return true
        }
        return states
    }

    private func forEachTask(
        of period: RefreshPeriod, _ body: (String, RefreshCount.State) -> Void
    ) throws {
        let type = try type(SystemTypes.Task.name)
        typealias Names = SystemTypes.Task
        guard let periodField = type.field(named: Names.period),
            let stateField = type.field(named: Names.state)
        else { return }
        let wanted = FieldCondition(
            field: periodField.number, value: .text(period.description))
        let isOver = today > period.due
        try store.forEachRecord(of: type, where: [wanted]) { stored in
            let isDone = stored.values[stateField.number]?.text == "done"
            body(stored.scope.text, isDone ? .done : isOver ? .late : .due)
            return true
        }
    }
}

/// Tasks by how they stand: `due` is not done with the day still to come.
struct RefreshCount: Hashable {
    enum State { case due, done, late }

    private(set) var due = 0
    private(set) var done = 0
    private(set) var late = 0

    mutating func add(_ state: State) {
        switch state {
        case .due: due += 1
        case .done: done += 1
        case .late: late += 1
        }
    }

    mutating func add(_ other: RefreshCount) {
        due += other.due
        done += other.done
        late += other.late
    }

    var members: [JSONValue.Member] {
        [
            .init("total", .integer(Int64(due + done + late))),
            .init("due", .integer(Int64(due))), .init("done", .integer(Int64(done))),
            .init("late", .integer(Int64(late))),
        ]
    }
}

/// The grids of a store by code: names, levels, and what lies above them.
private struct GridNames {
    private var grids: [String: (name: String, level: Int64, parent: String?)] = [:]

    init(service: RecordService) throws {
        let type = try service.type(SystemTypes.Grid.name)
        typealias Names = SystemTypes.Grid
        try service.store.forEachRecord(of: type, where: []) { stored in
            let value = { (name: String) in
                type.field(named: name).flatMap { stored.values[$0.number] } ?? .null
            }
            if let code = value(Names.code).text {
                grids[code] = (
                    value(Names.title).text ?? code, value(Names.level).integer ?? 0,
                    value(Names.parent).text
                )
            }
            return true
        }
    }

    func document(_ code: String, _ count: RefreshCount) -> JSONValue {
        .object(
            [
                .init("scope", .text(code)),
                .init("name", .optional(grids[code]?.name)),
                .init("level", grids[code].map { .integer($0.level) } ?? .null),
            ] + count.members)
    }

    /// The same with everything below a township added up.
    func townships(_ own: [String: RefreshCount]) -> [JSONValue] {
        var sums: [String: RefreshCount] = [:]
        for (code, count) in own {
            var next: String? = code
            var steps = 0
            while let grid = next, let entry = grids[grid], entry.level > 2, steps < 16 {
                next = entry.parent
                steps += 1
            }
            if let top = next { sums[top, default: RefreshCount()].add(count) }
        }
        return sums.sorted { $0.key < $1.key }.map { document($0.key, $0.value) }
    }
}
