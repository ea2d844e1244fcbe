import FieldgridModel
import FieldgridSchema

/// The built-in schema, read once for all tests.
enum LabourSchema {
    private static let reading = Result { try SchemaReader.read(files: EmbeddedFiles.schema) }

    static func read() throws -> Schema { try reading.get() }
}
