import FieldgridModel
import GRDB

/// Where records with given natural keys were last seen.
///
/// The tables have no index on natural keys (it would cost a tenth of their
/// size), so the first search of a type reads it once. What is remembered is
/// a hint: it is always checked against the row, so it may be out of date,
/// but it never lacks a row that is there.
final class KeyMemory {
    private struct Key: Hashable {
        var type: TypeNumber
        var fields: [UnitNumber]
    }

    private var known: [Key: [[Value]: [Int64]]] = [:]

    func rows(
        _ fields: [UnitNumber], _ values: [Value], _ layout: TypeLayout, _ db: Database
    ) throws -> [Int64] {
        let key = Key(type: layout.type.number, fields: fields)
        if known[key] == nil { known[key] = try read(fields, layout, db) }
        return known[key]?[values] ?? []
    }

    private func read(
        _ fields: [UnitNumber], _ layout: TypeLayout, _ db: Database
    ) throws -> [[Value]: [Int64]] {
        let columns = fields.compactMap { layout.columnIndex[$0] }.map { layout.sql.columns[$0] }
        let query = try Query(
            db, "SELECT rec, \(columns.joined(separator: ", ")) FROM \(layout.sql.table)")
        var rows: [[Value]: [Int64]] = [:]
        while try query.step() {
            let values = columns.indices.map { query.value($0 + 1) }
            rows[values, default: []].append(query.integer(0))
        }
        return rows
    }

    /// Adds a row that was written.
    func note(_ row: RecordRow, _ layout: TypeLayout) {
        for key in known.keys where key.type == layout.type.number {
            let values = key.fields.compactMap { layout.columnIndex[$0] }.map { row.values[$0] }
            if known[key]?[values]?.contains(row.rec) != true {
                known[key]?[values, default: []].append(row.rec)
            }
        }
    }
}
