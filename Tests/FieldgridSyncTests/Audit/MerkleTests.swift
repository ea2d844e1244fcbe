import FieldgridModel
import FieldgridSync
import Testing

/// RFC 6962, section 2.1, against the values that Certificate Transparency's
/// reference implementation is tested with.
@Suite struct MerkleTests {
    /// Its leaves.
    static let leaves: [[UInt8]] = [
        [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43],
        [0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57], Array(0x60...0x6f),
    ]

    @Test(arguments: [
        (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        (4, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        (5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
        (6, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
        (7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
        (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    ])
    func rootsAreThoseOfTheReferenceImplementation(count: Int, root: String) {
        #expect(Tree(Self.leaves.prefix(count)).root.description == root)
    }

    @Test(arguments: [
        (
            1, 8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ]
        ),
        (
            6, 8,
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ]
        ),
        (
            2, 5,
            [
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ]
        ),
    ])
    func proofsAreThoseOfTheReferenceImplementation(from: Int, to: Int, hashes: [String]) throws {
        let proof = try Tree(Self.leaves.prefix(to)).proof(from: from)
        #expect(proof.map(\.description) == hashes)
    }

    private static let sizes = 0...40

    @Test(arguments: sizes)
    func everySmallerTreeIsProvedAndNoOther(size: Int) throws {
        let tree = Tree((0..<size).map { [UInt8($0)] })
        for old in 0...size {
            let earlier = Tree((0..<old).map { [UInt8($0)] })
            let proof = try tree.proof(from: old)
            #expect(isValid(proof, earlier, tree))
            guard old > 0 else { continue }
            // With one leaf of the earlier tree changed, missing, twice, or two exchanged.
            for wrong in Self.rewritings(of: old) where wrong != earlier {
                #expect(!isValid(proof, wrong, tree), "\(old) of \(size)")
            }
            for index in proof.indices {
                var broken = proof
                broken[index] = MerkleTree.leaf([0xff])
                #expect(!isValid(broken, earlier, tree))
                broken.remove(at: index)
                #expect(!isValid(broken, earlier, tree))
            }
            #expect(!isValid(proof + [MerkleTree.leaf([0xff])], earlier, tree))
        }
    }

    /// What an earlier tree of so many leaves was not.
    private static func rewritings(of size: Int) -> [Tree] {
        let leaves = (0..<size).map { [UInt8($0)] }
        return Set([0, size / 2, size - 1]).sorted().flatMap { place -> [Tree] in
            var (flipped, deleted, doubled, swapped) = (leaves, leaves, leaves, leaves)
            flipped[place][0] ^= 1
            deleted.remove(at: place)
            doubled.insert(leaves[place], at: place)
            swapped.swapAt(place, (place + 1) % size)
            return [flipped, deleted, doubled, swapped].map { Tree($0, claiming: size) }
        }
    }

    private func isValid(_ proof: [ContentDigest], _ old: Tree, _ new: Tree) -> Bool {
        ConsistencyProof.isValid(
            proof, from: (old.claimed, old.root), to: (new.claimed, new.root))
    }

    @Test func aSmallerTreeDoesNotContinueALargerOne() {
        let (five, eight) = (Tree(Self.leaves.prefix(5)), Tree(Self.leaves))
        #expect(!isValid([], eight, five))
    }

    @Test func anEdgeIsKeptByItsRootsAlone() throws {
        var edge = MerkleEdge()
        for count in 1...40 {
            edge.append(MerkleTree.leaf([UInt8(count)]))
            let stored = try #require(MerkleEdge(size: edge.size, roots: edge.roots))
            #expect(stored == edge)
        }
        #expect(MerkleEdge(size: 3, roots: [edge.root]) == nil)
    }
}

/// A tree written apart from the production's, from the definition alone.
struct Tree: Equatable {
    let leaves: [[UInt8]]
    let root: ContentDigest
    /// The size that is said of it.
    let claimed: Int64

    init(_ leaves: some Sequence<[UInt8]>, claiming size: Int? = nil) {
        self.leaves = Array(leaves)
        claimed = Int64(size ?? self.leaves.count)
        root = Self.root(self.leaves[...])
    }

    private static func root(_ leaves: ArraySlice<[UInt8]>) -> ContentDigest {
        guard leaves.count > 1 else {
            return leaves.first.map { ContentDigest.of([0] + $0) } ?? ContentDigest.of([])
        }
        var left = 1
        while left * 2 < leaves.count { left *= 2 }
        return ContentDigest.of(
            [1] + root(leaves.prefix(left)).bytes + root(leaves.dropFirst(left)).bytes)
    }

    /// The production's proof, over subtrees of this one.
    func proof(from old: Int) throws -> [ContentDigest] {
        try ConsistencyProof.hashes(from: Int64(old), to: Int64(leaves.count)) { level, index in
            let first = Int(index) << level
            return Self.root(leaves[first..<(first + 1 << level)])
        }
    }
}
