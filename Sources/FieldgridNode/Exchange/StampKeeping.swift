package import FieldgridReplica

/// Where it is remembered how far a node has sent, apart from its database.
package protocol StampKeeping: AnyObject {
    /// Nil where nothing was sent yet, or it cannot be read.
    var stamp: SentStamp? { get }
    /// Durable when it returns.
    func keep(_ stamp: SentStamp) throws
}

/// A stamp that lasts as long as the program.
package final class MemoryStamp: StampKeeping {
    package private(set) var stamp: SentStamp?

    package init(_ stamp: SentStamp? = nil) { self.stamp = stamp }
    package func keep(_ stamp: SentStamp) { self.stamp = stamp }
}
