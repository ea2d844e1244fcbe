@testable import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSync
import Foundation
import Testing

/// How far the hub forgets (sync.md 9.18).
@Suite struct HorizonTests {
    let world: Silence
    private var hub: Hub { world.hub.hub }

    init() throws { world = try Silence() }

    private func scope(_ report: TrimReport) -> TrimReport.Scope? {
        report.scopes.first { $0.scope == TestHub.village }
    }

    @Test func theHorizonIsWhereTheFarthestDeviceWithinTheLeaseStands() throws {
        let stands = try #require(world.absent.replica.positions[TestHub.village])
        try world.goOn()
        world.pass(days: 100)
        try world.present.exchange()
        let planned = try #require(scope(try hub.trim()))
        #expect(planned.horizon == stands)
        #expect(planned.heldBy?.node == world.absent.device.node)
        #expect(planned.head > stands)
        #expect(try !world.departures().isEmpty)
        try world.absent.exchange()
        try world.absent.exchange()
        #expect(try scope(hub.trim())?.horizon == planned.head)
        #expect(try world.departures().isEmpty)
    }

    @Test func aDeadTabletHoldsNothingBack() throws {
        try world.goOn()
        let planned = try #require(scope(try world.forget()))
        #expect(planned.heldBy == nil)
        #expect(planned.horizon == planned.head)
    }

    @Test func aRevokedDeviceHoldsNothingBack() throws {
        try world.goOn()
        _ = try hub.revoke(world.absent.device.keyID)
        world.pass(days: 31)
        for _ in 0..<2 { try world.present.exchange() }
        let planned = try #require(scope(try hub.trim()))
        #expect(planned.heldBy == nil)
        #expect(planned.horizon == planned.head)
    }

    @Test func whatWaitsUnsentHoldsTheHorizonAtItsContext() throws {
        let context = try #require(world.absent.replica.positions[TestHub.village])
        try world.absent.edit(.test(3), .update, ["uscc": .text("912206")])
        try world.absent.exchange()
        #expect(try world.absent.replica.counts().quarantined == 1)
        try world.goOn()
        world.pass(days: 100)
        try world.present.exchange()
        try world.absent.exchange()
        #expect(try #require(world.absent.replica.positions[TestHub.village]) > context)
        #expect(try world.absent.replica.nextRequest().request.oldest[TestHub.village] == context)
        try world.absent.exchange()
        #expect(try scope(hub.trim())?.horizon == context)
    }

    @Test func whatIsYoungStaysWhoeverHasIt() throws {
        try world.goOn()
        try world.absent.exchange()
        try world.absent.exchange()
        try world.present.exchange()
        #expect(try scope(hub.trim())?.heldBy == nil)
        #expect(try !world.departures().isEmpty)
        world.pass(days: 31)
        try hub.trim()
        #expect(try world.departures().isEmpty)
    }

    @Test func aDryRunSaysTheSameAndChangesNothing() throws {
        try world.goOn()
        world.pass(days: 300)
        try world.present.exchange()
        let planned = try hub.trim(dryRun: true)
        #expect(planned.rows.departures > 0)
        #expect(try !world.departures().isEmpty)
        #expect(try world.horizon() == .zero)
        #expect(try hub.trim() == planned)
        #expect(try hub.trim().rows == TrimmedRows(departures: 0, times: 0))
    }

    @Test func aHorizonNeverFalls() throws {
        try world.goOn()
        let reached = try #require(scope(try world.forget())).horizon
        // Put back to where it was a year ago, as from a copy of its folder.
        var sketch = SketchNode(world.hub, world.absent.device)
        sketch.positions = [TestHub.village: Position(1)]
        _ = try sketch.send(sketch.request())
        #expect(try scope(hub.trim())?.horizon == reached)
        #expect(try world.horizon() == reached)
    }

    @Test func anIdleExchangeWritesNothing() throws {
        try world.absent.exchange()
        let log = world.hub.folder.path + "/hub.sqlite-wal"
        let size = { try FileManager.default.attributesOfItem(atPath: log)[.size] as? Int64 }
        let before = try size()
        for _ in 0..<5 {
            world.hub.clock.advance(minutes: 1)
            try world.absent.exchange()
        }
        #expect(try size() == before)
        try hub.tick()
        #expect(try size() != before, "the tick keeps where it stands")
        let kept = try world.hub.reopened().store.read { try $0.standings(of: nil) }
        #expect(
            kept[world.absent.device.node]?[TestHub.village]?.position
                == world.absent.replica.positions[TestHub.village])
    }

    @Test func theTickTrimsOnceADay() throws {
        try world.goOn()
        world.pass(days: 300)
        try world.present.exchange()
        try hub.tick()
        #expect(try world.departures().isEmpty)
        try world.present.edit(.test(3), .move(TestHub.otherVillage))
        try world.present.exchange()
        world.pass(days: 1)
        try hub.tick()
        #expect(try !world.departures().isEmpty, "it is too young")
    }

    @Test func aLeaseOfZeroKeepsEverything() throws {
        hub.retention = Retention(leaseDays: 0)
        try world.goOn()
        world.pass(days: 3_000)
        try world.present.exchange()
        try hub.tick()
        #expect(try !world.departures().isEmpty)
    }

    @Test func theMomentOfTheHorizonStillBoundsTimesThatCannotBe() throws {
        try world.goOn()
        let accepted = try #require(try world.horizon())
        #expect(accepted == .zero)
        let moment = world.hub.clock.milliseconds
        let report = try world.forget()
        #expect(report.rows.times > 0)
        let horizon = try #require(try world.horizon())
        #expect(try hub.store.read { try $0.acceptedAt(TestHub.village, horizon) } == moment)
    }

    @Test func aNumberThatLeftStillNamesItsRecord() throws {
        let number = try #require(try world.hub.state(.test(2))?.number)
        try world.absent.edit(.test(2), .update, ["phone": .text("13800000002")])
        let (_, sealed) = try world.absent.replica.nextRequest()
        let named = try #require(try ExchangeCodec.decodeRequest(sealed).batch).references
        #expect(named == [.number(TestHub.village, number)])
        try world.goOn()
        try world.forget()
        _ = try hub.exchange(sealed, device: world.absent.device)
        #expect(try hub.shown("phone", of: .test(2)) == .text("13800000002"))
    }
}
