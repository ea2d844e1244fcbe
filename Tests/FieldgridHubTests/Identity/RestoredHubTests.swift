import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSync
import Foundation
import Testing

/// Hubs that were put back from a backup (sync.md 9.2 and 9.18).
@Suite struct RestoredHubTests {
    private let shop = RecordID.test(1)

    private func start() throws -> (TestHub, RealNode, RealNode) {
        let hub = try TestHub()
        let node = try RealNode(hub, try hub.enrol("虚构·王"))
        let other = try RealNode(hub, try hub.enrol("虚构·李"))
        try node.edit(shop, .create(TestHub.village), ["name": .text("虚构木业")])
        try node.exchange()
        try other.exchange()
        return (hub, node, other)
    }

    @Test func nodesOfferAgainWhatTheBackupDoesNotHave() throws {
        let (hub, node, other) = try start()
        let backup = try hub.backup()
        hub.clock.advance(minutes: 5)
        try node.edit(shop, .update, ["phone": .text("13800000001")])
        try node.edit(.test(2), .create(TestHub.village), ["name": .text("虚构食品")])
        try node.exchange()
        try other.exchange()
        try other.edit(shop, .update, ["hr_phone": .text("13800000002")])
        try other.exchange()
        try hub.restore(backup)
        #expect(try hub.hub.shown("phone", of: shop) == nil)
        try node.exchange()
        try other.exchange()
        try node.exchange()
        #expect(try hub.hub.shown("phone", of: shop) == .text("13800000001"))
        #expect(try hub.hub.shown("hr_phone", of: shop) == .text("13800000002"))
        #expect(try hub.hub.shown("name", of: .test(2)) == .text("虚构食品"))
        #expect(try hub.hub.conflictCount() == 0)
        #expect(node.reborn == [.epoch])
        try expectAgreement(hub, node, other)
    }

    @Test func aHubThatWasPutBackKnowsWhenItsBackupWasMade() throws {
        let hub = try TestHub()
        let made = hub.clock.milliseconds
        let backup = try hub.backup()
        hub.clock.advance(minutes: 5)
        try hub.restore(backup)
        #expect(try hub.hub.lastBackupAt == made)
    }

    @Test func aLogWhoseDatabaseIsGoneIsNotTakenForThatOfTheBackup() throws {
        let (hub, node, other) = try start()
        let backup = try hub.backup()
        try node.edit(shop, .update, ["phone": .text("13800000001")])
        try node.exchange()
        let path = hub.folder.path + "/hub.sqlite"
        let log = try Data(contentsOf: URL(fileURLWithPath: path + "-wal"))
        try hub.restore(backup) {
            // As where the hub was killed, and its damaged database taken away.
            try FileManager.default.removeItem(atPath: path)
            try log.write(to: URL(fileURLWithPath: path + "-wal"))
        }
        #expect(try hub.hub.shown("phone", of: shop) == nil)
        #expect(try hub.hub.epochs().last?.cause == .restored)
        #expect(try hub.hub.reviewAudit().finding == nil)
        try node.exchange()
        try other.exchange()
        #expect(try hub.hub.shown("phone", of: shop) == .text("13800000001"))
    }

    @Test func recordsThatNobodyKeepsAreSalvagedFromTheRows() throws {
        let (hub, node, other) = try start()
        let backup = try hub.backup()
        try node.edit(.test(2), .create(TestHub.village), ["name": .text("虚构食品")])
        try node.exchange()
        try other.exchange()
        try hub.restore(backup)
        // The device that made it is gone for good.
        try other.exchange()
        #expect(other.salvaged == 1)
        #expect(try hub.hub.shown("name", of: .test(2)) == .text("虚构食品"))
        try expectAgreement(hub, other)
    }

