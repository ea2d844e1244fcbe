package import FieldgridModel

extension Acceptance {
    /// Which changed records name which files, or named them meanwhile, so
    /// that it is known who may send and fetch one.
    func namedAttachments() -> [(name: String, record: RecordID)] {
        var units: [TypeNumber: [UnitNumber]] = [:]
        for (number, entry) in index.entries {
            let fields = entry.type.fields.filter { $0.kind == .attachment }
            if !fields.isEmpty { units[number] = fields.map { entry.type.unit(of: $0) } }
        }
        guard !units.isEmpty else { return [] }
        let offered = history.flatMap { row -> [(name: String, record: RecordID)] in
            guard let units = units[row.type] else { return [] }
            return row.units.filter { units.contains($0.unit) }.flatMap(\.value.members)
                .compactMap(\.text).filter { AttachmentName.isValid($0) }
                .map { ($0, row.record) }
        }
        return offered
            + dirty.sorted().flatMap { id -> [(name: String, record: RecordID)] in
                guard let state = records[id], let units = units[state.type] else { return [] }
                return units.flatMap { state.units[$0]?.sides ?? [] }.flatMap(\.value.members)
                    .compactMap(\.text).filter { AttachmentName.isValid($0) }.map { ($0, id) }
            }
    }
}

extension Hub {
    /// Whether a record that a device may see names a file, or once named it.
    package func isNamed(_ attachment: String, within scope: ScopeCode) throws -> Bool {
        let grids = grids
        return try store.read { view in
            let ids = try view.records(naming: attachment)
            return try view.records(ids).values.contains { grids.covers(scope, $0.scope) }
        }
    }
}
