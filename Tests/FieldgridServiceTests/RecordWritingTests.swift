import FieldgridModel
import FieldgridService
import Testing

@Suite struct RecordWritingTests {
    let fixture: Fixture

    init() throws { fixture = try Fixture() }

    @Test func aNewRecordLivesInTheOnlyEnrolledScope() throws {
        let id = try fixture.employer("name=虚构商店")
        let shown = try fixture.record(.show(type: "employer", id: id))
        #expect(shown["scope"].text == "220602001")
    }

    @Test func oneSaveIsOneDraftWithAuthorTimeAndSource() throws {
        _ = try fixture.employer("name=虚构商店")
        let draft = try #require(fixture.store.saved.first)
        #expect(fixture.store.saved.count == 1)
        #expect(draft.author == "虚构赵某")
        #expect(draft.savedAt == Fixture.now)
        #expect(draft.source == .onSite)
    }

    @Test func emptyValueClears() throws {
        let id = try fixture.employer("name=虚构商店", "phone=0439-3220001")
        _ = try fixture.record(.set(type: "employer", id: id, fields: ["phone="], source: nil))
        let shown = try fixture.record(.show(type: "employer", id: id))
        #expect(shown["fields"]["phone"].isNull)
    }

    @Test func aFieldThatKeepsEveryEntryTakesOneMoreAndIsNotCleared() throws {
        let fixture = try Fixture { schema in
            for type in schema.types.indices where schema.types[type].name == "employer" {
                for field in schema.types[type].fields.indices
                where schema.types[type].fields[field].name == "business_scope" {
                    schema.types[type].fields[field].policy = .append
                }
            }
        }
        let id = try fixture.employer("name=虚构商店", "business_scope=甲")
        let set = { RecordRequest.set(type: "employer", id: id, fields: [$0], source: nil) }
        _ = try fixture.record(set("business_scope=乙"))
        #expect(try fixture.refusal(set("business_scope="))?.code == "field.append-only")
        let shown = try fixture.record(.show(type: "employer", id: id))
        #expect(shown["fields"]["business_scope"].text == "甲\n乙")
    }

    @Test func whatIsTheSameIsNotSavedAgain() throws {
        let id = try fixture.employer("name=虚构商店")
        let reply = try fixture.record(
            .set(type: "employer", id: id, fields: ["name=虚构商店"], source: nil))
        #expect(reply["changed"].elements.isEmpty)
        #expect(fixture.store.saved.count == 1)
    }

    @Test func aClockThatTheHubFoundWrongSaysNoDayOfAVisit() throws {
        let id = try fixture.employer("name=虚构商店")
        fixture.hubClockOffset = -730 * 86_400_000
        let refusal = try #require(try fixture.refusal(.verify(type: "employer", id: id)))
        #expect(refusal.code == "clock.wrong")
        #expect(refusal.message.contains("2026-07-24") && refusal.message.contains("2024-07-24"))
        #expect(refusal.hint?.contains("--date") == true)
        let saved = try fixture.record(.verify(type: "employer", id: id, date: "2024-07-24"))
        #expect(saved["verified_on"].text == "2024-07-24")
    }

    @Test func aClockThatIsWrongWithinTheDaySaysTheDay() throws {
        let id = try fixture.employer("name=虚构商店")
        fixture.hubClockOffset = 600_000
        let saved = try fixture.record(.verify(type: "employer", id: id))
        #expect(saved["verified_on"].text == "2026-07-24")
    }

    @Test(arguments: [("2026-07-25", "date.future"), ("24.7.2026", "date.malformed")])
    func aVisitIsOnADayThatHasCome(_ date: String, _ code: String) throws {
        let id = try fixture.employer("name=虚构商店")
        let refusal = try fixture.refusal(.verify(type: "employer", id: id, date: date))
        #expect(refusal?.code == code)
    }

    @Test func verifyingTwiceOnOneDayIsTwoActions() throws {
        let id = try fixture.employer("name=虚构商店")
        _ = try fixture.record(.verify(type: "employer", id: id))
        _ = try fixture.record(.verify(type: "employer", id: id))
        let stamp = fixture.number("verified_on", of: "employer")
        let edits = fixture.store.saved.dropFirst().flatMap(\.edits)
        #expect(edits.map { $0.values[stamp] } == [.text("2026-07-24"), .text("2026-07-24")])
    }

    @Test func aChildLivesWhereItsParentLives() throws {
        let parent = try fixture.employer("name=虚构商店", scope: "220602001002")
        let child = try fixture.record(
            .create(
                type: "snapshot", fields: ["employer=\(parent)", "period=2026H2"], scope: nil,
                source: nil))
        #expect(child["scope"].text == "220602001002")
    }

    @Test func aRecordWithTheSameKeyIsSavedAndPointedOut() throws {
        let first = try fixture.employer("name=虚构甲", "uscc=912206020000000005")
        let reply = try fixture.answer(
            .record(
                ask: .create(
                    type: "employer", fields: ["name=虚构乙", "uscc=912206020000000005"],
                    scope: nil, source: nil)))
        #expect(reply.document["same_key_as"].text == first)
        #expect(reply.notes.count == 1)
    }

