import FieldgridModel
import FieldgridNode
import FieldgridService
import Foundation

/// Whoever answers requests about a folder: this process, the folder's own
/// server, or a hub far away.
protocol Desk: AnyObject {
    func answer(_ request: ServiceRequest) throws -> ServiceReply
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
