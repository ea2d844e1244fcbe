import FieldgridModel
import FieldgridSync
import GRDB

/// Brings tables, triggers, labels and views to a schema.
///
/// Changes no record, and so makes no changesets.
///
/// - Precondition: the log is empty, for the bits of its masks belong to the
///   schema it was written under.
enum Migration {
    static func write(_ memory: ReplicaMemory, document: [UInt8], _ db: Database) throws {
        try db.run("DELETE FROM fg_schema")
        let query = try Query(db, "INSERT INTO fg_schema(one, document) VALUES(1, ?)")
        query.bind(1, document)
        try query.run()
        let layouts = memory.orderedLayouts
        for layout in layouts { try writeTable(layout, scope: memory.onlyScope, db) }
        try db.define("DROP TABLE IF EXISTS fg_log")
        try db.define(EngineTables.log(for: layouts))
        for layout in layouts {
            for trigger in CaptureTriggers.all(of: layout) {
                try db.define("DROP TRIGGER IF EXISTS \(Identifier.quote(trigger.name))")
                try db.define(trigger.sql)
            }
        }
        try Labels.write(memory.schema, db)
        for type in memory.schema.types {
            try db.define(
                "DROP VIEW IF EXISTS \(Identifier.quote(ReadableViews.name(of: type)))")
            try db.define(ReadableViews.create(type))
        }
        try noteVersion(db)
    }

    /// Remembers what the layout looked like when we left it.
    static func noteVersion(_ db: Database) throws {
        let version = try db.integer("PRAGMA schema_version") ?? 0
        try db.run("UPDATE fg_state SET schema_version = ?", .integer(version))
    }

    /// Makes the table, or adds the columns it lacks.
    static func writeTable(_ layout: TypeLayout, scope: ScopeCode?, _ db: Database) throws {
        let present = try columns(of: layout.type.name, db)
        if present.isEmpty {
            try db.define(RecordTables.create(layout, scope: scope))
        } else {
            for field in layout.type.fields where !present.contains(field.name) {
                try db.define(
                    "ALTER TABLE \(layout.sql.table) ADD COLUMN \(RecordTables.column(of: field))")
            }
        }
        try db.define(RecordTables.numberIndex(layout))
    }

    static func columns(of table: String, _ db: Database) throws -> Set<String> {
        let query = try Query(db, "SELECT name FROM pragma_table_info(?)")
        query.bind(1, table)
        var names: Set<String> = []
        while try query.step() { names.insert(query.text(0)) }
        return names
    }
}

/// Field labels and code lists, for whoever reads the file without us.
enum Labels {
    static func write(_ schema: Schema, _ db: Database) throws {
        try db.run("DELETE FROM fg_field")
        try db.run("DELETE FROM fg_code")
        for type in schema.types {
            for field in type.fields {
                let kind = kind(of: field.kind)
                try db.run(
                    """
                    INSERT INTO fg_field(type, field, number, label_zh, label_en, kind, unit, list)
                    VALUES(?, ?, ?, ?, ?, ?, ?, ?)
                    """, .text(type.name), .text(field.name), .integer(Int64(field.number.value)),
                    .text(field.label.zh), .text(field.label.en), .text(kind.name),
                    field.unit.map { .text($0) } ?? .null, kind.list.map { .text($0) } ?? .null)
            }
        }
        for list in schema.codeLists {
            for version in list.versions {
                for code in version.codes {
                    try db.run(
                        """
                        INSERT INTO fg_code(list, version, code, label_zh, label_en, parent)
                        VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                        """, .text(list.name), .text(version.version), .text(code.code),
                        .text(code.label.zh), .text(code.label.en),
                        code.parent.map { .text($0) } ?? .null)
                }
            }
        }
    }

    private static func kind(of kind: FieldKind) -> (name: String, list: String?) {
        switch kind {
        case .text: ("text", nil)
        case .integer: ("integer", nil)
        case .money: ("money", nil)
        case .decimal(let scale): ("decimal(\(scale))", nil)
        case .boolean: ("boolean", nil)
        case .date: ("date", nil)
        case .month: ("month", nil)
        case .instant: ("instant", nil)
        case .code(let list, _): ("code", list)
        case .reference(let type): ("reference(\(type))", nil)
        case .grid: ("grid", nil)
        case .set: ("set", nil)
        case .attachment: ("attachment", nil)
        }
    }
}

/// What is looked at whenever a replica is opened: another program may have
/// had the file.
enum LayoutCheck {
    static func run(
        _ memory: ReplicaMemory, _ db: Database, into report: inout OpeningReport
    ) throws {
        let version = try db.integer("PRAGMA schema_version")
        report.layoutTouched = try version != db.integer("SELECT schema_version FROM fg_state")
        try db.run("DELETE FROM fg_applying")
        var present: [String: String] = [:]
        let query = try Query(db, "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        while try query.step() { present[query.text(0)] = query.text(1) }
        for layout in memory.orderedLayouts {
            try Migration.writeTable(layout, scope: memory.onlyScope, db)
            for trigger in CaptureTriggers.all(of: layout) {
                let found = present.removeValue(forKey: trigger.name)
                guard found.map({ !$0.hasBytes(of: trigger.sql) }) ?? true else {
                    continue
                }
                if found != nil { try db.define("DROP TRIGGER \(Identifier.quote(trigger.name))") }
                try db.define(trigger.sql)
                report.triggersRepaired.append(trigger.name)
            }
        }
        report.triggersRepaired.sort()
        try Migration.noteVersion(db)
    }
}
