import FieldgridModel
import FieldgridSchema
import FieldgridService
import Foundation

/// An import map of the user's own, in the schema language.
enum MapFile {
    static func read(_ path: String) throws -> ImportMap {
        guard let data = FileManager.default.contents(atPath: path),
            let text = String(validating: Array(data), as: UTF8.self)
        else {
            throw ServiceError(
                "import.no-map", "The map \(path) cannot be read.",
                hint: "Give a YAML file in UTF-8, or the name of one of the schema's maps.")
        }
        // The reader judges a map together with the types it names, so it is
        // read as the only import of the built-in schema; whether its fields
        // are those of the folder's schema is checked when it is bound.
        let others = EmbeddedFiles.schema.filter { !$0.path.hasPrefix("imports/") }
        let read: Schema
        do throws(SchemaMistakes) {
            read = try SchemaReader.read(files: others + [SchemaFile(path: path, text: text)])
        } catch {
            throw error.concerning(.map(path))
        }
        guard let map = read.imports.first else {
            throw ServiceError(
                "import.no-map", "The file \(path) is not an import map.",
                hint: "It begins with `import: NAME`; schemas/labour/imports has an example.")
        }
        return map
    }
}
