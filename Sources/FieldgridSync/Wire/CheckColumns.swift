import FieldgridModel

/// The comparison of what two sides have.
///
///     check  = level(byte) [ count { scope(index) from to } ]   ; level 0: none
///     answer = count word* has-records [ deltas ]               ; two words a sum
///
/// A scope is its place among the request's positions, in code order.
enum CheckColumns {
    static func write(
        _ check: ScopeCheck?, among positions: [ScopeCode: Position], to writer: inout ByteWriter
    ) {
        guard let check else { return writer.byte(0) }
        writer.byte(check.level.rawValue)
        writer.count(check.ranges.count)
        let scopes = positions.keys.sorted()
        for range in check.ranges {
            writer.count(scopes.firstIndex(of: range.scope) ?? 0)
            writer.count(Int(range.from.value))
            writer.count(Int(range.to.value))
        }
    }

    static func check(
        among positions: [ScopeCode: Position], _ reader: inout ByteReader
    ) throws(WireError) -> ScopeCheck? {
        let word = try reader.byte()
        if word == 0 { return nil }
        guard let level = ScopeCheck.Level(rawValue: word) else {
            throw .malformed("check level \(word)", at: reader.offset)
        }
        let scopes = positions.keys.sorted()
        let count = try reader.count(ofSize: 3)
        guard count <= ScopeCheck.rangesMax else {
            throw .malformed("\(count) ranges", at: reader.offset)
        }
        var ranges: [CheckRange] = []
        for _ in 0..<count {
            let scope = scopes[try reader.index(below: scopes.count, "scope")]
            let from = Int64(try reader.index(below: 1 << 40, "number"))
            let to = Int64(try reader.index(below: 1 << 40, "number"))
            ranges.append(
                CheckRange(scope, from: RecordNumber(from), to: RecordNumber(to)))
        }
        return ScopeCheck(level, ranges)
    }

    static func write(
        _ sums: [RecordSum], _ records: [RecordDelta]?, to writer: inout ByteWriter
    ) {
        writer.count(sums.count)
        for sum in sums {
            writer.fixed(sum.high)
            writer.fixed(sum.low)
        }
        writer.byte(records == nil ? 0 : 1)
        if let records { DeltaColumns.write(records, to: &writer) }
    }

    static func answer(
        _ reader: inout ByteReader
    ) throws(WireError) -> ([RecordSum], [RecordDelta]?) {
        var sums: [RecordSum] = []
        for _ in 0..<(try reader.count(ofSize: 16)) {
            let high = try reader.fixed()
            sums.append(RecordSum(high: high, low: try reader.fixed()))
        }
        return (sums, try reader.flag() ? try DeltaColumns.read(&reader) : nil)
    }
}
