import FieldgridModel
import FieldgridSchema
import FieldgridService

/// A table on its way through the importer, into a store that is gone with it.
enum ImportedTable {
    /// Rows in one transaction, as `record import` has them.
    private static let batchRows = 500

    /// - throws: where the table is no CSV, or its columns mean nothing.
    @Sendable static func read(_ bytes: [UInt8]) throws {
        var reader = CSVReader(bytes)
        guard let header = try reader.next() else { return }
        let service = try RecordService(
            store: PassingStore(), place: .hub, author: "虚构·录入员", clock: Moment(),
            newID: { RecordID(UUIDBits(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0001)) })
        let reply = try service.answer(
            .imports(
                ask: .plan(type: "employer", headers: header.cells, mapName: nil, map: nil)))
        guard let document = reply?.document else { return }
        let plan = try JSONBridge.value(ImportPlan.self, from: document)
        var rows: [ImportRow] = []
        func send() throws {
            let batch = ImportBatch(plan: plan, rows: rows, scope: "220602", dryRun: false)
            rows = []
            _ = try service.answer(.imports(ask: .rows(batch: batch)))
        }
        while let row = try reader.next() {
            rows.append(ImportRow(line: row.line, cells: row.cells))
            if rows.count == batchRows { try send() }
        }
        try send()
    }

    private struct Moment: WallClock {
        var milliseconds: Int64 { 1_790_000_000_000 }
    }
}

/// The grids of the seeds, and what is saved until the end.
private final class PassingStore: RecordStore {
    let schema = Corpus.labourSchema
    private var records: [RecordID: StoredRecord] = [:]

    /// As the program comes with them.
    private static let grids: [StoredRecord] = {
        let seeds = try? SeedReader.read(
            files: EmbeddedFiles.seeds, schema: Corpus.labourSchema, today: Corpus.today)
        let type = Corpus.labourSchema.type(named: SystemTypes.Grid.name)
        return (seeds?.grids ?? []).enumerated().compactMap { place, grid in
            guard let type else { return nil }
            var values: [UnitNumber: Value] = [:]
            for (name, value) in grid.values {
                if let field = type.field(named: name) { values[field.number] = value }
            }
            let bits = UUIDBits(
                high: 0x0190_0000_0000_7000, low: 0x9000_0000_0000_0000 | UInt64(place))
            return StoredRecord(
                type: type.number, id: RecordID(bits), scope: ScopeCode("220602"), values: values)
        }
    }()

    var defaultScope: ScopeCode? { ScopeCode("220602") }

    func record(_ id: RecordID, type: RecordType) -> StoredRecord? { records[id] }

    func forEachRecord(
        of type: RecordType, where conditions: [FieldCondition],
        _ body: (StoredRecord) throws -> Bool
    ) throws {
        for record in Self.grids + records.values where record.type == type.number {
            let fits = conditions.allSatisfy { (record.values[$0.field] ?? .null) == $0.value }
            if fits, try !body(record) { return }
        }
    }

    func find(_ type: RecordType, key: [UnitNumber: Value]) -> RecordID? {
        records.values.first { record in key.allSatisfy { record.values[$0.key] == $0.value } }?.id
    }

    func save(_ draft: ActionDraft) { save([draft]) }

    func save(_ drafts: [ActionDraft]) {
        for edit in drafts.flatMap(\.edits) {
            if case .create(let scope) = edit.kind {
                records[edit.id] = StoredRecord(
                    type: edit.type, id: edit.id, scope: scope, values: edit.values)
            } else {
                records[edit.id]?.values.merge(edit.values) { $1 }
            }
        }
    }

    func checkScope(_ scope: ScopeCode) -> ScopeAnswer {
        scope.text.hasPrefix("220602") ? .writable : .unknown
    }

    func history(_ id: RecordID) -> [HistoryEntry] { [] }

    func standing(
        of unit: UnitNumber, in record: RecordID, type: RecordType, told: ToldUnit
    ) -> UnitState { told.state }
}
