package import FieldgridModel

/// Records of one scope by number, from one up to another, which is 0 where
/// there is no end.
package struct CheckRange: Hashable, Sendable {
    package var scope: ScopeCode
    package var from: RecordNumber
    package var to: RecordNumber

    package init(_ scope: ScopeCode, from: RecordNumber, to: RecordNumber) {
        self.scope = scope
        self.from = from
        self.to = to
    }
}

/// What a node asks the hub about records that it should have, so that a
/// difference nobody knows of is found (sync.md 9.16).
package struct ScopeCheck: Hashable, Sendable {
    package enum Level: UInt8, Hashable, Sendable {
        /// One sum over all ranges.
        case combined = 1
        /// One for each.
        case each = 2
        /// The records themselves.
        case records = 3
    }

    package var level: Level
    package var ranges: [CheckRange]

    /// How many ranges one request may name.
    package static let rangesMax = 16

    package init(_ level: Level, _ ranges: [CheckRange]) {
        self.level = level
        self.ranges = ranges
    }
}

/// What is equal when two sides have the same records: the sum, modulo 2^128,
/// of half of each record's digest.
package struct RecordSum: Hashable, Sendable {
    package var high: UInt64 = 0
    package var low: UInt64 = 0

    package init() {}

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static func += (left: inout RecordSum, right: RecordSum) {
        let (low, carry) = left.low.addingReportingOverflow(right.low)
        left.low = low
        left.high &+= right.high &+ (carry ? 1 : 0)
    }

    /// Of one record: its name, its place, and its units that are not null.
    package init(
        of id: RecordID, _ type: TypeNumber, in scope: ScopeCode, number: RecordNumber,
        units: [(UnitNumber, UnitValue)]
    ) {
        var encoder = CanonicalEncoder(reservingCapacity: 512)
        encoder.append(id.bits)
        encoder.append(Int64(type.value))
        encoder.append(text: scope.text)
        encoder.append(number.value)
        for (unit, value) in units.sorted(by: { $0.0 < $1.0 }) where !value.isNull {
            encoder.append(Int64(unit.value))
            for member in value.members { encoder.append(member) }
        }
        let bytes = ContentDigest.of(encoder.bytes).bytes
        high = bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
