@testable import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSync
import Testing

/// Sticks instead of a network.
@Suite struct BundleTests {
    let hub: TestHub
    let node: RealNode

    init() throws {
        hub = try TestHub()
        node = try RealNode(hub, try hub.enrol("虚构·王", TestHub.township))
    }

    private func create(_ name: UInt64, _ node: RealNode? = nil) throws {
        hub.clock.advance(minutes: 1)
        try (node ?? self.node).edit(
            .test(name), .create(TestHub.village), ["name": .text("虚构\(name)")])
    }

    private func names(at store: any RecordStore) throws -> [String] {
        try Dump.lines(of: store, type: hub.type("employer"))
    }

    @Test func whatWasSavedArrivesByStickAndItsReceiptsComeBack() throws {
        for name in UInt64(1)...8 { try create(name) }
        let result = try hub.imported(node.exported())
        #expect(result.accepted == 8)
        #expect(result.sections == 3)
        #expect(result.repeated + result.quarantined + result.waiting == 0)
        let reply = try #require(result.reply)
        try node.imported(reply.file)
        #expect(try node.replica.counts().outbox == 0)
        #expect(try names(at: node.replica) == names(at: hub.hub))
    }

    @Test func importingABundleAgainChangesNothing() throws {
        try create(1)
        let file = try node.exported()
        let first = try hub.imported(file)
        let positions = try hub.hub.status().positions
        let again = try hub.imported(file)
        #expect((again.accepted, again.repeated) == (0, 1))
        #expect(try hub.hub.status().positions == positions)
        for reply in [first, again, first] { try node.imported(#require(reply.reply).file) }
        #expect(try node.replica.counts().outbox == 0)
        #expect(try names(at: node.replica) == names(at: hub.hub))
    }

    @Test func aSectionBeforeItsPredecessorWaitsAndIsTakenWithIt() throws {
        for name in UInt64(1)...6 { try create(name) }
        let later = try node.exported(from: 4)
        let early = try hub.imported(later)
        #expect((early.accepted, early.waiting, early.missing) == (0, 3, 1))
        #expect(try names(at: hub.hub).isEmpty)
        let rest = try hub.imported(node.exported())
        #expect(rest.accepted == 6)
        #expect(try names(at: hub.hub).count == 6)
    }

    @Test func receiptsOfAnotherLifeOfTheFolderAcknowledgeNothing() throws {
        try create(1)
        try node.imported(#require(try hub.imported(node.exported()).reply).file)
        let backup = try node.copy()
        try create(2)
        let late = try #require(try hub.imported(node.exported()).reply).file
        try node.restore(backup)
        try create(3)
        try node.imported(late)
        #expect(try node.replica.counts().outbox == 1)
        #expect(node.replica.rebirths.map(\.cause) == [.fork])
        for _ in 0..<2 { try node.imported(#require(try hub.imported(node.exported()).reply).file) }
        #expect(try node.replica.counts().outbox == 0)
        #expect(try names(at: hub.hub).count == 3)
        #expect(try names(at: node.replica) == names(at: hub.hub))
    }

    @Test func aWaitingSectionThatIsNotWhatWasSealedStopsNothingThatComesLater() throws {
        for name in UInt64(1)...6 { try create(name) }
        var (request, _) = try node.replica.request(from: 4, maxChangesets: 1)
        request.batch?.head = .start
        let section = ParkedSection(
            node: node.device.node, incarnation: request.incarnation, first: 4, last: 4, since: 0,
            frame: ExchangeCodec.encode(request) { _ in nil })
        try hub.hub.store.write { try $0.put(section) }
        try node.exchange()
        #expect(try names(at: hub.hub).count == 6)
        #expect(try hub.hub.store.read { try $0.parked(from: node.device.node) }.isEmpty)
    }

    @Test func whatWaitsSurvivesARestartAndComesInWithAnExchange() throws {
        for name in UInt64(1)...6 { try create(name) }
        try hub.imported(node.exported(from: 4))
        let restarted = try hub.reopened()
        let request = try node.replica.nextRequest(maxChangesets: 3, maxBytes: 4 << 20)
        let reply = try ExchangeCodec.decodeReply(
            restarted.exchange(request.encoded, device: node.device))
        #expect(reply.receipts.count == 3)
        #expect(try Dump.lines(of: restarted, type: hub.type("employer")).count == 6)
    }

    @Test func whatMayWaitOfADeviceIsBounded() throws {
        for name in UInt64(1)...70 { try create(name) }
        for seq in Int64(2)...65 {
            let one = try node.replica.request(from: seq, maxChangesets: 1).encoded
            try hub.imported(sealed([one]))
        }
        let more = try node.replica.request(from: 66, maxChangesets: 1).encoded
        let error = #expect(throws: HubError.self) { try hub.imported(sealed([more])) }
        #expect(error?.code == "bundle.too-many-wait")
    }

    private func sealed(_ sections: [[UInt8]], by other: DeviceKey? = nil) throws -> [UInt8] {
        SealedBundle(
            direction: .toHub, node: node.device.node, incarnation: node.replica.incarnation,
            hub: hub.key.publicKey, madeAt: 0, sections: sections
        ).sealed(by: try other ?? hub.key(of: node.device))
    }

    @Test func anEarlierBundleIsNamedWhenItIsMissingAndNothingIsApplied() throws {
        try create(1)
        try node.imported(#require(hub.imported(node.exported()).reply).file)
        let other = try RealNode(hub, try hub.enrol("虚构·李", TestHub.township))
        let before = other.replica.positions
        try create(2)
        // The node's next bundle begins where the other one has not been.
        try hub.imported(node.exported())
        try node.exchange()
        try create(3)
        let ahead = try #require(hub.imported(node.exported()).reply)
        for section in try SealedBundle.open(ahead.file, as: .toNode).bundle.sections {
            let reply = try ExchangeCodec.decodeReply(section)
            let error = #expect(throws: ReplicaError.self) { try other.replica.apply(reply) }
            #expect(error?.code == .replyAhead)
        }
        #expect(other.replica.positions == before)
    }

    @Test func anOldReplyNeverMovesAPositionBack() throws {
        try create(1)
        let old = try #require(hub.imported(node.exported()).reply).file
        try node.imported(old)
        try create(2)
        try node.exchange()
        let other = try RealNode(hub, try hub.enrol("虚构·李", TestHub.township))
        try other.edit(.test(1), .update, ["name": .text("虚构改")])
        try other.exchange()
        try node.exchange()
        let (positions, dump) = (node.replica.positions, try names(at: node.replica))
        let applied = try node.imported(old)
        #expect(applied.map(\.isStale) == applied.map { _ in true })
        #expect(node.replica.positions == positions)
        #expect(try names(at: node.replica) == dump)
        #expect(try dump == names(at: hub.hub))
    }

    @Test func aRevokedDevicesBundleWaitsForReview() throws {
        try create(1)
        try create(2)
        _ = try hub.hub.revoke(node.device.keyID)
        let result = try hub.imported(node.exported())
        #expect((result.accepted, result.quarantined) == (0, 2))
        #expect(result.reply == nil)
        #expect(try names(at: hub.hub).isEmpty)
        #expect(try hub.hub.review().map(\.changeset.identity.seq) == [1, 2])
        let counts = try hub.hub.letThrough(hub.hub.device(named: node.device.keyID))
        #expect(counts == (2, 0))
        #expect(try hub.hub.review().isEmpty)
        #expect(try names(at: hub.hub).count == 2)
    }

    @Test func nothingGoesDownToARevokedDevice() throws {
        _ = try hub.hub.revoke(node.device.keyID)
        let error = #expect(throws: HubError.self) {
            try hub.hub.exportBundle(
                for: node.device.keyID, key: hub.key, files: hub.attachments)
        }
        #expect(error?.code == "device.revoked")
    }

    @Test func aBundleOfAStrangerOrOfAnotherHubIsRefused() throws {
        try create(1)
        var random = SeededRandom(seed: 5)
        let stranger = DeviceKey.generate(using: &random)
        let section = try node.replica.nextRequest().encoded
        let unknown = #expect(throws: BundleProblem.self) {
            try hub.imported(sealed([section], by: stranger))
        }
        #expect(unknown?.code == "bundle.signer-unknown")
        let foreign = #expect(throws: BundleProblem.self) {
            try hub.hub.importBundle(
                node.exported(), key: stranger, files: hub.attachments)
        }
        #expect(foreign?.code == "bundle.foreign-hub")
        #expect(try names(at: hub.hub).isEmpty)
    }

    @Test func aSectionThatCannotBeReadKeepsAllOthersOut() throws {
        try create(1)
        let good = try node.replica.nextRequest().encoded
        let bad = Frame.wrap(Array(repeating: 0xee, count: 64), kind: .exchangeRequest)
        let error = #expect(throws: BundleProblem.self) { try hub.imported(sealed([good, bad])) }
        #expect(error?.code == "bundle.damaged")
        #expect(try names(at: hub.hub).isEmpty)
    }

    @Test(arguments: UInt64(1)...10)
    func twoNodesWithSticksOnlyConvergeInAnyOrder(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let nodes = [node, try RealNode(hub, try hub.enrol("虚构·李", TestHub.township))]
        var up: [[UInt8]] = []
        var down: [[[UInt8]]] = [[], []]
        for step in UInt64(1)...80 {
            hub.clock.advance(minutes: 2)
            let place = Int.random(in: 0..<2, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0, 1: try create(step, nodes[place])
            case 2: up.append(try nodes[place].exported())
            case 3, 4:
                guard let file = up.randomElement(using: &random) else { continue }
                let result = try hub.imported(file)
                let owner = nodes.firstIndex { $0.device.node == result.device.node } ?? 0
                down[owner].append(try #require(result.reply).file)
            case 5:
                guard let file = down[place].randomElement(using: &random) else { continue }
                _ = try? nodes[place].imported(file)
            default:
                let ids = try Dump.lines(of: nodes[place].replica, type: hub.type("employer"))
                guard let line = ids.randomElement(using: &random),
                    let id = RecordID(String(line.prefix(36)))
                else { continue }
                try nodes[place].edit(id, .update, ["phone": .text("\(13_800_000_000 + step)")])
            }
        }
        for _ in 0..<3 {
            for node in nodes {
                try node.imported(#require(hub.imported(node.exported()).reply).file)
            }
        }
        for node in nodes {
            #expect(try names(at: node.replica) == names(at: hub.hub), "seed \(seed)")
            #expect(try node.replica.counts().outbox == 0, "seed \(seed)")
        }
    }
}
