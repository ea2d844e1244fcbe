import Foundation
import Testing

/// What a person may mistype in a record.
///
/// The hub is away: a device must know all of this by itself.
@Suite struct WrongInputFieldTests {
    private let district: District
    private let node: String
    private let employer: String
    private let before: String

    init() throws {
        district = try District()
        node = try district.join()
        try district.stopHub()
        employer = try district.record(
            "employer", "name=虚构甲", "phone=0439-3000001", at: node)
        before = try district.done(["record", "list", "employer", "--json", "--data", node])
    }

    @Test func anUnknownFieldIsRefusedWithTheNearestName() throws {
        try expectRefused(
            ["record", "new", "employer", "name=x", "phnoe=1"], saying: "phnoe",
            advising: "Did you mean “phone”?")
    }

    @Test func anUnknownTypeIsRefusedWithTheNearestName() throws {
        try expectRefused(
            ["record", "new", "emploier", "name=x"], saying: "emploier",
            advising: "Did you mean “employer”?")
    }

    @Test func aBadCodeIsRefusedWithTheCodesThatExist() throws {
        try expectRefused(
            ["record", "set", "employer", employer, "unit_kind=99"], saying: "unit_kind",
            "found “99”", advising: "expected a code of “Kind of unit”: 10, 20")
    }

    @Test func aBadDateIsRefusedWithTheFormOfOne() throws {
        try expectRefused(
            ["record", "set", "employer", employer, "founded_on=2024-02-30"],
            saying: "founded_on", "found “2024-02-30”", advising: "YYYY-MM-DD")
    }

    @Test func aNumberOutOfRangeIsRefusedWithTheRange() throws {
        try expectRefused(
            ["record", "set", "employer", employer, "project_count=-1"],
            saying: "project_count", "found “-1”", advising: "at least 0")
        try expectRefused(
            [
                "record", "set", "employer", employer, "geo_lon=181", "geo_lat=41",
                "geo_datum=WGS84",
            ], saying: "geo_lon", "181", advising: "Correct it and save again")
    }

    @Test func aWrongCheckDigitIsRefused() throws {
        try expectRefused(
            ["record", "set", "employer", employer, "uscc=91220602FT0000019A"],
            saying: "uscc", "91220602FT0000019A", advising: "check digits")
    }

    @Test func aBrokenCrossFieldRuleIsRefusedWithItsFields() throws {
        try expectRefused(
            [
                "record", "new", "snapshot", "employer=\(employer)", "period=2026H2",
                "hc_total=10", "hc_male=3", "hc_female=3",
            ], saying: "Men and women add up to the total",
            advising: "Check: hc_female, hc_male, hc_total")
        #expect(try district.records("snapshot", at: node).isEmpty)
    }

    @Test func aMissingRequiredFieldIsRefused() throws {
        try expectRefused(
            ["record", "set", "employer", employer, "name="], saying: "name",
            "required", advising: "Fill it in")
    }

    @Test func anUnknownGridIsRefusedWithTheWayToTheList() throws {
        try expectRefused(
            ["record", "new", "employer", "name=x", "--scope", "999999"], saying: "999999",
            advising: "fieldgrid record list grid")
    }

    @Test func aGridOutsideTheEnrolmentIsRefusedWithTheEnrolment() throws {
        try expectRefused(
            ["record", "new", "employer", "name=x", "--scope", "220602001"], saying: "220602001",
            advising: "enrolled for \(District.township)")
        try expectRefused(
            ["record", "move", "employer", employer, "--scope", "220602001"],
            saying: "220602001", advising: "enrolled for \(District.township)")
    }

    @Test func anUnknownRecordIsRefused() throws {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057"
        try expectRefused(
            ["record", "set", "employer", id, "name=x"], saying: id, advising: "node sync")
        try expectRefused(
            ["record", "show", "employer", "7"], saying: "“7”", advising: "record list")
    }

    @Test func ofSeveralWrongValuesEachIsNamedAndNoneIsSaved() throws {
        try expectRefused(
            [
                "record", "set", "employer", employer, "name=虚构乙", "unit_kind=99",
                "founded_on=yesterday",
            ], saying: "unit_kind", "founded_on", advising: "Correct it and save again")
    }

    /// Runs a command that must be refused, and checks that nothing changed.
    private func expectRefused(
        _ arguments: [String], saying sentences: String..., advising advice: String,
        location: SourceLocation = #_sourceLocation
    ) throws {
        let result = try district.run(arguments + ["--data", node])
        SystemTests.expectRefused(result, saying: sentences + [advice], location: location)
        let after = try district.done(["record", "list", "employer", "--json", "--data", node])
        #expect(after == before, "a refused command changed the records", sourceLocation: location)
        #expect(try district.outbox(of: node) == 1, sourceLocation: location)
    }
}
