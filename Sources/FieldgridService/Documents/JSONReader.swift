/// Reads JSON (RFC 8259) with its keys in order.
///
/// Nesting is bounded by ``depthMax``, so that no document can exhaust the
/// stack.
package struct JSONReader {
    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package var reason: String
        package var offset: Int
        package var description: String { "not JSON: \(reason) at byte \(offset)" }
    }

    package static let depthMax = 64

    private let bytes: [UInt8]
    private var index = 0

    /// - throws: when the bytes are not exactly one JSON document.
    package static func read(_ bytes: [UInt8]) throws(Failure) -> JSONValue {
        var reader = JSONReader(bytes: bytes)
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.index == bytes.count else { throw reader.failure("something follows it") }
        return value
    }

    package static func read(_ text: String) throws(Failure) -> JSONValue {
        try read(Array(text.utf8))
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private func failure(_ reason: String) -> Failure { Failure(reason: reason, offset: index) }

    private mutating func skipSpace() {
        while index < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[index]) { index += 1 }
    }

    private mutating func value(depth: Int) throws(Failure) -> JSONValue {
        guard depth < Self.depthMax else { throw failure("nested too deeply") }
        skipSpace()
        guard index < bytes.count else { throw failure("it ends early") }
        switch bytes[index] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(Failure) -> JSONValue {
        guard bytes[index...].starts(with: word.utf8) else { throw failure("unknown word") }
        index += word.utf8.count
        return value
    }

    private mutating func object(depth: Int) throws(Failure) -> JSONValue {
        var members: [JSONValue.Member] = []
        index += 1
        skipSpace()
        if take("}") { return .object([]) }
        while true {
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else {
                throw failure("a key is missing")
            }
            let key = try string()
            skipSpace()
            guard take(":") else { throw failure("a colon is missing") }
            members.append(JSONValue.Member(key, try value(depth: depth + 1)))
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { throw failure("a comma is missing") }
        }
    }

    private mutating func array(depth: Int) throws(Failure) -> JSONValue {
        var elements: [JSONValue] = []
        index += 1
        skipSpace()
        if take("]") { return .array([]) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw failure("a comma is missing") }
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard index < bytes.count, bytes[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func number() throws(Failure) -> JSONValue {
        let start = index
        while index < bytes.count, Self.isNumeric(bytes[index]) { index += 1 }
        let literal = String(decoding: bytes[start..<index], as: UTF8.self)
        if let integer = Int64(literal), literal.first != "+" { return .integer(integer) }
        guard Double(literal)?.isFinite == true, literal.first != "+" else {
            throw failure("not a number")
        }
        return .number(literal)
    }

    private static func isNumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || "+-.eE".utf8.contains(byte)
    }

    private mutating func string() throws(Failure) -> String {
        index += 1
        var content: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw failure("a text is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"): try appendEscape(to: &content)
            case 0..<0x20: throw failure("a control character in a text")
            default: content.append(byte)
            }
        }
        throw failure("a text does not end")
    }

    private mutating func appendEscape(to content: inout [UInt8]) throws(Failure) {
        guard index < bytes.count else { throw failure("a text does not end") }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0c)
        case UInt8(ascii: "n"): content.append(0x0a)
        case UInt8(ascii: "r"): content.append(0x0d)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            var code = try unit()
            if (0xd800..<0xdc00).contains(code), bytes[index...].starts(with: "\\u".utf8) {
                index += 2
                let low = try unit()
                guard (0xdc00..<0xe000).contains(low) else { throw failure("half a character") }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw failure("half a character") }
            content.append(contentsOf: String(Character(scalar)).utf8)
        default: throw failure("unknown escape")
        }
    }

    private mutating func unit() throws(Failure) -> UInt32 {
        guard index + 4 <= bytes.count,
            let code = UInt32(
                String(decoding: bytes[index..<(index + 4)], as: UTF8.self), radix: 16)
        else { throw failure("not four hexadecimal digits") }
        index += 4
        return code
    }
}
