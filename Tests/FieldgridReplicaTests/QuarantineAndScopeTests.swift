import FieldgridModel
import FieldgridReplica
import FieldgridSync
import Testing

/// Changes that the hub sets aside.
@Suite struct QuarantineTests {
    private let name = Unit.name
    private let phone = Unit.phone

    private func refused() throws -> TestReplica {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲"), phone: .text("1")])
        try test.replica.save(.fixture(.update(1, [phone: .text("坏")])))
        try test.replica.apply(
            .fixture(receipts: [.quarantined(1)], positions: [.township: Position(2)]))
        return test
    }

    @Test func localValuesStayAndTheReasonIsShown() throws {
        let test = try refused()
        let record = try test.replica.record(.fixture(1), type: test.replica.schema.employer)
        #expect(record?.values[phone] == .text("坏"))
        #expect(
            record?.unsynced
                == [UnsyncedUnit(unit: phone, quarantine: .rule, message: "男女之和不等于人数")])
        #expect(try test.replica.counts().quarantined == 1)
        #expect(try test.replica.quarantined().first?.code == .rule)
    }

    @Test func quarantinedChangeIsNotSentAgainAndStopsNothing() throws {
        let test = try refused()
        #expect(try test.outbox().isEmpty)
        try test.replica.save(.fixture(.update(1, [name: .text("乙")])))
        #expect(try test.outbox().map(\.identity.seq) == [2])
    }

    @Test func nextEditOfTheUnitSettlesIt() throws {
        let test = try refused()
        try test.replica.save(.fixture(.update(1, [phone: .text("2")])))
        #expect(try test.outbox().first?.changes.first?.seenThrough == Position(1))
        try test.replica.apply(
            .fixture(receipts: [.accepted(2, at: 3)], positions: [.township: Position(3)]))
        #expect(try test.replica.counts() == ReplicaCounts())
        let record = try test.replica.record(.fixture(1), type: test.replica.schema.employer)
        #expect(record?.unsynced == [])
        #expect(record?.values[phone] == .text("2"))
    }

    @Test func editOfAnotherUnitLeavesItWaiting() throws {
        let test = try refused()
        try test.replica.save(.fixture(.update(1, [name: .text("乙")])))
        try test.replica.apply(
            .fixture(receipts: [.accepted(2, at: 3)], positions: [.township: Position(3)]))
        #expect(try test.replica.counts().quarantined == 1)
    }

    @Test func anyCorrectionSettlesAQuarantinedCreation() throws {
        let test = try TestReplica()
        try test.replica.save(.fixture(.create(1, [name: .text("甲"), phone: .text("坏")])))
        try test.replica.apply(.fixture(receipts: [.quarantined(1)]))
        try test.replica.save(.fixture(.update(1, [phone: .text("2")])))
        try test.replica.apply(
            .fixture(
                receipts: [.accepted(2, at: 2)], positions: [.township: Position(2)],
                records: [.fixture(1, .alive, named: true)]))
        #expect(try test.replica.counts() == ReplicaCounts())
        #expect(try test.value(1, phone) == .text("2"))
    }

    private func refusal(_ seq: Int64, _ message: String) -> Receipt {
        Receipt(seq: seq, outcome: .quarantined(.rule, message: message))
    }

    @Test(arguments: [0, 2])
    func aRefusedCreationThatIsDeletedHereIsOverAlsoWhereThatIsRefused(edits: Int) throws {
        let test = try TestReplica()
        try test.replica.save(.fixture(.create(1, [name: .text("甲"), phone: .text("坏")])))
        try test.replica.apply(.fixture(receipts: [.quarantined(1)]))
        for number in 0..<edits {
            try test.replica.save(.fixture(.update(1, [name: .text("\(number)")])))
        }
        try test.replica.save(.fixture(.delete(1)))
        let last = Int64(edits + 2)
        #expect(try test.outbox().last?.identity.seq == last)
        try test.replica.apply(.fixture(receipts: (2...last).map { .quarantined($0) }))
        #expect(try test.replica.counts() == ReplicaCounts())
        #expect(try test.replica.quarantined().isEmpty)
        let request = try test.replica.nextRequest().request
        #expect(request.held.isEmpty)
        #expect(request.batch == nil)
        #expect(try test.value(1, name) == nil)
        // The hub has room for it after all: nobody here asked for that.
        try test.replica.apply(
            .fixture(
                receipts: [.accepted(1, at: 2), .accepted(last, at: 3)],
                positions: [.township: Position(3)]))
        #expect(try test.value(1, name) == nil)
    }

    @Test func aRefusedDeletionOfWhatTheHubHasStaysRefused() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲")])
        try test.replica.save(.fixture(.delete(1)))
        try test.replica.apply(.fixture(receipts: [.quarantined(1)]))
        #expect(try test.replica.counts().quarantined == 1)
    }

    @Test func anActionOfTwoRecordsStaysRefusedForTheOneThatIsStillThere() throws {
        let test = try TestReplica()
        try test.replica.save(
            .fixture(.create(1, [name: .text("甲")]), .create(2, [name: .text("乙")])))
        try test.replica.apply(.fixture(receipts: [.quarantined(1)]))
        try test.replica.save(.fixture(.delete(1)))
        try test.replica.apply(.fixture(receipts: [.quarantined(2)]))
        #expect(try test.replica.quarantined().map(\.changeset.identity.seq) == [1])
        #expect(try test.value(2, name) == .text("乙"))
    }

    @Test func ofWhatWaitsTogetherTheLastReasonHolds() throws {
        let test = try TestReplica()
        try test.replica.save(.fixture(.create(1, [name: .text("甲"), phone: .text("坏")])))
        try test.replica.apply(.fixture(receipts: [refusal(1, "电话格式不对")]))
        try test.replica.save(.fixture(.update(1, [phone: .text("2")])))
        try test.replica.apply(.fixture(receipts: [refusal(2, "缺少代码")]))
        let record = try test.replica.record(.fixture(1), type: test.replica.schema.employer)
        #expect(Set(record?.unsynced.map(\.message) ?? []) == ["缺少代码"])
        #expect(Set(try test.replica.quarantined().map(\.message)) == ["缺少代码"])
    }

    @Test func ofWhatWaitsApartEachReasonHolds() throws {
        let test = try refused()
        try test.replica.save(.fixture(.update(1, [name: .text("乙")])))
        try test.replica.apply(
            .fixture(receipts: [refusal(2, "名称太短")], positions: [.township: Position(2)]))
        let messages = try test.replica.quarantined().map(\.message)
        #expect(messages == ["男女之和不等于人数", "名称太短"])
    }

    @Test func hubThatComesToHaveOurValueSettlesIt() throws {
        let test = try refused()
        try test.replica.apply(
            .fixture(
                positions: [.township: Position(3)],
                records: [.fixture(1, .alive, [phone: .text("坏")])]))
        #expect(try test.replica.counts() == ReplicaCounts())
    }

    @Test func secondReceiptAfterAReplaySettlesIt() throws {
        let test = try refused()
        try test.replica.apply(
            .fixture(receipts: [.accepted(1, at: 3)], positions: [.township: Position(3)]))
        #expect(try test.replica.counts() == ReplicaCounts())
        #expect(try test.value(1, phone) == .text("坏"))
    }
}

