/// Exact decimal texts and scaled integers; no binary fraction in between.
package enum Decimals {
    enum Failure: Error, Hashable { case malformed, tooPrecise, tooLarge }

    /// Reads `-1234.50` as an integer of `10^-scale`.
    ///
    /// Zeros behind the last place are let through (`12.2000` at scale 2).
    /// Grouping commas are read only when asked, and only in threes.
    static func scaled(
        _ text: some StringProtocol, scale: Int, factor: Int64 = 1, grouped: Bool = false
    ) throws(Failure) -> Int64 {
        var digits = Array(text.utf8)[...]
        let negative = digits.first == UInt8(ascii: "-")
        if negative { digits = digits.dropFirst() }
        let parts = digits.split(
            separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, let wholeDigits = ungrouped(whole, allowed: grouped) else {
            throw .malformed
        }
        let fraction = parts.count == 2 ? Array(parts[1]) : []
        if parts.count == 2, fraction.isEmpty { throw .malformed }
        var value: Int64 = 0
        for digit in wholeDigits + fraction {
            guard (48...57).contains(digit) else { throw .malformed }
            value = try append(digit, to: value)
        }
        return try rescale(
            value, from: fraction.count, to: scale, factor: factor, negative: negative)
    }

    /// Writes an integer of `10^-scale`, always with every decimal.
    package static func text(_ value: Int64, scale: Int) -> String {
        guard scale > 0 else { return String(value) }
        var digits = String(value.magnitude)
        if digits.utf8.count <= scale {
            digits = String(repeating: "0", count: scale + 1 - digits.utf8.count) + digits
        }
        let point = digits.index(digits.endIndex, offsetBy: -scale)
        return (value < 0 ? "-" : "") + digits[..<point] + "." + digits[point...]
    }

    private static func append(_ digit: UInt8, to value: Int64) throws(Failure) -> Int64 {
        let (tens, first) = value.multipliedReportingOverflow(by: 10)
        let (sum, second) = tens.addingReportingOverflow(Int64(digit - 48))
        if first || second { throw .tooLarge }
        return sum
    }

    private static func rescale(
        _ digits: Int64, from places: Int, to scale: Int, factor: Int64, negative: Bool
    ) throws(Failure) -> Int64 {
        var (value, overflow) = digits.multipliedReportingOverflow(by: factor)
        if overflow { throw .tooLarge }
        for _ in 0..<max(0, scale - places) {
            (value, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { throw .tooLarge }
        }
        for _ in 0..<max(0, places - scale) {
            guard value % 10 == 0 else { throw .tooPrecise }
            value /= 10
        }
        return negative ? -value : value
    }

    /// The digits without commas; nil when empty or wrongly grouped.
    private static func ungrouped(_ digits: ArraySlice<UInt8>, allowed: Bool) -> [UInt8]? {
        guard !digits.isEmpty else { return nil }
        guard allowed, digits.contains(UInt8(ascii: ",")) else { return Array(digits) }
        let groups = digits.split(
            separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard let first = groups.first, (1...3).contains(first.count),
            groups.dropFirst().allSatisfy({ $0.count == 3 })
        else { return nil }
        return groups.flatMap { Array($0) }
    }
}
