import FieldgridModel
import FieldgridSync
import Testing

@testable import FieldgridReplica

/// In which order records are compared with the hub's (sync.md 9.16).
@Suite struct CheckTurnTests {
    private struct Number: Hashable {
        var scope: ScopeCode
        var number: Int64
    }

    private func scope(_ index: Int) -> ScopeCode { ScopeCode("\(220_602_000_000 + index)") }

    /// What the exchanges of one whole turn ask for.
    private func exchanges(_ turn: CheckTurn) -> [[CheckRange]] {
        var asked: [[CheckRange]] = []
        var place: Int64 = 0
        repeat {
            let ranges = turn.ranges(at: place)
            guard let last = ranges.last, asked.count < 10_000 else { break }
            asked.append(ranges)
            place = turn.place(after: last)
        } while place != 0
        return asked
    }

    @Test(arguments: 1...40) func aTurnComesToEveryNumberOnceButToThoseThatAreHeld(
        seed: Int
    ) {
        var random = SeededRandom(seed: UInt64(seed))
        var tops: [ScopeCode: Int64] = [:]
        var held: [ScopeCode: Set<Int64>] = [:]
        let scopes = (0..<Int.random(in: 1...90, using: &random)).map { scope($0) }
        for scope in scopes {
            tops[scope] = Int64.random(in: 0...(seed % 4 == 0 ? 9_000 : 400), using: &random)
            for _ in 0..<(Bool.random(using: &random) ? 0 : seed) {
                let highest = tops[scope, default: 0] + 2
                held[scope, default: []].insert(Int64.random(in: 1...highest, using: &random))
            }
        }
        let turn = CheckTurn(
            scopes, numbers: tops.mapValues { NumberRuns(through: $0) }, held: held)
        var times: [Number: Int] = [:]
        var open: [ScopeCode: Int] = [:]
        for ranges in exchanges(turn) {
            #expect(ranges.count <= ScopeCheck.rangesMax)
            for range in ranges {
                if range.to.value == 0 { open[range.scope, default: 0] += 1 }
                let top = tops[range.scope, default: 0]
                for number in range.from.value..<max(range.from.value, min(range.end, top + 1)) {
                    times[Number(scope: range.scope, number: number), default: 0] += 1
                }
            }
        }
        for scope in scopes {
            for number in 1..<(tops[scope, default: 0] + 1) {
                let isHeld = held[scope]?.contains(number) ?? false
                #expect(
                    times[Number(scope: scope, number: number), default: 0] == (isHeld ? 0 : 1))
            }
            // What the hub has beyond the highest number here is asked for too.
            #expect(open[scope] == 1)
        }
    }

    @Test(arguments: [1_000, 100_000, 10_000_000] as [Int64])
    func whatOneExchangeComparesDoesNotGrowWithTheReplica(records: Int64) {
        let turn = CheckTurn(
            [scope(1)], numbers: [scope(1): NumberRuns(through: records)], held: [:])
        for ranges in exchanges(turn) {
            let numbers = ranges.reduce(0) { $0 + min($1.end, records + 1) - $1.from.value }
            #expect(numbers <= 5_120)
        }
    }

    @Test func ofManyScopesFewNumbersEachAreReadTogether() {
        let scopes = (0..<400).map { scope($0) }
        let tops = Dictionary(
            uniqueKeysWithValues: scopes.map { ($0, NumberRuns(through: 300)) })
        let turn = CheckTurn(scopes, numbers: tops, held: [:])
        for ranges in exchanges(turn) {
            let groups = RangeGroup.overlapping(ranges, numbers: tops)
            let rows = groups.reduce(0) { $0 + ($1.end - $1.from.value) * 400 }
            #expect(rows <= 2 * 65_536)
        }
    }

    @Test func aPlaceOfAnotherDivisionIsAPlaceToGoOnFrom() {
        let turn = CheckTurn(
            [scope(1)], numbers: [scope(1): NumberRuns(through: 3_000)], held: [:])
        for place in [0, 1, 5, 1_024, 2_500, 1 << 40] as [Int64] {
            #expect(!turn.ranges(at: place).isEmpty)
        }
    }

    @Test func rangesOfScopesOneOfWhichIsHugeAreNotReadToItsEnd() {
        let tops = [
            scope(1): NumberRuns(through: 300), scope(2): NumberRuns(through: 1_000_000),
        ]
        let turn = CheckTurn([scope(1), scope(2)], numbers: tops, held: [:])
        let first = RangeGroup.overlapping(turn.ranges(at: 0), numbers: tops)
        #expect(first.allSatisfy { $0.end <= 8_192 })
    }

    /// A hub that was put back leaves out 2^20 numbers, each time.
    @Test func whatARestoredHubLeftOutIsNotGoneThrough() {
        let scopes = (0..<12).map { scope($0) }
        var runs = NumberRuns()
        for restores in 0..<6 as Range<Int64> {
            for number in 1...20 as ClosedRange<Int64> {
                runs.note(restores << 20 + restores * 20 + number)
            }
        }
        let numbers = Dictionary(uniqueKeysWithValues: scopes.map { ($0, runs) })
        let asked = exchanges(CheckTurn(scopes, numbers: numbers, held: [:]))
        #expect(asked.count <= 24)
        for scope in scopes {
            let ranges = asked.joined().filter { $0.scope == scope }
            #expect(ranges.first?.from.value == 0)
            // What the hub may have between them is asked for too.
            #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.to == $1.from })
            #expect(ranges.last?.to.value == 0)
        }
        for ranges in asked {
            let groups = RangeGroup.overlapping(ranges, numbers: numbers)
            #expect(groups.allSatisfy { $0.end - $0.from.value <= 1_024 })
        }
    }
}
