import FieldgridModel
import FieldgridReplica
import FieldgridSync
import GRDB
import Testing

/// A newer schema arrives.
@Suite struct MigrationTests {
    private let newer = Schema.fixture(version: 2)

    private func migrated(_ test: TestReplica, records: [RecordDelta] = []) throws {
        try test.replica.apply(
            .fixture(
                positions: [.township: Position(2)], records: records, schema: newer,
                sendsSchema: true))
    }

    @Test func newFieldMakesNoChanges() throws {
        let test = try TestReplica()
        try test.pull(1, [Unit.name: .text("甲")])
        try migrated(test)
        #expect(test.replica.schema.version == 2)
        #expect(try test.outbox().isEmpty)
        #expect(try test.value(1, Unit.name) == .text("甲"))
    }

    @Test func newFieldIsCapturedAtOnce() throws {
        let test = try TestReplica()
        try test.pull(1, [Unit.name: .text("甲"), Unit.phone: .text("1")])
        try migrated(test)
        try test.edit("UPDATE employer SET email = 'a@b.cn', phone = '2'")
        let changes = try test.outbox().flatMap(\.changes)
        #expect(changes.map(\.unit) == [Unit.phone, Unit.email])
        #expect(changes.map(\.value.single) == [.text("2"), .text("a@b.cn")])
    }

    @Test func editsBeforeTheMigrationKeepTheirSchema() throws {
        let test = try TestReplica()
        try test.pull(1, [Unit.name: .text("甲")])
        try test.edit("UPDATE employer SET name = '乙'")
        try migrated(test)
        #expect(try test.outbox().map(\.schema) == [SchemaTag(document: Schema.fixture().document)])
    }

    @Test func unknownUnitsAreCarriedUntilTheirFieldArrives() throws {
        let test = try TestReplica()
        try test.replica.apply(
            .fixture(records: [
                .fixture(1, .whole, [Unit.name: .text("甲"), Unit.email: .text("a@b.cn")])
            ]))
        #expect(try test.value(1, Unit.email) == nil)
        try migrated(test)
        #expect(try test.value(1, Unit.email) == .text("a@b.cn"))
        #expect(try test.outbox().isEmpty)
    }

    @Test func recordsOfAnUnknownTypeAreCarriedUntilItArrives() throws {
        var older = Schema.fixture()
        older.types.removeFirst()
        let test = try TestReplica(schema: older)
        try test.replica.apply(
            .fixture(records: [.fixture(1, .whole, [Unit.name: .text("甲")])], schema: older))
        try test.replica.apply(
            .fixture(
                positions: [.township: Position(2)],
                records: [.fixture(1, .alive, [Unit.phone: .text("1")])], schema: older))
        try migrated(test)
        let record = try test.replica.record(.fixture(1), type: newer.employer)
        #expect(record?.values == [Unit.name: .text("甲"), Unit.phone: .text("1")])
        try test.replica.apply(
            .fixture(
                positions: [.township: Position(3)],
                records: [.fixture(1, .alive, [Unit.phone: .text("2")])], schema: newer))
        #expect(try test.value(1, Unit.phone) == .text("2"))
    }

    @Test func labelsAndCodesFollowTheSchema() throws {
        let test = try TestReplica()
        try migrated(test)
        let labels = try test.outside {
            try String.fetchAll(
                $0, sql: "SELECT label_zh FROM fg_field WHERE type = 'employer' AND field = 'email'"
            )
        }
        #expect(labels == ["邮箱"])
        let codes = try test.outside { try String.fetchAll($0, sql: "SELECT code FROM fg_code") }
        #expect(codes == ["E47"])
    }

    @Test(arguments: ["fg_log", "Firma", "a b", "x_zh", "rec\"; DROP TABLE fg_state"])
    func typeWithAnUnsafeNameIsRefused(name: String) throws {
        var schema = Schema.fixture()
        schema.types[0].name = name
        let error = #expect(throws: ReplicaError.self) { try TestReplica(schema: schema) }
        #expect(error?.code == .schemaName)
    }

    @Test(arguments: ["rec", "id", "scope", "num", "名称", "name"])
    func fieldWithAReservedNameIsRefused(name: String) throws {
        var schema = Schema.fixture()
        schema.types[0].fields[1].name = name
        let error = #expect(throws: ReplicaError.self) { try TestReplica(schema: schema) }
        #expect(error?.code == .schemaName)
    }
}
