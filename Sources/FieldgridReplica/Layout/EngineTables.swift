import FieldgridModel

/// The engine's own tables, all named `fg_…`.
///
/// - `fg_state` is the one row that every transaction of ours rewrites.
/// - `fg_incarnation` says which of its outbox's numbers belong to which life
///   of this database: an incarnation's own sequence is that number less its base.
/// - `fg_log` holds what triggers captured and nothing sealed yet: empty
///   whenever the program is idle.
/// - `fg_applying` has a row while pulled values are written, so that they
///   are not captured as edits.
/// - `fg_pending` says which units of which records show own values that the
///   hub has not decided on, with what the hub has in their place.
/// - `fg_gone` keeps the name of every deleted record, and of the record that
///   one was merged into.
/// - `fg_head` keeps the last signed head of each audit log of the hub's,
///   `fg_head_left` those that an announced break or an alarm left behind,
///   `fg_alarm` what the hub showed that cannot be.
/// - `fg_carried` keeps pulled values that this schema has no place for.
/// - `fg_schema_unread` has the hub's newer schema while this program cannot
///   read it, for one that can.
enum EngineTables {
    /// Raised when a table below changes its meaning.
    static let layout: Int64 = 1

    static let statements = own + KeptHeads.tables

    private static let own = [
        """
        CREATE TABLE IF NOT EXISTS fg_state(
            one INTEGER PRIMARY KEY CHECK(one = 1), layout INTEGER NOT NULL, node TEXT NOT NULL,
            holder TEXT NOT NULL, revision INTEGER NOT NULL, seq INTEGER NOT NULL,
            head BLOB NOT NULL, time INTEGER NOT NULL, epoch TEXT,
            last_sync_at INTEGER, resend_from INTEGER, salvage INTEGER NOT NULL DEFAULT 0,
            rebase INTEGER NOT NULL DEFAULT 0,
            check_next INTEGER NOT NULL DEFAULT 0,
            left_epochs TEXT NOT NULL DEFAULT '',
            schema_version INTEGER NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE IF NOT EXISTS fg_schema(
            one INTEGER PRIMARY KEY CHECK(one = 1), document BLOB NOT NULL) STRICT
        """,
        """
        CREATE TABLE IF NOT EXISTS fg_schema_unread(
            one INTEGER PRIMARY KEY CHECK(one = 1), document BLOB NOT NULL,
            problem TEXT NOT NULL) STRICT
        """,
        """
        CREATE TABLE IF NOT EXISTS fg_scope(
            scope TEXT PRIMARY KEY, enrolled INTEGER NOT NULL, position INTEGER, head INTEGER,
            base INTEGER, told INTEGER
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE IF NOT EXISTS fg_incarnation(
            ordinal INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, base INTEGER NOT NULL,
            parent TEXT, parent_seq INTEGER, cause TEXT, began_at INTEGER) STRICT
        """,
        "CREATE TABLE IF NOT EXISTS fg_applying(reason TEXT) STRICT",
        """
        CREATE TABLE IF NOT EXISTS fg_outbox(
            seq INTEGER PRIMARY KEY, state INTEGER NOT NULL, code TEXT, message TEXT, scope TEXT,
            position INTEGER, settles TEXT, digest BLOB NOT NULL, body BLOB NOT NULL) STRICT
        """,
        // Every exchange asks for states; the bodies between are not read for that.
        "CREATE INDEX IF NOT EXISTS fg_outbox_state ON fg_outbox(state, scope, position)",
        """
        CREATE INDEX IF NOT EXISTS fg_outbox_settles ON fg_outbox(settles, state)
        WHERE settles IS NOT NULL
        """,
        """
        CREATE TABLE IF NOT EXISTS fg_pending(
            id BLOB NOT NULL, seq INTEGER NOT NULL, type INTEGER NOT NULL, kind INTEGER NOT NULL,
            scope TEXT NOT NULL, seen INTEGER NOT NULL, pulled INTEGER NOT NULL,
            units BLOB NOT NULL, PRIMARY KEY(id, seq)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE IF NOT EXISTS fg_gone(
            id BLOB PRIMARY KEY, type INTEGER NOT NULL, scope TEXT NOT NULL, num INTEGER,
            alias TEXT
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE IF NOT EXISTS fg_carried(
            type INTEGER NOT NULL, id BLOB NOT NULL, unit INTEGER NOT NULL, value BLOB NOT NULL,
            scope TEXT, num INTEGER, PRIMARY KEY(type, id, unit)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE IF NOT EXISTS fg_field(
            type TEXT NOT NULL, field TEXT NOT NULL, number INTEGER NOT NULL,
            label_zh TEXT NOT NULL, label_en TEXT NOT NULL, kind TEXT NOT NULL, unit TEXT,
            list TEXT, PRIMARY KEY(type, field)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE IF NOT EXISTS fg_code(
            list TEXT NOT NULL, version TEXT NOT NULL, code TEXT NOT NULL,
            label_zh TEXT NOT NULL, label_en TEXT NOT NULL, parent TEXT,
            PRIMARY KEY(list, version, code)
        ) STRICT, WITHOUT ROWID
        """,
    ]

