package import FieldgridSync

/// One HTTP request as the transport sends it.
package struct HTTPCall: Hashable, Sendable {
    package var target: RequestTarget
    package var headers: [HeaderField]
    package var body: [UInt8]
    /// Whether the same bytes may arrive twice, so that a transport which
    /// knows another way may try that.
    package var mayBeRepeated = false

    package init(target: RequestTarget, headers: [HeaderField] = [], body: [UInt8] = []) {
        self.target = target
        self.headers = headers
        self.body = body
    }

    /// Whether it stays at the hub until something is new.
    package var isWait: Bool { target.query.hasPrefix("wait=") }
}

/// What came back, whoever sent it.
package struct HTTPAnswer: Hashable, Sendable {
    package var status: Int
    /// Names in lower case.
    package var headers: [HeaderField]
    package var body: [UInt8]

    package init(status: Int, headers: [HeaderField], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The media type without its parameters.
    var mediaType: String {
        let value = headers.first { $0.name == "content-type" }?.value ?? ""
        return value.prefix { $0 != ";" && $0 != " " }.lowercased()
    }
}

/// Why nothing that could be an answer came back.
package enum TransportFailure: Error, Hashable, Sendable {
    /// `mayHaveArrived` is false when the request certainly was not sent.
    case unreachable(String, mayHaveArrived: Bool)
    /// Something answered that does not speak HTTP, or says far too much.
    case notHTTP(String)
    /// It was ended here before its answer came; it may have arrived.
    case interrupted
}

/// Carries one request and waits for its answer.
package protocol HTTPTransport: AnyObject {
    /// Whom it talks to, as a person wrote it.
    var address: String { get }
    func send(_ call: HTTPCall) throws(TransportFailure) -> HTTPAnswer
}
