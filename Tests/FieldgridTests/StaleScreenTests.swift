import Fieldgrid
import Testing

/// What is done to a record that the screen showed before something else came of it.
@Suite struct StaleScreenTests {
    private static let values: [String: FieldValue] = [
        "name": "虚构卫生室", "licence": "FG-1", "beds": 3, "doctors": 1,
    ]

    /// A device with two records of one clinic, the one that goes as it was on the screen,
    /// merged meanwhile.
    private func merged() async throws -> (node: FieldNode, gone: Record, stays: RecordID) {
        let village = try Village()
        let (first, second) = try await (village.join("a"), village.join("b"))
        for node in [first, second] { try node.create("clinic", Self.values) }
        for node in [first, second, first] { try await node.sync() }
        let both = try first.records(of: "clinic").sorted { $0.id < $1.id }
        let conflict = try #require(try second.conflicts().first { $0.kind == .duplicate })
        try second.settle(conflict, .merge)
        for node in [second, first] { try await node.sync() }
        return (first, try #require(both.last), try #require(both.first).id)
    }

    @Test func anEditOfWhatWasMergedOverwritesNothingOfTheOther() async throws {
        let (node, gone, stays) = try await merged()
        #expect(try node.edit(gone, ["beds": 9]).id == stays)
        try await node.sync()
        let conflict = try #require(try node.conflicts().first { $0.unit == "beds" })
        #expect(Set(conflict.sides.map { $0.values["beds"] }).isSuperset(of: [3, 9]))
    }

    @Test func whatWasMergedIsNeitherDeletedNorMovedInTheOthersPlace() async throws {
        let (node, gone, stays) = try await merged()
        #expect(FieldgridError.of { try node.delete(gone) }?.code == "record.merged")
        #expect(
            FieldgridError.of { try node.move(gone, to: "990101100") }?.code == "record.merged")
        #expect(try node.status().outbox == 0)
        try node.delete(try node.record(stays, of: "clinic"))
        #expect(FieldgridError.of { try node.record(stays, of: "clinic") } != nil)
    }

    @Test func aCounterGrowsByWhatTheScreenAdded() async throws {
        let village = try Village()
        let first = try await village.join()
        let id = try first.create("clinic", ["name": "虚构卫生室", "visits": 5]).id
        try await first.sync()
        let second = try await village.join("second")
        let onScreen = try first.record(id, of: "clinic")
        try second.edit(try second.record(id, of: "clinic"), ["visits": 9])
        try await second.sync()
        try await first.sync()
        #expect(try first.edit(onScreen, ["visits": "6"])["visits"] == 10)
        for node in [first, second] { try await node.sync() }
        for node in [first, second] {
            #expect(try node.record(id, of: "clinic")["visits"] == 10)
        }
        #expect(try first.conflicts(includingDecided: true).isEmpty)
    }
}
