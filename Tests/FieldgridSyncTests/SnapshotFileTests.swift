import FieldgridSync
import Testing

@Suite struct SnapshotFileTests {
    /// The frames of a file, read as far as it is right.
    private func frames(_ file: [UInt8]) -> (frames: [[UInt8]], isDamaged: Bool) {
        var rest = file[...]
        var frames: [[UInt8]] = []
        do {
            try SnapshotFile.forEachFrame(
                read: { count in
                    defer { rest = rest.dropFirst(count) }
                    return Array(rest.prefix(count))
                }, { frames.append($0) })
            return (frames, false)
        } catch {
            return (frames, true)
        }
    }

    private let file = SnapshotFile.section([1, 2, 3]) + SnapshotFile.section([])

    @Test func framesComeBackInTheirOrder() {
        #expect(frames(file).frames == [[1, 2, 3], []])
        #expect(!frames(file).isDamaged)
        #expect(frames([]).frames.isEmpty && !frames([]).isDamaged)
    }

    @Test(arguments: [1, 7, 8, 9, 10, 12, 18])
    func aFileThatEndsWithinAFrameIsDamaged(length: Int) {
        #expect(frames(Array(file.prefix(length))).isDamaged)
    }

    @Test(arguments: [0x80, 0x7f, 0x01] as [UInt8])
    func aLengthThatNoReplyHasIsDamage(first: UInt8) {
        #expect(frames([first, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3]).isDamaged)
    }
}
