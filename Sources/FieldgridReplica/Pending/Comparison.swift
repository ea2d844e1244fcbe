import FieldgridModel
import FieldgridSync
import GRDB

/// What of this database is compared with the hub, and what it comes to.
///
/// A row is what the hub has with own changes on top. Those that the hub set
/// aside stay, so what is compared is the base below them; records whose
/// place or presence an own change hides are left out.
struct Comparison {
    /// Record numbers of one range, as a power of two.
    private static let rangeBits: Int64 = 10

    private let memory: ReplicaMemory
    private let db: Database
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

    /// Ranges of about a thousand numbers each, which together are all there
    /// are, but for those of records that are held.
    func ranges() throws -> [CheckRange] {
        var present: [ScopeCode: Set<Int64>] = [:]
        for scope in memory.state.positions.keys { present[scope] = [0] }
        for layout in memory.orderedLayouts {
            let query = try Query(
                db,
                """
                SELECT DISTINCT scope, num >> \(Self.rangeBits) FROM \(layout.sql.table)
                WHERE num IS NOT NULL
                """)
            while try query.step() {
                present[ScopeCode(query.text(0))]?.insert(query.integer(1))
            }
        }
        let held = try heldNumbers()
        var ranges: [CheckRange] = []
        for (scope, numbers) in present.sorted(by: { $0.key < $1.key }) {
            let starts = numbers.sorted()
            for (place, start) in starts.enumerated() {
                let isLast = place + 1 == starts.count
                let end = isLast ? Int64.max : starts[place + 1] << Self.rangeBits
                var from = start << Self.rangeBits
                for number in held[scope, default: []].sorted()
                where (from..<end).contains(number) {
                    if from < number {
                        ranges.append(
                            CheckRange(
                                scope, from: RecordNumber(from), to: RecordNumber(number)))
                    }
                    from = number + 1
                }
                ranges.append(
                    CheckRange(
                        scope, from: RecordNumber(from), to: RecordNumber(isLast ? 0 : end)))
            }
        }
        return ranges
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
        let columns = layout.type.fields.map { Identifier.quote($0.name) }
        let query = try Query(
            db,
            """
            SELECT \((["rec", "id", "scope", "num"] + columns).joined(separator: ", "))
            FROM \(layout.sql.table) WHERE num >= ? AND num < ? AND scope = ?
            """)
        query.bind(1, range.from.value)
        query.bind(2, range.to.value == 0 ? Int64.max : range.to.value)
        query.bind(3, range.scope.text)
        while try query.step() { try body(RecordRow(query, columns: layout.columnCount)) }
    }

    func sum(_ range: CheckRange) throws -> RecordSum {
        var sum = RecordSum()
        for layout in memory.orderedLayouts {
            try rows(range, layout) { row in
                guard let id = row.id, let number = row.number else { return }
                let values = values(of: row)
                sum += RecordSum(
                    of: id, layout.type.number, in: row.scope, number: RecordNumber(number),
                    units: layout.units.map { ($0.number, layout.value(of: $0, in: values)) })
            }
        }
        return sum
    }
}
