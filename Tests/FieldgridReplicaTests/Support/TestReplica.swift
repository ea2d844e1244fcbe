import FieldgridModel
import FieldgridReplica
import FieldgridSync
import Foundation
import GRDB

/// A replica in a folder of its own, and other programs' way into its file.
final class TestReplica {
    let folder: URL
    let path: String
    private(set) var replica: Replica

    static let world = ReplicaWorld(
        clock: FixedClock(milliseconds: 1_760_000_000_000), random: SeededRandom(seed: 7),
        decodeSchema: { try JSONDecoder().decode(Schema.self, from: Data($0)) })

    init(schema: Schema = .fixture(), scopes: [ScopeCode] = [.township]) throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "fieldgrid-replica-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appending(path: "node.sqlite").path
        let identity = ReplicaIdentity(
            node: NodeID(UUIDBits(high: 1, low: 2)), holder: "王芳", scopes: scopes)
        replica = try Replica.create(
            at: path, identity: identity, schema: schema,
            schemaDocument: schema.types.isEmpty ? [] : schema.document, world: Self.world)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Closes the file, lets another program run these statements, and opens
    /// it again.
    func edit(_ statements: String..., recursive: Bool = false) throws {
        try replica.close()
        try outside { db in
            if recursive { try db.execute(sql: "PRAGMA recursive_triggers = ON") }
            for sql in statements { try db.execute(sql: sql) }
        }
        try reopen()
    }

    func reopen() throws {
        try? replica.close()
        replica = try Replica(path: path, world: Self.world)
    }

    /// A plain connection that knows nothing of ours.
    @discardableResult
    func outside<Answer>(_ body: (Database) throws -> Answer) throws -> Answer {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        return try queue.writeWithoutTransaction(body)
    }

    /// What waits for the hub, as the hub would read it.
    func outbox() throws -> [Changeset] {
        let (request, encoded) = try replica.nextRequest()
        let received = try ExchangeCodec.decodeRequest(encoded)
        guard let batch = request.batch, received.batch != nil else { return [] }
        return batch.changesets
    }

    /// A field's value in its row.
    func value(_ id: UInt64, _ unit: UnitNumber) throws -> Value? {
        try replica.record(.fixture(id), type: replica.schema.employer)?.values[unit]
    }

    /// The record as the hub has it: pulled, idle, numbered like its id.
    func pull(_ id: UInt64, _ values: [UnitNumber: Value], at position: Int64 = 1) throws {
        try replica.apply(
            .fixture(
                positions: [.township: Position(position)],
                records: [.fixture(id, .whole, values)]))
    }

    /// The whole state as text, for comparing.
    func dump() throws -> String {
        try replica.close()
        let text = try outside { db in
            let tables = try String.fetchAll(
                db,
                sql: """
                    SELECT name FROM sqlite_master WHERE type = 'table'
                    AND name NOT IN ('fg_state') ORDER BY name
                    """)
            return try tables.map { table in
                let rows = try Row.fetchAll(db, sql: "SELECT * FROM \"\(table)\"")
                return table + ":\n" + rows.map { "\($0)" }.joined(separator: "\n")
            }.joined(separator: "\n")
        }
        try reopen()
        return text
    }
}
