import FieldgridModel
import GRDB

/// Where the record numbers of a scope lie.
///
/// A hub gives them one after the other. One that was put back from a backup
/// leaves out 2^20, so that no number means two records: between its runs there
/// is nothing, and nothing is to be gone through.
struct NumberRuns: Equatable {
    /// The numbers that a restored hub leaves out, as a power of two.
    fileprivate static let bits: Int64 = 20

    /// In order; each within its own 2^20 numbers.
    private(set) var runs: [ClosedRange<Int64>] = []

    init() {}

    /// Every number from 1 to this one.
    init(through top: Int64) {
        for segment in 0...(top >> Self.bits) where top > 0 {
            note(max(1, segment << Self.bits))
            note(min(top, (segment + 1) << Self.bits - 1))
        }
    }

    /// The highest number; 0 where there is none.
    var top: Int64 { runs.last?.upperBound ?? 0 }

    /// The highest number below an end; 0 where there is none.
    func last(below end: Int64) -> Int64 {
        guard let run = runs.last(where: { $0.lowerBound < end }) else { return 0 }
        return min(run.upperBound, end - 1)
    }

    mutating func note(_ number: Int64) {
        let segment = number >> Self.bits
        var place = runs.endIndex
        while place > 0, runs[place - 1].lowerBound >> Self.bits > segment { place -= 1 }
        guard place > 0, runs[place - 1].lowerBound >> Self.bits == segment else {
            return runs.insert(number...number, at: place)
        }
        let run = runs[place - 1]
        guard !run.contains(number) else { return }
        runs[place - 1] = min(run.lowerBound, number)...max(run.upperBound, number)
    }

    /// The blocks of `1 << bits` numbers that any of them lies in, and the first of all.
    func blocks(ofBits bits: Int64) -> [Int64] {
        var blocks: [Int64] = [0]
        for run in runs {
            let first = max(run.lowerBound >> bits, (blocks.last ?? 0) + 1)
            let last = run.upperBound >> bits
            if first <= last { blocks.append(contentsOf: first...last) }
        }
        return blocks
    }
}

extension ReplicaMemory {
    /// Finds where the numbers of each scope lie where it is not known yet.
    mutating func findNumbers(_ db: Database) throws {
        guard !knowsNumbers else { return }
        for layout in orderedLayouts {
            let query = try Query(
                db,
                """
                SELECT scope, min(num), max(num) FROM \(layout.sql.table) WHERE num IS NOT NULL
                GROUP BY scope, num >> \(NumberRuns.bits)
                """)
            while try query.step() {
                let scope = ScopeCode(query.text(0))
                note(query.integer(1), in: scope)
                note(query.integer(2), in: scope)
            }
        }
        knowsNumbers = true
    }

    mutating func note(_ number: Int64, in scope: ScopeCode) {
        numbers[scope, default: NumberRuns()].note(number)
    }
}
