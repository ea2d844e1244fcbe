import FieldgridModel
import FieldgridSync

/// Sums of ranges of records, kept in memory for as long as nothing in the
/// range changes.
///
/// A sum is computed when a node asks for it, and costs nothing to the merge.
final class RangeSums {
    private struct Key: Hashable {
        var range: CheckRange
        var sharedOnly: Bool
    }

    private struct Known {
        /// Where the scope stood when the range was last looked at: while it
        /// stands there, nothing in the range has changed.
        var head: Position
        var outline: RangeOutline
        var sum: RecordSum
    }

    private static let keptMax = 100_000
    private var known: [Key: Known] = [:]

    func sum(
        of range: CheckRange, sharedOnly: Bool, _ index: SchemaIndex, _ view: any HubReading
    ) throws -> RecordSum {
        let key = Key(range: range, sharedOnly: sharedOnly)
        let head = try view.heads()[range.scope]?.position ?? .zero
        if let known = known[key], known.head == head { return known.sum }
        let outline = try view.outline(of: range)
        if let seen = known[key], seen.outline == outline {
            known[key]?.head = head
            return seen.sum
        }
        var sum = RecordSum()
        try view.forEachRecord(in: range) { state in
            guard state.isAlive, let entry = index.entries[state.type],
                entry.type.shared || !sharedOnly
            else { return true }
            sum += RecordSum(
                of: state.id, state.type, in: state.scope, number: state.number,
                units: Self.units(of: state, entry))
            return true
        }
        if known.count >= Self.keptMax { known = [:] }
        known[key] = Known(head: head, outline: outline, sum: sum)
        return sum
    }

    func removeAll() { known = [:] }

    /// The declared units as they show.
    private static func units(
        of state: RecordState, _ entry: SchemaIndex.Entry
    ) -> [(UnitNumber, UnitValue)] {
        state.units.elements.compactMap { element in
            guard element.number != .presence, element.number != .scope,
                let described = entry.unit(element.number),
                let value = element.state.value(policy: described.policy)
            else { return nil }
            return (element.number, value)
        }
    }
}

extension ReplyBuilder {
    /// Answers what a node asks about records that it should have.
    func answer(
        _ check: ScopeCheck, for device: ScopeCode, sums: RangeSums,
        into reply: inout ExchangeReply
    ) throws {
        let scopes = Dictionary(
            subscription(device).map { ($0.scope, $0.sharedOnly) }, uniquingKeysWith: { $0 && $1 })
        let ranges = check.ranges.compactMap { range in
            scopes[range.scope].map { (range, $0) }
        }
        // A scope that is no longer the node's is not compared.
        guard ranges.count == check.ranges.count else { return }
        guard check.level == .records else {
            let each = try ranges.map {
                try sums.sum(of: $0.0, sharedOnly: $0.1, index, store)
            }
            var combined = RecordSum()
            for sum in each { combined += sum }
            reply.sums = check.level == .each ? each : [combined]
            return
        }
        let nobody = IncarnationID(UUIDBits(high: 0, low: 0))
        var records: [RecordDelta] = []
        for (range, sharedOnly) in ranges {
            try store.forEachRecord(in: range) { state in
                guard state.isAlive, let entry = index.entries[state.type],
                    entry.type.shared || !sharedOnly
                else { return true }
                if let delta = Self.delta(of: state, entry, since: Position(-1), for: nobody) {
                    records.append(delta)
                }
                return true
            }
        }
        reply.checked = records
    }
}
