@testable import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSync
import Testing

/// Devices that come again after the hub has forgotten what left their grids
/// (sync.md section 5, 9.18).
@Suite struct RebasingTests {
    @Test func aRecordThatLeftBelowTheHorizonIsGoneAfterRebasing() throws {
        let world = try Silence()
        try world.goOn()
        let report = try world.forget()
        #expect(report.rows.departures > 0)
        #expect(try world.departures().isEmpty)
        try world.absent.exchange()
        #expect(world.absent.rebases == 1)
        #expect(world.absent.removed > 0)
        #expect(world.absent.reborn == [.rebase])
        #expect(try world.absent.shown(.test(2), "name") == nil)
        #expect(try world.absent.shown(.test(7), "name") == .text("虚构7"))
        try world.expectAgreement()
    }

    @Test func whoWasHeardWithinTheLeaseIsToldWhatLeftAndDoesNotBeginAnew() throws {
        let world = try Silence()
        try world.goOn()
        world.pass(days: 100)
        try world.present.exchange()
        try world.hub.hub.trim()
        try world.absent.exchange()
        #expect(world.absent.rebases == 0)
        try world.expectAgreement()
    }

    @Test func nothingThatWasDeletedComesBack() throws {
        let world = try Silence()
        try world.goOn()
        try world.forget()
        try world.absent.exchange()
        #expect(try world.absent.shown(.test(1), "name") == nil)
        #expect(try world.hub.hub.conflictCount() == 0)
        #expect(try world.hub.state(.test(1))?.isAlive == false)
        try world.expectAgreement()
    }

    @Test func whatWasMadeInTheSilenceGoesThrough() throws {
        let world = try Silence()
        try world.absent.edit(.test(20), .create(TestHub.village), ["name": .text("虚构新")])
        try world.absent.edit(.test(20), .update, ["phone": .text("13800000020")])
        try world.goOn()
        try world.forget()
        try world.absent.exchange()
        #expect(try world.hub.hub.shown("phone", of: .test(20)) == .text("13800000020"))
        #expect(try world.absent.shown(.test(20), "name") == .text("虚构新"))
        try world.expectAgreement()
    }

    @Test func anEditOfWhatWasDeletedMeanwhileIsAConflictAndNotLost() throws {
        let world = try Silence()
        try world.absent.edit(.test(1), .update, ["phone": .text("13800000001")])
        try world.goOn()
        try world.forget()
        try world.absent.exchange()
        #expect(try world.hub.hub.shown("phone", of: .test(1)) == .text("13800000001"))
        #expect(try world.absent.conflicts().map { $0["kind"] } == [.text("deleted")])
        try world.expectAgreement()
    }

    @Test func anEditOfWhatMovedAwayFollowsItAlthoughTheHubForgotThatItLeft() throws {
        let world = try Silence()
        try world.absent.edit(.test(2), .update, ["phone": .text("13800000002")])
        try world.goOn()
        try world.forget()
        #expect(try world.departures().isEmpty)
        try world.absent.exchange()
        #expect(try world.absent.replica.counts().quarantined == 0)
        #expect(try world.hub.hub.shown("phone", of: .test(2)) == .text("13800000002"))
        #expect(try world.hub.state(.test(2))?.scope == TestHub.otherVillage)
        #expect(try world.absent.shown(.test(2), "name") == nil)
        try world.expectAgreement()
    }

    @Test func anEditMadeAfterHearingThatItLeftIsStillRefused() throws {
        let world = try Silence()
        try world.goOn()
        try world.forget()
        try world.absent.exchange()
        let horizon = try #require(try world.horizon())
        var sketch = SketchNode(world.hub, world.absent.device)
        sketch.positions = [TestHub.village: horizon]
        try sketch.set("employer", .test(2), ["phone": .text("13800000002")])
        let reply = try sketch.exchange()
        guard case .quarantined(.scopeForbidden, _)? = reply.receipts.first?.outcome else {
            Issue.record("\(reply.receipts)")
            return
        }
    }

    @Test func aConcurrentEditOfASilentYearIsAConflictWithBothSides() throws {
        let world = try Silence()
        try world.absent.edit(.test(3), .update, ["phone": .text("13800000001")])
        try world.goOn()
        try world.present.edit(.test(3), .update, ["phone": .text("13800000002")])
        try world.present.exchange()
        try world.forget()
        try world.absent.exchange()
        let phone = try #require(try world.hub.type("employer").field(named: "phone")?.number)
        let sides = try #require(try world.hub.state(.test(3))?.units[phone]?.sides)
        #expect(Set(sides.map(\.value.single.text)) == ["13800000001", "13800000002"])
        try world.expectAgreement()
    }

