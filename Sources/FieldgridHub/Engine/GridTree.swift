package import FieldgridModel

/// The grids and which lies in which: the hub's only source of scope.
package struct GridTree: Hashable, Sendable {
    private var parents: [ScopeCode: ScopeCode?]
    private var children: [ScopeCode: [ScopeCode]]
    package private(set) var names: [ScopeCode: String]

    package init() {
        parents = [:]
        children = [:]
        names = [:]
    }

    package init(_ grids: [(code: ScopeCode, name: String, parent: ScopeCode?)]) {
        self.init()
        for grid in grids.sorted(by: { $0.code < $1.code }) {
            parents[grid.code] = .some(grid.parent)
            names[grid.code] = grid.name
            if let parent = grid.parent { children[parent, default: []].append(grid.code) }
        }
    }

    package func contains(_ scope: ScopeCode) -> Bool { parents[scope] != nil }

    /// The scopes without a parent.
    package var roots: [ScopeCode] {
        parents.filter { $0.value == nil }.map(\.key).sorted()
    }

    /// Where what belongs to no grid is kept; empty while there are no grids.
    var top: ScopeCode { roots.first ?? ScopeCode("") }

    /// A scope and everything below it, in code order.
    package func subtree(of scope: ScopeCode) -> [ScopeCode] {
        guard contains(scope) else { return [] }
        var found: [ScopeCode] = []
        var waiting = [scope]
        var seen: Set<ScopeCode> = []
        while let next = waiting.popLast() {
            guard seen.insert(next).inserted else { continue }
            found.append(next)
            waiting.append(contentsOf: children[next] ?? [])
        }
        return found.sorted()
    }

    /// The scopes above one, nearest first.
    package func ancestors(of scope: ScopeCode) -> [ScopeCode] {
        var found: [ScopeCode] = []
        var next = parents[scope] ?? nil
        while let parent = next, !found.contains(parent), parent != scope {
            found.append(parent)
            next = parents[parent] ?? nil
        }
        return found
    }

    /// Whether a scope is `root` or lies below it.
    package func covers(_ root: ScopeCode, _ scope: ScopeCode) -> Bool {
        contains(scope) && (root == scope || ancestors(of: scope).contains(root))
    }
}
