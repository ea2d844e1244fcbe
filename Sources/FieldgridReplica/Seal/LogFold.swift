import FieldgridModel
import GRDB

/// What the log says happened to one record, from before its first row until
/// now.
struct RecordDifference {
    var layout: TypeLayout
    var id: RecordID
    /// The state before; nil when there was no such record.
    var before: Snapshot?
    /// The state now; nil when there is none.
    var after: RecordRow?
    /// The wall time of the last of it, UTC milliseconds.
    var at: Int64

    struct Snapshot {
        var scope: ScopeCode
        var number: Int64?
        var values: [Value]
    }
}

/// Folds the log: many rows about one record become one difference.
///
/// A record is told apart by its id, not by `rec`: a `rec` is used again
/// after a delete, and `INSERT OR REPLACE` gives an id another `rec`.
struct LogFold {
    private struct LogRow {
        var type: TypeNumber
        var rec: Int64
        var operation: LogOperation
        var at: Int64
        var id: String
        var number: Int64?
        /// Bit of the mask, and the value that stood there.
        var olds: [(bit: Int, value: Value)]
    }

    /// One continuous existence of a row under one `rec`.
    private struct Lifetime {
        var order: Int
        var type: TypeNumber
        var rec: Int64
        /// It was there before the log began.
        var isOld: Bool
        var olds: [Int: Value] = [:]
        var risk: LogRow?
        var end: LogRow?
        var at: Int64
        var row: RecordRow?
    }

    private struct Key: Hashable {
        var type: TypeNumber
        var rec: Int64
    }

    private let db: Database
    private let memory: ReplicaMemory
    private let masks: Int
    private let widest: Int
    /// Names a record that another program gave no UUID.
    private let mint: () -> RecordID

    init(_ db: Database, _ memory: ReplicaMemory, mint: @escaping () -> RecordID) {
        self.db = db
        self.memory = memory
        self.mint = mint
        widest = (memory.layouts.values.map(\.columnCount).max() ?? 0) + 1
        masks = (widest - 1) / 32 + 1
    }

    static func isEmpty(_ db: Database) throws -> Bool {
        try db.integer("SELECT 1 FROM fg_log LIMIT 1") == nil
    }

    /// Every record that the log touches, in the order it was first touched.
    func differences() throws -> [RecordDifference] {
        let rows = try readLog()
        var keys: [Key] = []
        var groups: [Key: [(order: Int, row: LogRow)]] = [:]
        for (order, row) in rows.enumerated() {
            let key = Key(type: row.type, rec: row.rec)
            if groups[key] == nil { keys.append(key) }
            groups[key, default: []].append((order, row))
        }
        var names: [RecordID] = []
        var lifetimes: [RecordID: [Lifetime]] = [:]
        for key in keys {
            let layout = try memory.layout(key.type)
            for lifetime in try walk(groups[key] ?? [], layout) {
                guard let id = try name(of: lifetime, layout) else { continue }
                if lifetimes[id] == nil { names.append(id) }
                lifetimes[id, default: []].append(lifetime)
            }
        }
        return try names.compactMap { id in
            guard let lives = lifetimes[id]?.sorted(by: { $0.order < $1.order }),
                let first = lives.first
            else { return nil }
            return difference(id, lives, try memory.layout(first.type))
        }
    }

    private func readLog() throws -> [LogRow] {
        let words = (0..<masks).map { "m\($0)" }
        let olds = (1...widest).map { "o\($0)" }
        let columns = ["type", "rec", "op", "at", "id", "num"] + words + olds
        let query = try Query(
            db, "SELECT \(columns.joined(separator: ", ")) FROM fg_log ORDER BY seq")
        var rows: [LogRow] = []
        while try query.step() {
            guard let operation = LogOperation(rawValue: query.integer(2)) else { continue }
            var row = LogRow(
                type: TypeNumber(Int(query.integer(0))), rec: query.integer(1),
                operation: operation, at: query.integer(3) * 1_000, id: query.text(4),
                number: query.integerIfAny(5), olds: [])
            let width = (memory.layouts[row.type]?.columnCount ?? 0) + 1
            switch operation {
            case .inserted: break
            case .updated:
                for word in 0..<masks {
                    let mask = query.integer(6 + word)
                    for bit in 0..<32 where mask >> Int64(bit) & 1 == 1 {
                        let column = word * 32 + bit
                        row.olds.append((column, query.value(6 + masks + column)))
                    }
                }
            case .deleted, .atRisk:
                for column in 0..<width {
                    row.olds.append((column, query.value(6 + masks + column)))
                }
            }
            rows.append(row)
        }
        return rows
    }

    private func walk(
        _ rows: [(order: Int, row: LogRow)], _ layout: TypeLayout
    ) throws -> [Lifetime] {
        var done: [Lifetime] = []
        var current: Lifetime?
        for (order, row) in rows {
            var life =
                current
                ?? Lifetime(
                    order: order, type: row.type, rec: row.rec, isOld: true, at: row.at)
            life.at = row.at
            switch row.operation {
            case .inserted:
                if current != nil {
                    // No delete was logged, so the row that was at risk made room.
                    life.end = life.risk
                    done.append(life)
                }
                life = Lifetime(
                    order: order, type: row.type, rec: row.rec, isOld: false, at: row.at)
            case .updated:
                life.risk = nil
                for (bit, value) in row.olds where life.olds[bit] == nil { life.olds[bit] = value }
            case .atRisk: life.risk = row
            case .deleted:
                life.end = row
                done.append(life)
                current = nil
                continue
            }
            current = life
        }
        guard var last = current else { return done }
        last.row = try RecordRow.find(rec: last.rec, layout, db)
        if let risk = last.risk, last.row?.idText != risk.id {
            last.row = nil
            last.end = risk
        }
        return done + [last]
    }

    /// The id of a lifetime's record.
    ///
    /// A living row that another program gave something else than a UUID gets one.
    private func name(of lifetime: Lifetime, _ layout: TypeLayout) throws -> RecordID? {
        guard let text = lifetime.row?.idText ?? lifetime.end?.id else { return nil }
        if let id = RecordID(text) { return id }
        guard lifetime.row != nil else { return nil }
        var id = RecordID(text.lowercased()) ?? mint()
        if try RecordRow.find(id, layout, db) != nil { id = mint() }
        try db.uncaptured {
            try db.run(
                "UPDATE \(layout.sql.table) SET id = ? WHERE rec = ?", .text(id.description),
                .integer(lifetime.rec))
        }
        return id
    }

    private func difference(
        _ id: RecordID, _ lives: [Lifetime], _ layout: TypeLayout
    ) -> RecordDifference {
        var before: RecordDifference.Snapshot?
        if let first = lives.first, first.isOld {
            var whole: [Value] = []
            var number: Int64?
            if let end = first.end {
                whole = end.olds.map(\.value)
                number = end.number
            } else if let row = first.row {
                whole = [.text(row.scope.text)] + row.values
                number = row.number
            }
            for (bit, value) in first.olds where bit < whole.count { whole[bit] = value }
            before = RecordDifference.Snapshot(
                scope: ScopeCode(whole.first?.text ?? ""), number: number,
                values: Array(whole.dropFirst()))
        }
        return RecordDifference(
            layout: layout, id: id, before: before, after: lives.last?.row,
            at: lives.last?.at ?? 0)
    }
}