    @Test func aRuleBrokenBeforeDoesNotBlockOtherFields() throws {
        let id = try fixture.employer("name=虚构商店")
        let record = try #require(RecordID(id))
        var stored = try #require(fixture.store.records[record])
        stored.values[fixture.number("project_count", of: "employer")] = .integer(3)
        fixture.store.put(stored)
        let refusal = try fixture.refusal(
            .set(type: "employer", id: id, fields: ["phone=0439-3220001"], source: nil))
        #expect(refusal == nil)
    }

    @Test func aMoveChangesTheScope() throws {
        let id = try fixture.employer("name=虚构商店")
        let moved = try fixture.record(.move(type: "employer", id: id, scope: "220602001003"))
        #expect(moved["scope"].text == "220602001003")
        #expect(fixture.store.records[try #require(RecordID(id))]?.scope.text == "220602001003")
    }

    struct Mistake: CustomTestStringConvertible {
        var request: RecordRequest
        var code: String
        var hint: String
        var testDescription: String { code }
    }

    static func create(_ type: String, _ fields: String..., scope: String? = nil) -> RecordRequest {
        .create(type: type, fields: fields, scope: scope, source: nil)
    }

    @Test(arguments: [
        Mistake(request: create("employr", "name=x"), code: "type.unknown", hint: "employer"),
        Mistake(request: create("employer", "nam=x"), code: "field.unknown", hint: "“name”"),
        Mistake(
            request: create("employer", "name"), code: "assignment.malformed", hint: "equals sign"),
        Mistake(request: create("employer", "name=x", "name=y"), code: "field.twice", hint: "once"),
        Mistake(
            request: create("employer", "phone=0439-3220001"), code: "value.required", hint: ""),
        Mistake(
            request: create("employer", "name=x", "life_status=OPEN"), code: "value.code-unknown",
            hint: ""),
        Mistake(
            request: create("employer", "name=x", "founded_on=2026-02-30"), code: "value.type",
            hint: ""),
        Mistake(
            request: create("employer", "name=x", "geo_lon=126.4"), code: "rule.position_is_whole",
            hint: ""),
        Mistake(
            request: create("employer", "name=x", "verified_on=2026-01-01"), code: "field.stamped",
            hint: "verify"),
        Mistake(
            request: create("employer", "name=x", "geo=1"), code: "field.unknown", hint: "geo_lon"),
        Mistake(
            request: create("employer", "name=x", "scope=220602"), code: "field.unknown",
            hint: "record move"),
        Mistake(
            request: create("employer", "name=x", scope: "99"), code: "scope.unknown",
            hint: "list grid"),
        Mistake(
            request: create("employer", "name=x", scope: "220602100"), code: "scope.forbidden",
            hint: "220602001"),
        Mistake(request: create("grid", "code=1"), code: "type.hub-only", hint: "hub"),
        Mistake(
            request: create("conflict", "kind=hard"), code: "type.engine-owned", hint: "resolve"),
        Mistake(
            request: create(
                "snapshot", "employer=01900000-0000-7000-8000-00000000ffff", "period=2026H2"),
            code: "reference.unknown", hint: ""),
        Mistake(
            request: .show(type: "employer", id: "x"), code: "record.id-malformed",
            hint: "looks like"),
        Mistake(
            request: .show(type: "employer", id: "01900000-0000-7000-8000-00000000ffff"),
            code: "record.unknown", hint: "node sync"),
    ])
    func aMistakeIsToldWithWhatToDo(_ mistake: Mistake) throws {
        let refusal = try #require(try fixture.refusal(mistake.request))
        #expect(refusal.code == mistake.code)
        #expect((refusal.hint ?? "").contains(mistake.hint) || mistake.hint.isEmpty)
        #expect(fixture.store.saved.isEmpty)
    }

    @Test func aDeletedRecordIsToldAsDeleted() throws {
        let id = try fixture.employer("name=虚构商店")
        _ = try fixture.record(.delete(type: "employer", id: id))
        let refusal = try fixture.refusal(.show(type: "employer", id: id))
        #expect(refusal?.code == "record.deleted")
    }

    @Test func whatWasMergedIsEditedButNotDeletedOrMovedInTheOthersPlace() throws {
        let stays = try fixture.employer("name=虚构商店")
        let goes = try fixture.employer("name=虚构商店")
        let id = try #require(RecordID(goes))
        let type = try #require(fixture.store.schema.type(named: "employer"))
        var record = try #require(fixture.store.record(id, type: type))
        record.isAlive = false
        record.alias = RecordID(stays)
        fixture.store.put(record)
        let deleting = try fixture.refusal(.delete(type: "employer", id: goes))
        #expect(deleting?.code == "record.merged")
        #expect(deleting?.message.contains(stays) == true)
        let moving = try fixture.refusal(
            .move(type: "employer", id: goes, scope: "220602002"))
        #expect(moving?.code == "record.merged")
        let edited = try fixture.record(
            .set(type: "employer", id: goes, fields: ["phone=0439-3220000"], source: nil))
        #expect(edited["id"].text == stays)
    }

    @Test func aRecordOfAnotherTypeIsToldAsSuch() throws {
        let id = try fixture.employer("name=虚构商店")
        let refusal = try fixture.refusal(.show(type: "snapshot", id: id))
        #expect(refusal?.code == "record.type-mismatch")
    }
}