    @Test func aContextOfTheLostBranchCountsUpToTheFork() throws {
        let (hub, node, other) = try start()
        let backup = try hub.backup()
        hub.clock.advance(minutes: 5)
        try other.edit(shop, .update, ["phone": .text("13800000002")])
        try other.exchange()
        try node.exchange()
        // Seen on the screen, but lost at the hub when this is sent.
        hub.clock.advance(minutes: 5)
        try node.edit(shop, .update, ["phone": .text("13800000001")])
        try node.edit(shop, .update, ["name": .text("虚构木业总店")])
        try hub.restore(backup)
        try node.exchange()
        try other.exchange()
        try node.exchange()
        // Seen before the fork: no conflict. Seen after it: the lost value came back as a rival.
        #expect(try hub.hub.shown("name", of: shop) == .text("虚构木业总店"))
        #expect(try hub.hub.conflictCount() == 1)
        try expectAgreement(hub, node, other)
    }

    @Test func threeRestoresOfOneBackupLoseNothing() throws {
        let (hub, node, other) = try start()
        let backup = try hub.backup()
        for name in 2...4 {
            hub.clock.advance(minutes: 5)
            try node.edit(
                .test(UInt64(name)), .create(TestHub.village), ["name": .text("虚构\(name)")])
            try node.exchange()
            try hub.restore(backup)
        }
        for _ in 0..<2 {
            try node.exchange()
            try other.exchange()
        }
        for name in 2...4 {
            #expect(
                try hub.hub.shown("name", of: .test(UInt64(name))) == .text("虚构\(name)"))
        }
        #expect(try hub.hub.conflictCount() == 0)
        try expectAgreement(hub, node, other)
    }

    @Test func aFilePutBackWithoutAWordIsNoticed() throws {
        let (hub, node, other) = try start()
        let backup = try hub.backup()
        hub.clock.advance(minutes: 5)
        try node.edit(shop, .update, ["phone": .text("13800000001")])
        try node.exchange()
        try other.exchange()
        try hub.restore(backup, behindItsBack: true)
        try other.exchange()
        try node.exchange()
        try other.exchange()
        #expect(try hub.hub.epochs().map(\.cause) == [.created, .found])
        #expect(try hub.hub.shown("phone", of: shop) == .text("13800000001"))
        try expectAgreement(hub, node, other)
    }

    @Test func positionsNobodyGaveBeginNoEpochAfterEpoch() throws {
        let hub = try TestHub()
        var node = SketchNode(hub, try hub.enrol("虚构·王"))
        for _ in 0..<3 {
            node.epoch = hub.hub.identity.epoch
            node.positions = [TestHub.village: Position(1 << 40)]
            _ = try node.send(node.request())
        }
        #expect(try hub.hub.epochs().count == 2)
        hub.clock.advance(minutes: 61)
        _ = try node.send(node.request())
        #expect(try hub.hub.epochs().count == 3)
    }

    @Test func recordNumbersOfALostBranchAreNeverGivenAgain() throws {
        let (hub, node, _) = try start()
        let backup = try hub.backup()
        try node.edit(.test(2), .create(TestHub.village), ["name": .text("虚构食品")])
        try node.exchange()
        let lost = try number(of: .test(2), hub)
        try hub.restore(backup)
        var sketch = SketchNode(hub, try hub.enrol("虚构·张"))
        try sketch.create("employer", .test(3), ["name": .text("虚构餐饮")])
        try sketch.exchange()
        #expect(try number(of: .test(3), hub) > lost)
    }

    private func number(of id: RecordID, _ hub: TestHub) throws -> Int64 {
        var fresh = SketchNode(hub, try hub.enrol("虚构·数"))
        try fresh.exchange()
        let found = fresh.ids[TestHub.village]?.first { $0.value == id }
        return try #require(found?.key.value)
    }

    @Test func whatAVerifiedBackupHasIsNotKeptAnyLonger() throws {
        let (hub, node, _) = try start()
        #expect(try node.replica.nextRequest().request.kept?.seq == 1)
        _ = try hub.backup()
        try node.exchange()
        #expect(try node.replica.nextRequest().request.kept == nil)
    }

    @Test func aBackupThatIsDamagedIsRefused() throws {
        let (hub, _, _) = try start()
        let backup = try hub.backup()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: backup.path))
        for place in stride(from: bytes.count / 2, to: bytes.count, by: 97) { bytes[place] ^= 0x5a }
        try bytes.write(to: URL(fileURLWithPath: backup.path))
        let error = #expect(throws: HubError.self) { try HubBackup.verify(backup.path) }
        #expect(error?.code == "backup.damaged")
    }
}
