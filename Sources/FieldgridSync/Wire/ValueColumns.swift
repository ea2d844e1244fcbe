import FieldgridModel

/// Values, one column for each member of each unit, so that like stands
/// beside like and compresses.
///
///     columns = count { type unit member count tags data }
///     tags    = one byte each: 0 null · 1 integer · 2 text · 3 UUID as text
///     data    = integers (zigzag), then UUIDs (16 bytes), then lengths,
///               then the texts' bytes
///
/// A value's place within its column is the order in which the unit's
/// changes occur in the message.
struct ValueColumns {
    struct Key: Hashable, Comparable {
        var type: Int
        var unit: Int
        var member: Int

        static func < (left: Key, right: Key) -> Bool {
            (left.type, left.unit, left.member) < (right.type, right.unit, right.member)
        }
    }

    private struct Column {
        let key: Key
        var tags: [UInt8] = []
        var integers = ByteWriter()
        var identifiers = ByteWriter()
        var lengths = ByteWriter()
        var texts = ByteWriter()
    }

    private var columns: [Column] = []
    private var places: [Key: Int] = [:]
    private var expected = 0

    private mutating func place(of key: Key) -> Int {
        if expected < columns.count, columns[expected].key == key { return expected }
        if let known = places[key] { return known }
        places[key] = columns.count
        columns.append(Column(key: key))
        return columns.count - 1
    }

    mutating func append(_ value: UnitValue, type: TypeNumber, unit: UnitNumber) {
        value.forEachMember { member, element in
            let key = Key(type: type.value, unit: unit.value, member: member)
            let place = place(of: key)
            Self.append(element, to: &columns[place])
            // Records of a type have their units in one order.
            expected = place + 1
        }
    }

    private static func append(_ value: Value, to column: inout Column) {
        switch value {
        case .null: column.tags.append(0)
        case .integer(let integer):
            column.tags.append(1)
            column.integers.signed(integer)
        case .text(let text):
            if text.utf8.count == 36, let bits = UUIDBits(text) {
                column.tags.append(3)
                column.identifiers.bits(bits)
            } else {
                column.tags.append(2)
                column.lengths.count(text.utf8.count)
                column.texts.raw(text.utf8)
            }
        }
    }

    func write(to writer: inout ByteWriter) {
        writer.count(columns.count)
        for (key, place) in places.sorted(by: { $0.key < $1.key }) {
            let column = columns[place]
            writer.count(key.type)
            writer.count(key.unit)
            writer.count(key.member)
            writer.count(column.tags.count)
            writer.raw(column.tags)
            writer.raw(column.integers.bytes)
            writer.raw(column.identifiers.bytes)
            writer.raw(column.lengths.bytes)
            writer.raw(column.texts.bytes)
        }
    }
}

/// The columns of a received message, consumed in the order of its changes.
struct ValueColumnReader {
    private var columns: [[Value]] = []
    private var next: [Int] = []
    private var keys: [ValueColumns.Key] = []
    private var places: [ValueColumns.Key: Int] = [:]
    private var expected = 0

    init(_ reader: inout ByteReader) throws(WireError) {
        let count = try reader.count(ofSize: 4)
        var last: ValueColumns.Key?
        for _ in 0..<count {
            let key = ValueColumns.Key(
                type: try reader.index(below: Bound.number, "type"),
                unit: try reader.index(below: Bound.number, "unit"),
                member: try reader.index(below: Bound.members, "member"))
            guard last.map({ $0 < key }) ?? true else {
                throw .malformed("columns out of order", at: reader.offset)
            }
            last = key
            places[key] = columns.count
            keys.append(key)
            columns.append(try Self.column(&reader))
            next.append(0)
        }
    }

    enum Bound {
        /// Types and units have smaller numbers than this.
        static let number = 1 << 20
        /// A group has fewer members than this.
        static let members = 256
    }

    private static func column(_ reader: inout ByteReader) throws(WireError) -> [Value] {
        let count = try reader.count()
        let tags = try reader.raw(count)
        var integers: [Int64] = []
        var identifiers: [UUIDBits] = []
        var lengths: [Int] = []
        for tag in tags where tag == 1 { integers.append(try reader.signed()) }
        for tag in tags where tag == 3 { identifiers.append(try reader.bits()) }
        for tag in tags where tag == 2 { lengths.append(try reader.count()) }
        var values: [Value] = []
        values.reserveCapacity(count)
        var (integer, identifier, length) = (0, 0, 0)
        for tag in tags {
            switch tag {
            case 0: values.append(.null)
            case 1:
                values.append(.integer(integers[integer]))
                integer += 1
            case 2:
                values.append(.text(try reader.text(bytes: lengths[length])))
                length += 1
            case 3:
                values.append(.text(identifiers[identifier].description))
                identifier += 1
            default: throw .malformed("value tag \(tag)", at: reader.offset)
            }
        }
        return values
    }

    /// The next value of a unit that has `members` members.
    mutating func take(
        type: TypeNumber, unit: UnitNumber, members: Int
    ) throws(WireError) -> UnitValue {
        if members == 1 {
            return UnitValue(
                try take(ValueColumns.Key(type: type.value, unit: unit.value, member: 0)))
        }
        var values: [Value] = []
        values.reserveCapacity(members)
        for member in 0..<members {
            let key = ValueColumns.Key(type: type.value, unit: unit.value, member: member)
            values.append(try take(key))
        }
        return UnitValue(values)
    }

    private mutating func take(_ key: ValueColumns.Key) throws(WireError) -> Value {
        // Records of a type have their units in one order.
        let isExpected = expected < keys.count && keys[expected] == key
        guard let place = isExpected ? expected : places[key], next[place] < columns[place].count
        else { throw .malformed("a value of unit \(key.unit) is missing", at: 0) }
        expected = place + 1
        next[place] += 1
        return columns[place][next[place] - 1]
    }

    /// Everything in the columns must have been asked for.
    func finish() throws(WireError) {
        for (place, column) in columns.enumerated() where next[place] != column.count {
            throw .malformed("\(column.count - next[place]) values belong to no change", at: 0)
        }
    }
}
