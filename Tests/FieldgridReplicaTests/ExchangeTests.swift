import FieldgridModel
import FieldgridReplica
import FieldgridSync
import Testing

/// What a hub's reply does to a replica.
@Suite struct ExchangeTests {
    private let name = Unit.name
    private let phone = Unit.phone

    @Test func firstReplyBringsSchemaAndRecords() throws {
        let test = try TestReplica(schema: .empty)
        let request = try test.replica.nextRequest().request
        #expect(request.epoch == nil)
        #expect(request.batch == nil)
        let applied = try test.replica.apply(
            .fixture(records: [.fixture(1, .whole, [name: .text("甲")])], sendsSchema: true))
        #expect(applied.schemaChanged)
        #expect(applied.pulled == 1)
        #expect(try test.value(1, name) == .text("甲"))
        try test.reopen()
        #expect(try test.value(1, name) == .text("甲"))
        #expect(try test.replica.nextRequest().request.positions == [.township: Position(1)])
    }

    @Test func applyingAReplyAgainChangesNothing() throws {
        let test = try TestReplica()
        try test.replica.save(.fixture(.create(1, [name: .text("甲")])))
        let reply = ExchangeReply.fixture(
            receipts: [.accepted(1, at: 1)], positions: [.township: Position(2)],
            records: [
                .fixture(1, .alive, named: true), .fixture(2, .whole, [name: .text("乙")]),
                .fixture(3, .deleted, named: true),
            ])
        try test.replica.apply(reply)
        let once = try test.dump()
        try test.replica.apply(reply)
        #expect(try test.dump() == once)
    }

