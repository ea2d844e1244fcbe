import FieldgridModel
import FieldgridSync
import Testing

/// What a node makes of a head, given the one it keeps.
@Suite struct AuditHeadTests {
    private static let hub = DeviceKey.fixture(2)
    private let leaves = (0..<9).map { [UInt8($0)] }

    private func epoch(_ name: UInt64) -> EpochID { EpochID(UUIDBits(high: 1, low: name)) }

    /// The first so many leaves, after lives that began at these sizes.
    private func head(
        _ size: Int, lives: [(UInt64, Int64)] = [(1, 0)], of leaves: [[UInt8]]? = nil,
        by key: DeviceKey = AuditHeadTests.hub
    ) -> SignedHead {
        AuditHead(
            log: .scope(WireFixture.village), size: Int64(size),
            root: Tree((leaves ?? self.leaves).prefix(size)).root,
            lives: lives.map { AuditHead.Life(epoch($0.0), from: $0.1) }, time: 1_784_856_000_000
        ).signed(by: key)
    }

    private func judged(
        _ offered: SignedHead, of leaves: [[UInt8]]? = nil, after kept: SignedHead?
    ) throws -> AuditJudgement {
        let from = kept?.head.size ?? 0
        let size = offered.head.size
        let tree = Tree((leaves ?? self.leaves).prefix(Int(size)))
        let proof = from <= size ? try tree.proof(from: Int(from)) : []
        return .of(
            ProvedHead(offered, from: from, proof: proof), kept: kept, hub: Self.hub.publicKey)
    }

    @Test func aLogThatOnlyGrewContinues() throws {
        #expect(try judged(head(5), after: nil) == .continues)
        #expect(try judged(head(9), after: head(5)) == .continues)
        #expect(try judged(head(5), after: head(5)) == .continues)
    }

    @Test func aLeafThatWasRewrittenIsAnAlarmThoughTheHubsOwnHashesFit() throws {
        var rewritten = leaves
        rewritten[2] = [0xff]
        let offered = head(9, of: rewritten)
        #expect(try judged(offered, of: rewritten, after: head(5)) == .alarm(.rewritten))
        #expect(
            try judged(head(5, of: rewritten), of: rewritten, after: head(5))
                == .alarm(.rewritten))
        #expect(try judged(offered, of: rewritten, after: nil) == .continues)
    }

    @Test func aLogThatBecameShorterIsAnAlarmUnlessANewEpochSaysSo() throws {
        #expect(try judged(head(4), after: head(5)) == .alarm(.shorter))
        let restored = head(6, lives: [(1, 0), (2, 3)])
        #expect(try judged(restored, after: head(5)) == .announcedBreak(lost: 2))
    }

    @Test func whatWasBeforeTheBreakIsStillProved() throws {
        let restored = head(9, lives: [(1, 0), (2, 5)])
        #expect(try judged(restored, after: head(5)) == .continues)
        var rewritten = leaves
        rewritten[0] = [0xff]
        let forged = head(9, lives: [(1, 0), (2, 5)], of: rewritten)
        #expect(try judged(forged, of: rewritten, after: head(5)) == .alarm(.rewritten))
    }

    @Test func twoRestoresOfOneBackupPartWhereTheFirstBegan() throws {
        let first = head(8, lives: [(1, 0), (2, 3)])
        let second = head(6, lives: [(1, 0), (3, 4)])
        #expect(try judged(second, after: first) == .announcedBreak(lost: 5))
    }

    @Test func aBreakIsNoneThatMovesTheBeginningOfAKnownEpoch() throws {
        let kept = head(8, lives: [(1, 0), (2, 6)])
        let moved = head(9, lives: [(1, 0), (2, 3), (3, 8)])
        #expect(try judged(moved, after: kept) == .alarm(.unannounced))
        let older = head(9, lives: [(1, 0)])
        #expect(try judged(older, after: kept) == .alarm(.unannounced))
    }

    @Test func aHeadThatAnotherKeySignedIsAnAlarm() throws {
        let forged = head(9, by: DeviceKey.fixture(1))
        #expect(try judged(forged, after: head(5)) == .alarm(.unsigned))
        var altered = head(9)
        altered.head.size = 8
        #expect(!altered.isSigned(by: Self.hub.publicKey))
    }

    @Test func anAnswerToAnotherMomentSaysNothing() throws {
        let offered = ProvedHead(head(9), from: 3, proof: [])
        #expect(
            AuditJudgement.of(offered, kept: head(5), hub: Self.hub.publicKey) == .unrelated)
    }

    @Test func aKeptHeadSurvivesStorage() throws {
        let signed = head(7, lives: [(1, 0), (2, 3)])
        #expect(try SignedHead(bytes: signed.bytes) == signed)
        for length in 0..<signed.bytes.count {
            #expect(throws: WireError.self) {
                _ = try SignedHead(bytes: Array(signed.bytes.prefix(length)))
            }
        }
    }

    @Test(arguments: AuditFixture.entries)
    func aLeafSurvivesStorageAndNoTwoAreAlike(entry: AuditEntry) throws {
        #expect(try AuditEntry(leaf: entry.bytes) == entry)
        let others = AuditFixture.entries.filter { $0 != entry }
        #expect(others.allSatisfy { $0.bytes != entry.bytes })
        for length in 0..<entry.bytes.count {
            #expect(throws: WireError.self) {
                _ = try AuditEntry(leaf: Array(entry.bytes.prefix(length)))
            }
        }
    }
}

