import FieldgridModel
import FieldgridSync
import Foundation
import Synchronization

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
    private let listener: Int32
    let port: UInt16
    private let seen = Mutex<[String]>([])
    private let accepted = Mutex(0)

    /// What was asked, one text for each request.
    var requests: [String] { seen.withLock { $0 } }
    var connections: Int { accepted.withLock { $0 } }
    var address: HubAddress? { HubAddress("http://127.0.0.1:\(port)") }

    init(_ answer: [UInt8], keepsConnections: Bool = false) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (fd, size) = (listener, length)
        let bound = withUnsafeMutablePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(fd, pointer, size) == 0 && listen(fd, 8) == 0
                    && getsockname(fd, pointer, &length) == 0
            }
        }
        guard bound else { throw POSIXError(.EADDRNOTAVAIL) }
        port = UInt16(bigEndian: place.sin_port)
        Thread { [self] in serve(answer, keepsConnections) }.start()
    }

    convenience init(_ answer: String, keepsConnections: Bool = false) throws {
        try self.init(Array(answer.utf8), keepsConnections: keepsConnections)
    }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve(_ answer: [UInt8], _ keepsConnections: Bool) {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { break }
            accepted.withLock { $0 += 1 }
            while read(connection) {
                _ = answer.withUnsafeBytes {
                    send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if !keepsConnections { break }
            }
            // A close with unread bytes would be a reset, which may overtake the answer.
            shutdown(connection, Int32(SHUT_WR))
            drain(connection)
            close(connection)
        }
        close(listener)
    }

    private func drain(_ connection: Int32) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while recv(connection, &buffer, buffer.count, 0) > 0 {}
    }

    /// Reads one request; its body is short and comes with the head or just
    /// after.
    private func read(_ connection: Int32) -> Bool {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !isWhole(text) {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return false }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
        seen.withLock { [text] in $0.append(text) }
        return true
    }

    private func isWhole(_ text: String) -> Bool {
        guard let end = text.range(of: "\r\n\r\n") else { return false }
        let head = text[..<end.lowerBound].lowercased()
        let length = head.range(of: "content-length: ").map { range in
            Int(head[range.upperBound...].prefix { $0.isNumber }) ?? 0
        }
        return text[end.upperBound...].utf8.count >= length ?? 0
    }
}

/// Runs blocking work on a thread of its own.
func onThread<Value: Sendable>(
    _ work: @escaping @Sendable () throws -> Value
) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Result(catching: work)) }.start()
    }
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
