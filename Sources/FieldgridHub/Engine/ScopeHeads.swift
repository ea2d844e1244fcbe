import FieldgridModel

/// Where every scope stands in one transaction.
///
/// A hub may have ten thousand scopes and a batch touches two: what changed
/// lies beside what the store has, and nothing of all is copied.
struct ScopeHeads {
    private var stored: [ScopeCode: ScopeHead]
    private var changed: [ScopeCode: ScopeHead] = [:]
    /// Of the scopes that changed, also before the last writing.
    private var before: [ScopeCode: ScopeHead] = [:]

    init(_ store: any HubReading) throws { stored = try store.heads() }

    subscript(scope: ScopeCode) -> ScopeHead? {
        get { changed[scope] ?? stored[scope] }
        set {
            if before[scope] == nil { before[scope] = stored[scope] ?? .empty }
            changed[scope] = newValue
        }
    }

    /// Where a scope stood when the transaction began: nobody has seen more.
    func atStart(_ scope: ScopeCode) -> ScopeHead? { before[scope] ?? stored[scope] }

    /// Every scope in which something was written, also before the last writing.
    var changedScopes: Set<ScopeCode> { Set(before.keys) }

    /// Of all scopes.
    var all: [ScopeCode: ScopeHead] { stored.merging(changed) { $1 } }

    /// Writes those that changed.
    mutating func write(to store: any HubWriting, at time: Int64) throws {
        guard !changed.isEmpty else { return }
        // The store changes its own in place when nobody else holds them.
        stored = [:]
        try store.put(heads: changed, at: time)
        stored = try store.heads()
        changed = [:]
    }
}
