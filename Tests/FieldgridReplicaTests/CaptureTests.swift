import FieldgridModel
import FieldgridReplica
import FieldgridSync
import GRDB
import Testing

/// Edits by other programs while the replica is closed (sync.md 9.12).
@Suite struct CaptureTests {
    private let id = RecordID.fixture(1).description

    @Test func insertByAnotherProgramIsSealedAtOpening() throws {
        let test = try TestReplica()
        try test.edit("INSERT INTO employer(name, phone) VALUES('长白山特产', '13800000000')")
        let sealed = try test.outbox()
        #expect(sealed.count == 1)
        #expect(sealed.first?.author == "outside the program")
        #expect(sealed.first?.source == .onSite)
        #expect((sealed.first?.time.milliseconds ?? 0) > 1_760_000_000_000)
        let units = sealed.first?.changes.map(\.unit)
        #expect(units == [.presence, .scope, Unit.name, Unit.phone])
        #expect(test.replica.openingReport.foreignEditsSealed == 1)
    }

    @Test func recordWithoutIDIsNamedByAVersionSevenUUID() throws {
        let test = try TestReplica()
        try test.edit("INSERT INTO employer(name) VALUES('甲')")
        let record = try #require(try test.outbox().first?.changes.first?.record)
        #expect(record.bits.high >> 12 & 0xf == 7)
        #expect(record.bits.low >> 62 == 2)
    }

    @Test func recordNamedOtherwiseThanByAUUIDGetsOne() throws {
        let test = try TestReplica()
        try test.edit("INSERT INTO employer(id, name) VALUES('第一家', '甲')")
        let record = try #require(try test.outbox().first?.changes.first?.record)
        let stored = try test.replica.record(record, type: test.replica.schema.employer)
        #expect(stored?.values[Unit.name] == .text("甲"))
    }

    @Test func severalStatementsOnOneRecordFoldToOneChange() throws {
        let test = try TestReplica()
        try test.pull(1, [Unit.name: .text("甲"), Unit.phone: .text("1")])
        try test.edit(
            "UPDATE employer SET name = '乙', phone = '2'", "UPDATE employer SET name = '丙'",
            "UPDATE employer SET phone = '1'")
        let changes = try test.outbox().flatMap(\.changes)
        #expect(changes.map(\.unit) == [Unit.name])
        #expect(changes.first?.value.single == .text("丙"))
    }

    @Test func eachRecordIsAChangesetOfItsOwn() throws {
        let test = try TestReplica()
        try test.edit("INSERT INTO employer(name) VALUES('甲'), ('乙'), ('丙')")
        #expect(try test.outbox().map(\.changes.count) == [3, 3, 3])
    }

    @Test func insertedAndDeletedAgainLeavesNothing() throws {
        let test = try TestReplica()
        try test.edit("INSERT INTO employer(name) VALUES('甲')", "DELETE FROM employer")
        #expect(try test.outbox().isEmpty)
    }

    @Test func rowNumberUsedAgainIsAnotherRecord() throws {
        let test = try TestReplica()
        try test.pull(1, [Unit.name: .text("甲")])
        try test.edit(
            "DELETE FROM employer", "INSERT INTO employer(rec, name) VALUES(1, '乙')")
        let sealed = try test.outbox()
        #expect(sealed.count == 2)
        #expect(sealed.first?.changes.map(\.value) == [.deleted])
        #expect(sealed.last?.changes.first?.value == .alive)
        #expect(sealed.last?.changes.first?.record != .fixture(1))
    }

    @Test(arguments: [false, true])
    func insertOrReplaceIsAnEditOfTheReplacedRecord(recursiveTriggers: Bool) throws {
        let test = try TestReplica()
        try test.pull(1, [Unit.name: .text("甲"), Unit.phone: .text("1")])
        try test.edit(
            "INSERT OR REPLACE INTO employer(id, name) VALUES('\(id)', '乙')",
            recursive: recursiveTriggers)
        let changes = try test.outbox().flatMap(\.changes)
        #expect(changes.map(\.unit) == [Unit.name, Unit.phone])
        #expect(changes.map(\.value.single) == [.text("乙"), .null])
        // The hub's next change still finds it by its number.
        try test.replica.apply(
            .fixture(
                positions: [.township: Position(2)],
                records: [.fixture(1, .alive, [Unit.uscc: .text("9")])]))
        #expect(try test.value(1, Unit.uscc) == .text("9"))
    }

