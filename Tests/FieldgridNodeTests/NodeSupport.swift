import FieldgridModel
import FieldgridSync
import Foundation
import Synchronization
import TestSupport

@testable import FieldgridNode

extension RandomSource {
    static func fixture(_ seed: UInt64) -> RandomSource {
        RandomSource(SeededRandom(seed: seed))
    }
}

extension DeviceKey {
    static func fixture(_ seed: UInt64) -> DeviceKey {
        var random = SeededRandom(seed: seed)
        return .generate(using: &random)
    }
}

/// A hub inside the test: it checks nothing and signs what it is told to say.
final class FakeHubTransport: HTTPTransport {
    let address = "a test"
    typealias Say = (_ call: HTTPCall, _ signature: ReceivedSignature) throws(TransportFailure)
        -> HTTPAnswer

    static let now: Int64 = 1_790_000_000_000
    static let key = DeviceKey.fixture(100)
    private(set) var calls: [HTTPCall] = []
    var say: Say

    init(_ say: @escaping Say) { self.say = say }

    func send(_ call: HTTPCall) throws(TransportFailure) -> HTTPAnswer {
        calls.append(call)
        guard let signature = try? ReceivedSignature(call.target, headers: call.headers) else {
            throw .notHTTP("the request is not signed")
        }
        return try say(call, signature)
    }

    static func answer(
        _ signature: ReceivedSignature, status: Int = 200,
        type: String = ExchangeCodec.contentType, body: [UInt8], key: DeviceKey = key
    ) -> HTTPAnswer {
        let headers = [
            HeaderField("content-type", type),
            HeaderField(MessageSignature.hubKeyHeader, key.publicKey.base64),
        ]
        return HTTPAnswer(
            status: status,
            headers: headers
                + signature.signResponse(status: status, body: body, key: key, milliseconds: now),
            body: body)
    }

    static func refusal(
        _ signature: ReceivedSignature, _ status: Int, _ code: String
    ) -> HTTPAnswer {
        let text = "{\"code\":\"\(code)\",\"message\":\"m\",\"hint\":\"h\",\"time\":\(now)}"
        return answer(
            signature, status: status, type: "application/json", body: Array(text.utf8))
    }

    func client(clock: Int64 = now, offset: Int64 = 0) -> HubClient {
        HubClient(
            transport: self, key: .fixture(1), hub: .key(Self.key.publicKey),
            clock: FixedClock(milliseconds: clock), random: .fixture(5), clockOffset: offset)
    }
}

extension HubClient {
    func exchange(_ text: String = "hello") -> Result<[UInt8], HubFailure> {
        Result { () throws(HubFailure) in
            try post(
                "/sync/v1/exchange", contentType: ExchangeCodec.contentType,
                body: Array(text.utf8))
        }
    }
}

extension Result {
    var failure: Failure? {
        guard case .failure(let failure) = self else { return nil }
        return failure
    }
}

/// A server on loopback that says the same bytes to every request, whatever
/// it is, and then hangs up unless told otherwise.
final class CannedServer: Sendable {
    private let listener: Listener
    private let seen: Seen

    private final class Seen: Sendable {
        let requests = Mutex<[String]>([])
        let connections = Mutex(0)
    }

    var port: UInt16 { listener.port }
    /// What was asked, one text for each request.
    var requests: [String] { seen.requests.withLock { $0 } }
    var connections: Int { seen.connections.withLock { $0 } }
    var address: HubAddress? { HubAddress(listener.url) }

    init(_ answer: [UInt8], keepsConnections: Bool = false) throws {
        let seen = Seen()
        self.seen = seen
        listener = try Listener { connection in
            seen.connections.withLock { $0 += 1 }
            while let request = connection.message() {
                seen.requests.withLock { $0.append(String(decoding: request, as: UTF8.self)) }
                connection.send(answer)
                if !keepsConnections { break }
            }
            connection.finish()
        }
    }

    convenience init(_ answer: String, keepsConnections: Bool = false) throws {
        try self.init(Array(answer.utf8), keepsConnections: keepsConnections)
    }

    func stop() { listener.stop() }
}

/// A folder that is gone when the test is.
struct TemporaryFolder: ~Copyable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/fg-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var files: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }
}