/// Moves, grants and epochs.
@Suite struct ScopeTests {
    private let name = Unit.name

    @Test func recordThatLeftIsGone() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲")])
        try test.replica.apply(
            .fixture(positions: [.township: Position(2)], records: [.fixture(1, .left)]))
        #expect(try test.value(1, name) == nil)
        #expect(try test.outbox().isEmpty)
    }

    @Test(arguments: [false, true])
    func recordThatMovedWithinOurScopesStays(leftComesFirst: Bool) throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲")])
        let left = RecordDelta.fixture(1, .left)
        let placed = RecordDelta.fixture(
            1, .whole, [name: .text("甲")], scope: .other, number: 12)
        try test.replica.apply(
            .fixture(
                positions: [.township: Position(2), .other: Position(2)],
                records: leftComesFirst ? [left, placed] : [placed, left]))
        let record = try test.replica.record(.fixture(1), type: test.replica.schema.employer)
        #expect(record?.scope == .other)
    }

    @Test func ownMoveIsFoundByTheNumberItHadBefore() throws {
        let test = try TestReplica(scopes: [.township, .other])
        try test.pull(1, [name: .text("甲")])
        try test.replica.save(.fixture(.move(1, to: .other)))
        try test.replica.apply(
            .fixture(
                positions: [.township: Position(2)],
                records: [.fixture(1, .alive, [name: .text("乙")])]))
        var record = try test.replica.record(.fixture(1), type: test.replica.schema.employer)
        #expect(record?.scope == .other)
        #expect(record?.values[name] == .text("乙"))
        try test.replica.apply(
            .fixture(
                receipts: [Receipt(seq: 1, outcome: .accepted(.township, Position(3)))],
                positions: [.township: Position(3), .other: Position(1)],
                records: [.fixture(1, .left), .fixture(1, scope: .other, number: 5, named: true)]))
        record = try test.replica.record(.fixture(1), type: test.replica.schema.employer)
        #expect(record?.scope == .other)
        #expect(record?.unsynced == [])
    }

    @Test func scopeThatIsNoLongerOursIsEmptied() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲")])
        try test.replica.apply(.fixture(positions: [.other: Position(1)]))
        #expect(try test.value(1, name) == nil)
        #expect(try test.outbox().isEmpty)
    }

    @Test func ownEditsAreAcknowledgedBeforeTheirScopeIsEmptied() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲")])
        try test.replica.save(.fixture(.update(1, [name: .text("乙")])))
        try test.replica.apply(.fixture(positions: [.other: Position(1)]))
        #expect(try test.value(1, name) == .text("乙"))
        try test.reopen()
        try test.replica.apply(
            .fixture(receipts: [.accepted(1, at: 9)], positions: [.other: Position(2)]))
        #expect(try test.value(1, name) == nil)
    }

    @Test func newEpochStartsFromNothingAndOffersWorkAgain() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲")], at: 40)
        try test.replica.save(.fixture(.update(1, [name: .text("乙")])))
        try test.replica.apply(
            .fixture(receipts: [.accepted(1, at: 50)], positions: [.township: Position(41)]))
        let applied = try test.replica.apply(.fixture().of(.second))
        #expect(applied.epochChanged)
        #expect(applied.hasMore)
        let request = try test.replica.nextRequest().request
        #expect(request.epoch == .second)
        #expect(request.positions.isEmpty)
        #expect(request.batch?.changesets.map(\.identity.seq) == [1])
    }

    @Test func gapIsSentFromWhereTheHubSays() throws {
        let test = try TestReplica()
        try test.replica.save((1...3).map { .fixture(.create($0, [name: .text("甲")])) })
        try test.replica.apply(
            .fixture(receipts: [.quarantined(1)], chain: .gap(expected: 1)))
        #expect(try test.outbox().map(\.identity.seq) == [1, 2, 3])
        try test.replica.apply(.fixture())
        #expect(try test.outbox().map(\.identity.seq) == [2, 3])
    }

    @Test func gapBeforeAllThatIsKeptGoesOnUnderANewName() throws {
        let test = try TestReplica()
        try test.replica.save(.fixture(.create(1, [name: .text("甲")])))
        try test.replica.apply(
            .fixture(receipts: [.accepted(1, at: 1)], records: [.fixture(1, named: true)]))
        try test.replica.save(.fixture(.update(1, [name: .text("乙")])))
        let first = test.replica.incarnation
        // A backup of the hub had it, so that it is no longer kept here.
        var covering = ExchangeReply.fixture()
        covering.covered = ChangesetIdentity(incarnation: first, seq: 1)
        try test.replica.apply(covering)
        let applied = try test.replica.apply(.fixture(chain: .gap(expected: 1)))
        #expect(applied.reincarnated == .lost)
        let batch = try #require(try test.replica.nextRequest().request.batch)
        #expect(batch.changesets.map(\.identity.seq) == [1])
        #expect(batch.parent == ChangesetIdentity(incarnation: first, seq: 1))
    }

    @Test func whatABackupHasOfOneIncarnationLetsNothingOfAnotherGo() throws {
        let test = try TestReplica()
        try test.replica.save(.fixture(.create(1, [name: .text("甲")])))
        try test.replica.apply(
            .fixture(receipts: [.accepted(1, at: 1)], records: [.fixture(1, named: true)]))
        let kept = ChangesetIdentity(incarnation: test.replica.incarnation, seq: 1)
        #expect(try test.replica.nextRequest().request.kept == kept)
        // A reply that comes late answers what was asked before a hub was put back.
        var late = ExchangeReply.fixture()
        late.covered = ChangesetIdentity(
            incarnation: IncarnationID(UUIDBits(high: 7, low: 7)), seq: 9)
        try test.replica.apply(late)
        #expect(try test.replica.nextRequest().request.kept == kept)
        late.covered = kept
        try test.replica.apply(late)
        #expect(try test.replica.nextRequest().request.kept == nil)
    }

    @Test func forkSealsAgainUnderANewNameWhatTheHubDoesNotHave() throws {
        let test = try TestReplica()
        try test.replica.save((1...3).map { .fixture(.create($0, [name: .text("甲")])) })
        let before = try test.outbox()
        let first = test.replica.incarnation
        let applied = try test.replica.apply(
            .fixture(
                receipts: [.accepted(1, at: 1)], records: [.fixture(1, named: true)],
                chain: .fork(at: 2)))
        #expect(applied.reincarnated == .fork)
        #expect(applied.hasMore)
        let batch = try #require(try test.replica.nextRequest().request.batch)
        let parent = ChangesetIdentity(incarnation: first, seq: 1)
        #expect(batch.parent == parent)
        #expect(
            batch
                == ChangesetBatch(
                    following: .start(after: parent), batch.changesets, parent: parent))
        let renamed = before.dropFirst().enumerated().map { place, changeset in
            var changeset = changeset
            changeset.identity = ChangesetIdentity(
                incarnation: test.replica.incarnation, seq: Int64(place) + 1)
            return changeset
        }
        #expect(batch.changesets == renamed)
        #expect(test.replica.rebirths.map(\.cause) == [.fork])
    }

    @Test func theSameForkAgainChangesNothing() throws {
        let test = try TestReplica()
        try test.replica.save((1...2).map { .fixture(.create($0, [name: .text("甲")])) })
        var reply = ExchangeReply.fixture(chain: .fork(at: 1))
        reply.incarnation = test.replica.incarnation
        try test.replica.apply(reply)
        let once = try test.outbox()
        #expect(try test.replica.apply(reply).reincarnated == nil)
        #expect(try test.outbox() == once)
    }

    @Test func grantReachesDownTheGridTree() throws {
        let test = try TestReplica()
        let names = ["220602": nil, "220602103": "220602", "220602103001": "220602103"]
        var records: [RecordDelta] = []
        for (index, grid) in names.sorted(by: { $0.key < $1.key }).enumerated() {
            var delta = RecordDelta.fixture(UInt64(index + 1), .whole, scope: .district)
            delta.type = TypeNumber(2)
            delta.units = [
                UnitDelta(unit: UnitNumber(2), value: UnitValue(.text(grid.key))),
                UnitDelta(
                    unit: UnitNumber(4), value: UnitValue(grid.value.map { .text($0) } ?? .null)),
            ]
            records.append(delta)
        }
        try test.replica.apply(
            .fixture(positions: [.township: .zero, .district: .zero], records: records))
        #expect(try test.replica.checkScope(.township) == .writable)
        #expect(try test.replica.checkScope(ScopeCode("220602103001")) == .writable)
        #expect(try test.replica.checkScope(.district) == .outside(enrolled: [.township]))
        #expect(try test.replica.checkScope(ScopeCode("999")) == .unknown)
        #expect(test.replica.defaultScope == .township)
    }
}
