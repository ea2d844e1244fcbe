import Fieldgrid
import Foundation
import GRDB
import Testing

/// Reading and saving, as an app does it.
@Suite struct RecordTests {
    static let values: [String: FieldValue] = [
        "name": "虚构卫生室", "state": .text("OPEN"), "beds": 3, "doctors": 2, "nurses": 0,
        "subsidy": .money(fen: 1_250), "fridge_temperature": .decimal(units: -45, scale: 1),
        "services": ["慢病随访", "疫苗接种"], "has_internet": true, "opened_on": "2020-02-29",
    ]

    @Test(arguments: values.keys.sorted())
    func aValueIsReadAsItWasGiven(field: String) async throws {
        let node = try await Village().join()
        let made = try node.create("clinic", Self.values)
        let record = try node.record(made.id, of: "clinic")
        #expect(record[field] == Self.values[field])
    }

    @Test(arguments: [
        ("subsidy", "12.5", FieldValue.money(fen: 1_250)),
        ("fridge_temperature", "4", .decimal(units: 40, scale: 1)),
        ("has_internet", "否", .boolean(false)), ("state", "停业", .text("CLOSED")),
        ("services", " 疫苗接种；慢病随访 ", .set(["慢病随访", "疫苗接种"])), ("phone", "  ", .empty),
    ])
    func textIsReadAsAPersonTypesIt(field: String, typed: String, read: FieldValue) async throws {
        let node = try await Village().join()
        let made = try node.create("clinic", ["name": "虚构卫生室", field: .text(typed)])
        #expect(try node.record(made.id, of: "clinic")[field] == read)
    }

