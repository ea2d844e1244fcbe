import FieldgridModel

extension RecordService {
    /// The visits that the campaigns ask for: those not done first, the
    /// earliest due first.
    ///
    /// `openOnly` leaves out what is done.
    func tasks(period: String?, openOnly: Bool) throws -> ServiceReply {
        if let period, RefreshPeriod(period) == nil {
            throw ServiceError(
                "period.malformed", "“\(period)” is not a half-year.",
                hint: "Write it as 2026H1 or 2026H2.", exitStatus: .wrongUsage)
        }
        let type = try type(SystemTypes.Task.name)
        var tasks: [(isDone: Bool, due: String, name: String, document: JSONValue)] = []
        try store.forEachRecord(of: type, where: []) { stored in
            let value = { (name: String) in
                type.field(named: name).flatMap { stored.values[$0.number] } ?? .null
            }
            typealias Names = SystemTypes.Task
            let state = value(Names.state).text ?? ""
            let isDone = state == "done"
            guard !openOnly || !isDone, period == nil || value(Names.period).text == period else {
                return true
            }
            let due = value(Names.due).text ?? ""
            let isLate = !isDone && due < today.description
            let document = JSONValue.object([
                "id": .text(stored.id.description),
                "record": .optional(value(Names.record).text),
                "type": .optional(value(Names.recordType).text),
                "name": .optional(value(Names.title).text),
                "scope": .text(stored.scope.text), "period": .optional(value(Names.period).text),
                "due": .text(due), "state": .text(isLate ? "late" : state),
                "done_at": .optional(value(Names.doneAt).integer.map(Instants.text)),
                "done_by": .optional(value(Names.doneBy).text),
            ])
            tasks.append((isDone, due, value(Names.title).text ?? "", document))
            return true
        }
        tasks.sort {
            ($0.isDone ? 1 : 0, $0.due, $0.name) < ($1.isDone ? 1 : 0, $1.due, $1.name)
        }
        return ServiceReply(.array(tasks.map(\.document)))
    }
}
