import FieldgridModel
import Foundation

/// The machine's clock.
package struct SystemClock: WallClock {
    package init() {}

    package var milliseconds: Int64 { Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)) }
}

/// Any generator, held behind one type.
package struct RandomSource: RandomNumberGenerator, Sendable {
    private var source: any RandomNumberGenerator & Sendable

    package init(_ source: any RandomNumberGenerator & Sendable) { self.source = source }

    /// The machine's own, fit for keys.
    package static var system: RandomSource { RandomSource(SystemRandomNumberGenerator()) }

    package mutating func next() -> UInt64 { source.next() }
}
