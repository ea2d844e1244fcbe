/// How long to wait before the next try after failures in a row.
///
/// Doubles from ``first`` to ``longest``, and draws the upper half of each
/// wait, so that a thousand devices which lost the hub together do not come
/// back together.
package struct BackOff: Hashable, Sendable {
    /// Milliseconds.
    package var first: Int64
    package var longest: Int64

    /// - precondition: `0 < first ≤ longest`.
    package init(first: Int64 = 2_000, longest: Int64 = 15 * 60_000) {
        precondition(0 < first && first <= longest, "a wait grows from above zero to its longest")
        self.first = first
        self.longest = longest
    }

    /// Milliseconds until the next try.
    ///
    /// `failures` counts from 1. What the hub asks for is a floor, also above
    /// ``longest``.
    package func wait(
        afterFailures failures: Int, hubAsksFor floor: Int64 = 0,
        using random: inout some RandomNumberGenerator
    ) -> Int64 {
        let doublings = min(max(0, failures - 1), 40)
        let (grown, overflow) = first.multipliedReportingOverflow(by: 1 << Int64(doublings))
        let whole = overflow ? longest : min(grown, longest)
        return max(floor, whole / 2 + Int64.random(in: 0...(whole - whole / 2), using: &random))
    }
}