/// One leaf of every kind.
enum AuditFixture {
    static let key = DeviceKey.fixture(1)

    static var entries: [AuditEntry] {
        contents.map { AuditEntry(time: 1_784_856_000_000, epoch: WireFixture.epoch, $0) }
    }

    private static var contents: [AuditEntry.Content] {
        let identity = ChangesetIdentity(incarnation: WireFixture.incarnation, seq: 2)
        let digest = ContentDigest.of(WireFixture.changesets[1], after: .start)
        let trail = AuditTrail(
            runs: [.init(first: 1_041, count: 2)], digest: .of(Array("rows".utf8)))
        let node = NodeID(WireFixture.incarnation.bits)
        let lookup: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
        return [
            .decision(
                identity, digest,
                .accepted(WireFixture.village, Position(42), trail, isTimeMoved: false)),
            .decision(identity, digest, .quarantined(.rule, isTimeMoved: true)),
            .release(Release(identity, WireFixture.village, Position(43)), trail),
            .refusal(
                AuditRefusal(
                    node: node, first: identity, last: 9, head: digest, code: "batch.altered")),
            .act(.epochBegun(cause: "restored")),
            .act(.schemaPublished(.of(Array("{}".utf8)))),
            .act(
                .codeIssued(
                    lookup: lookup, WireFixture.village, holder: "虚构·王", role: "assistant",
                    expiresAt: 1_784_942_400_000)),
            .act(.deviceEnrolled(node, key.publicKey, lookup: lookup)),
            .act(.deviceRevoked(node)), .act(.campaignOpened("2026H2")),
            .act(.campaignClosed("2026H2")), .act(.backupNoted),
            .act(.backupVerified(notedAt: 1_784_856_000_000)),
        ]
    }

    static var provedHead: ProvedHead {
        let head = AuditHead(
            log: .scope(WireFixture.village), size: 5,
            root: Tree(entries.prefix(5).map(\.bytes)).root,
            lives: [.init(WireFixture.epoch, from: 0)], time: 1_784_856_009_000)
        return ProvedHead(
            head.signed(by: DeviceKey.fixture(2)), from: 2,
            proof: (try? Tree(entries.prefix(5).map(\.bytes)).proof(from: 2)) ?? [])
    }
}
