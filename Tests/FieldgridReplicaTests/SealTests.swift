import FieldgridModel
import FieldgridReplica
import FieldgridSync
import Testing

/// What one saved action becomes.
@Suite struct SealTests {
    @Test func oneSaveIsOneChangeset() throws {
        let test = try TestReplica()
        try test.replica.save(
            .fixture(
                .create(1, [Unit.name: .text("长白山特产")]),
                .create(2, [Unit.name: .text("浑江物流")])))
        let sealed = try test.outbox()
        #expect(sealed.count == 1)
        #expect(sealed.first?.changes.map(\.record) == [1, 1, 1, 2, 2, 2].map { .fixture($0) })
    }

    @Test func creationCarriesPresenceScopeAndWhatIsSet() throws {
        let test = try TestReplica()
        try test.replica.save(.fixture(.create(1, [Unit.name: .text("长白山特产"), Unit.phone: .null])))
        let changes = try test.outbox().first?.changes ?? []
        #expect(changes.map(\.unit) == [.presence, .scope, Unit.name])
        #expect(changes.map(\.value.single) == [.integer(1), .text("220602103"), .text("长白山特产")])
    }

    @Test func groupCarriesEveryMember() throws {
        let test = try TestReplica()
        try test.pull(1, [Unit.name: .text("甲")])
        try test.replica.save(
            .fixture(
                .update(
                    1, [Unit.total: .integer(3), Unit.male: .integer(1), Unit.female: .integer(2)]))
        )
        try test.replica.save(
            .fixture(.update(1, [Unit.total: .integer(4), Unit.male: .integer(2)])))
        let changes = try test.outbox().last?.changes ?? []
        #expect(changes.map(\.unit) == [Unit.headcount])
        #expect(changes.first?.value == UnitValue([.integer(4), .integer(2), .integer(2)]))
    }

    @Test func savingWhatIsThereSealsNothing() throws {
        let test = try TestReplica()
        try test.replica.save(.fixture(.create(1, [Unit.name: .text("甲")])))
        try test.replica.save(.fixture(.update(1, [Unit.name: .text("甲")])))
        #expect(try test.outbox().count == 1)
    }

