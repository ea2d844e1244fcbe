import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSync
import Testing

/// Folders that were restored or copied (sync.md sections 5 and 9.5).
@Suite struct RewoundNodeTests {
    private let shop = RecordID.test(1)

    @Test func workAfterTheBackupComesBackAndWorkAfterTheRestoreIsKept() throws {
        let (hub, node) = try RealNode.withOneEmployer(shop)
        let backup = try node.copy()
        try node.edit(shop, .update, ["phone": .text("13800000001")])
        try node.exchange()
        try node.restore(backup)
        hub.clock.advance(minutes: 1)
        try node.edit(shop, .update, ["hr_phone": .text("13800000002")])
        try node.exchange()
        #expect(node.reborn == [.fork])
        #expect(try hub.hub.shown("phone", of: shop) == .text("13800000001"))
        #expect(try hub.hub.shown("hr_phone", of: shop) == .text("13800000002"))
        #expect(try hub.hub.conflictCount() == 0)
        try expectAgreement(hub, node)
    }

    @Test func aRewoundNodeThatOnlyPullsGetsItsOwnWorkBack() throws {
        let (hub, node) = try RealNode.withOneEmployer(shop)
        let backup = try node.copy()
        try node.edit(shop, .update, ["phone": .text("13800000001")])
        try node.exchange()
        try node.restore(backup)
        try node.exchange()
        #expect(node.reborn == [.fork])
        #expect(try node.replica.shown("phone", of: shop) == .text("13800000001"))
        try expectAgreement(hub, node)
    }

    @Test func aCopiedFolderGoesOnInBothPlaces() throws {
        let (hub, node) = try RealNode.withOneEmployer(shop)
        try node.edit(shop, .update, ["name": .text("虚构木业总店")])
        let twin = try RealNode(node, copy: try node.copy())
        try node.edit(shop, .update, ["phone": .text("13800000001")])
        hub.clock.advance(minutes: 1)
        try twin.edit(shop, .update, ["phone": .text("13800000002")])
        try twin.edit(.test(2), .create(TestHub.village), ["name": .text("虚构食品")])
        try node.exchange()
        try twin.exchange()
        try node.exchange()
        #expect(node.reborn == [])
        #expect(twin.reborn == [.fork])
        #expect(try hub.hub.conflictCount() == 1)
        #expect(try hub.hub.shown("name", of: .test(2)) == .text("虚构食品"))
        #expect(try hub.hub.history(shop).filter { $0.unit == UnitNumber(2) }.count == 2)
        try expectAgreement(hub, node, twin)
    }

    @Test func bothLivesOfACopiedFolderGoOnForEver() throws {
        let (hub, node) = try RealNode.withOneEmployer(shop)
        let twin = try RealNode(node, copy: try node.copy())
        for round in 1...4 {
            hub.clock.advance(minutes: 5)
            try node.edit(shop, .update, ["phone": .text("1380000001\(round)")])
            try node.exchange()
            try twin.exchange()
            hub.clock.advance(minutes: 5)
            try twin.edit(shop, .update, ["phone": .text("1380000002\(round)")])
            try twin.exchange()
            try node.exchange()
        }
        #expect(twin.reborn == [.fork])
        #expect(node.reborn == [])
        #expect(try hub.hub.conflictCount() == 0)
        try expectAgreement(hub, node, twin)
    }

    @Test func ownEarlierWorkIsSeenAcrossIncarnations() throws {
        let (hub, node) = try RealNode.withOneEmployer(shop)
        try node.edit(shop, .update, ["phone": .text("13800000001")])
        #expect(
            try node.replica.goOnIfRewound(
                behind: SentStamp(incarnation: node.replica.incarnation, sent: 9)))
        hub.clock.advance(minutes: 1)
        try node.edit(shop, .update, ["phone": .text("13800000002")])
        #expect(
            try node.replica.goOnIfRewound(
                behind: SentStamp(incarnation: node.replica.incarnation, sent: 9)))
        hub.clock.advance(minutes: 1)
        try node.edit(shop, .update, ["phone": .text("13800000003")])
        try node.exchange()
        #expect(try hub.hub.conflictCount() == 0)
        #expect(try hub.hub.shown("phone", of: shop) == .text("13800000003"))
        try expectAgreement(hub, node)
    }

    @Test func theStampGivesNewWorkANewNameBeforeTheHubIsAsked() throws {
        let (hub, node) = try RealNode.withOneEmployer(shop)
        let backup = try node.copy()
        try node.edit(shop, .update, ["phone": .text("13800000001")])
        let sent = try #require(try node.replica.nextRequest().request.batch?.changesets.last)
        let stamp = SentStamp(incarnation: sent.identity.incarnation, sent: sent.identity.seq)
        try node.exchange()
        #expect(try !node.replica.goOnIfRewound(behind: stamp))
        try node.restore(backup)
        #expect(try node.replica.goOnIfRewound(behind: stamp))
        #expect(try !node.replica.goOnIfRewound(behind: stamp))
        try node.edit(shop, .update, ["hr_phone": .text("13800000002")])
        try node.exchange()
        #expect(node.reborn == [])
        #expect(node.replica.rebirths.map(\.cause) == [.stamp])
        #expect(try node.replica.shown("phone", of: shop) == .text("13800000001"))
        try expectAgreement(hub, node)
    }

    @Test func anotherDevicesDatabaseIsRefused() throws {
        let (hub, node) = try RealNode.withOneEmployer(shop)
        let other = try hub.enrol("虚构·李")
        let request = try node.replica.nextRequest()
        let error = #expect(throws: HubError.self) {
            try hub.hub.exchange(request.encoded, device: other)
        }
        #expect(error?.code == "incarnation.foreign")
    }
}
