package import FieldgridModel
import GRDB

extension Replica {
    /// The only scope the device was enrolled for.
    package var defaultScope: ScopeCode? { memory.onlyScope }

    package func checkScope(_ scope: ScopeCode) throws -> ScopeAnswer {
        try read { try memory.check(scope, $0) }
    }
}

extension ReplicaMemory {
    /// Whether a scope is one that the device was enrolled for, or below one.
    ///
    /// It hears of everything there; of those above it hears only what is shared.
    func check(_ scope: ScopeCode, _ db: Database) throws -> ScopeAnswer {
        let enrolled = state.identity.scopes
        if enrolled.contains(scope) { return .writable }
        let grid = SystemTypes.Grid.self
        guard let type = schema.type(named: grid.name),
            let layout = layouts[type.number], let parent = type.field(named: grid.parent),
            type.field(named: grid.code) != nil
        else { return .unknown }
        let query =
            "SELECT \(Identifier.quote(parent.name)) FROM \(layout.sql.table) "
            + "WHERE \(Identifier.quote(grid.code)) = ?"
        var current = scope.text
        var passed: Set<String> = []
        while passed.insert(current).inserted {
            let rows = try Query(db, query)
            rows.bind(1, current)
            defer { rows.finish() }
            guard try rows.step() else {
                return passed.count == 1 ? .unknown : .outside(enrolled: enrolled)
            }
            guard let above = rows.textIfAny(0) else { break }
            if enrolled.contains(ScopeCode(above)) { return .writable }
            current = above
        }
        return .outside(enrolled: enrolled)
    }
}
