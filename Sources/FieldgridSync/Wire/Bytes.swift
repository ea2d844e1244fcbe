package import FieldgridModel

/// What is wrong with bytes that claim to be ours.
///
/// The offset is into the uncompressed body.
package enum WireError: Error, Hashable, Sendable {
    case notFieldgrid
    case versionUnknown(UInt8)
    case kindUnexpected(UInt8)
    case tooLarge(bytes: Int, limit: Int)
    case tooMany(String, count: Int, limit: Int)
    case compressionBroken(String)
    case truncated(at: Int)
    case malformed(String, at: Int)
}

extension WireError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notFieldgrid:
            "the body is not a Fieldgrid message: it does not begin with “FGX”. Is a captive "
                + "portal or another server answering?"
        case .versionUnknown(let version):
            "the message is of wire version \(version), this program speaks 1. Upgrade the older "
                + "side"
        case .kindUnexpected(let kind): "the message is of kind \(kind), which was not asked for"
        case .tooLarge(let bytes, let limit):
            "the message would be \(bytes) bytes, the limit is \(limit). Send less at once"
        case .tooMany(let what, let count, let limit):
            "the message holds \(count) \(what), the limit is \(limit). Send fewer at once"
        case .compressionBroken(let why): "the compressed body is damaged (\(why)). Send it again"
        case .truncated(let offset): "the message ends early, at byte \(offset). Send it again"
        case .malformed(let what, let offset):
            "the message is damaged at byte \(offset): \(what). Send it again"
        }
    }
}

/// Appends the wire's primitives: LEB128 integers, zigzag for signed ones,
/// lengths before bytes.
package struct ByteWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func byte(_ value: UInt8) { bytes.append(value) }

    package mutating func unsigned(_ value: UInt64) {
        var rest = value
        while rest > 0x7f {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    package mutating func count(_ value: Int) { unsigned(UInt64(value)) }

    package mutating func signed(_ value: Int64) {
        unsigned(UInt64(bitPattern: value << 1) ^ UInt64(bitPattern: value >> 63))
    }

    package mutating func raw(_ slice: some Sequence<UInt8>) { bytes.append(contentsOf: slice) }

    package mutating func text(_ value: String) {
        count(value.utf8.count)
        bytes.append(contentsOf: value.utf8)
    }

    package mutating func bits(_ value: UUIDBits) {
        for word in [value.high, value.low] { fixed(word) }
    }

    /// Eight bytes, most significant first.
    package mutating func fixed(_ word: UInt64) {
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: word >> shift))
        }
    }
}

/// Reads the wire's primitives.
///
/// Every count is checked against the bytes that are left before anything is
/// allocated for it.
package struct ByteReader {
    private let bytes: [UInt8]
    package private(set) var offset = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var remaining: Int { bytes.count - offset }

    package mutating func byte() throws(WireError) -> UInt8 {
        guard offset < bytes.count else { throw .truncated(at: offset) }
        defer { offset += 1 }
        return bytes[offset]
    }

    package mutating func unsigned() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            guard shift < 63 || next <= 1 else { throw .malformed("integer", at: offset) }
            value |= UInt64(next & 0x7f) << shift
            if next < 0x80 {
                guard shift == 0 || next != 0 else {
                    throw .malformed("integer with a needless byte", at: offset)
                }
                return value
            }
            shift += 7
        }
    }

    package mutating func signed() throws(WireError) -> Int64 {
        let value = try unsigned()
        return Int64(bitPattern: value >> 1) ^ -Int64(value & 1)
    }

    /// A byte that is 0 or 1.
    package mutating func flag() throws(WireError) -> Bool {
        let value = try byte()
        guard value < 2 else { throw .malformed("a flag that is \(value)", at: offset) }
        return value == 1
    }

    /// How many things follow, each of at least `size` bytes.
    package mutating func count(ofSize size: Int = 1) throws(WireError) -> Int {
        let value = try unsigned()
        guard value <= UInt64(remaining / max(1, size)) else {
            throw .malformed("count \(value) is more than the bytes that are left", at: offset)
        }
        return Int(value)
    }

    /// A record's number, which travels as the difference from the last one.
    package mutating func number(after last: Int64) throws(WireError) -> Int64 {
        let (number, overflow) = last.addingReportingOverflow(try signed())
        guard !overflow, (0..<1 << 40).contains(number) else {
            throw .malformed("record number \(number)", at: offset)
        }
        return number
    }

    /// An integer that must fit a small non-negative number.
    package mutating func index(below limit: Int, _ what: String) throws(WireError) -> Int {
        let value = try unsigned()
        guard value < UInt64(limit) else { throw .malformed("\(what) \(value)", at: offset) }
        return Int(value)
    }

    package mutating func raw(_ count: Int) throws(WireError) -> ArraySlice<UInt8> {
        guard count <= remaining else { throw .truncated(at: offset) }
        defer { offset += count }
        return bytes[offset..<(offset + count)]
    }

    package mutating func text() throws(WireError) -> String {
        let length = try count()
        return try text(bytes: length)
    }

    package mutating func text(bytes length: Int) throws(WireError) -> String {
        let slice = try raw(length)
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw .malformed("text is not UTF-8", at: offset)
        }
        return text
    }

    package mutating func bits() throws(WireError) -> UUIDBits {
        UUIDBits(high: try fixed(), low: try fixed())
    }

    package mutating func fixed() throws(WireError) -> UInt64 {
        guard remaining >= 8 else { throw .truncated(at: offset) }
        defer { offset += 8 }
        var word: UInt64 = 0
        for place in offset..<(offset + 8) { word = word << 8 | UInt64(bytes[place]) }
        return word
    }

    package mutating func finish() throws(WireError) {
        guard remaining == 0 else { throw .malformed("\(remaining) bytes too many", at: offset) }
    }
}
