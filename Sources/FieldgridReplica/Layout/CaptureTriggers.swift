import FieldgridModel

/// What a log row says happened to its record.
enum LogOperation: Int64 {
    case inserted = 1
    case updated = 2
    /// Carries the whole row.
    case deleted = 3
    /// A row that the following insert may have replaced: `INSERT OR REPLACE`
    /// fires no delete trigger. Carries the whole row.
    case atRisk = 4
}

/// The triggers that capture every edit, whoever makes it: plain SQL, no
/// function of ours, so that any SQLite client runs them.
///
/// - One row per touched record and statement, with a bit for each changed
///   column and the old values of exactly those. A statement that sets
///   columns of several spans of eight leaves one row for each span: the
///   triggers of the others are not even started, which makes the usual
///   update of one field cheap however wide the table is.
/// - Compared by `IS NOT` between columns of one table: by type, and by
///   BINARY collation because no column declares another.
/// - Nothing is captured while `fg_applying` has a row.
enum CaptureTriggers {
    private static let idle = "WHEN NOT EXISTS(SELECT 1 FROM fg_applying)"

    /// Names and texts of a type's triggers.
    static func all(of layout: TypeLayout) -> [(name: String, sql: String)] {
        let spans = stride(from: 0, to: layout.columnCount + 1, by: span)
        return [atRisk(layout), inserted(layout), identity(layout), deleted(layout)]
            + spans.map { updated(layout, from: $0) }
    }

    /// How many columns one update trigger watches; divides 32, so that each
    /// has its bits in one word.
    private static let span = 8

    private static func name(_ layout: TypeLayout, _ suffix: String) -> String {
        "fg_\(layout.type.name)_\(suffix)"
    }

    private static func columns(_ layout: TypeLayout) -> [String] {
        ["scope"] + layout.sql.columns
    }

    private static func olds(_ layout: TypeLayout) -> String {
        (1...(layout.columnCount + 1)).map { "o\($0)" }.joined(separator: ", ")
    }

    private static func atRisk(_ layout: TypeLayout) -> (name: String, sql: String) {
        let name = name(layout, "at_risk")
        let table = layout.sql.table
        let number = layout.type.number.value
        let values = columns(layout).joined(separator: ", ")
        let sql = """
            CREATE TRIGGER "\(name)" BEFORE INSERT ON \(table)
            WHEN (EXISTS(SELECT 1 FROM \(table) WHERE id = NEW.id)
            OR NEW.rec > 0 AND EXISTS(SELECT 1 FROM \(table) WHERE rec = NEW.rec))
            AND NOT EXISTS(SELECT 1 FROM fg_applying) BEGIN
            INSERT INTO fg_log(type, rec, op, at, id, num, \(olds(layout)))
            SELECT \(number), rec, \(LogOperation.atRisk.rawValue), \(RecordTables.now), id, num, \
            \(values)
            FROM \(table) WHERE id = NEW.id OR rec = NEW.rec;
            END
            """
        return (name, sql)
    }

    private static func inserted(_ layout: TypeLayout) -> (name: String, sql: String) {
        let name = name(layout, "inserted")
        let sql = """
            CREATE TRIGGER "\(name)" AFTER INSERT ON \(layout.sql.table)
            \(idle) BEGIN
            INSERT INTO fg_log(type, rec, op, at) VALUES(\(layout.type.number.value), NEW.rec, \
            \(LogOperation.inserted.rawValue), \(RecordTables.now));
            END
            """
        return (name, sql)
    }

    /// What a record is called cannot be changed, under none of the names
    /// that SQLite has for `rec`.
    private static func identity(_ layout: TypeLayout) -> (name: String, sql: String) {
        let name = name(layout, "identity")
        let sql = """
            CREATE TRIGGER "\(name)" BEFORE UPDATE OF rec, id, num, rowid, oid, _rowid_
            ON \(layout.sql.table) \(idle) AND (OLD.rec IS NOT NEW.rec OR OLD.id IS NOT NEW.id
            OR OLD.num IS NOT NEW.num) BEGIN
            SELECT RAISE(ABORT, 'rec, id and num of a record are for ever: insert another record \
            instead');
            END
            """
        return (name, sql)
    }

    private static func updated(
        _ layout: TypeLayout, from first: Int
    ) -> (name: String, sql: String) {
        let name = name(layout, "updated_\(first / span)")
        let all = columns(layout)
        let bits = first..<min(all.count, first + span)
        // SQLite gives << and | the same rank.
        let mask = bits.map { "((OLD.\(all[$0]) IS NOT NEW.\(all[$0])) << \($0 % 32))" }
        let values = bits.map {
            "CASE WHEN OLD.\(all[$0]) IS NOT NEW.\(all[$0]) THEN OLD.\(all[$0]) END"
        }
        let olds = bits.map { "o\($0 + 1)" }
        let sql = """
            CREATE TRIGGER "\(name)" AFTER UPDATE OF \(all[bits].joined(separator: ", "))
            ON \(layout.sql.table) \(idle) BEGIN
            INSERT INTO fg_log(type, rec, op, m\(first / 32), at, \(olds.joined(separator: ", ")))
            VALUES(\(layout.type.number.value), NEW.rec, \(LogOperation.updated.rawValue),
            \(mask.joined(separator: " |\n")), \(RecordTables.now),
            \(values.joined(separator: ",\n")));
            END
            """
        return (name, sql)
    }

    private static func deleted(_ layout: TypeLayout) -> (name: String, sql: String) {
        let name = name(layout, "deleted")
        let values = columns(layout).map { "OLD.\($0)" }.joined(separator: ", ")
        let sql = """
            CREATE TRIGGER "\(name)" AFTER DELETE ON \(layout.sql.table)
            \(idle) BEGIN
            INSERT INTO fg_log(type, rec, op, at, id, num, \(olds(layout)))
            VALUES(\(layout.type.number.value), OLD.rec, \(LogOperation.deleted.rawValue), \
            \(RecordTables.now), OLD.id, OLD.num, \(values));
            END
            """
        return (name, sql)
    }
}
