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

    /// A reference, so that noting a row never copies the rest.
    private final class Table {
        var rows: [[Value]: [Int64]] = [:]
    }

    private var known: [Key: Table] = [:]

    func rows(
        _ fields: [UnitNumber], _ values: [Value], _ layout: TypeLayout, _ db: Database
    ) throws -> [Int64] {
        let key = Key(type: layout.type.number, fields: fields)
        if known[key] == nil { known[key] = try read(fields, layout, db) }
        return known[key]?.rows[values] ?? []
    }

    private func read(
        _ fields: [UnitNumber], _ layout: TypeLayout, _ db: Database
    ) throws -> Table {
        let columns = fields.compactMap { layout.columnIndex[$0] }.map { layout.sql.columns[$0] }
        let query = try Query(
            db, "SELECT rec, \(columns.joined(separator: ", ")) FROM \(layout.sql.table)")
        let table = Table()
        while try query.step() {
            let values = columns.indices.map { query.value($0 + 1) }
            table.rows[values, default: []].append(query.integer(0))
        }
        return table
    }

    /// Adds a row that was written.
    func note(_ row: RecordRow, _ layout: TypeLayout) {
        for (key, table) in known where key.type == layout.type.number {
            let values = key.fields.compactMap { layout.columnIndex[$0] }.map { row.values[$0] }
            if table.rows[values]?.contains(row.rec) != true {
                table.rows[values, default: []].append(row.rec)
            }
        }
    }
}
