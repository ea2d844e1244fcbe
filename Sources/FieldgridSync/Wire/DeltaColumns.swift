import FieldgridModel

/// What changed of many records, in columns.
///
///     deltas = count scopes { scope* number* presence* type* has-id* units* }
///              id* unit* value-columns
enum DeltaColumns {
    static func write(_ records: [RecordDelta], to writer: inout ByteWriter) {
        var scopes: [ScopeCode] = []
        var places: [ScopeCode: Int] = [:]
        for record in records where places[record.scope] == nil {
            places[record.scope] = scopes.count
            scopes.append(record.scope)
        }
        writer.count(records.count)
        writer.count(scopes.count)
        for scope in scopes { writer.text(scope.text) }
        for record in records { writer.count(places[record.scope] ?? 0) }
        var last: Int64 = 0
        for record in records {
            writer.signed(record.number.value - last)
            last = record.number.value
        }
        for record in records { writer.byte(record.presence.rawValue) }
        for record in records { writer.count(record.type.value) }
        for record in records { writer.byte(record.id == nil ? 0 : 1) }
        for record in records { writer.count(record.units.count) }
        for record in records { if let id = record.id { writer.bits(id.bits) } }
        var values = ValueColumns()
        for record in records {
            for unit in record.units {
                writer.count(unit.unit.value)
                writer.count(unit.value.count)
                values.append(unit.value, type: record.type, unit: unit.unit)
            }
        }
        values.write(to: &writer)
    }

    static func read(_ reader: inout ByteReader) throws(WireError) -> [RecordDelta] {
        let count = try reader.count()
        var scopes: [ScopeCode] = []
        for _ in 0..<(try reader.count()) { scopes.append(ScopeCode(try reader.text())) }
        var records: [RecordDelta] = []
        records.reserveCapacity(count)
        for _ in 0..<count {
            let scope = scopes[try reader.index(below: scopes.count, "scope")]
            records.append(
                RecordDelta(
                    scope: scope, number: RecordNumber(0), id: nil, type: TypeNumber(0),
                    presence: .alive, units: []))
        }
        var number: Int64 = 0
        for index in records.indices {
            number = try reader.number(after: number)
            records[index].number = RecordNumber(number)
        }
        for index in records.indices {
            guard let presence = RecordDelta.Presence(rawValue: try reader.byte()) else {
                throw .malformed("presence", at: reader.offset)
            }
            records[index].presence = presence
        }
        for index in records.indices {
            records[index].type = TypeNumber(
                try reader.index(below: ValueColumnReader.Bound.number, "type"))
        }
        var known: [Bool] = []
        for _ in records { known.append(try reader.flag()) }
        try readUnits(of: &records, known: known, &reader)
        return records
    }

    private static func readUnits(
        of records: inout [RecordDelta], known: [Bool], _ reader: inout ByteReader
    ) throws(WireError) {
        var counts: [Int] = []
        for _ in records { counts.append(try reader.count()) }
        for (index, isNamed) in zip(records.indices, known) where isNamed {
            records[index].id = RecordID(try reader.bits())
        }
        var units: [(unit: UnitNumber, members: Int)] = []
        for count in counts {
            for _ in 0..<count {
                let unit = try reader.index(below: ValueColumnReader.Bound.number, "unit")
                let members = try reader.index(below: ValueColumnReader.Bound.members, "members")
                units.append((UnitNumber(unit), members))
            }
        }
        var values = try ValueColumnReader(&reader)
        var next = 0
        for (index, count) in zip(records.indices, counts) {
            for _ in 0..<count {
                let (unit, members) = units[next]
                let value = try values.take(
                    type: records[index].type, unit: unit, members: members)
                records[index].units.append(UnitDelta(unit: unit, value: value))
                next += 1
            }
        }
        try values.finish()
    }
}
