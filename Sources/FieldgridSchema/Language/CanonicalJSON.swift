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

    /// - throws: ``UnreadableSchema`` when the bytes are not a schema, or one
    ///   of a newer program.
    package init(canonicalJSON bytes: [UInt8]) throws {
        do {
            self = try JSONDecoder().decode(Schema.self, from: Data(bytes))
        } catch let error as DecodingError {
            throw UnreadableSchema(error, in: bytes)
        }
    }
}

/// Where a schema has something that this program does not know.
package struct UnreadableSchema: Error, Hashable, Sendable, CustomStringConvertible {
    /// The names on the way to it, such as `labour › employer › stars › policy`.
    package var place: String
    package var description: String

    init(_ error: DecodingError, in bytes: [UInt8]) {
        let context: DecodingError.Context? =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context),
                .dataCorrupted(let context):
                context
            case .keyNotFound(let key, let context):
                DecodingError.Context(
                    codingPath: context.codingPath + [key],
                    debugDescription: context.debugDescription)
            @unknown default: nil
            }
        let path = context?.codingPath ?? []
        let words = Self.words(on: path, in: try? JSONSerialization.jsonObject(with: Data(bytes)))
        place = words.joined(separator: " › ")
        description =
            words.isEmpty
            ? "it is no schema that this program knows"
            : "this program does not know what stands at \(place)"
    }

    /// Elements of lists by their names, and where those have none, their
    /// places.
    private static func words(on path: [any CodingKey], in document: Any?) -> [String] {
        var words: [String] = []
        var value = document
        if let name = (value as? [String: Any])?["name"] as? String { words.append(name) }
        for key in path {
            if let place = key.intValue, let list = value as? [Any] {
                value = list.indices.contains(place) ? list[place] : nil
                let name = (value as? [String: Any])?["name"] as? String
                words.append(name ?? "\(place + 1)")
            } else {
                value = (value as? [String: Any])?[key.stringValue]
                // What a list is called says nothing beside the names of what is in it.
                if !(value is [Any]) { words.append(key.stringValue) }
            }
        }
        return words
    }
}
