import Crypto
package import FieldgridModel

/// The hash tree of RFC 6962, section 2.1: SHA-256, `00` before a leaf,
/// `01` before two hashes.
package enum MerkleTree {
    /// The root of the tree without leaves.
    package static let emptyRoot = ContentDigest.of([])

    package static func leaf(_ bytes: some Collection<UInt8>) -> ContentDigest {
        var prefixed: [UInt8] = []
        prefixed.reserveCapacity(bytes.count + 1)
        prefixed.append(0)
        prefixed.append(contentsOf: bytes)
        return ContentDigest.of(prefixed)
    }

    package static func node(_ left: ContentDigest, _ right: ContentDigest) -> ContentDigest {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(65)
        bytes.append(1)
        bytes.append(contentsOf: left.bytes)
        bytes.append(contentsOf: right.bytes)
        return ContentDigest.of(bytes)
    }

    /// The root over hashes that are neighbours on one level of a tree.
    package static func root(_ hashes: some Sequence<ContentDigest>) -> ContentDigest {
        var edge = MerkleEdge()
        for hash in hashes { edge.append(hash) }
        return edge.root
    }

    /// The largest power of two below a count.
    static func split(_ count: Int64) -> Int64 {
        precondition(count > 1, "one leaf is not split")
        return 1 << (63 - Int64((count - 1).leadingZeroBitCount))
    }
}

/// The right edge of a tree that only grows: the roots of its complete
/// subtrees, the largest first; there are as many as its size has bits set.
package struct MerkleEdge: Hashable, Sendable {
    package private(set) var size: Int64
    package private(set) var roots: [ContentDigest]

    package init() {
        size = 0
        roots = []
    }

    /// Nil when there are not as many roots as the size calls for.
    package init?(size: Int64, roots: [ContentDigest]) {
        guard size >= 0, size.nonzeroBitCount == roots.count else { return nil }
        self.size = size
        self.roots = roots
    }

    /// Appends the hash of a leaf; `completed` is told of each subtree of
    /// more than one leaf that is complete with it, the lowest first.
    package mutating func append(
        _ leaf: ContentDigest,
        completed: (_ level: Int, _ index: Int64, ContentDigest) -> Void = { _, _, _ in }
    ) {
        var hash = leaf
        var level = 0
        while size >> Int64(level) & 1 == 1 {
            hash = MerkleTree.node(roots.removeLast(), hash)
            level += 1
            completed(level, size >> Int64(level), hash)
        }
        roots.append(hash)
        size += 1
    }

    package var root: ContentDigest {
        guard let last = roots.last else { return MerkleTree.emptyRoot }
        return roots.dropLast().reversed().reduce(last) { MerkleTree.node($1, $0) }
    }
}