    @Test func everythingThatIsWrongIsToldByFieldAndNothingIsSaved() async throws {
        let node = try await Village().join()
        let error = FieldgridError.of {
            try node.create("clinic", ["beds": 99, "doctors": 0, "opened_on": "2999-01-01"])
        }
        let problems = Set(error?.problems.map { "\($0.field ?? "-") \($0.code)" } ?? [])
        #expect(
            problems == [
                "name value.required", "beds value.range", "opened_on value.date-in-future",
                "- rule.somebody_is_there",
            ])
        #expect(try node.records(of: "clinic").isEmpty)
    }

    @Test(arguments: [
        ("subsidy", FieldValue.integer(3)), ("beds", .boolean(true)), ("name", .integer(1)),
        ("services", .set(["a;b"])), ("has_internet", .money(fen: 1)),
    ])
    func aValueOfAnotherKindIsRefusedAtItsField(field: String, value: FieldValue) async throws {
        let node = try await Village().join()
        var values: [String: FieldValue] = ["name": "虚构卫生室"]
        values[field] = value
        let error = FieldgridError.of { try node.create("clinic", values) }
        #expect(error?.code == "value.type")
        #expect(error?.problems.map(\.field) == [field])
    }

    @Test func aFieldThatIsNotThereIsNamedWithTheNearest() async throws {
        let node = try await Village().join()
        let error = FieldgridError.of { try node.create("clinic", ["nam": "虚构"]) }
        #expect(error?.code == "field.unknown")
        #expect(error?.hint == "Did you mean “name”?")
    }

    @Test func everyEntryOfAFieldThatKeepsThemIsAddedOnceAndNoneIsReplaced() async throws {
        let village = try Village()
        let nodes = try await [village.join("a"), village.join("b")]
        let made = try nodes[0].create("clinic", ["name": "虚构卫生室", "notes": "屋顶漏雨"])
        for node in nodes { try await node.sync() }
        for (number, node) in nodes.enumerated() {
            let seen = try node.record(made.id, of: "clinic")
            try node.append("第\(number)次走访", to: "notes", of: seen)
        }
        for node in nodes + nodes { try await node.sync() }
        for node in nodes {
            let text = try node.record(made.id, of: "clinic")["notes"].text ?? ""
            #expect(Set(text.split(separator: "\n")) == ["屋顶漏雨", "第0次走访", "第1次走访"])
        }
    }

    @Test func anEntryMayBeAddedTwiceAndAFormMayGiveBackWhatItShowed() async throws {
        let node = try await Village().join()
        var clinic = try node.create("clinic", ["name": "虚构卫生室", "notes": "已走访"]).record
        clinic = try node.append("已走访", to: "notes", of: clinic)
        #expect(clinic["notes"] == "已走访\n已走访")
        let outbox = try node.status().outbox
        #expect(try node.edit(clinic, ["notes": clinic["notes"]])["notes"] == clinic["notes"])
        #expect(try node.status().outbox == outbox, "nothing was changed")
        try node.edit(clinic, ["notes": clinic["notes"], "beds": 1, "doctors": 1])
        #expect(try node.record(clinic.id, of: "clinic")["notes"] == clinic["notes"])
    }

    @Test(arguments: [FieldValue.empty, "另一条", "  "])
    func aFieldThatKeepsEveryEntryIsNeitherReplacedNorCleared(value: FieldValue) async throws {
        let node = try await Village().join()
        let clinic = try node.create("clinic", ["name": "虚构卫生室", "notes": "屋顶漏雨"]).record
        let error = FieldgridError.of { try node.edit(clinic, ["notes": value, "phone": "0999"]) }
        #expect(error?.code == "field.append-only")
        #expect(try node.record(clinic.id, of: "clinic").values == clinic.values)
    }

    @Test func onlyEntriesAreAdded() async throws {
        let node = try await Village().join()
        let clinic = try node.create("clinic", ["name": "虚构卫生室"]).record
        let errors = [("虚构", "name"), (" ", "notes"), ("虚构", "note")].map { entry, field in
            FieldgridError.of { try node.append(entry, to: field, of: clinic) }?.code
        }
        #expect(errors == ["field.not-appended", "value.required", "field.unknown"])
    }

    @Test func aListHasTheOrderInWhichRecordsCameToTheDevice() async throws {
        let village = try Village()
        let (first, second) = try await (village.join("a"), village.join("b"))
        let theirs = try second.create("clinic", ["name": "虚构乙"]).id
        let ours = try first.create("clinic", ["name": "虚构甲"]).id
        try await second.sync()
        try await first.sync()
        try await second.sync()
        #expect(try first.records(of: "clinic").map(\.id) == [ours, theirs])
        #expect(try second.records(of: "clinic").map(\.id) == [theirs, ours])
    }

    @Test func recordsAreFoundByTheirValuesAndInPages() async throws {
        let node = try await Village().join()
        for number in 1...5 {
            try node.create(
                "clinic", ["name": "虚构\(number)", "beds": number > 3 ? 1 : nil, "doctors": 1])
        }
        #expect(try node.records(of: "clinic", where: ["beds": 1]).count == 2)
        #expect(try node.records(of: "clinic", where: ["beds": .empty]).count == 3)
        let page = try node.records(of: "clinic", skip: 1, limit: 2)
        #expect(page.map { $0["name"] } == ["虚构2", "虚构3"])
    }

    @Test func whatWasSavedWaitsUntilItIsExchanged() async throws {
        let node = try await Village().join()
        let made = try node.create("clinic", ["name": "虚构卫生室"])
        #expect(try !node.record(made.id, of: "clinic").isSynced)
        #expect(try node.status().outbox == 1)
        let report = try await node.sync()
        #expect(report.accepted == 1)
        #expect(try node.record(made.id, of: "clinic").isSynced)
        #expect(try node.status().outbox == 0)
    }

    @Test func whatTheHubSetAsideIsToldWithItsReasonUntilItIsCorrected() async throws {
        let village = try Village()
        let node = try await village.join()
        let made = try node.create("clinic", ["name": "虚构卫生室", "beds": 1, "doctors": 1])
        try await node.sync()
        await node.close()
        // Another program checks nothing.
        try await DatabaseQueue(path: node.folder + "/node.sqlite").write {
            try $0.execute(sql: "UPDATE clinic SET beds = 99")
        }
        let again = try FieldNode(folder: node.folder, environment: village.environment)
        #expect(try await again.sync().quarantined == 1)
        let refused = try #require(try again.refusedSaves().first)
        #expect(refused.subjects.map(\.id) == [made.id])
        let record = try again.record(made.id, of: "clinic")
        #expect(record["beds"] == 99)
        #expect(record.unsynced.map(\.name) == ["beds"])
        #expect(record.unsynced.first?.refusal?.code == refused.code)
        #expect(record.unsynced.first?.refusal?.message == refused.message)
        try again.edit(record, ["beds": 9])
        try await again.sync()
        #expect(try again.refusedSaves().isEmpty)
        #expect(try again.record(made.id, of: "clinic").isSynced)
    }

    @Test func aDeletedAndAMovedRecordAreWhereTheyWerePut() async throws {
        let village = try Village()
        let node = try await village.join()
        let gone = try node.create("clinic", ["name": "虚构甲"]).id
        let moved = try node.create("clinic", ["name": "虚构乙"], in: "990101100201").id
        try node.delete(try node.record(gone, of: "clinic"))
        let after = try node.move(try node.record(moved, of: "clinic"), to: "990101100202")
        #expect(after.scope == "990101100202")
        let error = FieldgridError.of { try node.record(gone, of: "clinic") }
        #expect(error?.code == "record.deleted")
        try await node.sync()
        let other = try await village.join("second", scope: "990101100202")
        #expect(try other.records(of: "clinic").map(\.id) == [moved])
    }

    @Test func aConfirmedRecordIsStampedWithTheDayOfTheClock() async throws {
        let node = try await Village().join()
        let made = try node.create("clinic", ["name": "虚构卫生室"])
        let confirmed = try node.confirm(try node.record(made.id, of: "clinic"))
        #expect(confirmed["visited_on"] == "2026-11-18")
    }

    @Test func aHubThatContradictedItselfIsInTheStatus() async throws {
        let village = try Village()
        let node = try await village.join()
        try node.create("clinic", ["name": "虚构卫生室"])
        try await node.sync()
        #expect(try !node.status().isAlarmed)
        await node.close()
        // As a head leaves it that does not continue the one that was kept.
        try await DatabaseQueue(path: node.folder + "/node.sqlite").write {
            try $0.execute(
                sql: """
                    INSERT INTO fg_alarm(log, reason, kept, offered, at)
                    SELECT log, 'rewritten', head, head, 1795000000000 FROM fg_head LIMIT 1
                    """)
        }
        let again = try FieldNode(folder: node.folder, environment: village.environment)
        #expect(try again.status().isAlarmed)
        #expect(await FieldgridError.of { try await again.sync() }?.code == "audit.alarm")
    }

    @Test func aClockThatTheHubFoundWrongGivesNoDay() async throws {
        let village = try Village()
        let node = try await village.join()
        let made = try node.create("clinic", ["name": "虚构卫生室"])
        // What an exchange that found the clocks too far apart leaves.
        try Data("{\"offset_ms\":172800000}\n".utf8)
            .write(to: URL(fileURLWithPath: village.folder.path("first") + "/clock.json"))
        let record = try node.record(made.id, of: "clinic")
        #expect(FieldgridError.of { try node.confirm(record) }?.code == "clock.wrong")
        let early = FieldgridError.of { try node.confirm(record, on: "2026-11-21") }
        #expect(early?.code == "date.future")
        #expect(
            FieldgridError.of { try node.confirm(record, on: "today") }?.code == "date.malformed")
        #expect(try node.confirm(record, on: "2026-11-20")["visited_on"] == "2026-11-20")
    }

    @Test func aFormCanBeDrawnFromTheSchemaAlone() async throws {
        let schema = try await Village().join().schema
        let type = try #require(schema.type(named: "clinic"))
        #expect(type.label.zh == "村卫生室")
        #expect(type.field(named: "state")?.codes.map(\.label.zh) == ["开业", "停业"])
        #expect(type.field(named: "nurses")?.group == "people")
        #expect(type.field(named: "nurses")?.policy == "review")
        #expect(type.field(named: "visited_on")?.isEditable == false)
        #expect(schema.type(named: "grid")?.field(named: "code")?.isEditable == false)
    }

    @Test func aSchemaIsReadFromItsFolderAndFromItsDocument() throws {
        let schema = try Schema(folder: Folder.example + "/schema")
        #expect(try Schema(canonicalJSON: schema.canonicalJSON()) == schema)
        let error = FieldgridError.of { try Schema(folder: Folder.example) }
        #expect(error?.code == "schema.mistakes")
        #expect(FieldgridError.of { try Schema(canonicalJSON: [1]) }?.code == "schema.unreadable")
    }
}
