/// The canonical form of a set: a JSON array of distinct, non-empty texts in
/// the order of their UTF-8 bytes, without spaces.
package enum TextSet {
    /// The canonical text of these elements; nil when there is none.
    package static func encode(_ elements: some Sequence<String>) -> String? {
        var sorted = elements.filter { !$0.isEmpty }
        sorted.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var distinct: [String] = []
        for element in sorted where !(distinct.last?.hasBytes(of: element) ?? false) {
            distinct.append(element)
        }
        guard !distinct.isEmpty else { return nil }
        return "[" + distinct.map(quoted).joined(separator: ",") + "]"
    }

    /// The elements; nil unless the text is in canonical form.
    package static func decode(_ text: String) -> [String]? {
        guard let elements = parse(Array(text.unicodeScalars)),
            let canonical = encode(elements), canonical.hasBytes(of: text)
        else { return nil }
        return elements
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Reads exactly what ``quoted(_:)`` writes: control characters other
    /// than newline and tab are never in a value.
    private static func parse(_ scalars: [Unicode.Scalar]) -> [String]? {
        guard scalars.first == "[", scalars.last == "]", scalars.count >= 2 else { return nil }
        var elements: [String] = []
        var index = 1
        while index < scalars.count - 1 {
            if !elements.isEmpty {
                guard scalars[index] == "," else { return nil }
                index += 1
            }
            guard let (element, next) = string(scalars, at: index) else { return nil }
            elements.append(element)
            index = next
        }
        return elements
    }

    private static func string(
        _ scalars: [Unicode.Scalar], at start: Int
    ) -> (String, next: Int)? {
        guard start < scalars.count, scalars[start] == "\"" else { return nil }
        var result = String.UnicodeScalarView()
        var index = start + 1
        while index < scalars.count {
            switch scalars[index] {
            case "\"": return (String(result), index + 1)
            case "\\":
                index += 1
                guard index < scalars.count else { return nil }
                switch scalars[index] {
                case "\"", "\\": result.append(scalars[index])
                case "n": result.append("\n")
                case "t": result.append("\t")
                default: return nil
                }
            default: result.append(scalars[index])
            }
            index += 1
        }
        return nil
    }
}
