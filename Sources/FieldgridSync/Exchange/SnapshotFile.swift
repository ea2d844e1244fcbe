/// A snapshot as a file: replies one after the other, each with its length
/// before it in 8 bytes, most significant first.
package enum SnapshotFile {
    /// The file is not as it was made.
    package struct Damage: Error, Hashable {}

    private static let headBytes = 8

    /// A reply's frame as the file has it.
    package static func section(_ frame: [UInt8]) -> [UInt8] {
        var writer = ByteWriter()
        writer.fixed(UInt64(frame.count))
        writer.raw(frame)
        return writer.bytes
    }

    /// Hands over the frames in their order, none larger than a reply may be.
    ///
    /// - Parameter read: gives so many bytes, and fewer only where the file ends.
    /// - throws: ``Damage``, or what `read` and `body` throw.
    package static func forEachFrame(
        read: (Int) throws -> [UInt8], _ body: ([UInt8]) throws -> Void
    ) throws {
        while true {
            let head = try read(headBytes)
            if head.isEmpty { return }
            let size = head.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            guard head.count == headBytes, size <= UInt64(Frame.Limit.body) else {
                throw Damage()
            }
            let frame = try read(Int(size))
            guard frame.count == Int(size) else { throw Damage() }
            try body(frame)
        }
    }
}
