import FieldgridSync
import Foundation

/// One answer, before it is signed.
struct HubAnswer: Hashable, Sendable {
    var status = 200
    var contentType = HubAnswer.json
    var body: [UInt8]
    var headers: [HeaderField] = []

    static let json = "application/json"

    init(json body: [UInt8]) { self.body = body }

    init(json value: some Encodable) throws {
        self.init(json: try Self.encode(value))
    }

    init(exchange body: [UInt8]) {
        contentType = ExchangeCodec.contentType
        self.body = body
    }

    init(range: [UInt8]) {
        contentType = RangedFile.contentType
        body = range
    }

    /// A refusal.
    ///
    /// It carries the hub's time, so that a device with a wrong clock can
    /// sign again at once.
    init(_ error: HubError, hubMilliseconds: Int64) {
        status = ErrorStatus.of(error.code)
        let refusal = Refusal(
            code: error.code, message: error.message, hint: error.hint, time: hubMilliseconds)
        body = (try? Self.encode(refusal)) ?? []
        if status == 503 || status == 429 { headers.append(HeaderField("retry-after", "5")) }
    }

    private static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }
}

/// The JSON of every refusal.
private struct Refusal: Encodable {
    var code: String
    var message: String
    var hint: String
    var time: Int64
}

/// The JSON of `/health`.
struct HealthDocument: Encodable {
    var status: String
    var version: String
    var time: Int64
    var sqliteVersion: String
    var warnings: [String]

    init(_ health: HubHealth, hubMilliseconds: Int64) {
        status = health.warnings.isEmpty ? "ok" : "warning"
        version = health.version
        time = hubMilliseconds
        sqliteVersion = health.sqliteVersion
        warnings = health.warnings
    }

    enum CodingKeys: String, CodingKey {
        case status, version, time, warnings
        case sqliteVersion = "sqlite_version"
    }
}

/// The JSON of `/sync/v1/time`.
struct TimeDocument: Encodable {
    var time: Int64
}
