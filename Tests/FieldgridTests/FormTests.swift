import Fieldgrid
import Foundation
import Testing

/// What a form needs while it is being filled in.
@Suite struct FormTests {
    private static func codes(_ problems: [FieldProblem]) -> Set<String> {
        Set(problems.map { "\($0.field ?? "-") \($0.code)" })
    }

    @Test(
        arguments: [
            (["name": "虚构卫生室", "beds": 3, "doctors": 0], ["- rule.somebody_is_there"]),
            (["beds": 99, "doctors": 1], ["name value.required", "beds value.range"]),
            (["name": "虚构卫生室", "beds": true], ["beds value.type"]),
            (["name": "虚构卫生室", "subsidy": "三元"], ["subsidy value.type"]),
            (["name": "虚构卫生室", "beds": 3, "doctors": 1], []),
        ] as [([String: FieldValue], Set<String>)])
    func whatANewRecordWouldBeRefusedForIsToldWithoutSaving(
        values: [String: FieldValue], expected: Set<String>
    ) async throws {
        let node = try await Village().join()
        let problems = try node.problems(creating: "clinic", values)
        #expect(Self.codes(problems) == expected)
        #expect(try node.records(of: "clinic").isEmpty)
        let error = FieldgridError.of { try node.create("clinic", values) }
        #expect(error?.problems ?? [] == problems, "the same as on saving")
    }

    @Test func whatAnEditWouldBeRefusedForIsToldWithoutSaving() async throws {
        let node = try await Village().join()
        let values: [String: FieldValue] = ["name": "虚构卫生室", "beds": 3, "doctors": 1]
        let clinic = try node.create("clinic", values).record
        let problems = try node.problems(editing: clinic, ["doctors": 0])
        #expect(Self.codes(problems) == ["- rule.somebody_is_there"])
        #expect(try node.problems(editing: clinic, ["doctors": 2]).isEmpty)
        #expect(try node.problems(editing: clinic, [:]).isEmpty)
        #expect(try node.record(clinic.id, of: "clinic").values == clinic.values)
        #expect(try node.status().outbox == 1)
    }

    @Test func whatNoOtherValueWouldMendIsThrown() async throws {
        let node = try await Village().join()
        let clinic = try node.create("clinic", ["name": "虚构卫生室"]).record
        let errors = [
            FieldgridError.of { try node.problems(creating: "clinic", ["nam": "虚构"]) },
            FieldgridError.of { try node.problems(creating: "grid", ["name": "虚构"]) },
            FieldgridError.of { try node.problems(editing: clinic, ["visited_on": "2026-01-01"]) },
        ]
        #expect(errors.map { $0?.code } == ["field.unknown", "type.hub-only", "field.stamped"])
    }

    @Test func theCodesOfAnEditionAreThoseThatGoWithItsField() throws {
        let folder = URL(fileURLWithPath: Folder.example).appending(path: "../../schemas/labour")
        let type = try #require(try Schema(folder: folder.path).type(named: "employer"))
        let kind = try #require(type.field(named: "reg_type"))
        #expect(kind.editionField == "reg_type_ver")
        let editions = try #require(type.field(named: "reg_type_ver")).codes.map(\.code)
        #expect(editions.count > 1)
        let choices = editions.map { kind.codes(ofEdition: $0) }
        for (edition, codes) in zip(editions, choices) {
            #expect(!codes.isEmpty && codes.allSatisfy { $0.edition == edition })
        }
        #expect(choices.joined().count == kind.codes.count)
        #expect(kind.codes(ofEdition: "") == kind.codes)
        #expect(type.field(named: "econ_type")?.editionField == nil)
    }
}
