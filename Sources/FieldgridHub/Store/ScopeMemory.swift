import FieldgridModel

/// The scopes of a hub's file, kept between the transactions of a connection:
/// a hub may have ten thousand of them, and an exchange needs two.
///
/// Only ever used inside the connection's serialized accesses. Whatever it
/// says was read or written by this connection; a transaction that did not
/// commit, or another connection that did, makes it forget.
final class ScopeMemory: @unchecked Sendable {
    var ids: [ScopeCode: Int64] = [:]
    var codes: [Int64: ScopeCode] = [:]
    /// Nil when they have to be read again.
    var heads: [ScopeCode: ScopeHead]?
    /// SQLite's counter of what other connections committed.
    private var version: Int64?

    func remember(_ code: ScopeCode, _ id: Int64) {
        ids[code] = id
        codes[id] = code
    }

    func forget() {
        ids = [:]
        codes = [:]
        heads = nil
        version = nil
    }

    /// Forgets when another connection wrote since the last transaction.
    func begin(at version: Int64) {
        guard version != self.version else { return }
        forget()
        self.version = version
    }
}
