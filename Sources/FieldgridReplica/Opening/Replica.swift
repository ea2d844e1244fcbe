package import FieldgridModel
import FieldgridSync
import Foundation
import GRDB

/// A node's SQLite: the records of its scopes, what it saved and the hub has
/// not answered yet, and where it stands with the hub.
///
/// Invariants:
/// - A row shows the hub's value of a unit, or the node's own unacknowledged
///   one in its place; what the hub has is then kept in `fg_pending`.
/// - `fg_log` is empty whenever no transaction runs, unless another program
///   has edited the file: then its edits are sealed before anything else.
/// - Sequences have no gaps, and each digest covers the one before.
/// - Positions and the rows they stand for change in one transaction.
/// - `synchronous` is FULL: what ``save(_:)-(ActionDraft)`` returned from
///   survives a power cut.
///
/// One process owns the file and uses one replica, from one place at a time.
package final class Replica: RecordStore {
    package let path: String
    /// What room there is, is for reading and for sending what waits: every
    /// save is refused with `replica.storage-full`.
    package var refusesSaves = false
    let world: ReplicaWorld
    var random: any RandomNumberGenerator
    var memory: ReplicaMemory
    /// What the request under way asks the hub to compare.
    var asked: ScopeCheck?
    /// What the next one asks for, where a difference was found.
    var askNext: ScopeCheck?
    private var queue: DatabaseQueue
    /// What opening found and put right.
    package private(set) var openingReport = OpeningReport()
    /// Transactions whose COMMIT failed although they had happened; they
    /// were looked up after opening the file again, and count as done.
    package private(set) var commitsResolved = 0

    /// The most changes in one request, but for a changeset that has more by
    /// itself.
    package var changesPerRequest = ExchangeRequest.Limit.changes

    private init(path: String, world: ReplicaWorld, queue: DatabaseQueue, memory: ReplicaMemory) {
        self.path = path
        self.world = world
        self.queue = queue
        self.memory = memory
        random = world.random
    }

    /// Makes a new replica.
    ///
    /// A node that joins gives an empty schema: its first exchange brings the hub's.
    ///
    /// - Throws: ``ReplicaError`` with code `replica.exists` when there is
    ///   a file already.
    package static func create(
        at path: String, identity: ReplicaIdentity, schema: Schema, schemaDocument: [UInt8],
        world: ReplicaWorld
    ) throws -> Replica {
        guard !FileManager.default.fileExists(atPath: path) else {
            throw ReplicaError(
                .exists, "\(path) exists already", hint: "Open it, or choose another folder")
        }
        do {
            let queue = try Connection.open(path)
            var random: any RandomNumberGenerator = world.random
            let incarnation = IncarnationID(
                .version7(milliseconds: world.clock.milliseconds, using: &random))
            let state = ReplicaState(
                identity: identity,
                line: IncarnationLine([IncarnationRow(id: incarnation, base: 0)]), revision: 0,
                seq: 0, head: .start, clock: HybridClock(), positions: [:])
            let memory = try ReplicaMemory(
                state: state, schema: schema, document: schemaDocument, world: world)
            try queue.write { db in
                for sql in EngineTables.statements { try db.define(sql) }
                try ReplicaState.insert(state, db)
                try Migration.write(memory, document: schemaDocument, db)
            }
            let replica = Replica(path: path, world: world, queue: queue, memory: memory)
            replica.random = random
            return replica
        } catch {
            throw ReplicaError.of(error, path: path)
        }
    }

    /// Opens a replica, puts its triggers right, and seals what other
    /// programs edited.
    package convenience init(path: String, world: ReplicaWorld) throws {
        guard FileManager.default.fileExists(atPath: path) else {
            throw ReplicaError(
                .missing, "the device's database \(path) is not there",
                hint: "Put it back from a copy of the folder, then run `fieldgrid node sync`; "
                    + "without one, join into another folder with a new code")
        }
        do {
            let queue = try Connection.open(path)
            let memory = try queue.read { try Replica.load($0, world) }
            self.init(path: path, world: world, queue: queue, memory: memory)
            try verifyAndSealForeignEdits()
        } catch {
            throw ReplicaError.of(error, path: path)
        }
    }

    private static func load(_ db: Database, _ world: ReplicaWorld) throws -> ReplicaMemory {
        let state = try ReplicaState.read(db)
        let query = try Query(db, "SELECT document FROM fg_schema")
        defer { query.finish() }
        guard try query.step() else {
            throw ReplicaError(
                .damaged, "the replica has no schema",
                hint: "Keep a copy of the folder and ask the hub's operator before going on")
        }
        let document = query.blob(0)
        let schema =
            document.isEmpty
            ? Schema(name: "", version: 0, label: Label(zh: "", en: ""), types: [], codeLists: [])
            : try world.decodeSchema(document)
        var memory = try ReplicaMemory(
            state: state, schema: schema, document: document, world: world)
        try memory.readUnread(db)
        return memory
    }

    private func verifyAndSealForeignEdits() throws {
        var report = OpeningReport()
        try transact { db, memory in
            report = OpeningReport()
            try LayoutCheck.run(memory, db, into: &report)
            try ForeignEdits.seal(&memory, db, mint: mintID, into: &report)
            try memory.retryUnread(db, next: mintIncarnation, into: &report)
        }
        openingReport = report
    }

    package var schema: Schema { memory.schema }
    package var identity: ReplicaIdentity { memory.state.identity }
    package var incarnation: IncarnationID { memory.state.incarnation }
    /// How many changesets were sealed here, in all incarnations.
    package var lastSequence: Int64 { memory.state.seq }
    /// The life of the hub's database that the positions belong to.
    package var epoch: EpochID? { memory.state.epoch }
    /// How far each scope has been applied.
    package var positions: [ScopeCode: Position] { memory.state.positions }
    /// Everything is being pulled anew, because the device was away for too
    /// long.
    package var isRebasing: Bool { memory.state.isRebasing }
    /// UTC milliseconds of the last applied reply.
    package var lastSyncAt: Int64? { memory.state.lastSyncAt }

    /// Closes the file; the last one to do so writes the log back.
    package func close() throws {
        do { try queue.close() } catch { throw ReplicaError.of(error, path: path) }
    }
}

