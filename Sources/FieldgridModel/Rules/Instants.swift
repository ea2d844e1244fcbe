/// Instants as people read and type them: in Asia/Shanghai unless a zone is
/// written.
package enum Instants {
    /// `2026-07-24T09:15:00+08:00`, with milliseconds where there are any.
    package static func text(_ milliseconds: Int64) -> String {
        let offset = LocalDate.shanghaiOffsetMinutes
        let date = LocalDate(milliseconds: milliseconds, offsetMinutes: offset)
        let rest = Int(milliseconds - date.startMilliseconds(offsetMinutes: offset))
        let pad = LocalDate.padded
        let clock = [rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60].map { pad($0, 2) }
        let fraction = rest % 1_000 == 0 ? "" : "." + pad(rest % 1_000, 3)
        return "\(date)T\(clock.joined(separator: ":"))\(fraction)+08:00"
    }

    /// Reads `YYYY-MM-DD`, then `T` or a space, `HH:MM`, and optionally
    /// `:SS`, `.mmm`, and `Z` or `±HH:MM`.
    package static func milliseconds(_ text: String) -> Int64? {
        var rest = Array(text.utf8)[...]
        let day = String(decoding: rest.prefix(10), as: UTF8.self)
        guard rest.count >= 16, let date = LocalDate(day) else { return nil }
        rest = rest.dropFirst(10)
        guard rest.first == UInt8(ascii: "T") || rest.first == UInt8(ascii: " "),
            let minutes = hoursAndMinutes(rest.dropFirst().prefix(5))
        else { return nil }
        rest = rest.dropFirst(6)
        var thousandths = 0
        if rest.first == UInt8(ascii: ":") {
            guard let seconds = twoDigits(rest.dropFirst(), below: 60) else { return nil }
            thousandths = seconds * 1_000
            rest = rest.dropFirst(3)
            if rest.first == UInt8(ascii: ".") {
                guard rest.count >= 4, let part = LocalDate.number(rest.dropFirst().prefix(3))
                else { return nil }
                thousandths += part
                rest = rest.dropFirst(4)
            }
        }
        guard let offset = zone(rest) else { return nil }
        return date.startMilliseconds(offsetMinutes: offset) + Int64(minutes) * 60_000
            + Int64(thousandths)
    }

    private static func zone(_ bytes: ArraySlice<UInt8>) -> Int? {
        switch bytes.first {
        case nil: LocalDate.shanghaiOffsetMinutes
        case UInt8(ascii: "Z"): bytes.count == 1 ? 0 : nil
        case UInt8(ascii: "+"): bytes.count == 6 ? hoursAndMinutes(bytes.dropFirst()) : nil
        case UInt8(ascii: "-"):
            bytes.count == 6 ? hoursAndMinutes(bytes.dropFirst()).map { -$0 } : nil
        default: nil
        }
    }

    private static func hoursAndMinutes(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count == 5, bytes.dropFirst(2).first == UInt8(ascii: ":"),
            let hours = twoDigits(bytes, below: 24),
            let minutes = twoDigits(bytes.dropFirst(3), below: 60)
        else { return nil }
        return hours * 60 + minutes
    }

    private static func twoDigits(_ bytes: ArraySlice<UInt8>, below limit: Int) -> Int? {
        guard bytes.count >= 2, let number = LocalDate.number(bytes.prefix(2)), number < limit
        else { return nil }
        return number
    }
}
