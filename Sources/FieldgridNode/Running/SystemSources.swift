package import FieldgridModel
import Foundation

/// The machine's clock.
package struct SystemClock: WallClock {
    package init() {}

    package var milliseconds: Int64 { Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)) }
}

extension RandomSource {
    /// The machine's own, fit for keys.
    package static var system: RandomSource { RandomSource(SystemRandomNumberGenerator()) }
}