extension Replica {
    /// Reads what is in the file, in one transaction.
    ///
    /// Another program may write at any time: what is read belongs together. And
    /// SQLite takes its locks once, and not for each statement.
    func read<Answer>(_ body: (Database) throws -> Answer) throws -> Answer {
        do {
            return try queue.writeWithoutTransaction { db in
                var answer: Answer?
                try db.inTransaction(.deferred) {
                    answer = try body(db)
                    return .commit
                }
                guard let answer else { preconditionFailure("a transaction ran its body") }
                return answer
            }
        } catch {
            throw ReplicaError.of(error, path: path)
        }
    }

    /// Runs one transaction on the file and on a copy of the memory; both
    /// change, or neither.
    ///
    /// A COMMIT that fails has an unknown outcome (the row may be durable
    /// although SQLite says it is not): the file is opened again and asked.
    @discardableResult
    func transact<Answer>(
        _ body: (Database, inout ReplicaMemory) throws -> Answer
    ) throws -> Answer {
        var next = memory
        next.state.revision += 1
        do {
            let (answer, failure) = try queue.writeWithoutTransaction { db in
                try db.beginTransaction(.immediate)
                let answer: Answer
                do {
                    answer = try body(db, &next)
                    try next.state.write(db)
                } catch {
                    try? db.rollback()
                    throw error
                }
                do {
                    try db.commit()
                    return (answer, nil as (any Error)?)
                } catch {
                    try? db.rollback()
                    return (answer, error)
                }
            }
            if let failure { try resolve(failure, revision: next.state.revision) }
            memory = next
            return answer
        } catch {
            throw ReplicaError.of(error, path: path)
        }
    }

    /// Finds out whether a transaction happened whose COMMIT failed.
    private func resolve(_ failure: any Error, revision: Int64) throws {
        try? queue.close()
        queue = try Connection.open(path)
        let found = try queue.read { try ReplicaState.read($0).revision }
        guard found == revision else { throw failure }
        commitsResolved += 1
    }

    /// What SQLite was told about durability; for the check at start-up.
    package var synchronousLevel: Int64 {
        get throws { try read { try $0.integer("PRAGMA synchronous") ?? -1 } }
    }

    /// Limits the file to so many pages, to try what a full disk does.
    package func limitPages(_ pages: Int64) throws {
        try queue.writeWithoutTransaction { try $0.define("PRAGMA max_page_count = \(pages)") }
    }
}

/// How the one connection is set up.
enum Connection {
    static func open(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(5)
        configuration.foreignKeysEnabled = false
        configuration.maximumReaderCount = 1
        configuration.label = "fieldgrid.replica"
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.writeWithoutTransaction { db in
            // After opening: entering WAL mode, GRDB sets `synchronous` to NORMAL, under which
            // a power cut may take back a commit that was reported.
            try db.define("PRAGMA synchronous = FULL")
            try db.define("PRAGMA trusted_schema = OFF")
            try db.define("PRAGMA mmap_size = 0")
            try db.define("PRAGMA cell_size_check = ON")
            try db.define("PRAGMA cache_size = -32768")
            guard try db.integer("PRAGMA synchronous") == 2 else {
                throw ReplicaError(
                    .storageFailed, "SQLite does not promise durability for \(path)",
                    hint: "Move the folder to a local disk")
            }
            if PlantedBug.savedBeforeDurable.isActive { try db.define("PRAGMA synchronous = OFF") }
        }
        return queue
    }
}
