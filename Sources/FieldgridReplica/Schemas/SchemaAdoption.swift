import FieldgridModel
import FieldgridSync
import GRDB

/// The hub's schema on its way into the file.
///
/// An older program keeps the schema it understands: it carries what is new
/// untouched, and goes on pulling and sending. The document it could not read
/// stays beside, for a program that can.
extension ReplyApplication {
    mutating func applySchema() throws {
        if let document = reply.schemaDocument {
            try adopt(document)
        } else if memory.unread != nil, reply.schema == memory.tag {
            // The hub went back to the one that is understood here.
            try forgetUnread()
        }
        result.schemaProblem = memory.unread?.problem
    }

    /// Makes a schema this node's, or keeps it beside.
    ///
    /// - Precondition: the log is empty.
    mutating func adopt(_ document: [UInt8]) throws {
        let tag = SchemaTag(document: document)
        guard tag != memory.tag else { return try forgetUnread() }
        var next = memory
        do {
            try next.replaceSchema(memory.decodeSchema(document), document: document)
        } catch {
            return try keep(document, UnreadSchema(tag: tag, problem: "\(error)"))
        }
        if !memory.schema.types.isEmpty {
            result.schemaSentences =
                SchemaChange(from: memory.schema, to: next.schema).sentences
        }
        memory = next
        try forgetUnread()
        try Migration.write(memory, document: document, db)
        result.schemaChanged = true
        try db.uncaptured { try applyCarried() }
    }

    private mutating func keep(_ document: [UInt8], _ unread: UnreadSchema) throws {
        memory.unread = unread
        let query = try Query(
            db, "INSERT OR REPLACE INTO fg_schema_unread(one, document, problem) VALUES(1, ?, ?)")
        query.bind(1, document)
        query.bind(2, unread.problem)
        try query.run()
    }

    private mutating func forgetUnread() throws {
        guard memory.unread != nil else { return }
        memory.unread = nil
        try db.run("DELETE FROM fg_schema_unread")
    }
}

extension Replica {
    /// The hub's newer schema, which this program cannot read, and why.
    package var unreadSchema: UnreadSchema? { memory.unread }
}

extension ReplicaMemory {
    /// Reads what an earlier program, or this one, could not make sense of.
    mutating func readUnread(_ db: Database) throws {
        let query = try Query(db, "SELECT document, problem FROM fg_schema_unread")
        defer { query.finish() }
        guard try query.step() else { return }
        unread = UnreadSchema(
            tag: SchemaTag(document: query.blob(0)), problem: query.text(1))
    }

    /// Tries a schema again that an earlier program could not read.
    ///
    /// - Precondition: the log is empty.
    mutating func retryUnread(
        _ db: Database, next: @escaping () -> IncarnationID, into report: inout OpeningReport
    ) throws {
        guard unread != nil else { return }
        let query = try Query(db, "SELECT document FROM fg_schema_unread")
        guard try query.step() else { return }
        let document = query.blob(0)
        query.finish()
        let nothing = ExchangeReply(
            epoch: state.epoch ?? EpochID(UUIDBits(high: 0, low: 0)), time: .zero, schema: tag)
        var application = ReplyApplication(nothing, self, db, next: next)
        try application.adopt(document)
        self = application.memory
        report.schemaSentences = application.result.schemaSentences
    }
}