    @Test func deleteIsAnAbsentPresence() throws {
        let test = try TestReplica()
        try test.pull(1, [Unit.name: .text("甲")])
        try test.replica.save(.fixture(.delete(1)))
        let changes = try test.outbox().first?.changes ?? []
        #expect(
            changes == [
                Change(type: TypeNumber(1), record: .fixture(1), unit: .presence, value: .deleted)
            ])
    }

    @Test func moveIsAChangeOfTheScopeUnit() throws {
        let test = try TestReplica(scopes: [.township, .other])
        try test.pull(1, [Unit.name: .text("甲")])
        try test.replica.save(.fixture(.move(1, to: .other)))
        let sealed = try #require(try test.outbox().first)
        #expect(sealed.changes.map(\.unit) == [.scope])
        #expect(Set(sealed.context.keys) == [.township, .other])
    }

    @Test func sequencesHaveNoGapsAndDigestsChain() throws {
        let test = try TestReplica()
        for number in 1...3 {
            try test.replica.save(.fixture(.create(UInt64(number), [Unit.name: .text("甲")])))
        }
        let batch = try #require(try test.replica.nextRequest().request.batch)
        #expect(batch.changesets.map(\.identity.seq) == [1, 2, 3])
        #expect(batch == ChangesetBatch(following: .start, batch.changesets))
    }

    @Test func timesGrowWhateverTheClockSays() throws {
        let test = try TestReplica()
        try test.replica.save(.fixture(.create(1, [Unit.name: .text("甲")]), at: 2_000))
        try test.replica.save(.fixture(.update(1, [Unit.name: .text("乙")]), at: 1_000))
        let times = try test.outbox().map(\.time)
        #expect(times.count == 2)
        #expect(times == times.sorted())
    }

    @Test func contextIsWhereTheNodeStands() throws {
        let test = try TestReplica()
        try test.pull(1, [Unit.name: .text("甲")], at: 41)
        try test.replica.save(.fixture(.update(1, [Unit.phone: .text("0439")])))
        #expect(try test.outbox().first?.context == [.township: Position(41)])
    }

    @Test func contextIsWhatTheScreenHadLoaded() throws {
        let test = try TestReplica()
        try test.pull(1, [Unit.name: .text("甲")], at: 41)
        var edit = RecordEdit.update(1, [Unit.phone: .text("0439")])
        edit.loadedAt = Position(40)
        try test.replica.save(.fixture(edit))
        #expect(try test.outbox().first?.context == [.township: Position(40)])
    }

    @Test func textIsNormalisedAndEmptyTextIsNothing() throws {
        let test = try TestReplica()
        try test.replica.save(
            .fixture(.create(1, [Unit.name: .text("e\u{301}"), Unit.phone: .text("")])))
        let changes = try test.outbox().first?.changes ?? []
        #expect(changes.map(\.unit) == [.presence, .scope, Unit.name])
        #expect(changes.last?.value.single == .text("\u{e9}"))
    }

    @Test func compatibilityIdeographBecomesTheUnifiedOne() throws {
        let test = try TestReplica()
        try test.replica.save(.fixture(.create(1, [Unit.name: .text("\u{f90a}")])))
        #expect(try test.value(1, Unit.name) == .text("\u{91d1}"))
    }

    @Test func nulCharacterIsRefused() throws {
        let test = try TestReplica()
        let error = #expect(throws: ReplicaError.self) {
            try test.replica.save(.fixture(.create(1, [Unit.name: .text("甲\u{0}")])))
        }
        #expect(error?.code == .valueNUL)
        #expect(try test.outbox().isEmpty)
    }

    @Test func tooManyChangesAreRefusedWhole() throws {
        let test = try TestReplica()
        let edits = (1...400).map { RecordEdit.create(UInt64($0), [Unit.name: .text("甲")]) }
        var draft = ActionDraft.fixture()
        draft.edits = edits
        let error = #expect(throws: ReplicaError.self) { try test.replica.save(draft) }
        #expect(error?.code == .changesetTooLarge)
        #expect(try test.value(1, Unit.name) == nil)
    }

    @Test func valueThatBreaksItsCodeListIsSealedAllTheSame() throws {
        let test = try TestReplica()
        try test.edit("INSERT INTO employer(name, industry) VALUES('甲', '没有的码')")
        #expect(try test.outbox().first?.changes.last?.value.single == .text("没有的码"))
    }

    @Test func settlementThatKeepsTheValueIsSealed() throws {
        let test = try TestReplica()
        try test.pull(1, [Unit.name: .text("甲")])
        let settlement = Settlement(conflict: .fixture(9), sides: [])
        var edit = RecordEdit.update(1, [Unit.name: .text("甲")])
        edit.settlements = [Unit.name: settlement]
        try test.replica.save(.fixture(edit))
        #expect(try test.outbox().first?.changes.first?.settles == settlement)
        #expect(try test.replica.settledLocally() == [.fixture(9)])
    }

    @Test func unknownRecordIsRefusedByName() throws {
        let test = try TestReplica()
        let error = #expect(throws: ReplicaError.self) {
            try test.replica.save(.fixture(.update(5, [Unit.name: .text("甲")])))
        }
        #expect(error?.code == .recordUnknown)
    }

    @Test func recordMadeTwiceIsRefused() throws {
        let test = try TestReplica()
        try test.replica.save(.fixture(.create(1, [Unit.name: .text("甲")])))
        let error = #expect(throws: ReplicaError.self) {
            try test.replica.save(.fixture(.create(1, [Unit.name: .text("乙")])))
        }
        #expect(error?.code == .recordExists)
    }

    @Test func manyDraftsAreOneChangesetEachAndAllOrNothing() throws {
        let test = try TestReplica()
        #expect(throws: ReplicaError.self) {
            try test.replica.save([
                .fixture(.create(1, [Unit.name: .text("甲")])),
                .fixture(.create(1, [Unit.name: .text("乙")])),
            ])
        }
        #expect(try test.outbox().isEmpty)
        try test.replica.save((1...3).map { .fixture(.create($0, [Unit.name: .text("甲")])) })
        #expect(try test.outbox().count == 3)
    }
}
