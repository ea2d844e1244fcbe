import FieldgridModel
import FieldgridSync
import GRDB

/// What of this database is compared with the hub, and what it comes to.
///
/// A row is what the hub has with own changes on top. Those that the hub set
/// aside stay, so what is compared is the base below them; records whose
/// place or presence an own change hides are left out.
struct Comparison {
    let memory: ReplicaMemory
    let db: Database
    /// What the hub has below own changes, by record and column.
    private var bases: [RecordID: [Int: Value]] = [:]
    private var held: [PendingEntry] = []

    init(_ memory: ReplicaMemory, _ db: Database) throws {
        self.memory = memory
        self.db = db
        let entries = try PendingEntry.every(db).sorted { $0.seq < $1.seq }
        held = entries.filter {
            $0.kind != .update || $0.units[.scope] != nil || $0.units[.presence] != nil
        }
        let heldIDs = Set(held.map(\.id))
        for entry in entries where !heldIDs.contains(entry.id) {
            guard let layout = memory.layouts[entry.type] else { continue }
            for (number, unit) in entry.units {
                for (column, value) in zip(
                    layout.unit(number)?.columns ?? [], unit.base.members)
                where bases[entry.id]?[column] == nil {
                    bases[entry.id, default: [:]][column] = value
                }
            }
        }
    }

    /// Whether no own change waits for the hub's decision.
    static func isQuiet(_ db: Database) throws -> Bool {
        try db.integer("SELECT 1 FROM fg_outbox WHERE state IN (0, 1) LIMIT 1") == nil
    }

    /// Whether an own change hides where a record is, or whether it is.
    func isHeld(_ id: RecordID) -> Bool { held.contains { $0.id == id } }

    /// The columns of a record that show own changes.
    func hidden(of id: RecordID) -> [Int] { bases[id].map { $0.keys.sorted() } ?? [] }

    /// A row's values as the hub should have them.
    func values(of row: RecordRow) -> [Value] {
        guard let id = row.id, let base = bases[id] else { return row.values }
        var values = row.values
        for (column, value) in base { values[column] = value }
        return values
    }

    /// The order in which ranges are compared.
    func turn() throws -> CheckTurn {
        CheckTurn(memory.state.positions.keys, numbers: memory.numbers, held: try heldNumbers())
    }

    /// Of the records that are held, by every scope where the hub may have
    /// them: of several moves that wait, each knows only what was before it.
    private func heldNumbers() throws -> [ScopeCode: Set<Int64>] {
        var numbers: [ScopeCode: Set<Int64>] = [:]
        for entry in held {
            if let layout = memory.layouts[entry.type],
                let row = try RecordRow.find(entry.id, layout, db), let number = row.number
            {
                let place = entry.units[.scope]?.base.single.text.map { ScopeCode($0) }
                for scope in Set([place ?? row.scope, row.scope, entry.scope]) {
                    numbers[scope, default: []].insert(number)
                }
            }
            let gone = try Query(db, "SELECT scope, num FROM fg_gone WHERE id = ?")
            gone.bind(1, entry.id.blob)
            if try gone.step(), let number = gone.integerIfAny(1) {
                numbers[ScopeCode(gone.text(0)), default: []].insert(number)
            }
            gone.finish()
        }
        return numbers
    }

    /// The rows of a range.
    func rows(
        _ range: CheckRange, _ layout: TypeLayout, _ body: (RecordRow) throws -> Void
    ) throws {
        try rows(layout, from: range.from, to: range.end) { row in
            if row.scope == range.scope { try body(row) }
        }
    }

    /// The sums of ranges, in their order.
    ///
    /// Numbers are a scope's own and the index knows only numbers, so ranges
    /// that overlap in their numbers are read together.
    func sums(_ ranges: [CheckRange]) throws -> [RecordSum] {
        var sums = [RecordSum](repeating: RecordSum(), count: ranges.count)
        for group in RangeGroup.overlapping(ranges, numbers: memory.numbers) {
            for layout in memory.orderedLayouts {
                try rows(layout, from: group.from, to: group.end) { row in
                    guard let number = row.number,
                        let place = group.ranges[row.scope]?.first(where: {
                            ranges[$0].contains(number)
                        }), let sum = sum(row, layout)
                    else { return }
                    sums[place] += sum
                }
            }
        }
        return sums
    }

    private func sum(_ row: RecordRow, _ layout: TypeLayout) -> RecordSum? {
        guard let id = row.id, let number = row.number else { return nil }
        let values = values(of: row)
        return RecordSum(
            of: id, layout.type.number, in: row.scope, number: RecordNumber(number),
            units: layout.units.map { ($0.number, layout.value(of: $0, in: values)) })
    }

    private func rows(
        _ layout: TypeLayout, from: RecordNumber, to end: Int64,
        _ body: (RecordRow) throws -> Void
    ) throws {
        let query = try Query(db, layout.sql.selectByNumbers)
        query.bind(1, from.value)
        query.bind(2, end)
        while try query.step() { try body(RecordRow(query, columns: layout.columnCount)) }
    }
}
