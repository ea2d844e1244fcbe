import FieldgridModel
import GRDB

/// One row of a record table.
struct RecordRow {
    var rec: Int64
    /// As it stands there; another program may have written anything.
    var idText: String
    var scope: ScopeCode
    var number: Int64?
    /// By column.
    var values: [Value]

    var id: RecordID? { RecordID(idText) }

    /// Reads the columns of ``TypeStatements``' selections.
    init(_ query: Query, columns: Int) {
        rec = query.integer(0)
        idText = query.text(1)
        scope = ScopeCode(query.text(2))
        number = query.integerIfAny(3)
        values = []
        values.reserveCapacity(columns)
        for index in 0..<columns { values.append(query.value(4 + index)) }
    }

    static func find(rec: Int64, _ layout: TypeLayout, _ db: Database) throws -> RecordRow? {
        let query = try Query(db, layout.sql.selectByRow)
        query.bind(1, rec)
        defer { query.finish() }
        return try query.step() ? RecordRow(query, columns: layout.columnCount) : nil
    }

    static func find(_ id: RecordID, _ layout: TypeLayout, _ db: Database) throws -> RecordRow? {
        let query = try Query(db, layout.sql.selectByID)
        query.bind(1, id.description)
        defer { query.finish() }
        return try query.step() ? RecordRow(query, columns: layout.columnCount) : nil
    }

    /// Every row with this number, in whatever scope.
    static func all(
        number: RecordNumber, _ layout: TypeLayout, _ db: Database
    ) throws -> [RecordRow] {
        let query = try Query(db, layout.sql.selectByNumber)
        query.bind(1, number.value)
        var rows: [RecordRow] = []
        while try query.step() { rows.append(RecordRow(query, columns: layout.columnCount)) }
        return rows
    }
}

extension Database {
    /// Writes without being captured: pulled values, and spellings put right.
    func uncaptured<Answer>(_ body: () throws -> Answer) throws -> Answer {
        try run("INSERT INTO fg_applying VALUES(NULL)")
        let answer = try body()
        try run("DELETE FROM fg_applying")
        return answer
    }
}
