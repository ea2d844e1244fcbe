package import FieldgridModel
import Foundation

/// The machine's clock.
///
/// `FIELDGRID_CLOCK_OFFSET`, a number of seconds, sets it wrong on purpose:
/// for drills, and for the demo's device that is a year ahead.
package struct SystemClock: WallClock {
    package static let offsetVariable = "FIELDGRID_CLOCK_OFFSET"

    private static let offset: Int64 =
        ProcessInfo.processInfo.environment[offsetVariable].flatMap { Int64($0) }.map { $0 * 1_000 }
        ?? 0

    package init() {}

    package var milliseconds: Int64 {
        Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)) + Self.offset
    }
}

extension RandomSource {
    /// The machine's own, fit for keys.
    package static var system: RandomSource { RandomSource(SystemRandomNumberGenerator()) }
}
