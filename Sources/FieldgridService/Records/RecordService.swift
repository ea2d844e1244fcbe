package import FieldgridModel

/// Carries out requests about records, conflicts and tasks on any store: the
/// same rules and the same answers at a node, at a hub, and through a server.
///
/// A value lives as long as one request: the clock is read once, so that
/// everything in one answer has one moment.
package struct RecordService {
    /// Where the store is; it decides who may write what.
    package enum Place: Hashable, Sendable { case hub, node }

    let store: any RecordStore
    let place: Place
    /// Whose name the saved actions carry.
    let author: String
    /// UTC milliseconds.
    let now: Int64
    let schema: Schema
    /// Conflicts that a change saved here settles, before the hub has said so.
    let settledHere: Set<RecordID>
    /// Where the screen had loaded the record that is edited, where it stayed
    /// open while the store went on.
    package var loadedAt: Position?
    /// What the screen shows of the counters of the record that is edited, where it
    /// stayed open: what is given for one is meant as the difference to that.
    package var shownCounters: [UnitNumber: Value] = [:]
    /// The hub's clock minus this one, milliseconds, where an exchange found
    /// them too far apart; 0 where it did not.
    package var hubClockOffset: Int64 = 0
    private let newID: () -> RecordID

    /// `newID` mints the ids of new records.
    package init(
        store: any RecordStore, place: Place, author: String, clock: any WallClock,
        settledHere: Set<RecordID> = [], newID: @escaping () -> RecordID
    ) throws {
        self.store = store
        self.place = place
        self.author = author
        self.settledHere = settledHere
        self.newID = newID
        now = clock.milliseconds
        schema = try store.schema
    }

    /// Today in Asia/Shanghai.
    var today: LocalDate {
        LocalDate(milliseconds: now, offsetMinutes: LocalDate.shanghaiOffsetMinutes)
    }

    /// Today by the hub's clock, as far as this device knows it.
    var hubToday: LocalDate {
        LocalDate(
            milliseconds: now &+ hubClockOffset, offsetMinutes: LocalDate.shanghaiOffsetMinutes)
    }

    func mint() -> RecordID { newID() }

    /// Nil for requests that are not about records, conflicts or tasks.
    ///
    /// - throws: ``ServiceError``, or what the store throws.
    package func answer(_ request: ServiceRequest) throws -> ServiceReply? {
        switch request {
        case .schema: ServiceReply(try JSONReader.read(JSONBridge.bytes(of: schema)))
        case .record(let ask): try answer(ask)
        case .imports(let ask): try answer(ask)
        case .conflicts(let ask): try answer(ask)
        case .tasks(let period, let openOnly): try tasks(period: period, openOnly: openOnly)
        case .refresh, .hub, .node, .attachment: nil
        }
    }

    private func answer(_ request: RecordRequest) throws -> ServiceReply {
        switch request {
        case .types(let name): try types(named: name)
        case .create(let type, let fields, let scope, let source):
            try create(type, fields: fields, scope: scope, source: source ?? .onSite)
        case .set(let type, let id, let fields, let source):
            try set(type, id: id, fields: fields, source: source ?? .onSite)
        case .check(let type, let id, let fields): try check(type, id: id, fields: fields)
        case .show(let type, let id): try show(type, id: id)
        case .list(let type, let conditions, let skip, let limit):
            try list(type, conditions: conditions, page: Page(skip: skip, limit: limit))
        case .verify(let type, let id, let date): try verify(type, id: id, date: date)
        case .history(let type, let id): try history(type, id: id)
        case .delete(let type, let id): try delete(type, id: id)
        case .move(let type, let id, let scope): try move(type, id: id, scope: scope)
        }
    }

    func draft(_ edit: RecordEdit, source: ValueSource) -> ActionDraft {
        draft([edit], source: source)
    }

    func draft(_ edits: [RecordEdit], source: ValueSource) -> ActionDraft {
        var edits = edits
        for index in edits.indices where edits[index].loadedAt == nil {
            edits[index].loadedAt = loadedAt
        }
        return ActionDraft(author: author, source: source, savedAt: now, edits: edits)
    }
}

/// A stretch of a long list.
struct Page: Hashable, Sendable {
    var skip: Int
    var limit: Int?
}
