import FieldgridModel
import FieldgridSync

/// Compares what records are with the history of how they became so.
///
/// Every value that stands, or that somebody may still choose, was offered
/// once; the history has the offer, and a leaf covers that. Units that add up
/// what was done to them have no such values and are left out.
struct PresentReview {
    let view: any HubReading
    let index: SchemaIndex

    /// The first value that nobody offered.
    func finding() throws -> AuditFinding? {
        for entry in index.entries.values.sorted(by: { $0.type.number < $1.type.number }) {
            var found: AuditFinding?
            try view.forEachRecord(of: entry.type.number) { state in
                found = try finding(state, entry)
                return found == nil
            }
            if let found { return found }
        }
        return nil
    }

    private func finding(
        _ state: RecordState, _ entry: SchemaIndex.Entry
    ) throws -> AuditFinding? {
        var offered: [RecordID: Set<Offered>] = [:]
        for element in state.units.elements {
            if entry.units[element.number]?.policy.isOperation == true { continue }
            for side in element.state.sides {
                let owner = side.origin ?? state.id
                if offered[owner] == nil { offered[owner] = try offers(to: owner) }
                let offer = Offered(
                    identity: side.offer.identity, unit: element.number, value: side.value)
                guard offered[owner]?.contains(offer) != true else { continue }
                let name = entry.units[element.number]?.name ?? "its place or presence"
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

    private func offers(to id: RecordID) throws -> Set<Offered> {
        var offers: Set<Offered> = []
        for row in try view.history(of: id) {
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