    @Test func replacingByRowNumberDeletesOneRecordAndMakesAnother() throws {
        let test = try TestReplica()
        try test.pull(1, [Unit.name: .text("甲")])
        try test.edit("INSERT OR REPLACE INTO employer(rec, name) VALUES(1, '乙')")
        let changes = try test.outbox().flatMap(\.changes)
        #expect(changes.filter { $0.record == .fixture(1) }.map(\.value) == [.deleted])
        #expect(
            changes.filter { $0.record != .fixture(1) }.map(\.unit) == [
                .presence, .scope, Unit.name,
            ])
    }

    @Test func insertOrIgnoreOfARecordThatIsThereIsNoEdit() throws {
        let test = try TestReplica()
        try test.pull(1, [Unit.name: .text("甲")])
        try test.edit("INSERT OR IGNORE INTO employer(id, name) VALUES('\(id)', '乙')")
        #expect(try test.outbox().isEmpty)
    }

    @Test func upsertIsAnUpdate() throws {
        let test = try TestReplica()
        try test.pull(1, [Unit.name: .text("甲")])
        try test.edit(
            """
            INSERT INTO employer(id, name) VALUES('\(id)', '乙')
            ON CONFLICT(id) DO UPDATE SET name = excluded.name
            """)
        #expect(try test.outbox().flatMap(\.changes).map(\.unit) == [Unit.name])
    }

    @Test func valuesThatDifferOnlyForACollationAreAChange() throws {
        let test = try TestReplica()
        try test.pull(1, [Unit.name: .text("abc")])
        try test.edit("UPDATE employer SET name = 'ABC'")
        #expect(try test.outbox().flatMap(\.changes).map(\.value.single) == [.text("ABC")])
    }

    @Test(arguments: [
        "UPDATE employer SET id = '\(RecordID.fixture(2))'", "UPDATE employer SET rec = 9",
        "UPDATE employer SET rowid = 9", "UPDATE employer SET num = 9",
        "UPDATE OR REPLACE employer SET id = '\(RecordID.fixture(2))'",
    ])
    func identityCannotBeUpdated(statement: String) throws {
        let test = try TestReplica()
        try test.pull(1, [Unit.name: .text("甲")])
        try test.replica.close()
        let error = #expect(throws: DatabaseError.self) {
            try test.outside { try $0.execute(sql: statement) }
        }
        #expect(error?.message?.contains("for ever") == true)
    }

    @Test func deletedRecordKeepsItsWholeRowUntilTheHubAnswers() throws {
        let test = try TestReplica()
        try test.pull(1, [Unit.name: .text("甲"), Unit.total: .integer(3)])
        try test.edit("DELETE FROM employer")
        let record = try test.replica.record(.fixture(1), type: test.replica.schema.employer)
        #expect(record?.isAlive == false)
        #expect(record?.values == [Unit.name: .text("甲"), Unit.total: .integer(3)])
    }

    @Test func moreThanThirtyTwoColumnsAreCaptured() throws {
        var schema = Schema.fixture()
        for number in 100..<170 {
            schema.types[0].fields.append(
                Field(
                    number: UnitNumber(number), name: "extra_\(number)",
                    label: Label(zh: "附加", en: "Extra"), kind: .integer))
        }
        let test = try TestReplica(schema: schema)
        try test.pull(1, [Unit.name: .text("甲")])
        try test.edit("UPDATE employer SET extra_123 = 1, extra_169 = 2, phone = '3'")
        #expect(try test.outbox().flatMap(\.changes).map(\.unit.value) == [4, 123, 169])
    }

    @Test func triggersThatWereTakenAwayAreMadeAgain() throws {
        let test = try TestReplica()
        try test.edit("DROP TRIGGER fg_employer_updated_0")
        #expect(test.replica.openingReport.triggersRepaired == ["fg_employer_updated_0"])
        #expect(test.replica.openingReport.layoutTouched)
        try test.edit("INSERT INTO employer(name) VALUES('甲')", "UPDATE employer SET name = '乙'")
        #expect(try test.outbox().first?.changes.last?.value.single == .text("乙"))
    }

    @Test func textIsNormalisedInTheRowToo() throws {
        let test = try TestReplica()
        try test.edit(
            "INSERT INTO employer(name, phone) VALUES('e' || char(0x301), '12' || char(0) || '3')")
        let changes = try test.outbox().flatMap(\.changes)
        #expect(changes.suffix(2).map(\.value.single) == [.text("\u{e9}"), .text("12")])
        let stored = try test.outside {
            try String.fetchAll($0, sql: "SELECT hex(phone) FROM employer")
        }
        #expect(stored == ["3132"])
    }

    @Test func vacuumKeepsEveryRecordsRow() throws {
        let test = try TestReplica()
        try test.pull(1, [Unit.name: .text("甲")])
        try test.pull(2, [Unit.name: .text("乙")], at: 2)
        try test.edit(
            "DELETE FROM employer WHERE name = '甲'", "VACUUM", "UPDATE employer SET name = '丙'")
        #expect(try test.outbox().count == 2)
        #expect(try test.value(2, Unit.name) == .text("丙"))
    }

    @Test func replicaIsReadWithoutUs() throws {
        let test = try TestReplica()
        try test.replica.save(
            .fixture(
                .create(
                    1,
                    [
                        Unit.name: .text("甲"), Unit.arrears: .integer(123_456),
                        Unit.industry: .text("E47"),
                    ])))
        let row = try test.outside {
            try Row.fetchOne($0, sql: "SELECT \"欠薪（元）\", \"行业\", \"网格\" FROM employer_zh")
        }
        #expect(row?[0] == 1234.56)
        #expect(row?[1] == "房屋建筑业")
        #expect(row?[2] == "220602103")
    }
}