    @Test func aQuarantinedCreationStaysAndGoesThroughWhenItIsCorrected() throws {
        let world = try Silence()
        try world.absent.edit(
            .test(21), .create(ScopeCode("220602999")), ["name": .text("虚构外")])
        try world.absent.exchange()
        #expect(try world.absent.replica.quarantined().map(\.code) == [.scopeUnknown])
        try world.goOn()
        try world.forget()
        try world.absent.exchange()
        #expect(world.absent.rebases == 1)
        #expect(try world.absent.replica.quarantined().map(\.code) == [.scopeUnknown])
        #expect(try world.absent.shown(.test(21), "name") == .text("虚构外"))
        try world.absent.edit(.test(21), .move(TestHub.village))
        try world.absent.exchange()
        #expect(try world.absent.replica.counts().quarantined == 0)
        #expect(try world.hub.hub.shown("name", of: .test(21)) == .text("虚构外"))
        try world.expectAgreement()
    }

    @Test func aQuarantinedEditOfWhatMovedAwayStaysUntilItIsDecided() throws {
        let world = try Silence()
        try world.absent.edit(.test(2), .update, ["uscc": .text("912206")])
        try world.absent.exchange()
        #expect(try world.absent.replica.counts().quarantined == 1)
        try world.goOn()
        try world.forget()
        try world.absent.exchange()
        #expect(try world.absent.shown(.test(2), "uscc") == .text("912206"))
        #expect(try world.absent.replica.counts().quarantined == 1)
    }

