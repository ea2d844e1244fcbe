package import FieldgridModel

/// Finds the one grid that an address names.
///
/// A grid is named by its full name with its suffix: 红旗街 is a street, only
/// 红旗街道 is the township, and 红旗街道口 is a crossing. Of names that
/// overlap, the longest counts. A name of two characters (西村) is the end of
/// many others, so it counts only behind its township's name.
///
/// The result is the village or community if exactly one is named and no
/// other township contradicts it; else the township if exactly one is named;
/// else nothing.
package struct GridMatcher: Sendable {
    /// What the matcher needs of a grid; level 1 is the top.
    package typealias Grid = (code: String, name: String, parent: String?, level: Int)

    private struct Entry: Sendable {
        var code: String
        var name: [Unicode.Scalar]
        var parent: String?
        var isTownship: Bool
        /// What must stand right before it, one of these; empty for anything.
        var prefixes: [[Unicode.Scalar]]
    }

    /// By the first character of the name.
    private let entries: [Unicode.Scalar: [Entry]]

    /// - Parameter grids: the whole tree; the top is not looked for, because
    ///   every address of the district names it.
    package init(grids: [Grid]) {
        let names = Dictionary(grids.map { ($0.code, $0.name) }) { first, _ in first }
        var entries: [Unicode.Scalar: [Entry]] = [:]
        for grid in grids where grid.level >= 2 {
            let name = Array(grid.name.unicodeScalars)
            guard let first = name.first else { continue }
            let above = name.count > 2 ? nil : grid.parent.flatMap { names[$0] }
            let entry = Entry(
                code: grid.code, name: name, parent: grid.parent, isTownship: grid.level == 2,
                prefixes: above.map { [Array($0.unicodeScalars), Self.stem(of: $0)] } ?? [])
            entries[first, default: []].append(entry)
        }
        self.entries = entries
    }

    package func scope(for address: String) -> ScopeCode? {
        let named = entriesNamed(in: Array(address.unicodeScalars))
        let townships = Set(named.filter(\.isTownship).map(\.code))
        let villages = named.filter { !$0.isTownship }
        guard townships.count <= 1 else { return nil }
        guard let township = townships.first else {
            return villages.count == 1 ? ScopeCode(villages[0].code) : nil
        }
        // Two townships may have a village of the same name: the township
        // that is named chooses.
        let own = villages.filter { $0.parent == township }
        let others = Set(villages.map(\.name)).subtracting(own.map(\.name))
        return ScopeCode(own.count == 1 && others.isEmpty ? own[0].code : township)
    }

    /// A township's name without its suffix: 六道江 of 六道江镇.
    private static func stem(of township: String) -> [Unicode.Scalar] {
        for suffix in ["街道", "镇", "乡"] where township.hasSuffix(suffix) {
            return Array(township.unicodeScalars.dropLast(suffix.unicodeScalars.count))
        }
        return Array(township.unicodeScalars)
    }

    private static func isNamed(
        _ entry: Entry, at start: Int, in address: [Unicode.Scalar]
    ) -> Bool {
        guard address[start...].starts(with: entry.name) else { return false }
        let end = start + entry.name.count
        if entry.isTownship, end < address.count, address[end] == "口" { return false }
        return entry.prefixes.isEmpty
            || entry.prefixes.contains { address[..<start].reversed().starts(with: $0.reversed()) }
    }

    /// The grids whose names stand in the address, without those whose every
    /// occurrence is a part of a longer name.
    private func entriesNamed(in address: [Unicode.Scalar]) -> [Entry] {
        var spans: [(entry: Entry, range: Range<Int>)] = []
        for start in address.indices {
            for entry in entries[address[start]] ?? []
            where Self.isNamed(entry, at: start, in: address) {
                spans.append((entry, start..<(start + entry.name.count)))
            }
        }
        var named: [String: Entry] = [:]
        for span in spans {
            let isPart = spans.contains { other in
                other.range.count > span.range.count
                    && other.range.lowerBound <= span.range.lowerBound
                    && other.range.upperBound >= span.range.upperBound
            }
            if !isPart { named[span.entry.code] = span.entry }
        }
        return named.values.sorted { $0.code < $1.code }
    }
}
