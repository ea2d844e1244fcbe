import FieldgridModel
import FieldgridSchema
import FieldgridService

/// A store in memory that does with a draft what a real one shows afterwards.
final class MemoryStore: RecordStore {
    let schema: Schema
    private(set) var records: [RecordID: StoredRecord] = [:]
    private(set) var saved: [ActionDraft] = []
    var enrolled: [ScopeCode] = [ScopeCode("220602001")]
    var entries: [HistoryEntry] = []

    init(schema: Schema) { self.schema = schema }

    func record(_ id: RecordID, type: RecordType) -> StoredRecord? {
        records[id].flatMap { $0.type == type.number ? $0 : nil }
    }

    func forEachRecord(
        of type: RecordType, where conditions: [FieldCondition],
        _ body: (StoredRecord) throws -> Bool
    ) throws {
        for record in records.values.sorted(by: { $0.id < $1.id })
        where record.type == type.number && record.isAlive {
            let fits = conditions.allSatisfy { (record.values[$0.field] ?? .null) == $0.value }
            if fits, try !body(record) { return }
        }
    }

    func find(_ type: RecordType, key: [UnitNumber: Value]) -> RecordID? {
        records.values.first { record in
            record.type == type.number && record.isAlive
                && key.allSatisfy { record.values[$0.key] == $0.value }
        }?.id
    }

    func save(_ draft: ActionDraft) { save([draft]) }

    func save(_ drafts: [ActionDraft]) {
        saved += drafts
        for edit in drafts.flatMap(\.edits) { apply(edit) }
    }

    private func apply(_ edit: RecordEdit) {
        switch edit.kind {
        case .create(let scope):
            records[edit.id] = StoredRecord(
                type: edit.type, id: edit.id, scope: scope, values: edit.values)
        case .update: records[edit.id]?.values.merge(edit.values) { $1 }
        case .delete, .merge: records[edit.id]?.isAlive = false
        case .move(let scope): records[edit.id]?.scope = scope
        }
        let values = records[edit.id]?.values ?? [:]
        records[edit.id]?.values = values.filter { !$1.isNull }
    }

    /// Puts a record in as if the hub had sent it.
    func put(_ record: StoredRecord) { records[record.id] = record }

    var defaultScope: ScopeCode? { enrolled.count == 1 ? enrolled.first : nil }

    func checkScope(_ scope: ScopeCode) -> ScopeAnswer {
        guard scope.text.hasPrefix("220602") else { return .unknown }
        let isWithin = enrolled.contains { scope.text.hasPrefix($0.text) }
        return isWithin ? .writable : .outside(enrolled: enrolled)
    }

    func history(_ id: RecordID) -> [HistoryEntry] { entries }

    func standing(
        of unit: UnitNumber, in record: RecordID, type: RecordType, told: ToldUnit
    ) -> UnitState { told.state }
}

/// A service over a memory store with the labour schema, at a fixed moment:
/// 2026-07-24 09:15 in Asia/Shanghai.
final class Fixture {
    static let now: Int64 = 1_784_855_700_000

    let store: MemoryStore
    private var minted: UInt64 = 0
    var place = RecordService.Place.node
    var settledHere: Set<RecordID> = []
    var hubClockOffset: Int64 = 0

    /// Read once: every test works on a copy.
    private static let labour = Result { try SchemaReader.read(files: EmbeddedFiles.schema) }

    /// - Parameter change: what is otherwise in the schema.
    init(_ change: (inout Schema) -> Void = { _ in }) throws {
        var schema = try Self.labour.get()
        change(&schema)
        store = MemoryStore(schema: schema)
    }

    static func id(_ number: UInt64) -> RecordID {
        RecordID(UUIDBits(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0000 | number))
    }

    @discardableResult
    func answer(_ request: ServiceRequest) throws -> ServiceReply {
        var service = try RecordService(
            store: store, place: place, author: "虚构赵某",
            clock: FixedClock(milliseconds: Self.now), settledHere: settledHere,
            newID: { [self] in
                minted += 1
                return Self.id(minted)
            })
        service.hubClockOffset = hubClockOffset
        guard let reply = try service.answer(request) else {
            throw ServiceError("test", "the record service does not answer this")
        }
        return reply
    }

    func record(_ request: RecordRequest) throws -> JSONValue {
        try answer(.record(ask: request)).document
    }

    /// A new employer's id.
    func employer(_ fields: String..., scope: String? = nil) throws -> String {
        let document = try record(
            .create(type: "employer", fields: fields, scope: scope, source: nil))
        return document["id"].text ?? ""
    }

    /// The refusal of a request, or nil when it was carried out.
    func refusal(_ request: RecordRequest) throws -> ServiceError? {
        do {
            _ = try record(request)
            return nil
        } catch let error as ServiceError {
            return error
        }
    }

    func number(_ field: String, of type: String) -> UnitNumber {
        store.schema.type(named: type)?.field(named: field)?.number ?? UnitNumber(-1)
    }
}
