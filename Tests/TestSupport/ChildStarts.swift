import Synchronization

/// When this process may start another one.
package enum ChildStarts {
    /// Held from opening a child's descriptors until it has them, so that no
    /// child started meanwhile inherits them too.
    private static let starting = Mutex(())

    /// Does something while no child is being started; to start one is such a thing.
    ///
    /// - A file that is to be executed must be written so: the copy of a child
    ///   that starts meanwhile holds it open for writing, and the system then
    ///   refuses to execute it (`ETXTBSY`).
    /// - A connection must be accepted so: a child that inherited it would keep
    ///   it open after us.
    package static func whileNoneStarts<Value>(_ body: () throws -> Value) rethrows -> Value {
        try starting.withLock { _ in try body() }
    }
}
