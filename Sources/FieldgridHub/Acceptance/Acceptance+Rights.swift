import FieldgridModel

/// What a device may write where the tree of grids changed behind it.
extension Acceptance {
    /// Whether a grid lay below an author's right when the author wrote, as
    /// far as the author can have known: what was saved before a village went
    /// to another township follows the right that it was saved under.
    ///
    /// Who still had a position in the grid had not heard that it went, for
    /// positions go with the right. Where nothing was ever written into it
    /// there is no position, and the time of the save decides.
    func lay(_ grid: ScopeCode, below right: ScopeCode, for fold: Fold) throws -> Bool {
        var passed: Set<ScopeCode> = []
        var waiting = [grid]
        while let next = waiting.popLast() {
            if next == right { return true }
            guard passed.insert(next).inserted else { continue }
            waiting += try parents(of: next).filter { parent in
                guard let until = parent.until else { return true }
                return (fold.context[grid] ?? .zero) > .zero || fold.savedAt < until
            }.map(\.scope)
        }
        return false
    }

    /// A grid above another, and the moment at which it no longer was: hub
    /// time, UTC milliseconds; nil while it is.
    private struct FormerParent {
        var scope: ScopeCode
        var until: Int64?
    }

    private func parents(of grid: ScopeCode) throws -> [FormerParent] {
        typealias Names = SystemTypes.Grid
        guard let entry = index.entries.values.first(where: { $0.type.name == Names.name }),
            let unit = entry.type.field(named: Names.parent)?.number
        else { return [] }
        let key = NaturalKey(place: 0, values: [.text(grid.text)])
        guard let id = try store.find(entry.type.number, key: key).first else { return [] }
        var parents: [FormerParent] = []
        for row in try store.history(of: id) {
            guard let change = row.units.first(where: { $0.unit == unit }) else { continue }
            if let last = parents.indices.last { parents[last].until = row.acceptedAt }
            guard let code = change.value.single.text else { continue }
            parents.append(FormerParent(scope: ScopeCode(code), until: nil))
        }
        return parents
    }
}