    @Test func replyThatCannotBeAppliedWholeChangesNothing() throws {
        let test = try TestReplica()
        try test.replica.save(.fixture(.create(1, [name: .text("甲")])))
        let before = try test.dump()
        let error = #expect(throws: ReplicaError.self) {
            try test.replica.apply(
                .fixture(
                    receipts: [.accepted(1, at: 5)], positions: [.township: Position(9)],
                    records: [.fixture(2, .whole, [name: .text("乙")]), .fixture(77)]))
        }
        #expect(error?.code == .deltaUnknown)
        #expect(try test.dump() == before)
        #expect(test.replica.positions.isEmpty)
    }

    @Test func pulledValuesAreNotEdits() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲")])
        try test.pull(1, [name: .text("乙")], at: 2)
        try test.replica.apply(
            .fixture(positions: [.township: Position(3)], records: [.fixture(1, .deleted)]))
        #expect(try test.outbox().isEmpty)
        #expect(try test.value(1, name) == nil)
    }

    @Test func receiptAndPullTogetherLeaveNothingWaiting() throws {
        let test = try TestReplica()
        try test.replica.save(.fixture(.create(1, [name: .text("甲")])))
        #expect(try test.replica.counts().outbox == 1)
        let applied = try test.replica.apply(
            .fixture(
                receipts: [.accepted(1, at: 4)], positions: [.township: Position(4)],
                records: [.fixture(1, .alive, named: true)]))
        #expect(applied.accepted == 1)
        #expect(applied.outboxLeft == 0)
        let record = try test.replica.record(.fixture(1), type: test.replica.schema.employer)
        #expect(record?.unsynced == [])
    }

    @Test func acceptedChangeWaitsUntilItsPositionWasPulled() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲")])
        try test.replica.save(.fixture(.update(1, [name: .text("乙")])))
        try test.replica.apply(
            .fixture(receipts: [.accepted(1, at: 8)], positions: [.township: Position(5)]))
        var record = try test.replica.record(.fixture(1), type: test.replica.schema.employer)
        #expect(record?.unsynced == [UnsyncedUnit(unit: name)])
        try test.replica.apply(.fixture(positions: [.township: Position(8)]))
        record = try test.replica.record(.fixture(1), type: test.replica.schema.employer)
        #expect(record?.unsynced == [])
        #expect(record?.values[name] == .text("乙"))
    }

    @Test func decisionAgainstOurValueReplacesIt() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲")])
        try test.replica.save(.fixture(.update(1, [name: .text("乙")])))
        try test.replica.apply(
            .fixture(
                receipts: [.accepted(1, at: 8)], positions: [.township: Position(8)],
                records: [.fixture(1, .alive, [name: .text("丙")])]))
        #expect(try test.value(1, name) == .text("丙"))
    }

    @Test func pulledValueStaysBelowAnOwnUnansweredOne() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲"), phone: .text("1")])
        try test.replica.save(.fixture(.update(1, [name: .text("乙")])))
        try test.replica.apply(
            .fixture(
                positions: [.township: Position(3)],
                records: [.fixture(1, .alive, [name: .text("丙"), phone: .text("2")])]))
        #expect(try test.value(1, name) == .text("乙"))
        #expect(try test.value(1, phone) == .text("2"))
    }

    @Test func valuePulledBeforeAcceptanceIsNoDecision() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲")])
        try test.replica.save(.fixture(.update(1, [name: .text("乙")])))
        try test.replica.apply(
            .fixture(
                positions: [.township: Position(3)],
                records: [.fixture(1, .alive, [name: .text("丙")])]))
        try test.replica.apply(
            .fixture(receipts: [.accepted(1, at: 4)], positions: [.township: Position(4)]))
        #expect(try test.value(1, name) == .text("乙"))
    }

    @Test func secondEditOverAHiddenValueHasSeenNoMoreThanTheFirst() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲"), phone: .text("1")])
        try test.replica.save(.fixture(.update(1, [name: .text("乙")])))
        try test.replica.apply(
            .fixture(
                positions: [.township: Position(3)],
                records: [.fixture(1, .alive, [name: .text("丙")])]))
        try test.replica.save(.fixture(.update(1, [name: .text("丁"), phone: .text("2")])))
        let second = try #require(try test.outbox().last)
        #expect(second.context == [.township: Position(3)])
        let seen = Dictionary(
            uniqueKeysWithValues: second.changes.map { ($0.unit, $0.seenThrough) })
        #expect(seen == [name: Position(1), phone: nil])
        // And the third no more than the second.
        try test.replica.save(.fixture(.update(1, [name: .text("戊")])))
        #expect(try test.outbox().last?.changes.first?.seenThrough == Position(1))
    }

    @Test func deletionOverAHiddenValueHasNotSeenIt() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲")])
        try test.replica.save(.fixture(.update(1, [name: .text("乙")])))
        try test.replica.apply(
            .fixture(
                positions: [.township: Position(3)],
                records: [.fixture(1, .alive, [name: .text("丙")])]))
        try test.replica.save(.fixture(.delete(1)))
        #expect(try test.outbox().last?.changes.first?.seenThrough == Position(1))
    }

    @Test func decisionReachesTheRowThroughLaterOwnChanges() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲")])
        try test.replica.save(.fixture(.update(1, [name: .text("乙")])))
        try test.replica.save(.fixture(.update(1, [name: .text("丙")])))
        try test.replica.apply(
            .fixture(
                receipts: [.accepted(1, at: 2), .accepted(2, at: 3)],
                positions: [.township: Position(3)],
                records: [.fixture(1, .alive, [name: .text("丁")])]))
        #expect(try test.value(1, name) == .text("丁"))
        #expect(try test.replica.counts().outbox == 0)
    }

    @Test func laterUnansweredChangeKeepsShowingOverADecision() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲")])
        try test.replica.save(.fixture(.update(1, [name: .text("乙")])))
        try test.replica.save(.fixture(.update(1, [name: .text("丙")])))
        try test.replica.apply(
            .fixture(
                receipts: [.accepted(1, at: 2)], positions: [.township: Position(2)],
                records: [.fixture(1, .alive, [name: .text("丁")])]))
        #expect(try test.value(1, name) == .text("丙"))
        try test.replica.apply(
            .fixture(
                receipts: [.accepted(2, at: 3)], positions: [.township: Position(3)],
                records: [.fixture(1, .alive, [name: .text("丁")])]))
        #expect(try test.value(1, name) == .text("丁"))
    }

    @Test func editRevivesWhatWasDeletedHere() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲"), phone: .text("1")])
        try test.replica.save(.fixture(.delete(1)))
        try test.replica.apply(
            .fixture(
                receipts: [.accepted(1, at: 3)], positions: [.township: Position(3)],
                records: [.fixture(1, .alive, [phone: .text("2")])]))
        let record = try test.replica.record(.fixture(1), type: test.replica.schema.employer)
        #expect(record?.isAlive == true)
        #expect(record?.values == [name: .text("甲"), phone: .text("2")])
    }

    @Test func recordDeletedLongAgoIsRevivedByItsNumber() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲")])
        try test.replica.save(.fixture(.delete(1)))
        try test.replica.apply(
            .fixture(receipts: [.accepted(1, at: 3)], positions: [.township: Position(3)]))
        #expect(try test.value(1, name) == nil)
        try test.replica.apply(
            .fixture(
                positions: [.township: Position(4)],
                records: [.fixture(1, .alive, [name: .text("乙")])]))
        #expect(try test.value(1, name) == .text("乙"))
    }

    @Test func deleteByAnotherHidesNoOwnUnansweredEdit() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲")])
        try test.replica.save(.fixture(.update(1, [name: .text("乙")])))
        try test.replica.apply(
            .fixture(positions: [.township: Position(2)], records: [.fixture(1, .deleted)]))
        #expect(try test.value(1, name) == .text("乙"))
        try test.replica.apply(
            .fixture(
                receipts: [.accepted(1, at: 3)], positions: [.township: Position(3)],
                records: [.fixture(1, .alive, [name: .text("乙")])]))
        #expect(try test.value(1, name) == .text("乙"))
    }

    @Test func deleteThatHadSeenOurEditStands() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲")])
        try test.replica.save(.fixture(.update(1, [name: .text("乙")])))
        try test.replica.apply(
            .fixture(receipts: [.accepted(1, at: 2)], positions: [.township: Position(1)]))
        try test.replica.apply(
            .fixture(positions: [.township: Position(3)], records: [.fixture(1, .deleted)]))
        let record = try test.replica.record(.fixture(1), type: test.replica.schema.employer)
        #expect(record?.isAlive == false)
    }

    @Test func foreignEditIsSealedBeforeAnythingIsPulled() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲")])
        try test.edit("UPDATE employer SET name = '乙'")
        try test.replica.apply(
            .fixture(
                positions: [.township: Position(2)],
                records: [.fixture(1, .alive, [name: .text("丙")])]))
        #expect(try test.value(1, name) == .text("乙"))
        #expect(try test.outbox().first?.context == [.township: Position(1)])
    }
}
