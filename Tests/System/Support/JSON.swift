import Foundation

/// A JSON document as a test reads it: what is not there is null.
struct JSON: Equatable, CustomStringConvertible {
    private let value: Any?

    /// - throws: when the text is not exactly one document.
    init(_ text: String) throws {
        do {
            value = try JSONSerialization.jsonObject(
                with: Data(text.utf8), options: [.fragmentsAllowed])
        } catch {
            throw ProcessError("not one JSON document: \(text.prefix(400)) (\(error))")
        }
    }

    private init(value: Any?) { self.value = value is NSNull ? nil : value }

    subscript(key: String) -> JSON { JSON(value: (value as? [String: Any])?[key]) }
    subscript(place: Int) -> JSON {
        let elements = elements
        return elements.indices.contains(place) ? elements[place] : JSON(value: nil)
    }

    var isNull: Bool { value == nil }
    var text: String? { value as? String }
    var integer: Int? { (value as? NSNumber)?.intValue }
    var elements: [JSON] { (value as? [Any])?.map { JSON(value: $0) } ?? [] }
    var texts: [String] { elements.compactMap(\.text) }
    var keys: Set<String> { Set((value as? [String: Any] ?? [:]).keys) }

    /// The same for the same value, whatever the order of its keys.
    var description: String {
        guard let value,
            let data = try? JSONSerialization.data(
                withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed])
        else { return "null" }
        return String(decoding: data, as: UTF8.self)
    }

    static func == (left: JSON, right: JSON) -> Bool { left.description == right.description }
}
