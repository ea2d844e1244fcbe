import Foundation

/// Between values that are `Codable` and documents.
package enum JSONBridge {
    package static func bytes(of value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    package static func document(of value: some Encodable) throws -> JSONValue {
        try JSONReader.read(bytes(of: value))
    }

    package static func value<Value: Decodable>(
        _ type: Value.Type, from document: JSONValue
    ) throws -> Value {
        try JSONDecoder().decode(type, from: Data(document.bytes))
    }
}
