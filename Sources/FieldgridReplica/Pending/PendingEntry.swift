import FieldgridModel
import GRDB

/// One sealed changeset's hold on one record: the units of it that show an
/// own value until the hub's decision has been pulled, and what the hub has
/// in their place.
struct PendingEntry {
    enum Kind: Int64 {
        case update = 0
        /// Covers every unit: the record is our own.
        case creation = 1
        /// Covers every unit: the row is gone, and its base is the whole row.
        case deletion = 2
    }

    struct Unit {
        /// How far the author's screen had shown the hub's log when this unit
        /// was changed (sync.md 9.1).
        var seen: Position
        /// What stood before the change, or what was pulled since.
        var base: UnitValue
        /// The base was pulled after the hub had accepted the change, so it
        /// is what the hub decided.
        var isDecided: Bool
        /// The base was pulled, and is not what stood before the change: if
        /// the hub turns out to have accepted the change by then, it is what
        /// the hub decided.
        var isPulled = false
        /// What the change does, where it is no register: done again to
        /// whatever is pulled before the hub has accepted it.
        var operation: UnitValue?
    }

    var id: RecordID
    var seq: Int64
    var type: TypeNumber
    var kind: Kind
    /// Where the record lived.
    var scope: ScopeCode
    var seen: Position
    var units: [UnitNumber: Unit]

    func covers(_ unit: UnitNumber) -> Bool { kind != .update || units[unit] != nil }

    /// The position that a change of this unit was made at.
    func seen(_ unit: UnitNumber) -> Position { units[unit]?.seen ?? seen }

    var isDecidedAnywhere: Bool { units.values.contains(where: \.isDecided) }

    /// `units` = count { unit seen flags base [ operation ] }, in canonical bytes; flags are
    /// 1 for decided, 2 for an operation, 4 for pulled.
    private var unitBytes: [UInt8] {
        var encoder = CanonicalEncoder(reservingCapacity: 8 + units.count * 48)
        encoder.append(Int64(units.count))
        for (number, unit) in units.sorted(by: { $0.key < $1.key }) {
            encoder.append(Int64(number.value))
            encoder.append(unit.seen.value)
            encoder.append(
                (unit.isDecided ? 1 : 0) | (unit.operation == nil ? 0 : 2)
                    | (unit.isPulled ? 4 : 0))
            encoder.append(unit.base)
            if let operation = unit.operation { encoder.append(operation) }
        }
        return encoder.bytes
    }

    /// Whether one of the units is the scope: the second at most, as they are
    /// in the order of their numbers.
    fileprivate static func namesScope(_ bytes: [UInt8]) throws -> Bool {
        var decoder = CanonicalDecoder(bytes[...])
        for _ in 0..<(try decoder.integer()) {
            let number = try unit(&decoder).number
            if number >= .scope { return number == .scope }
        }
        return false
    }

    private static func units(_ bytes: [UInt8]) throws -> [UnitNumber: Unit] {
        var decoder = CanonicalDecoder(bytes[...])
        var units: [UnitNumber: Unit] = [:]
        for _ in 0..<(try decoder.integer()) {
            let (number, unit) = try unit(&decoder)
            units[number] = unit
        }
        return units
    }

    private static func unit(
        _ decoder: inout CanonicalDecoder
    ) throws -> (number: UnitNumber, unit: Unit) {
        let number = UnitNumber(Int(try decoder.integer()))
        let seen = Position(try decoder.integer())
        let flags = try decoder.integer()
        var unit = Unit(
            seen: seen, base: try decoder.unitValue(), isDecided: flags & 1 != 0,
            isPulled: flags & 4 != 0)
        if flags & 2 != 0 { unit.operation = try decoder.unitValue() }
        return (number, unit)
    }
}

extension PendingEntry {
    static let columns = "id, seq, type, kind, scope, seen, units"

    /// Reads the columns above.
    init?(_ query: Query) throws {
        guard let id = RecordID(blob: query.blob(0)), let kind = Kind(rawValue: query.integer(3))
        else { return nil }
        self.init(
            id: id, seq: query.integer(1), type: TypeNumber(Int(query.integer(2))), kind: kind,
            scope: ScopeCode(query.text(4)), seen: Position(query.integer(5)),
            units: try Self.units(query.blob(6)))
    }

    /// The entries of a record, oldest first.
    static func all(of id: RecordID, _ db: Database) throws -> [PendingEntry] {
        let query = try Query(
            db, "SELECT \(columns) FROM fg_pending WHERE id = ? ORDER BY seq")
        query.bind(1, id.blob)
        var entries: [PendingEntry] = []
        while try query.step() {
            if let entry = try PendingEntry(query) { entries.append(entry) }
        }
        return entries
    }

    /// The records of which a move waits for the hub's decision.
    static func moving(_ db: Database) throws -> Set<RecordID> {
        let query = try moves(db, "TRUE")
        var moving: Set<RecordID> = []
        while try query.step() {
            guard try Self.namesScope(query.blob(6)) else { continue }
            if let id = RecordID(blob: query.blob(0)) { moving.insert(id) }
        }
        return moving
    }

    /// The moves by changesets of the outbox that are in a state.
    static func moves(inState state: Int, _ db: Database) throws -> [PendingEntry] {
        let query = try moves(db, "seq IN (SELECT seq FROM fg_outbox WHERE state = ?)")
        query.bind(2, Int64(state))
        var moves: [PendingEntry] = []
        while try query.step() {
            guard try Self.namesScope(query.blob(6)) else { continue }
            if let entry = try PendingEntry(query) { moves.append(entry) }
        }
        return moves
    }

    /// Units are in the order of their numbers, so where one is the scope it is
    /// among those whose first is no later: seldom more than those that move.
    private static func moves(_ db: Database, _ condition: String) throws -> Query {
        let query = try Query(
            db,
            """
            SELECT \(columns) FROM fg_pending WHERE substr(units, 9, 8) <= ? AND \(condition)
            """)
        var encoder = CanonicalEncoder()
        encoder.append(Int64(UnitNumber.scope.value))
        query.bind(1, encoder.bytes)
        return query
    }

    func write(_ db: Database) throws {
        let query = try Query(
            db,
            """
            INSERT OR REPLACE INTO fg_pending(id, seq, type, kind, scope, seen, units, pulled)
            VALUES(?, ?, ?, ?, ?, ?, ?, ?)
            """)
        query.bind(1, id.blob)
        query.bind(2, seq)
        query.bind(3, Int64(type.value))
        query.bind(4, kind.rawValue)
        query.bind(5, scope.text)
        query.bind(6, seen.value)
        query.bind(7, unitBytes)
        query.bind(8, isDecidedAnywhere ? 1 : 0)
        try query.run()
    }

    func delete(_ db: Database) throws {
        let query = try Query(db, "DELETE FROM fg_pending WHERE id = ? AND seq = ?")
        query.bind(1, id.blob)
        query.bind(2, seq)
        try query.run()
    }
}

extension CanonicalEncoder {
    mutating func append(_ value: UnitValue) {
        append(Int64(value.count))
        value.forEachMember { append($1) }
    }
}

extension CanonicalDecoder {
    mutating func unitValue() throws(Failure) -> UnitValue {
        var members: [Value] = []
        for _ in 0..<(try integer()) { members.append(try value()) }
        return UnitValue(members)
    }
}
