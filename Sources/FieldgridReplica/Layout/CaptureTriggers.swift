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
///   column and the old values of exactly those.
/// - Compared by `IS NOT` between columns of one table: by type, and by
///   BINARY collation because no column declares another.
/// - Nothing is captured while `fg_applying` has a row.
enum CaptureTriggers {
    private static let idle = "WHEN NOT EXISTS(SELECT 1 FROM fg_applying)"

    /// Names and texts of a type's triggers.
    static func all(of layout: TypeLayout) -> [(name: String, sql: String)] {
        [atRisk(layout), inserted(layout), updated(layout), deleted(layout)]
    }

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
            \(idle) AND (EXISTS(SELECT 1 FROM \(table) WHERE id = NEW.id)
            OR EXISTS(SELECT 1 FROM \(table) WHERE rec = NEW.rec)) BEGIN
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

    private static func updated(_ layout: TypeLayout) -> (name: String, sql: String) {
        let name = name(layout, "updated")
        let columns = columns(layout)
        var masks: [String] = []
        for word in 0...((columns.count - 1) / 32) {
            let bits = (word * 32)..<min(columns.count, word * 32 + 32)
            masks.append(
                // SQLite gives << and | the same rank.
                bits.map { "((OLD.\(columns[$0]) IS NOT NEW.\(columns[$0])) << \($0 % 32))" }
                    .joined(separator: " | "))
        }
        let values = columns.map {
            "CASE WHEN OLD.\($0) IS NOT NEW.\($0) THEN OLD.\($0) END"
        }
        let words = masks.indices.map { "m\($0)" }.joined(separator: ", ")
        let sql = """
            CREATE TRIGGER "\(name)" AFTER UPDATE ON \(layout.sql.table)
            \(idle) BEGIN
            SELECT RAISE(ABORT, 'rec, id and num of a record are for ever: insert another record \
            instead') WHERE OLD.rec IS NOT NEW.rec OR OLD.id IS NOT NEW.id \
            OR OLD.num IS NOT NEW.num;
            INSERT INTO fg_log(type, rec, op, \(words), at, \(olds(layout)))
            VALUES(\(layout.type.number.value), NEW.rec, \(LogOperation.updated.rawValue),
            \(masks.joined(separator: ",\n")),
            \(RecordTables.now),
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
