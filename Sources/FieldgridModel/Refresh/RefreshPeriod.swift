/// One half-year of the refresh: `2026H1` or `2026H2`.
///
/// Its data date, and the day its tasks are due, is the half's last day in
/// Asia/Shanghai: 06-30 or 12-31.
package struct RefreshPeriod: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let year: Int
    /// 1 or 2.
    package let half: Int

    package init?(year: Int, half: Int) {
        guard (1...9998).contains(year), (1...2).contains(half) else { return nil }
        self.year = year
        self.half = half
    }

    /// Reads `2026H2`.
    package init?(_ text: String) {
        let parts = text.split(separator: "H", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 4, parts[1].utf8.count == 1,
            let year = Int(parts[0]), let half = Int(parts[1])
        else { return nil }
        self.init(year: year, half: half)
    }

    /// The half that a day falls in.
    package init(containing day: LocalDate) {
        year = day.year
        half = day.month <= 6 ? 1 : 2
    }

    /// The half that an instant falls in, by the day in Asia/Shanghai.
    package init(at milliseconds: Int64) {
        self.init(
            containing: LocalDate(
                milliseconds: milliseconds, offsetMinutes: LocalDate.shanghaiOffsetMinutes))
    }

    package var description: String { "\(year)H\(half)" }

    /// The half-year after this one.
    package var next: RefreshPeriod {
        RefreshPeriod(unchecked: half == 1 ? (year, 2) : (year + 1, 1))
    }

    private init(unchecked parts: (year: Int, half: Int)) {
        year = parts.year
        half = parts.half
    }

    /// The last day of the half, which is the day its tasks are due.
    package var due: LocalDate {
        let day = half == 1 ? (6, 30) : (12, 31)
        guard let date = LocalDate(year: year, month: day.0, day: day.1) else {
            preconditionFailure("30 June and 31 December are in every year")
        }
        return date
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.year, left.half) < (right.year, right.half)
    }
}
