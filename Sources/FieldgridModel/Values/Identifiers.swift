/// 128 bits that name something for ever, written as a lower-case UUID.
///
/// One representation serves every identifier of the engine; the wrappers
/// below keep them from being mixed up.
package struct UUIDBits: Hashable, Sendable, Comparable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The 16 bytes, most significant first.
    ///
    /// Not generic: other modules would call it unspecialised, and stores read
    /// several identifiers for every record.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for place in 0..<8 {
            high = high << 8 | UInt64(bytes[place])
            low = low << 8 | UInt64(bytes[place + 8])
        }
        self.init(high: high, low: low)
    }

    /// Reads `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, in lower case only:
    /// an identifier has one spelling.
    ///
    /// Not generic: other modules would call it unspecialised.
    package init?(_ text: String) {
        var words: (UInt64, UInt64) = (0, 0)
        var digits = 0
        var offset = 0
        for byte in text.utf8 {
            defer { offset += 1 }
            if offset == 8 || offset == 13 || offset == 18 || offset == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            let digit: UInt64
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                digit = UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"):
                digit = UInt64(byte - UInt8(ascii: "a")) + 10
            default: return nil
            }
            if digits < 16 {
                words.0 = words.0 << 4 | digit
            } else {
                words.1 = words.1 << 4 | digit
            }
            digits += 1
        }
        guard offset == 36, digits == 32 else { return nil }
        self.init(high: words.0, low: words.1)
    }

    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        for word in [high, low] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return bytes
    }

    package static func < (left: UUIDBits, right: UUIDBits) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    /// A UUID of version 7 (RFC 9562): 48 bits of milliseconds, then random.
    package static func version7(
        milliseconds: Int64, using random: inout some RandomNumberGenerator
    ) -> UUIDBits {
        let time = UInt64(bitPattern: milliseconds) & 0xffff_ffff_ffff
        let high = time << 16 | 0x7000 | random.next() & 0x0fff
        let low = random.next() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        return UUIDBits(high: high, low: low)
    }

    /// The milliseconds that a UUID of version 7 begins with.
    package var milliseconds: Int64 { Int64(high >> 16) }

    /// A UUID of version 8 (RFC 9562) from the first 16 bytes of a digest,
    /// for things whose name must be the same wherever it is derived.
    package static func version8(digest: some Collection<UInt8>) -> UUIDBits {
        guard let bits = UUIDBits(bytes: Array(digest.prefix(16))) else {
            preconditionFailure("a digest has at least 16 bytes, this one has \(digest.count)")
        }
        return UUIDBits(
            high: bits.high & 0xffff_ffff_ffff_0fff | 0x8000,
            low: bits.low & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000)
    }
}

extension UUIDBits: CustomStringConvertible {
    package var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for index in 0..<32 {
            if index == 8 || index == 12 || index == 16 || index == 20 {
                text.append(UInt8(ascii: "-"))
            }
            let word = index < 16 ? high : low
            let nibble = UInt8(word >> UInt64(60 - 4 * (index % 16)) & 0xf)
            text.append(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") - 10 + nibble)
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// What every 128-bit identifier can do.
package protocol UUIDIdentifier: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    var bits: UUIDBits { get }
    init(_ bits: UUIDBits)
}

extension UUIDIdentifier {
    /// Reads the lower-case UUID form.
    package init?(_ text: String) {
        guard let bits = UUIDBits(text) else { return nil }
        self.init(bits)
    }

    package init?(_ text: Substring) { self.init(String(text)) }

    package var description: String { bits.description }

    package static func < (left: Self, right: Self) -> Bool { left.bits < right.bits }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let bits = UUIDBits(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "“\(text)” is not a lower-case UUID")
        }
        self.init(bits)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// One record of any type, for ever.
///
/// Minted offline as a UUIDv7.
package struct RecordID: UUIDIdentifier {
    package let bits: UUIDBits
    package init(_ bits: UUIDBits) { self.bits = bits }
}

/// One enrolled device (or the hub itself).
package struct NodeID: UUIDIdentifier {
    package let bits: UUIDBits
    package init(_ bits: UUIDBits) { self.bits = bits }
}

/// One continuous life of a node's database.
///
/// Restoring a backup or copying the file starts a new one.
package struct IncarnationID: UUIDIdentifier {
    package let bits: UUIDBits
    package init(_ bits: UUIDBits) { self.bits = bits }
}

/// One life of a hub's database; positions and record numbers belong to it.
package struct EpochID: UUIDIdentifier {
    package let bits: UUIDBits
    package init(_ bits: UUIDBits) { self.bits = bits }
}

/// What a changeset is called everywhere: the `seq`-th of one incarnation.
///
/// Sequences start at 1 and have no gaps.
package struct ChangesetIdentity: Hashable, Sendable, Comparable, Codable {
    package var incarnation: IncarnationID
    package var seq: Int64

    package init(incarnation: IncarnationID, seq: Int64) {
        self.incarnation = incarnation
        self.seq = seq
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.incarnation, left.seq) < (right.incarnation, right.seq)
    }
}

/// The code of a grid, which is the name of its scope: `220602`,
/// `220602103`, or a grid's own code below a township.
package struct ScopeCode: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) { self.text = text }
    package var description: String { text }
    package static func < (left: Self, right: Self) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// A scope's log counter at the hub: what was accepted, in which order.
///
/// Zero is before everything.
package struct Position: Hashable, Sendable, Comparable, Codable {
    package let value: Int64
    package init(_ value: Int64) { self.value = value }
    package static let zero = Position(0)
    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(Int64.self))
    }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}

/// A record's short name on the wire, unique within one epoch and scope.
///
/// Never reused.
package struct RecordNumber: Hashable, Sendable, Comparable {
    package let value: Int64
    package init(_ value: Int64) { self.value = value }
    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// The permanent number of a record type.
///
/// Never reused.
package struct TypeNumber: Hashable, Sendable, Comparable, Codable {
    package let value: Int
    package init(_ value: Int) { self.value = value }
    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(Int.self))
    }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}

/// The permanent number of a field or group within its type, which is also the
/// number of the merge unit it forms.
///
/// 0 and 1 belong to the engine.
package struct UnitNumber: Hashable, Sendable, Comparable, Codable {
    package let value: Int
    package init(_ value: Int) { self.value = value }
    /// Whether the record is there: 1 alive, 0 deleted.
    package static let presence = UnitNumber(0)
    /// The scope the record lives in.
    package static let scope = UnitNumber(1)
    /// The first number a schema may give.
    package static let firstDeclared = UnitNumber(2)
    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(Int.self))
    }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }
}
