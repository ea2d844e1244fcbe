import FieldgridModel
import FieldgridSync
import GRDB

/// Values that this node's schema has no place for are carried untouched,
/// and find their place when a newer schema arrives (sync.md section 5).
///
/// For a type that is not known here, unit 0 carries scope and number.
extension ReplyApplication {
    func carryUnknownUnits(
        of delta: RecordDelta, _ id: RecordID, _ layout: TypeLayout
    ) throws {
        for unit in delta.units where unit.unit.value > 1 && layout.unit(unit.unit) == nil {
            try carry(delta.type, id, unit.unit, unit.value, place: nil)
        }
    }

    func carry(whole delta: RecordDelta) throws {
        guard let id = try delta.id ?? carriedID(delta) else {
            throw ReplicaError(
                .deltaUnknown,
                "the hub sent a change of record \(delta.number.value) of \(delta.scope), of a "
                    + "type that this node does not have",
                hint: "Nothing was changed; report this, and join again in a new folder")
        }
        guard delta.presence != .deleted else { return try uncarry(delta) }
        try carry(
            delta.type, id, .presence, .alive, place: (delta.scope, delta.number))
        for unit in delta.units where unit.unit.value > 1 {
            try carry(delta.type, id, unit.unit, unit.value, place: nil)
        }
    }

    func uncarry(_ delta: RecordDelta) throws {
        guard let id = try delta.id ?? carriedID(delta) else { return }
        let query = try Query(db, "DELETE FROM fg_carried WHERE type = ? AND id = ?")
        query.bind(1, Int64(delta.type.value))
        query.bind(2, id.blob)
        try query.run()
    }

    private func carriedID(_ delta: RecordDelta) throws -> RecordID? {
        let query = try Query(
            db, "SELECT id FROM fg_carried WHERE type = ? AND unit = 0 AND scope = ? AND num = ?")
        query.bind(1, Int64(delta.type.value))
        query.bind(2, delta.scope.text)
        query.bind(3, delta.number.value)
        defer { query.finish() }
        return try query.step() ? RecordID(blob: query.blob(0)) : nil
    }

    private func carry(
        _ type: TypeNumber, _ id: RecordID, _ unit: UnitNumber, _ value: UnitValue,
        place: (scope: ScopeCode, number: RecordNumber)?
    ) throws {
        var encoder = CanonicalEncoder()
        encoder.append(value)
        let query = try Query(
            db,
            """
            INSERT OR REPLACE INTO fg_carried(type, id, unit, value, scope, num)
            VALUES(?, ?, ?, ?, ?, ?)
            """)
        query.bind(1, Int64(type.value))
        query.bind(2, id.blob)
        query.bind(3, Int64(unit.value))
        query.bind(4, encoder.bytes)
        query.bind(5, place?.scope.text)
        query.bind(6, place?.number.value)
        try query.run()
    }

    /// Gives everything carried another try under the present schema.
    mutating func applyCarried() throws {
        var deltas: [RecordDelta] = []
        var isPlaced: [Bool] = []
        let query = try Query(
            db, "SELECT type, id, unit, value, scope, num FROM fg_carried ORDER BY type, id, unit")
        while try query.step() {
            let type = TypeNumber(Int(query.integer(0)))
            guard memory.layouts[type] != nil, let id = RecordID(blob: query.blob(1)) else {
                continue
            }
            if deltas.last?.id != id {
                let place = query.textIfAny(4).map { ScopeCode($0) }
                deltas.append(
                    RecordDelta(
                        scope: place ?? ScopeCode(""), number: RecordNumber(query.integer(5)),
                        id: id, type: type, presence: place == nil ? .alive : .whole, units: []))
                isPlaced.append(place != nil)
            }
            let unit = UnitNumber(Int(query.integer(2)))
            guard unit != .presence else { continue }
            var decoder = CanonicalDecoder(query.blob(3)[...])
            let value = try decoder.unitValue()
            deltas[deltas.count - 1].units.append(UnitDelta(unit: unit, value: value))
        }
        for (delta, isPlaced) in zip(deltas, isPlaced) {
            try uncarry(delta)
            if isPlaced { try apply(delta) } else { try fill(delta) }
        }
    }

    /// Puts values into a row that was there before its columns were.
    private func fill(_ delta: RecordDelta) throws {
        let layout = try memory.layout(delta.type)
        guard let id = delta.id, let row = try RecordRow.find(id, layout, db) else { return }
        try carryUnknownUnits(of: delta, id, layout)
        var values: [Int: Value] = [:]
        for unit in delta.units {
            for (column, value) in zip(
                layout.unit(unit.unit)?.columns ?? [], unit.value.members)
            {
                values[column] = value
            }
        }
        try write(values, to: row.rec, layout)
    }
}
