import FieldgridModel
import FieldgridSync

/// Compares what records are with the history of how they became so.
///
/// Every value that stands, or that somebody may still choose, was offered
/// once; the history has the offer, and a leaf covers that. Units that add up
/// what was done to them have no such values and are left out. And every row
/// of the history is reached from its record.
struct PresentReview {
    let view: any HubReading
    let index: SchemaIndex

    /// The first value that nobody offered.
    func finding() throws -> AuditFinding? {
        var reached: Int64 = 0
        for entry in index.entries.values.sorted(by: { $0.type.number < $1.type.number }) {
            var found: AuditFinding?
            try view.forEachRecord(of: entry.type.number) { state in
                let history = try view.history(of: state.id)
                reached += Int64(history.count)
                found = try finding(state, history, entry)
                return found == nil
            }
            if let found { return found }
        }
        guard try view.historyCount() != reached else { return nil }
        return AuditFinding(
            log: .administration, leaf: nil,
            what: "the history of a record does not lead to all of its rows")
    }

    private func finding(
        _ state: RecordState, _ history: [HistoryRow], _ entry: SchemaIndex.Entry
    ) throws -> AuditFinding? {
        var offered = [state.id: offers(in: history)]
        for element in state.units.elements {
            if entry.unit(element.number)?.policy.isOperation == true { continue }
            for side in element.state.sides {
                let owner = side.origin ?? state.id
                if offered[owner] == nil {
                    offered[owner] = offers(in: try view.history(of: owner))
                }
                let offer = Offered(
                    identity: side.offer.identity, unit: element.number, value: side.value)
                guard offered[owner]?.contains(offer) != true else { continue }
                let name = entry.unit(element.number)?.name ?? "its place or presence"
                return AuditFinding(
                    log: .scope(state.scope), leaf: nil,
                    what: "\(entry.type.name) \(state.id) has a value of \(name) that the history "
                        + "does not have")
            }
        }
        return nil
    }

    private struct Offered: Hashable {
        var identity: ChangesetIdentity
        var unit: UnitNumber
        var value: UnitValue
    }

    private func offers(in history: [HistoryRow]) -> Set<Offered> {
        var offers: Set<Offered> = []
        for row in history {
            // Whoever changes a record says that it is there.
            offers.insert(
                Offered(identity: row.offer.identity, unit: .presence, value: .alive))
            for unit in row.units {
                offers.insert(
                    Offered(identity: row.offer.identity, unit: unit.unit, value: unit.value))
            }
        }
        return offers
    }
}
