/// Carries requests to a hub: yours, where libcurl is not what your platform uses.
///
/// Requests are signed and answers are believed only under the hub's signature, so a
/// transport needs no trust; it must only
/// - send method, path, query, headers and body as they are given,
/// - follow no redirects: a network's sign-in page redirects everything to itself, and what it
///   says there is not the hub's,
/// - hand back status, headers and body as they came, whatever the status,
/// - throw ``RequestNotSent`` where nothing of the request can have arrived, as without a network,
/// - give up after ``HubRequest/silentSeconds`` without a byte in either direction,
/// - end at once when its task is cancelled.
///
/// An answer's body is best handed over in pieces as it arrives, with
/// ``HubAnswer/init(status:headers:pieces:)``: then the library itself takes no more than
/// ``HubRequest/answerBytesMax`` and no longer silence than ``HubRequest/silentSeconds``. In any
/// case it cancels the transport's task after ``HubRequest/timeoutSeconds``, and when the call
/// that needed the answer is cancelled or the node closed; it waits for nothing more then.
///
/// One request is under way at a time, but for one that was cancelled and has not noticed.
public protocol HubTransport: Sendable {
    /// Sends one request and waits for its answer, or for the beginning of it.
    ///
    /// - throws: ``RequestNotSent`` when nothing of the request can have left the device, and
    ///   anything else when no answer came; the call that needed it then fails with the code
    ///   `hub.unreachable`, and nothing is lost.
    func send(_ request: HubRequest) async throws -> HubAnswer
}

/// What a transport throws where the hub has certainly not received a request: there was no
/// network, no such host, or no connection.
///
/// Then a request is not tried again in smaller pieces, and a device that has just tried to join
/// keeps nothing of it. Where it is not certain, throw something else.
public struct RequestNotSent: Error, Hashable, Sendable, CustomStringConvertible {
    /// Why, for people.
    public let description: String

    /// A request that was not sent, for a reason to show.
    public init(_ reason: String) { description = reason }
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
    /// How long the whole conversation may take at most, the answer's last byte included.
    public let timeoutSeconds: Int
    /// How long may pass without a byte in either direction; longer than a hub stays silent
    /// while it waits for news.
    public let silentSeconds: Int
    /// How many bytes the answer's body may have; a hub's never has more.
    public let answerBytesMax: Int

    /// A request as the library makes it; yours to make only where you test a transport.
    public init(
        method: String, url: String, headers: [HTTPHeader] = [], body: [UInt8] = [],
        timeoutSeconds: Int = 900, silentSeconds: Int = 50, answerBytesMax: Int = 64 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeoutSeconds = timeoutSeconds
        self.silentSeconds = silentSeconds
        self.answerBytesMax = answerBytesMax
    }
}

/// What answered.
public struct HubAnswer: Sendable {
    /// The HTTP status.
    public let status: Int
    /// All headers.
    public let headers: [HTTPHeader]
    /// Reads the body to its end, piece by piece, until a piece is refused.
    let read: @Sendable (_ take: ([UInt8]) throws -> Void) async throws -> Void

    /// An answer whose body is whole.
    ///
    /// - Parameter status: The HTTP status.
    /// - Parameter headers: All headers.
    /// - Parameter body: The body without any transfer encoding.
    public init(status: Int, headers: [HTTPHeader], body: [UInt8]) {
        self.status = status
        self.headers = headers
        read = { take in try take(body) }
    }

    /// An answer whose body is still arriving.
    ///
    /// - Parameter status: The HTTP status.
    /// - Parameter headers: All headers.
    /// - Parameter pieces: The body without any transfer encoding, in its order. It throws where
    ///   the connection breaks before the end; it is not read on where too much comes.
    public init<Pieces: AsyncSequence & Sendable>(
        status: Int, headers: [HTTPHeader], pieces: Pieces
    ) where Pieces.Element == [UInt8] {
        self.status = status
        self.headers = headers
        read = { take in for try await piece in pieces { try take(piece) } }
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
