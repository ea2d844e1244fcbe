import FieldgridHub
import FieldgridModel

extension Simulation {
    /// Lets the hub forget what only nodes need that it has not heard for so
    /// long, however young it is.
    func trim(lease: Int64) throws {
        try noteMoves()
        hub.hub.retention.leaseMilliseconds = lease
        hub.hub.retention.youngestMilliseconds = 0
        defer { hub.hub.retention = Retention() }
        let report = try hub.hub.trim()
        if report.rows.departures > 0 { marks.insert(.trimmed) }
    }

    /// Remembers what left which scope, before the hub forgets it.
    func noteMoves() throws {
        try hub.store.read { view in
            for grid in Town.grids {
                for departure in try view.departures(from: grid, after: .zero) {
                    ledger.moves[departure.id, default: []].insert(
                        Ledger.Move(scope: grid, position: departure.position))
                }
            }
        }
    }
}

extension Ledger {
    /// A record left a scope.
    struct Move: Hashable {
        var scope: ScopeCode
        var position: Position
    }
}
