import FieldgridModel
import FieldgridReplica
import FieldgridSync
import Foundation
import GRDB
import Testing

/// What a replica does when its file cannot do what it should.
@Suite struct FaultTests {
    private let name = Unit.name

    @Test func whatWasSavedSurvivesAPowerCut() throws {
        let test = try TestReplica()
        #expect(try test.replica.synchronousLevel == 2)
        try test.reopen()
        #expect(try test.replica.synchronousLevel == 2)
    }

    @Test func fullDiskRefusesTheSaveAndLosesNothing() throws {
        let test = try TestReplica()
        try test.replica.save(.fixture(.create(1, [name: .text("甲")])))
        try test.replica.limitPages(1)
        let long = Value.text(String(repeating: "字", count: 20_000))
        let error = #expect(throws: ReplicaError.self) {
            try test.replica.save(.fixture(.create(2, [name: long])))
        }
        #expect(error?.code == .storageFull)
        #expect(try test.value(1, name) == .text("甲"))
        #expect(try test.value(2, name) == nil)
        #expect(try test.outbox().map(\.identity.seq) == [1])
        // Space returns: the next save takes the next sequence.
        try test.replica.limitPages(100_000)
        try test.replica.save(.fixture(.create(2, [name: long])))
        let batch = try #require(try test.replica.nextRequest().request.batch)
        #expect(batch == ChangesetBatch(following: .start, batch.changesets))
        #expect(batch.changesets.map(\.identity.seq) == [1, 2])
    }

    @Test func fullDiskRefusesAReplyWhole() throws {
        let test = try TestReplica()
        try test.replica.save(.fixture(.create(1, [name: .text("甲")])))
        try test.replica.limitPages(1)
        let long = Value.text(String(repeating: "字", count: 20_000))
        let reply = ExchangeReply.fixture(
            receipts: [.accepted(1, at: 1)],
            records: [.fixture(1, named: true), .fixture(2, .whole, [name: long])])
        let error = #expect(throws: ReplicaError.self) { try test.replica.apply(reply) }
        #expect(error?.code == .storageFull)
        #expect(test.replica.positions.isEmpty)
        #expect(try test.outbox().count == 1)
        try test.replica.limitPages(100_000)
        try test.replica.apply(reply)
        #expect(try test.value(2, name) == long)
    }

    @Test func fileThatIsNoDatabaseIsReportedAsDamaged() throws {
        let test = try TestReplica()
        try test.replica.close()
        let text = String(repeating: "这不是数据库", count: 400)
        try text.write(toFile: test.path, atomically: true, encoding: .utf8)
        let error = #expect(throws: ReplicaError.self) { try test.reopen() }
        #expect(error?.code == .damaged)
    }

    @Test func missingFileIsNotMadeAnew() throws {
        let test = try TestReplica()
        let error = #expect(throws: ReplicaError.self) {
            try Replica(path: test.path + "-elsewhere", world: TestReplica.world)
        }
        #expect(error?.code == .missing)
    }

    @Test func replicaIsNotMadeTwiceInOnePlace() throws {
        let test = try TestReplica()
        let error = #expect(throws: ReplicaError.self) {
            try Replica.create(
                at: test.path, identity: test.replica.identity, schema: .empty,
                schemaDocument: [], world: TestReplica.world)
        }
        #expect(error?.code == .exists)
    }

    @Test func valueOfAnotherTypeThanItsColumnIsRefusedWithWhatToDo() throws {
        let test = try TestReplica()
        let error = #expect(throws: ReplicaError.self) {
            try test.replica.save(.fixture(.create(1, [Unit.total: .text("三")])))
        }
        #expect(error?.code == .valueType)
    }

    @Test func layoutOfANewerProgramIsLeftAlone() throws {
        let test = try TestReplica()
        try test.replica.close()
        try test.outside { try $0.execute(sql: "UPDATE fg_state SET layout = 99") }
        let error = #expect(throws: ReplicaError.self) { try test.reopen() }
        #expect(error?.code == .layoutUnknown)
    }

    @Test func integrityHoldsAfterEverything() throws {
        let test = try TestReplica()
        try test.replica.save((1...300).map { .fixture(.create($0, [name: .text("甲")])) })
        try test.edit("DELETE FROM employer WHERE rec % 3 = 0", "UPDATE employer SET name = '乙'")
        let answer = try test.outside { try String.fetchOne($0, sql: "PRAGMA integrity_check") }
        #expect(answer == "ok")
        #expect(try test.outbox().count == 600)
    }
}
