package import FieldgridModel

/// The statements that make the record tables of a schema and capture their
/// edits, for measuring them without the rest.
package enum CaptureLayout {
    /// - Throws: `schema.name`.
    package static func statements(
        for schema: Schema, scope: ScopeCode?
    ) throws(ReplicaError) -> [String] {
        var layouts: [TypeLayout] = []
        for type in schema.types { layouts.append(try TypeLayout(type)) }
        var statements = ["CREATE TABLE fg_applying(reason TEXT) STRICT"]
        statements.append(EngineTables.log(for: layouts))
        for layout in layouts {
            statements.append(RecordTables.create(layout, scope: scope))
            statements.append(RecordTables.numberIndex(layout))
            statements += CaptureTriggers.all(of: layout).map(\.sql)
        }
        return statements
    }
}
