package import FieldgridModel

/// That a tree has everything that an earlier one had, in the same places
/// (RFC 6962, section 2.1.2).
package enum ConsistencyProof {
    /// Reads the root of a complete subtree of `1 << level` leaves, the
    /// `index`-th from the left of that size.
    package typealias Subtree = (_ level: Int, _ index: Int64) throws -> ContentDigest

    /// The hashes that take who has the root of the first `old` leaves to
    /// the root of `new`; none where either is the whole or nothing.
    package static func hashes(
        from old: Int64, to new: Int64, subtree: Subtree
    ) throws -> [ContentDigest] {
        precondition(0 <= old && old <= new, "a proof leads from a smaller tree to a larger one")
        guard old > 0, old < new else { return [] }
        var hashes: [ContentDigest] = []
        try add(old, 0, new, isWhole: true, subtree, to: &hashes)
        return hashes
    }

    /// The root of leaves `from` up to but without `to`; `from` is where a
    /// split of RFC 6962 can begin.
    package static func root(
        from: Int64, to: Int64, subtree: Subtree
    ) throws -> ContentDigest {
        let count = to - from
        if count <= 0 { return MerkleTree.emptyRoot }
        if count.nonzeroBitCount == 1 {
            let level = count.trailingZeroBitCount
            return try subtree(level, from >> Int64(level))
        }
        let middle = from + MerkleTree.split(count)
        return MerkleTree.node(
            try root(from: from, to: middle, subtree: subtree),
            try root(from: middle, to: to, subtree: subtree))
    }

    /// SUBPROOF of the standard, over leaves `from` up to `to`; `old` counts
    /// from `from`.
    private static func add(
        _ old: Int64, _ from: Int64, _ to: Int64, isWhole: Bool, _ subtree: Subtree,
        to hashes: inout [ContentDigest]
    ) throws {
        let count = to - from
        if old == count {
            if !isWhole { hashes.append(try root(from: from, to: to, subtree: subtree)) }
            return
        }
        let left = MerkleTree.split(count)
        if old <= left {
            try add(old, from, from + left, isWhole: isWhole, subtree, to: &hashes)
            hashes.append(try root(from: from + left, to: to, subtree: subtree))
        } else {
            try add(old - left, from + left, to, isWhole: false, subtree, to: &hashes)
            hashes.append(try root(from: from, to: from + left, subtree: subtree))
        }
    }

    /// Whether the hashes prove it (RFC 9162, section 2.1.4.2).
    package static func isValid(
        _ hashes: [ContentDigest], from old: (size: Int64, root: ContentDigest),
        to new: (size: Int64, root: ContentDigest)
    ) -> Bool {
        guard 0 <= old.size, old.size <= new.size else { return false }
        if old.size == new.size { return hashes.isEmpty && old.root == new.root }
        if old.size == 0 { return hashes.isEmpty && old.root == MerkleTree.emptyRoot }
        var path = hashes[...]
        if old.size.nonzeroBitCount == 1 { path = [old.root] + path }
        guard let first = path.popFirst() else { return false }
        var node = old.size - 1
        var last = new.size - 1
        while node & 1 == 1 { (node, last) = (node >> 1, last >> 1) }
        var (oldRoot, newRoot) = (first, first)
        for hash in path {
            guard last != 0 else { return false }
            if node & 1 == 1 || node == last {
                oldRoot = MerkleTree.node(hash, oldRoot)
                newRoot = MerkleTree.node(hash, newRoot)
                while node & 1 == 0, node != 0 { (node, last) = (node >> 1, last >> 1) }
            } else {
                newRoot = MerkleTree.node(newRoot, hash)
            }
            (node, last) = (node >> 1, last >> 1)
        }
        return last == 0 && oldRoot == old.root && newRoot == new.root
    }
}
