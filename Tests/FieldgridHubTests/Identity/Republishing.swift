import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSchema
import FieldgridService
import Foundation
import GRDB
import Testing

extension TestHub {
    /// The present schema with one type altered.
    func altered(
        _ typeName: String = "probe", _ change: (inout RecordType) throws -> Void
    ) throws -> Schema {
        var schema = hub.schema
        let place = try #require(schema.types.firstIndex { $0.name == typeName })
        try change(&schema.types[place])
        schema.version += 1
        return schema
    }

    /// Publishes the present schema with one type altered.
    @discardableResult
    func republish(
        _ typeName: String = "probe", _ change: (inout RecordType) throws -> Void
    ) throws -> SchemaChange {
        try hub.publish(altered(typeName, change).canonicalJSON())
    }

    /// Conflicts as a clerk at the hub lists them, all or those that wait.
    func conflictList(all: Bool = true) throws -> [JSONValue] {
        let service = try RecordService(
            store: hub, place: .hub, author: "虚构·录入员", clock: clock, settledHere: [],
            newID: { .test(990) })
        let reply = try service.answer(.conflicts(ask: .list(all: all, conditions: [])))
        return reply?.document.elements ?? []
    }

    /// Where every scope stands, records and histories, byte for byte: all
    /// that a schema must leave alone.
    func contents() throws -> [String] {
        let queue = try DatabaseQueue(path: folder.path + "/hub.sqlite")
        return try queue.read { db in
            let tables = try String.fetchAll(
                db, sql: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            // That a schema was published is an act, with its leaf in the log.
            return try tables.filter {
                !["schema", "setting"].contains($0) && !$0.hasPrefix("audit")
            }.flatMap { table in
                try Row.fetchAll(db, sql: "SELECT * FROM \(table)").map {
                    "\(table) \($0.map { "\($0)=\($1)" })"
                }
            }.sorted()
        }
    }
}

extension RealNode {
    /// Every row of its records, by columns that are there in any schema of
    /// the tests.
    func contents() throws -> [String] {
        try ["probe", "employer", "conflict", "grid"].flatMap { name in
            try Dump.lines(of: replica, type: hub.type(name)).map { "\(name) \($0)" }
        } + replica.positions.map { "\($0) \($1)" }.sorted()
    }
}

extension RecordType {
    /// Alters a field.
    mutating func alter(_ name: String, _ change: (inout Field) -> Void) throws {
        let place = try #require(fields.firstIndex { $0.name == name })
        change(&fields[place])
    }

    /// Adds a field like another one.
    mutating func add(_ name: String, like other: String, _ number: Int) throws {
        var field = try #require(self.field(named: other))
        field.number = UnitNumber(number)
        field.name = name
        field.required = false
        field.checks = []
        fields.append(field)
    }
}
