import FieldgridModel
import FieldgridSync

/// Whose turn it is to be compared.
///
/// All record numbers of all scopes go in blocks, one block of every scope after
/// the other. Where no record lies, a block goes on to the next one that has any.
///
/// What one exchange compares is bounded whatever a replica holds: so many
/// ranges, so many numbers, and so many rows that are read to find them.
struct CheckTurn {
    /// Numbers of a block, as a power of two, where there are few scopes.
    private static let bits: Int64 = 10
    /// Rows of all scopes together that have their numbers in one block, as
    /// long as there are at most 2 048 scopes.
    private static let rowsMax: Int64 = 1 << 16
    private static let fewestBits: Int64 = 5
    /// Numbers that one exchange compares.
    private static let numbersMax: Int64 = 1 << 12

    private struct Block {
        var scope: ScopeCode
        var from: Int64
        /// Nil for the last of its scope, which has no end.
        var end: Int64?
    }

    private let blocks: [Block]
    private let held: [ScopeCode: Set<Int64>]

    /// - Parameter numbers: where those of each scope lie.
    init(
        _ scopes: some Collection<ScopeCode>, numbers: [ScopeCode: NumberRuns],
        held: [ScopeCode: Set<Int64>]
    ) {
        var bits = Self.bits
        while bits > Self.fewestBits, Int64(scopes.count) << bits > Self.rowsMax { bits -= 1 }
        var blocks: [(index: Int64, Block)] = []
        for scope in scopes {
            var runs = numbers[scope, default: NumberRuns()]
            // A record that was deleted here may have had the highest number.
            for number in held[scope, default: []] { runs.note(number) }
            let starts = runs.blocks(ofBits: bits)
            for (place, index) in starts.enumerated() {
                let end = place + 1 < starts.count ? starts[place + 1] << bits : nil
                blocks.append((index, Block(scope: scope, from: index << bits, end: end)))
            }
        }
        self.blocks = blocks.sorted { ($0.index, $0.1.scope) < ($1.index, $1.1.scope) }.map(\.1)
        self.held = held
    }

    /// The ranges whose turn comes at a place, held records left out.
    func ranges(at place: Int64) -> [CheckRange] {
        var (index, offset) = position(place)
        var ranges: [CheckRange] = []
        var numbers: Int64 = 0
        while index < blocks.count {
            for range in pieces(of: blocks[index], after: offset) {
                ranges.append(range)
                numbers +=
                    range.to.value == 0 ? 0 : min(range.to.value - range.from.value, 1 << Self.bits)
                if ranges.count == ScopeCheck.rangesMax || numbers >= Self.numbersMax {
                    return ranges
                }
            }
            (index, offset) = (index + 1, 0)
        }
        return ranges
    }

    /// The place after a range, 0 after the last of all.
    func place(after range: CheckRange) -> Int64 {
        guard
            let index = blocks.lastIndex(where: {
                $0.scope == range.scope && $0.from <= range.from.value
            })
        else { return 0 }
        let end = range.to.value
        if end != 0, end < blocks[index].end ?? .max {
            return Int64(index) << Self.bits + (end - blocks[index].from)
        }
        return index + 1 < blocks.count ? Int64(index + 1) << Self.bits : 0
    }

    /// Whether a place is where a turn begins.
    func isStart(_ place: Int64) -> Bool { position(place) == (0, 0) }

    /// A place of another division of the numbers may be anywhere in this one.
    private func position(_ place: Int64) -> (Int, Int64) {
        let index = place >> Self.bits
        guard index < blocks.count else { return (0, 0) }
        return (Int(index), place & (1 << Self.bits - 1))
    }

    private func pieces(of block: Block, after offset: Int64) -> [CheckRange] {
        var pieces: [CheckRange] = []
        var from = block.from + offset
        func append(to end: Int64) {
            pieces.append(
                CheckRange(block.scope, from: RecordNumber(from), to: RecordNumber(end)))
        }
        for number in held[block.scope, default: []].sorted()
        where number >= from && number < block.end ?? .max {
            if from < number { append(to: number) }
            from = number + 1
        }
        if from < block.end ?? .max { append(to: block.end ?? 0) }
        return pieces
    }
}

/// Ranges that are read together because they overlap in their numbers.
struct RangeGroup {
    var from: RecordNumber
    var end: Int64
    /// Places in the list of ranges, by scope.
    var ranges: [ScopeCode: [Int]]

    static func overlapping(
        _ ranges: [CheckRange], numbers: [ScopeCode: NumberRuns]
    ) -> [RangeGroup] {
        var groups: [RangeGroup] = []
        for place in ranges.indices.sorted(by: { ranges[$0].from < ranges[$1].from }) {
            let range = ranges[place]
            // A range ends for the reader with its scope's records.
            let last = numbers[range.scope]?.last(below: range.end) ?? 0
            let end = max(last, range.from.value) + 1
            if let last = groups.indices.last, range.from.value < groups[last].end {
                groups[last].end = max(groups[last].end, end)
                groups[last].ranges[range.scope, default: []].append(place)
            } else {
                groups.append(
                    RangeGroup(from: range.from, end: end, ranges: [range.scope: [place]]))
            }
        }
        return groups
    }
}

extension CheckRange {
    /// One more than the last number.
    var end: Int64 { to.value == 0 ? .max : to.value }

    func contains(_ number: Int64) -> Bool { number >= from.value && number < end }
}
