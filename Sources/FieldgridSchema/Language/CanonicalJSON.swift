import Foundation
package import FieldgridModel

extension Schema {
    /// The bytes that nodes receive and that the schema's digest covers:
    /// sorted keys, no white space.
    ///
    /// - throws: never in practice; a schema has nothing JSON cannot hold.
    package func canonicalJSON() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }

    /// - throws: `DecodingError` when the bytes are not a schema.
    package init(canonicalJSON bytes: [UInt8]) throws {
        self = try JSONDecoder().decode(Schema.self, from: Data(bytes))
    }
}
