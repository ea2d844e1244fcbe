@testable import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSync
import Foundation
import Testing

@testable import FieldgridNode

/// Everything anew in several replies, as a file, and by stick.
@Suite struct WholePullTests {
    /// Asks for replies as small as the hub makes them.
    private func pull(_ node: RealNode, between step: (Int) throws -> Void = { _ in }) throws {
        for count in 0..<200 {
            var (asked, _) = try node.replica.nextRequest()
            asked.replyBytesMax = 1 << 16
            let applied = try node.exchange(ExchangeCodec.encode(asked) { _ in nil })
            if !applied.hasMore { return }
            try step(count)
        }
    }

    private func long(_ name: UInt64) -> Value { .text(String(repeating: "虚构\(name)", count: 20)) }

    /// 400 employers, of which the first changed again after all others came.
    private func filled() throws -> (TestHub, RealNode) {
        let hub = try TestHub()
        let author = try RealNode(hub, try hub.enrol("虚构·王", TestHub.township))
        for name in UInt64(1)...400 {
            try author.edit(
                .test(name), .create(TestHub.village),
                ["name": long(name), "phone": .text("13800000000")])
        }
        try author.exchange()
        hub.clock.advance(minutes: 5)
        for name in UInt64(1)...40 {
            try author.edit(.test(name), .update, ["phone": .text("13800000001")])
        }
        try author.exchange()
        return (hub, author)
    }

    @Test func whatChangedAgainComesWholeInTheReplyThatBringsIt() throws {
        let (hub, author) = try filled()
        let newcomer = try RealNode(hub, try hub.enrol("虚构·李"), joins: false)
        try pull(newcomer)
        #expect(try newcomer.shown(.test(1), "name") == long(1))
        try expectAgreement(hub, author, newcomer)
    }

    @Test func whatIsChangedWhileItIsPulledIsNotMissed() throws {
        let (hub, author) = try filled()
        let newcomer = try RealNode(hub, try hub.enrol("虚构·李"), joins: false)
        try pull(newcomer) { step in
            let name = UInt64(50 + step * 7)
            try author.edit(.test(name), .update, ["hr_phone": .text("13800000002")])
            try author.edit(.test(name + 200), .move(TestHub.otherVillage))
            try author.exchange()
            if step % 3 == 1 { try newcomer.reopen() }
        }
        try newcomer.exchange()
        let village = try Dump.lines(of: hub.hub, type: hub.type("employer"))
            .filter { $0.contains(" \(TestHub.village) ") }
        let here = try Dump.lines(of: newcomer.replica, type: hub.type("employer"))
        #expect(Dump.difference(hub: village, node: here) == "")
    }

    @Test func aScopeThatFillsAReplyTakesNothingFromTheNext() throws {
        let hub = try TestHub()
        let author = try RealNode(hub, try hub.enrol("虚构·王", TestHub.township))
        let newcomer = try RealNode(hub, try hub.enrol("虚构·李", TestHub.township), joins: false)
        for (name, scope) in [(UInt64(1), TestHub.village), (2, TestHub.otherVillage)] {
            try author.edit(.test(name), .create(scope), ["name": .text("虚构\(name)")])
        }
        try author.exchange()
        // Each reply is full with the first record that it takes.
        hub.hub.replyBytesMax = 1
        for _ in 0..<2_000
        where try newcomer.exchange(newcomer.replica.nextRequest().encoded).hasMore {}
        #expect(try newcomer.shown(.test(1), "name") == .text("虚构1"))
        #expect(try newcomer.shown(.test(2), "name") == .text("虚构2"))
        try expectAgreement(hub, author, newcomer)
    }

    /// Positions of two scopes have nothing in common.
    @Test func aRecordThatComesFromABusyGridIsToldOnceInAQuietOne() throws {
        let hub = try TestHub()
        let author = try RealNode(hub, try hub.enrol("虚构·王", TestHub.township))
        let reader = try RealNode(hub, try hub.enrol("虚构·李", TestHub.township))
        for name in UInt64(1)...9 {
            try author.edit(.test(name), .create(TestHub.village), ["name": .text("虚构\(name)")])
            try author.exchange()
        }
        try author.edit(.test(9), .move(TestHub.otherVillage))
        try author.exchange()
        try reader.exchange()
        #expect(try reader.shown(.test(9), "name") == .text("虚构9"))
        let again = try reader.exchange(reader.replica.nextRequest().encoded)
        #expect(again.pulled == 0)
        try expectAgreement(hub, author, reader)
    }

    /// A number is one of a scope, and the reply that takes the move may have
    /// no room for the one it has where it went.
    @Test func aRecordIsNotNamedByTheNumberOfTheGridItLeft() throws {
        let hub = try TestHub()
        let author = try RealNode(hub, try hub.enrol("虚构·王", TestHub.township))
        let other = try RealNode(hub, try hub.enrol("虚构·李", TestHub.township))
        let grids = [TestHub.village, TestHub.otherVillage].sorted()
        try author.edit(.test(1), .create(grids[0]), ["name": .text("虚构1")])
        try author.exchange()
        for (name, grid) in [(UInt64(2), grids[1]), (3, grids[0])] {
            try other.edit(.test(name), .create(grid), ["name": .text("虚构\(name)")])
        }
        try other.exchange()
        try author.edit(.test(1), .move(grids[1]))
        hub.hub.replyBytesMax = 1
        let applied = try author.exchange(author.replica.nextRequest().encoded)
        #expect(applied.accepted == 1)
        #expect(applied.hasMore)
        try author.edit(.test(1), .update, ["phone": .text("13800000000")])
        try author.exchange()
        hub.hub.replyBytesMax = 16 << 20
        try other.exchange()
        try expectAgreement(hub, author, other)
        #expect(try other.shown(.test(1), "phone") == .text("13800000000"))
    }

