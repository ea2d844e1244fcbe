import FieldgridModel
import FieldgridNode
import FieldgridService
import Foundation

/// Whoever answers requests about a folder: this process, the folder's own
/// server, or a hub far away.
protocol Desk: AnyObject {
    func answer(_ request: ServiceRequest) throws -> ServiceReply

    /// Hands over the records of a type one by one; tells whether one of them
    /// waits for a person.
    func forEachRecord(
        of type: String, where conditions: [String], _ body: (JSONValue) throws -> Void
    ) throws -> Bool
}

extension Desk {
    /// In pages, for desks in another process.
    func forEachRecord(
        of type: String, where conditions: [String], _ body: (JSONValue) throws -> Void
    ) throws -> Bool {
        let pageRecords = 5_000
        var skip = 0
        var needsPerson = false
        while true {
            let reply = try answer(
                .record(
                    ask: .list(type: type, conditions: conditions, skip: skip, limit: pageRecords)))
            needsPerson = needsPerson || reply.needsPerson
            let documents = reply.document.elements
            for document in documents { try body(document) }
            guard documents.count == pageRecords else { return needsPerson }
            skip += documents.count
        }
    }
}

extension Desk {
    func schema() throws -> Schema {
        let reply = try answer(.schema)
        return try JSONBridge.value(Schema.self, from: reply.document)
    }
}

/// Mints ids from the machine's clock and randomness.
enum Mint {
    static func record() -> RecordID {
        var random = SystemRandomNumberGenerator()
        return RecordID(.version7(milliseconds: SystemClock().milliseconds, using: &random))
    }
}

extension ServiceError {
    static func notHere(_ what: String, hint: String) -> ServiceError {
        ServiceError("request.not-here", what, hint: hint)
    }
}
