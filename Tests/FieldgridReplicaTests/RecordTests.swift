import FieldgridModel
import FieldgridSync
import GRDB
import Testing

@testable import FieldgridReplica

/// What commands and pages read.
@Suite struct RecordTests {
    private let name = Unit.name

    @Test func conditionsAreAllMet() throws {
        let test = try TestReplica()
        try test.replica.save([
            .fixture(.create(1, [name: .text("甲"), Unit.phone: .text("1")])),
            .fixture(.create(2, [name: .text("甲")])), .fixture(.create(3, [name: .text("乙")])),
        ])
        var found: [RecordID] = []
        let conditions = [
            FieldCondition(field: name, value: .text("甲")),
            FieldCondition(field: Unit.phone, value: .null),
        ]
        try test.replica.forEachRecord(of: test.replica.schema.employer, where: conditions) {
            found.append($0.id)
            return true
        }
        #expect(found == [.fixture(2)])
    }

    @Test func readingStopsWhenToldTo() throws {
        let test = try TestReplica()
        try test.replica.save((1...3).map { .fixture(.create($0, [name: .text("甲")])) })
        var count = 0
        try test.replica.forEachRecord(of: test.replica.schema.employer, where: []) { _ in
            count += 1
            return count < 2
        }
        #expect(count == 2)
    }

    @Test func recordsMayBeSavedWhileReadingThem() throws {
        let test = try TestReplica()
        try test.replica.save((1...1_200).map { .fixture(.create($0, [name: .text("甲")])) })
        var count = 0
        try test.replica.forEachRecord(of: test.replica.schema.employer, where: []) { record in
            count += 1
            if count % 400 == 0 {
                let edit = RecordEdit(
                    type: record.type, id: record.id, kind: .update, values: [name: .text("乙")])
                try test.replica.save(.fixture(edit))
            }
            return true
        }
        #expect(count == 1_200)
    }

    @Test func whatIsReadBelongsTogetherWhateverAnotherProgramWritesMeanwhile() throws {
        let test = try TestReplica()
        try test.replica.save(.fixture(.create(1, [name: .text("甲")])))
        let count = "SELECT count(*) FROM employer"
        let (before, after) = try test.replica.read { db in
            let before = try db.integer(count)
            try test.outside { try $0.execute(sql: "INSERT INTO employer(name) VALUES('乙')") }
            return (before, try db.integer(count))
        }
        #expect(before == 1)
        #expect(after == before)
        #expect(try test.replica.read { try $0.integer(count) } == 2)
    }

    @Test func naturalKeyFindsTheRecordThatHasItNow() throws {
        let test = try TestReplica()
        let type = test.replica.schema.employer
        let key = [Unit.uscc: Value.text("91220602MA0000000X")]
        #expect(try test.replica.find(type, key: key) == nil)
        try test.replica.save(.fixture(.create(1, [Unit.uscc: .text("91220602MA0000000X")])))
        #expect(try test.replica.find(type, key: key) == .fixture(1))
        try test.replica.save(.fixture(.update(1, [Unit.uscc: .text("9")])))
        #expect(try test.replica.find(type, key: key) == nil)
        #expect(try test.replica.find(type, key: [Unit.uscc: .text("9")]) == .fixture(1))
        try test.replica.apply(
            .fixture(records: [.fixture(2, .whole, [Unit.uscc: .text("91220602MA0000000X")])]))
        #expect(try test.replica.find(type, key: key) == .fixture(2))
        try test.replica.save(.fixture(.delete(1)))
        #expect(try test.replica.find(type, key: [Unit.uscc: .text("9")]) == nil)
    }

    @Test func historyIsWhatWaitsHere() throws {
        let test = try TestReplica()
        try test.pull(1, [name: .text("甲")])
        try test.replica.save(.fixture(.update(1, [name: .text("乙")])))
        try test.replica.save(.fixture(.update(1, [name: .text("丙")])))
        let history = try test.replica.history(.fixture(1))
        #expect(history.map(\.value.single) == [.text("乙"), .text("丙")])
        #expect(history.map(\.accepted) == [nil, nil])
        #expect(history.map(\.author) == ["王芳", "王芳"])
    }

    @Test func openConflictsAreCountedWithoutThoseSettledHere() throws {
        let test = try TestReplica()
        let states = ["open", "reopened", "decided"]
        let conflicts = states.enumerated().map { index, state in
            var delta = RecordDelta.fixture(UInt64(index + 101), .whole)
            delta.type = TypeNumber(3)
            delta.units = [UnitDelta(unit: UnitNumber(2), value: UnitValue(.text(state)))]
            return delta
        }
        try test.replica.apply(
            .fixture(records: conflicts + [.fixture(1, .whole, [name: .text("甲")])]))
        #expect(try test.replica.counts().conflictsOpen == 2)
        var edit = RecordEdit.update(1, [name: .text("乙")])
        edit.settlements = [name: Settlement(conflict: .fixture(101), sides: [])]
        try test.replica.save(.fixture(edit))
        #expect(try test.replica.counts().conflictsOpen == 1)
    }

    @Test func recordIsNumberedOnTheWireOnceTheHubNamedIt() throws {
        let test = try TestReplica()
        try test.replica.save(.fixture(.create(1, [name: .text("甲")])))
        var received = try ExchangeCodec.decodeRequest(try test.replica.nextRequest().encoded)
        #expect(received.batch?.references == [.id(.fixture(1))])
        try test.replica.apply(
            .fixture(
                receipts: [.accepted(1, at: 1)],
                records: [.fixture(1, scope: .township, number: 77, named: true)]))
        try test.replica.save(.fixture(.update(1, [name: .text("乙")])))
        received = try ExchangeCodec.decodeRequest(try test.replica.nextRequest().encoded)
        #expect(received.batch?.references == [.number(.township, RecordNumber(77))])
    }

    @Test func requestIsBounded() throws {
        let test = try TestReplica()
        try test.replica.save((1...5).map { .fixture(.create($0, [name: .text("甲")])) })
        #expect(try test.replica.nextRequest(maxChangesets: 2).request.batch?.changesets.count == 2)
        #expect(try test.replica.nextRequest(maxBytes: 1).request.batch?.changesets.count == 1)
        // Each says that the record is there, where it is, and its name.
        test.replica.changesPerRequest = 7
        #expect(try test.replica.nextRequest().request.batch?.changesets.count == 2)
        test.replica.changesPerRequest = 1
        #expect(try test.replica.nextRequest().request.batch?.changesets.count == 1)
    }
}
