/// A hybrid logical time: 48 bits of wall-clock milliseconds and a 16-bit
/// counter in one integer, so that later is greater.
///
/// Source: Kulkarni et al., "Logical Physical Clocks", 2014.
package struct HybridTime: Hashable, Sendable, Comparable, Codable {
    package let raw: Int64

    package init(raw: Int64) { self.raw = raw }

    package init(milliseconds: Int64, counter: Int = 0) {
        raw = milliseconds << 16 | Int64(counter)
    }

    package static let zero = HybridTime(raw: 0)
    /// UTC milliseconds since 1970.
    package var milliseconds: Int64 { raw >> 16 }
    package var counter: Int { Int(raw & 0xffff) }
    package static func < (left: Self, right: Self) -> Bool { left.raw < right.raw }
    package init(from decoder: any Decoder) throws {
        self.init(raw: try decoder.singleValueContainer().decode(Int64.self))
    }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(raw)
    }
}

/// A clock that never goes back within one incarnation, whatever the wall
/// clock does.
///
/// Invariant: every time it issues is greater than every time it issued or
/// observed before.
package struct HybridClock: Sendable {
    package private(set) var last: HybridTime

    package init(last: HybridTime = .zero) { self.last = last }

    /// The next time, given what the wall clock says.
    ///
    /// A counter that overflows moves the millisecond part by one. The greatest
    /// time of all, 145 million years away, has none after it and is issued again.
    package mutating func tick(wallMilliseconds: Int64) -> HybridTime {
        let wall = HybridTime(milliseconds: max(0, wallMilliseconds))
        last = wall > last ? wall : HybridTime(raw: last.raw == .max ? .max : last.raw + 1)
        return last
    }

    /// Raises the clock to a time seen elsewhere.
    package mutating func observe(_ time: HybridTime) {
        last = max(last, time)
    }
}
