import FieldgridModel
import Foundation

/// Between moments as the engine counts them, in whole milliseconds, and as an app has them.
enum Moments {
    static func date(_ milliseconds: Int64) -> Date {
        Date(timeIntervalSince1970: Double(milliseconds) / 1_000)
    }

    /// The nearest millisecond; of what lies beyond all calendars, the end of them.
    static func milliseconds(_ date: Date) -> Int64 {
        let exact = (date.timeIntervalSince1970 * 1_000).rounded()
        guard !exact.isNaN else { return 0 }
        return Int64(min(max(exact, -0x1p53), 0x1p53))
    }

    /// A moment as documents have it; nil where it is none.
    static func date(_ text: String?) -> Date? {
        text.flatMap(Instants.milliseconds).map { date($0) }
    }
}