    /// The log, wide enough for the widest type.
    ///
    /// It keeps any type of value, so that an old value is what it was.
    static func log(for types: [TypeLayout]) -> String {
        let widest = (types.map(\.columnCount).max() ?? 0) + 1
        let masks = (0...((widest - 1) / 32)).map { "m\($0) INTEGER" }
        let olds = (1...widest).map { "o\($0)" }
        let columns =
            ["seq INTEGER PRIMARY KEY", "type INTEGER", "rec INTEGER", "op INTEGER"] + masks
            + ["at INTEGER"] + olds + ["id TEXT", "num INTEGER"]
        return "CREATE TABLE fg_log(\(columns.joined(separator: ", ")))"
    }
}

/// The record tables.
enum RecordTables {
    /// UTC seconds, by nothing but SQLite; milliseconds would cost every captured row a
    /// tenth more.
    ///
    /// Needs SQLite 3.38, STRICT needs 3.37.
    static let now = "unixepoch()"

    /// UTC milliseconds.
    private static let milliseconds = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"

    /// A UUIDv7 for rows that another program inserts without an id.
    private static let newID = """
        (printf('%08x-%04x-7%03x-%04x-%012x', \(milliseconds) >> 16, \(milliseconds) & 65535, \
        random() & 4095, random() & 16383 | 32768, random() & 281474976710655))
        """

    /// - Parameter scope: the only scope of the node, where there is one.
    static func create(_ layout: TypeLayout, scope: ScopeCode?) -> String {
        let standard = scope.map { " DEFAULT " + Identifier.literal($0.text) } ?? ""
        let columns =
            [
                "rec INTEGER PRIMARY KEY CHECK(rec > 0)",
                "id TEXT NOT NULL UNIQUE DEFAULT \(newID)",
                "scope TEXT NOT NULL" + standard, "num INTEGER",
            ] + layout.type.fields.map { column(of: $0) }
        return "CREATE TABLE \(layout.sql.table)(\(columns.joined(separator: ", "))) STRICT"
    }

    static func column(of field: Field) -> String {
        Identifier.quote(field.name) + (field.kind.isInteger ? " INTEGER" : " TEXT")
    }

    /// Most records of a replica have their number; those without one take
    /// no room in the index, and inserting them costs nothing.
    static func numberIndex(_ layout: TypeLayout) -> String {
        let name = Identifier.quote("fg_\(layout.type.name)_num")
        return "CREATE INDEX IF NOT EXISTS \(name) ON \(layout.sql.table)(num) "
            + "WHERE num IS NOT NULL"
    }
}

extension FieldKind {
    /// Whether canonical values are integers.
    var isInteger: Bool {
        switch self {
        case .integer, .money, .decimal, .boolean, .instant: true
        case .text, .date, .month, .code, .reference, .grid, .set, .attachment: false
        }
    }
}
