import FieldgridModel
import FieldgridSchema
import FieldgridSync

/// Published schemas, laid out for checking what was made under them.
///
/// Each is read once; the few that were asked for last are kept.
final class SchemaShelf {
    private static let keptMax = 8
    /// The one asked for last comes last.
    private var kept: [(tag: SchemaTag, index: SchemaIndex)] = []

    /// Nil for a schema that was never published here, or that this program
    /// cannot read.
    func index(_ tag: SchemaTag, in view: any HubReading) throws -> SchemaIndex? {
        if let place = kept.firstIndex(where: { $0.tag == tag }) {
            let found = kept.remove(at: place)
            kept.append(found)
            return found.index
        }
        guard let document = try view.schemaDocument(tag),
            let schema = try? Schema(canonicalJSON: document)
        else { return nil }
        let index = SchemaIndex(schema)
        if kept.count == Self.keptMax { kept.removeFirst() }
        kept.append((tag, index))
        return index
    }
}