    @Test func aDeviceThatLagsGetsWhatEnteredAndChangedAgainWhole() throws {
        let (hub, author) = try filled()
        let lagging = try RealNode(hub, try hub.enrol("虚构·李"))
        for name in UInt64(500)...900 {
            try author.edit(
                .test(name), .create(TestHub.village),
                ["name": long(name), "phone": .text("13800000000")])
        }
        try author.exchange()
        for name in [500, 1, 2] as [UInt64] {
            try author.edit(.test(name), .update, ["phone": .text("13800000009")])
        }
        try author.exchange()
        try pull(lagging)
        #expect(try lagging.shown(.test(500), "name") == long(500))
        try expectAgreement(hub, author, lagging)
    }

    // MARK: As a file

    @Test func whoBeginsAnewFetchesAFileWhereThereIsOne() throws {
        let world = try Silence()
        try world.absent.edit(.test(20), .create(TestHub.village), ["name": .text("虚构新")])
        try world.goOn()
        try world.forget()
        var limit = SnapshotShelf.Limit()
        limit.recordsMin = 1
        let link = SnapshotLink(world.hub, world.absent.device, limit: limit)
        let copy = SnapshotFetch(
            folder: world.hub.folder.path, replica: world.absent.replica, client: try link.client())
        var copied = 0
        for _ in 0..<9 {
            let applied = try world.absent.exchange(world.absent.replica.nextRequest().encoded)
            if applied.rebased { copied += try copy.run { _ in } }
            if !applied.hasMore, applied.outboxLeft == 0 { break }
        }
        #expect(link.offers == 1)
        #expect(copied > 5)
        #expect(world.absent.rebases == 1)
        #expect(try world.absent.shown(.test(2), "name") == nil)
        #expect(try world.absent.shown(.test(20), "name") == .text("虚构新"))
        try world.expectAgreement()
    }

    @Test func aFileFromBeforeOwnWorkDoesNotTakeItBack() throws {
        let world = try Silence()
        try world.goOn()
        try world.forget()
        var limit = SnapshotShelf.Limit()
        limit.recordsMin = 1
        let link = SnapshotLink(world.hub, world.absent.device, limit: limit)
        // Somebody else's, which is fresh for hours.
        _ = try link.shelf.offer(to: world.absent.device)
        try world.absent.edit(.test(3), .update, ["phone": .text("13800000003")])
        for _ in 0..<9 {
            let applied = try world.absent.exchange(world.absent.replica.nextRequest().encoded)
            if applied.rebased {
                _ = try SnapshotFetch(
                    folder: world.hub.folder.path, replica: world.absent.replica,
                    client: try link.client()
                ).run { _ in }
                try world.absent.edit(.test(4), .update, ["phone": .text("13800000004")])
            }
            if !applied.hasMore, applied.outboxLeft == 0 { break }
        }
        #expect(try world.absent.shown(.test(3), "phone") == .text("13800000003"))
        #expect(try world.absent.shown(.test(4), "phone") == .text("13800000004"))
        try world.expectAgreement()
    }

    // MARK: By stick

    @Test func aBundleFromADrawerIsTakenAndItsAnswerBringsEverythingAnew() throws {
        let world = try Silence()
        try world.absent.edit(.test(2), .update, ["phone": .text("13800000002")])
        try world.absent.edit(.test(20), .create(TestHub.village), ["name": .text("虚构新")])
        let drawer = try world.absent.exported()
        try world.goOn()
        try world.forget()
        let result = try world.hub.imported(drawer)
        #expect((result.accepted, result.quarantined) == (2, 0))
        try world.absent.importedAnew(#require(result.reply).file)
        #expect(try world.absent.shown(.test(2), "name") == nil)
        #expect(try world.absent.shown(.test(20), "name") == .text("虚构新"))
        #expect(try world.hub.hub.shown("phone", of: .test(2)) == .text("13800000002"))
        #expect(!world.absent.replica.isRebasing)
        try world.expectAgreement()
    }

    @Test func aBundleWithEverythingIsNotTakenForWhatIsNewer() throws {
        let world = try Silence()
        try world.goOn()
        try world.forget()
        // It never sent a bundle, so it gets all there is; but it is no new device.
        let bundle = try world.hub.hub.exportBundle(
            for: world.absent.device.keyID, key: world.hub.key)
        try world.absent.edit(.test(20), .create(TestHub.village), ["name": .text("虚构新")])
        try world.absent.importedAnew(bundle.file)
        #expect(try world.absent.shown(.test(2), "name") == .text("虚构2"), "not yet")
        try world.absent.exchange()
        #expect(try world.absent.shown(.test(2), "name") == nil)
        try world.expectAgreement()
    }
}

extension RealNode {
    /// What `node import` does: who begins anew takes a reply once more.
    func importedAnew(_ file: [UInt8]) throws {
        for applied in try imported(file) where applied.rebased {
            try imported(file)
        }
    }
}
