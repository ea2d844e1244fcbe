import FieldgridModel
import FieldgridSchema
import FieldgridService
import Foundation
import Testing

@testable import Fieldgrid

/// Codes that a later version brings: seen, and taken for no other.
@Suite struct UnknownCodeTests {
    private static func conflict(_ members: [String: JSONValue]) throws -> Conflict {
        var document: [String: JSONValue] = [
            "id": .text("01890a5d-ac96-874b-bcce-b302099a8057"), "kind": .text("hard"),
            "state": .text("open"), "type": .text("clinic"), "unit": .text("beds"),
            "record": .text("01890a5d-ac96-774b-bcce-b302099a8057"),
            "sides": .array([
                .object([
                    "value": .integer(3), "author": .text("虚构甲"), "source": .text("satellite"),
                    "at": .text("2026-07-24T09:15:00+08:00"),
                ]),
                .object(["value": .integer(4), "author": .text("虚构乙"), "source": .text("")]),
            ]),
        ]
        document.merge(members) { $1 }
        let schema = try SchemaFolder.schema(at: URL(fileURLWithPath: Folder.example + "/schema"))
        return Conflict(JSONValue.object(document.map { .init($0.key, $0.value) }), in: schema)
    }

    @Test func ofAConflictTheKindIsHandedThrough() async throws {
        let conflict = try Self.conflict(["kind": .text("overlapping")])
        #expect(conflict.kind.rawValue == "overlapping")
        #expect(conflict.kind != .hard)
        let node = try await Village().join()
        let error = FieldgridError.of { try node.settle(conflict, .side(1)) }
        #expect(error?.code == "conflict.kind-unknown")
    }

    @Test func ofAConflictTheStateIsHandedThroughAndWaitsForNobody() throws {
        let conflict = try Self.conflict(["state": .text("escalated")])
        #expect(conflict.state.rawValue == "escalated")
        #expect(!conflict.waitsForPerson)
    }

    @Test func ofASideTheSourceIsHandedThroughAndWhatIsNotSaidIsNil() throws {
        let sides = try Self.conflict([:]).sides
        #expect(sides.map(\.source?.rawValue) == ["satellite", nil])
        #expect(sides.map(\.at) == [Date(timeIntervalSince1970: 1_784_855_700), nil])
    }

    @Test func theIDOfAConflictSurvivesStorage() throws {
        let id = try Self.conflict([:]).id
        let stored = try JSONEncoder().encode(["a": id])
        #expect(String(decoding: stored, as: UTF8.self) == "{\"a\":\"\(id)\"}")
        #expect(try JSONDecoder().decode([String: ConflictID].self, from: stored) == ["a": id])
    }

    @Test func ofAVisitTheStateIsHandedThrough() {
        let document = JSONValue.object([
            "record": .text("01890a5d-ac96-774b-bcce-b302099a8057"), "state": .text("waived"),
        ])
        let task = VisitTask(document)
        #expect(task?.state.rawValue == "waived")
        #expect(task?.state != .due)
    }

    @Test(arguments: [ValueSource.hub, ValueSource(rawValue: "satellite")])
    func aSourceThatNoDeviceHasIsRefused(source: Fieldgrid.ValueSource) async throws {
        let node = try await Village().join()
        let error = FieldgridError.of {
            try node.create("clinic", ["name": "虚构甲"], source: source)
        }
        #expect(error?.code == "source.unknown")
        #expect(try node.status().outbox == 0)
    }

    @Test func everyCodeOfTheEngineHasAConstant() {
        #expect(
            Fieldgrid.ValueSource.allCases.map(\.rawValue)
                == FieldgridModel.ValueSource.allCases.map(\.rawValue))
        #expect(
            Conflict.Kind.known.map(\.rawValue).sorted()
                == ConflictKind.allCases.map(\.rawValue).sorted())
    }
}
