import FieldgridNode
import FieldgridSync
import Foundation

/// Carries requests to a hub: yours, where libcurl is not what your platform uses.
///
/// Requests are signed and answers are believed only under the hub's signature, so a
/// transport needs no trust; it must only
/// - send method, path, query, headers and body as they are given, and follow no redirects,
/// - hand back status, headers and body as they came, whatever the status,
/// - give up after ``HubRequest/timeoutSeconds``.
///
/// One request is under way at a time.
public protocol HubTransport: Sendable {
    /// Sends one request and waits for its answer.
    ///
    /// - throws: Anything, when no answer came; the call that needed it then fails with
    ///   the code `hub.unreachable`, and nothing is lost.
    func send(_ request: HubRequest) async throws -> HubAnswer
}

/// One request as it goes to the hub.
public struct HubRequest: Hashable, Sendable {
    /// `GET` or `POST`.
    public let method: String
    /// The whole address, such as `http://10.0.0.7:8470/sync/v1/exchange?wait=30`.
    public let url: String
    /// Names in lower case, in the order in which they were signed.
    public let headers: [HTTPHeader]
    /// Empty for `GET`.
    public let body: [UInt8]
    /// How long to wait for the answer at most.
    public let timeoutSeconds: Int
}

/// What answered.
public struct HubAnswer: Hashable, Sendable {
    /// The HTTP status.
    public let status: Int
    /// All headers.
    public let headers: [HTTPHeader]
    /// The body without any transfer encoding.
    public let body: [UInt8]

    /// An answer as it came.
    public init(status: Int, headers: [HTTPHeader], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// One header of a request or an answer.
public struct HTTPHeader: Hashable, Sendable {
    /// In any case.
    public let name: String
    /// Without white space at its ends.
    public let value: String

    /// A header as it stands in the message.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// An embedder's transport in the place of libcurl.
///
/// It is called on the thread of a conversation, which has nothing else to do than to
/// wait; so it may wait for the embedder's task.
final class ForeignTransport: HTTPTransport {
    let address: String
    private let transport: any HubTransport
    private let timeoutSeconds: Int

    init(_ transport: any HubTransport, address: String, timeoutSeconds: Int) {
        self.transport = transport
        self.address = address
        self.timeoutSeconds = timeoutSeconds
    }

    func send(_ call: HTTPCall) throws(TransportFailure) -> HTTPAnswer {
        let query = call.target.query.isEmpty ? "" : "?" + call.target.query
        let request = HubRequest(
            method: call.target.method, url: address + call.target.path + query,
            headers: call.headers.map { HTTPHeader(name: $0.name, value: $0.value) },
            body: call.body, timeoutSeconds: timeoutSeconds)
        switch Waiting.outcome(of: { [transport] in try await transport.send(request) }) {
        case .success(let answer):
            return HTTPAnswer(
                status: answer.status,
                headers: answer.headers.map { HeaderField($0.name.lowercased(), $0.value) },
                body: answer.body)
        case .failure(let error):
            throw .unreachable("\(address): \(error)", mayHaveArrived: true)
        }
    }
}
