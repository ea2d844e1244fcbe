@testable import FieldgridHub
import FieldgridModel
import FieldgridSync
import Foundation
import Testing

/// One leaf for everything that is decided, and for everything that operators
/// do.
@Suite struct AuditLogTests {
    let hub: TestHub
    var node: SketchNode

    init() throws {
        hub = try TestHub()
        node = SketchNode(hub, try hub.enrol("虚构·王"))
    }

    private mutating func create(_ name: UInt64, _ values: [String: Value]? = nil) throws {
        try node.create("employer", .test(name), values ?? ["name": .text("虚构\(name)")])
    }

    @Test mutating func aNewHubHasALeafForAllItHas() throws {
        #expect(try hub.finding() == nil)
        let acts = try hub.acts()
        #expect(acts.first == .epochBegun(cause: "created"))
        guard case .schemaPublished = acts[1],
            case .codeIssued(_, TestHub.village, "虚构·王", _, _) = acts[2],
            case .deviceEnrolled(node.device.node, _, _) = acts[3]
        else {
            Issue.record("\(acts)")
            return
        }
        #expect(acts.count == 4)
    }

    @Test mutating func eachDecisionHasOneLeaf() throws {
        try create(1)
        try create(2, ["name": .text("虚构二"), "life_status": .text("nonsense")])
        try create(3)
        let reply = try node.exchange()
        let sent = try hub.leaves().filter { entry in
            guard case .decision(let identity, _, _) = entry.content else { return false }
            return identity.incarnation == node.incarnation
        }
        #expect(sent.count == 3)
        #expect(reply.receipts.count == 3)
        guard case .decision(_, _, .quarantined(.rule, _)) = sent[1].content,
            case .decision(_, let digest, .accepted(_, let position, let trail, _)) =
                sent[2].content,
            case .accepted(_, let told) = reply.receipts[2].outcome
        else {
            Issue.record("\(sent)")
            return
        }
        #expect(position == told)
        #expect(digest == node.head)
        #expect(trail.runs.map(\.count) == [1])
        #expect(try hub.finding() == nil)
    }

    @Test mutating func repeatingARequestAddsNoLeaf() throws {
        try create(1)
        let body = node.request()
        _ = try node.send(body)
        let heads = try hub.hub.signedHeads(by: hub.key).map(\.head.root)
        _ = try node.send(body)
        #expect(try hub.hub.signedHeads(by: hub.key).map(\.head.root) == heads)
    }

    @Test mutating func whatIsReleasedFromQuarantineHasASecondLeaf() throws {
        try create(1, ["name": .text("虚构一"), "uscc": .text("912206")])
        try node.exchange()
        try node.set("employer", .test(1), ["uscc": .text("912206020000000005")])
        try node.exchange()
        let released = try hub.leaves().filter { entry in
            if case .release = entry.content { true } else { false }
        }
        #expect(released.count == 1)
        #expect(try hub.finding() == nil)
    }

    @Test mutating func aBatchThatIsRefusedWholeHasOneLeafHoweverOftenItComes() throws {
        try create(1)
        let forged = ExchangeCodec.encode(
            ExchangeRequest(
                schema: hub.hub.identity.schema, epoch: node.epoch, positions: [:],
                incarnation: node.incarnation, sealed: 1,
                batch: ChangesetBatch(previous: .start, head: .start, changesets: node.sealed))
        ) { _ in nil }
        for _ in 0..<3 {
            #expect(throws: HubError.self) { try node.send(forged) }
        }
        let refusals = try hub.leaves().compactMap { entry in
            if case .refusal(let refusal) = entry.content { refusal } else { nil }
        }
        #expect(refusals.map(\.code) == ["batch.altered"])
        #expect(refusals.first?.node == node.device.node)
        #expect(try hub.finding() == nil)
        try node.exchange()
        #expect(try hub.finding() == nil)
    }

    @Test func whatOperatorsDoHasALeafEach() throws {
        let before = try hub.acts().count
        _ = try hub.hub.tick()
        try hub.hub.openRefresh(RefreshPeriod(at: hub.clock.milliseconds))
        try hub.hub.closeRefresh(RefreshPeriod(at: hub.clock.milliseconds))
        _ = try hub.backup()
        _ = try hub.hub.revoke(node.device.node.description)
        _ = try hub.hub.revoke(node.device.node.description)
        let acts = try hub.acts().dropFirst(before)
        let period = RefreshPeriod(at: hub.clock.milliseconds).description
        #expect(
            acts == [
                .campaignOpened(period), .campaignClosed(period), .backupNoted,
                .backupVerified(notedAt: hub.clock.milliseconds),
                .deviceRevoked(node.device.node),
            ])
        #expect(try hub.finding() == nil)
    }

    @Test mutating func whatARevokedDeviceBroughtIsInTheLogWhenAClerkLetsItThrough() throws {
        let real = try RealNode(hub, try hub.enrol("虚构·李"))
        try real.edit(.test(5), .create(TestHub.village), ["name": .text("虚构五")])
        _ = try hub.hub.revoke(real.device.node.description)
        let result = try hub.imported(real.exported())
        #expect(result.quarantined == 1)
        #expect(try hub.hub.letThrough(result.device).accepted == 1)
        #expect(try hub.finding() == nil)
    }

    @Test mutating func aLogLargerThanATileIsVerifiedAndProvedFromAnySize() throws {
        for name in UInt64(1)...700 {
            try create(name)
            if name % 97 == 0 { try node.exchange() }
        }
        try node.exchange()
        #expect(try hub.finding() == nil)
        let leaves = try hub.leaves().map(\.bytes)
        #expect(leaves.count > 700)
        let root = Self.root(leaves[...])
        let extents = try hub.hub.store.read { try $0.auditExtents(of: [TestHub.log]) }
        #expect(extents[TestHub.log]?.root == root)
        for size in [1, 2, 255, 256, 257, 511, 512, 640, leaves.count - 1, leaves.count] {
            let proof = try hub.hub.store.read { view in
                try view.proof(of: TestHub.log, from: Int64(size), to: Int64(leaves.count))
            }
            #expect(
                ConsistencyProof.isValid(
                    proof, from: (Int64(size), Self.root(leaves[..<size])),
                    to: (Int64(leaves.count), root)), "from \(size)")
        }
    }

    /// By definition, over the leaves.
    private static func root(_ leaves: ArraySlice<[UInt8]>) -> ContentDigest {
        guard leaves.count > 1 else { return ContentDigest.of([0] + (leaves.first ?? [])) }
        var left = 1
        while left * 2 < leaves.count { left *= 2 }
        return ContentDigest.of(
            [1] + root(leaves.prefix(left)).bytes + root(leaves.dropFirst(left)).bytes)
    }
}