    @Test func duplicatesMergedAndConflictsSettledMeanwhileAreAsTheHubHasThem() throws {
        let world = try Silence()
        world.pass(days: 200)
        try world.present.edit(.test(3), .update, ["phone": .text("13800000003")])
        let other = try RealNode(world.hub, try world.hub.enrol("虚构·另"))
        try other.edit(.test(3), .update, ["phone": .text("13800000004")])
        try world.present.exchange()
        try other.exchange()
        try world.present.exchange()
        let id = try #require(
            try world.present.conflicts().first?["id"]?.text.flatMap { RecordID($0) })
        let phone = try #require(try world.hub.type("employer").field(named: "phone")?.number)
        let sides = try #require(try world.hub.state(.test(3))?.units[phone]?.sides)
        try world.present.edit(
            .test(3), .update, ["phone": .text("13800000005")],
            settlements: [
                "phone": Settlement(conflict: id, sides: sides.map(\.offer.identity))
            ])
        for name in [4, 5] as [UInt64] {
            try world.present.edit(.test(name), .update, ["uscc": .text("912206020000000005")])
        }
        try world.present.exchange()
        try world.present.edit(
            .test(5), .merge(into: .test(4)),
            settlements: [
                "presence": Settlement(conflict: .duplicate(.test(4), .test(5)), sides: [])
            ])
        try world.present.edit(.test(6), .move(TestHub.otherVillage))
        try world.present.exchange()
        try world.forget()
        try world.absent.edit(.test(5), .update, ["hr_phone": .text("13800000006")])
        try world.absent.exchange()
        #expect(world.absent.rebases == 1)
        #expect(try world.absent.shown(.test(3), "phone") == .text("13800000005"))
        #expect(try world.absent.shown(.test(5), "name") == nil)
        #expect(try world.absent.shown(.test(4), "hr_phone") == .text("13800000006"))
        try world.expectAgreement()
    }

    @Test(arguments: [1, 2, 3, 5])
    func itGoesOnWhereItWasInterrupted(after replies: Int) throws {
        let world = try Silence()
        for name in UInt64(100)..<800 {
            try world.present.edit(
                .test(name), .create(TestHub.village),
                ["name": .text(String(repeating: "虚构\(name)", count: 20))])
        }
        try world.present.exchange()
        try world.absent.exchange()
        try world.goOn()
        try world.present.edit(.test(150), .move(TestHub.otherVillage))
        try world.forget()
        for step in 0..<100 {
            let (asked, _) = try world.absent.replica.nextRequest()
            var small = asked
            small.replyBytesMax = 1 << 16
            let applied = try world.absent.exchange(
                ExchangeCodec.encode(small) { _ in nil })
            if step % replies == 0 { try world.absent.reopen() }
            // Life goes on at the hub too.
            if step == 2 {
                try world.present.edit(.test(110), .update, ["phone": .text("13800000110")])
                try world.present.edit(.test(120), .move(TestHub.otherVillage))
                try world.present.exchange()
            }
            if !applied.hasMore { break }
        }
        #expect(world.absent.rebases == 1)
        #expect(!world.absent.replica.isRebasing)
        try world.absent.exchange()
        #expect(try world.absent.shown(.test(120), "name") == nil)
        #expect(try world.absent.shown(.test(150), "name") == nil)
        try world.expectAgreement()
    }

    @Test func aCopyOfTheFolderFromBeforeTheHorizonForksAndBeginsAnew() throws {
        let world = try Silence()
        let old = try world.absent.copy()
        try world.absent.edit(.test(3), .update, ["phone": .text("13800000003")])
        try world.absent.exchange()
        try world.goOn()
        try world.forget()
        try world.absent.restore(old)
        try world.absent.edit(.test(4), .update, ["phone": .text("13800000004")])
        try world.absent.exchange()
        #expect(world.absent.reborn == [.fork, .rebase])
        #expect(try world.hub.hub.shown("phone", of: .test(4)) == .text("13800000004"))
        #expect(try world.absent.shown(.test(3), "phone") == .text("13800000003"))
        #expect(try world.absent.shown(.test(2), "name") == nil)
        try world.expectAgreement()
    }

    @Test func afterAHubWasRestoredTooNothingIsTakenForLostThatMerelyLeft() throws {
        let world = try Silence()
        try world.goOn()
        try world.forget()
        try world.hub.restore(world.hub.backup())
        try world.absent.edit(.test(22), .create(TestHub.village), ["name": .text("虚构新")])
        try world.absent.exchange()
        // Whether the hub lost it or it left, nobody can tell: it is shown to a person, and the
        // record stays where it is.
        #expect(try world.hub.state(.test(2))?.scope == TestHub.otherVillage)
        #expect(try world.hub.state(.test(1))?.isAlive == false)
        #expect(try world.absent.replica.quarantined().map(\.code) == [.scopeForbidden])
        #expect(try world.hub.hub.shown("name", of: .test(22)) == .text("虚构新"))
        #expect(try world.hub.hub.shown("name", of: .test(2)) == .text("虚构2"))
    }

    @Test func aRowThatNobodyExplainsIsSentBeforeEverythingIsFetchedAnew() throws {
        let world = try Silence()
        try world.goOn()
        try world.forget()
        try world.absent.damage([
            """
            INSERT INTO employer(id, scope, name)
            VALUES('\(RecordID.test(30))', '\(TestHub.village)', '虚构外来')
            """
        ])
        try world.absent.exchange()
        #expect(world.absent.rebases == 1)
        #expect(try world.hub.hub.shown("name", of: .test(30)) == .text("虚构外来"))
        try world.expectAgreement()
    }
}

extension RebasingTests {
    @Test func whatWentOnThroughAGridThatTheDeviceHadNothingOfIsGoneToo() throws {
        let hub = try TestHub()
        let office = try RealNode(hub, try hub.enrol("虚构·区", TestHub.district))
        let away = ScopeCode("220602001")
        try office.edit(.test(1), .create(TestHub.village), ["name": .text("虚构1")])
        try office.edit(.test(2), .create(away), ["name": .text("虚构2")])
        try office.exchange()
        let node = try RealNode(hub, try hub.enrol("虚构·乡", TestHub.township))
        try node.exchange()
        #expect(try node.shown(.test(1), "name") != nil)
        #expect(node.replica.positions[TestHub.otherVillage] == .zero)
        try office.edit(.test(1), .move(TestHub.otherVillage))
        try office.exchange()
        try office.edit(.test(1), .move(away))
        try office.exchange()
        // The grid it passed through forgets at once that it was there.
        hub.clock.advance(minutes: 31 * Silence.day)
        try office.exchange()
        let report = try hub.hub.trim()
        #expect(report.scopes.contains { $0.scope == TestHub.otherVillage && $0.horizon > .zero })
        try node.exchange()
        #expect(try node.shown(.test(1), "name") == nil)
    }
}
