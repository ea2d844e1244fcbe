import FieldgridModel

/// How one record type lies in SQLite: its table, its columns, and which of
/// them form which merge unit.
///
/// - Columns stand in the order of the schema's fields. Bit 0 of a log mask
///   is the scope, bit *n* + 1 the *n*-th field.
/// - Every name was checked against ``Identifier`` before it got here.
struct TypeLayout: Sendable {
    struct Unit: Sendable {
        var number: UnitNumber
        /// How the hub merges it, where edits carry what they do to it.
        var operation: MergePolicy?
        /// Indices of its columns, in the order of its members.
        var columns: [Int]
    }

    let type: RecordType
    /// Every declared unit, in the order of their numbers.
    let units: [Unit]
    /// The index of a field's column, by field number.
    let columnIndex: [UnitNumber: Int]
    /// The index of the unit that a column belongs to.
    let unitOfColumn: [Int]
    let sql: TypeStatements

    init(_ type: RecordType) throws(ReplicaError) {
        try Identifier.check(type)
        self.type = type
        var columnIndex: [UnitNumber: Int] = [:]
        for (index, field) in type.fields.enumerated() { columnIndex[field.number] = index }
        var units: [Unit] = []
        for number in type.unitNumbers {
            let columns = (type.members(of: number) ?? []).compactMap { columnIndex[$0.number] }
            var operation: MergePolicy?
            if case .declared(let policy)? = type.policy(of: number), policy.isOperation {
                operation = policy
            }
            units.append(Unit(number: number, operation: operation, columns: columns))
        }
        var unitOfColumn = Array(repeating: 0, count: type.fields.count)
        for (index, unit) in units.enumerated() {
            for column in unit.columns { unitOfColumn[column] = index }
        }
        self.columnIndex = columnIndex
        self.units = units
        self.unitOfColumn = unitOfColumn
        sql = TypeStatements(type)
    }

    var columnCount: Int { type.fields.count }

    /// The unit with this number, if the type declares it.
    func unit(_ number: UnitNumber) -> Unit? {
        let place = units.place(of: number.value) { $0.number.value }
        return place < units.count && units[place].number == number ? units[place] : nil
    }

    /// The value of a unit in a row's values.
    func value(of unit: Unit, in values: [Value]) -> UnitValue {
        if unit.columns.count == 1 { return UnitValue(values[unit.columns[0]]) }
        return UnitValue(unit.columns.map { values[$0] })
    }
}

/// The statements that are prepared again and again for one type.
struct TypeStatements: Sendable {
    let table: String
    let columns: [String]
    let selectByRow: String
    let selectByID: String
    /// Also gives rows of other scopes with the same number.
    let selectByNumber: String
    /// Every row whose number is in a range, of all scopes.
    let selectByNumbers: String
    let selectPage: String
    let insert: String
    /// The same, unless a row has the id.
    let insertIfNew: String
    let delete: String
    let setNumber: String

    init(_ type: RecordType) {
        let quoted = Identifier.quote(type.name)
        let names = type.fields.map { Identifier.quote($0.name) }
        let list = (["rec", "id", "scope", "num"] + names).joined(separator: ", ")
        table = quoted
        columns = names
        selectByRow = "SELECT \(list) FROM \(quoted) WHERE rec = ?"
        selectByID = "SELECT \(list) FROM \(quoted) WHERE id = ?"
        selectByNumber = "SELECT \(list) FROM \(quoted) WHERE num = ?"
        selectByNumbers = "SELECT \(list) FROM \(quoted) WHERE num >= ? AND num < ?"
        selectPage = "SELECT \(list) FROM \(quoted) WHERE rec > ? ORDER BY rec LIMIT ?"
        let inserted = (["id", "scope", "num"] + names).joined(separator: ", ")
        let marks = Array(repeating: "?", count: names.count + 3).joined(separator: ", ")
        insert = "INSERT INTO \(quoted)(\(inserted)) VALUES(\(marks))"
        insertIfNew = insert + " ON CONFLICT(id) DO NOTHING"
        delete = "DELETE FROM \(quoted) WHERE rec = ?"
        setNumber = "UPDATE \(quoted) SET scope = ?, num = ? WHERE rec = ?"
    }

    /// Sets these columns, then finds the row by `rec`.
    func update(_ indices: [Int], scope: Bool = false) -> String {
        let names = (scope ? ["scope"] : []) + indices.map { columns[$0] }
        let list = names.map { $0 + " = ?" }.joined(separator: ", ")
        return "UPDATE \(table) SET \(list) WHERE rec = ?"
    }
}

/// Names that may stand in SQL.
enum Identifier {
    private static let reserved: Set<String> = ["rec", "id", "scope", "num", "rowid", "oid"]

    /// A lower-case letter, then letters, digits and underscores, at most 48.
    static func isAllowed(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard let first = bytes.first, bytes.count <= 48 else { return false }
        let isLetter = { (byte: UInt8) in (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
        let isDigit = { (byte: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        return isLetter(first)
            && bytes.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
    }

    static func quote(_ name: String) -> String { "\"\(name)\"" }

    /// A text literal.
    static func literal(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
            + "'"
    }

    static func check(_ type: RecordType) throws(ReplicaError) {
        let isReserved = type.name.hasPrefix("fg_") || type.name.hasPrefix("sqlite_")
        guard isAllowed(type.name), !isReserved, !type.name.hasSuffix("_zh") else {
            throw refusal(of: type.name, as: "a record type")
        }
        var seen: Set<String> = []
        for field in type.fields {
            let isTaken = reserved.contains(field.name) || !seen.insert(field.name).inserted
            guard isAllowed(field.name), !isTaken else {
                throw refusal(of: "\(type.name).\(field.name)", as: "a field")
            }
        }
    }

    private static func refusal(of name: String, as what: String) -> ReplicaError {
        ReplicaError(
            .schemaName, "“\(name)” cannot name \(what) in a replica",
            hint: "Use lower-case letters, digits and _, and not rec, id, scope or num")
    }
}
