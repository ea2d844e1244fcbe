import Crypto

/// Signed HTTP messages: RFC 9421 with Ed25519, over digests of RFC 9530.
///
/// - A request covers its method, path, query and body, its time and a nonce.
/// - A response covers its status, its body and the request's signature, so
///   that it cannot be passed off as the answer to another request.
///
/// Everything here is values in, values out; no HTTP library takes part.
package enum MessageSignature {
    /// How far the signer's clock may be from the hub's, either way.
    package static let windowSeconds: Int64 = 300
    /// With the hub's public key in Base64, in every answer to an enrolment:
    /// the device knows only its fingerprint then.
    package static let hubKeyHeader = "fieldgrid-hub-key"

    static let requestComponents = [
        "\"@method\"", "\"@path\"", "\"@query\"", "\"content-digest\"",
    ]
    static let responseComponents = [
        "\"@status\"", "\"content-digest\"",
        "\"signature\";req;key=\"\(SignatureParameters.label)\"",
    ]

    /// `Content-Digest` over the bytes as they travel.
    package static func contentDigest(of body: [UInt8]) -> String {
        "sha-256=:\(Base64.encode(Array(SHA256.hash(data: body)))):"
    }

    static func headers(
        digest: String, parameters: String, signature: [UInt8]
    ) -> [HeaderField] {
        let label = SignatureParameters.label
        return [
            HeaderField("content-digest", digest),
            HeaderField("signature-input", "\(label)=\(parameters)"),
            HeaderField("signature", "\(label)=:\(Base64.encode(signature)):"),
        ]
    }

    /// The member of ours in a structured field that has no other.
    static func member(
        of field: String, in headers: [HeaderField]
    ) throws(SignatureProblem) -> Substring {
        let value = try headers.only(field)
        let prefix = SignatureParameters.label + "="
        guard value.hasPrefix(prefix) else {
            throw .altered("\(field) is not of the form \(prefix)…, with that one member")
        }
        return value.dropFirst(prefix.count)
    }

    static func signatureBytes(in headers: [HeaderField]) throws(SignatureProblem) -> [UInt8] {
        let member = try member(of: "signature", in: headers)
        guard member.count > 2, member.first == ":", member.last == ":",
            let bytes = Base64.decode(member.dropFirst().dropLast()), bytes.count == 64
        else { throw .altered("it is not 64 bytes of Base64 between colons") }
        return bytes
    }
}

/// What of a request its signature covers beside the body.
package struct RequestTarget: Hashable, Sendable {
    package var method: String
    /// As it travels, not decoded.
    package var path: String
    /// Without the question mark; nil and empty are the same.
    package var query: String

    package init(method: String, path: String, query: String = "") {
        self.method = method
        self.path = path
        self.query = query
    }

    /// Splits the target of a request line.
    package init(method: String, target: String) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.init(
            method: method, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : "")
    }

    func base(digest: String, parameters: String) -> SignatureBase {
        let values = [method, path, "?" + query, digest]
        return SignatureBase(
            lines: zip(MessageSignature.requestComponents, values).map {
                SignatureBase.Line($0, $1)
            },
            parameters: parameters)
    }
}

/// A request that its sender has signed, and what the answer to it must fit.
package struct SignedRequest: Hashable, Sendable {
    /// To be sent beside the others.
    package let headers: [HeaderField]
    let signature: [UInt8]
    let nonce: String

    /// `milliseconds` is the signer's best guess of the hub's time.
    package init(
        _ target: RequestTarget, body: [UInt8], key: DeviceKey, milliseconds: Int64, nonce: String
    ) {
        let digest = MessageSignature.contentDigest(of: body)
        let parameters = SignatureParameters(
            created: milliseconds / 1000, nonce: nonce, keyID: key.publicKey.keyID
        ).text(components: MessageSignature.requestComponents)
        let base = target.base(digest: digest, parameters: parameters)
        signature = key.sign(base.bytes)
        self.nonce = nonce
        headers = MessageSignature.headers(
            digest: digest, parameters: parameters, signature: signature)
    }

    /// Checks an answer; nothing in it counts before this succeeds.
    package func verifyResponse(
        status: Int, headers: [HeaderField], body: [UInt8], hubKey: DevicePublicKey
    ) throws(SignatureProblem) {
        let components = MessageSignature.responseComponents
        let input = try MessageSignature.member(of: "signature-input", in: headers)
        let parameters = try SignatureParameters(input, components: components)
        let answer = try MessageSignature.signatureBytes(in: headers)
        let digest = try headers.only("content-digest")
        guard parameters.keyID == hubKey.keyID else {
            throw .keyUnexpected(found: parameters.keyID, expected: hubKey.keyID)
        }
        guard parameters.nonce == nonce else { throw .altered("it answers another request") }
        let base = ReceivedSignature.responseBase(
            status: status, digest: digest, request: signature, parameters: String(input))
        guard hubKey.isValid(answer, for: base.bytes) else {
            throw .altered("the hub's key did not make it")
        }
        guard digest == MessageSignature.contentDigest(of: body) else { throw .digestMismatch }
    }
}

/// The signature of a request that arrived: read, and not yet believed.
///
/// The order of the checks is from cheap to dear: form, time, key,
/// signature, and only then is the body worth collecting.
package struct ReceivedSignature: Hashable, Sendable {
    package let parameters: SignatureParameters
    private let digest: String
    private let signature: [UInt8]
    private let base: SignatureBase

    package init(_ target: RequestTarget, headers: [HeaderField]) throws(SignatureProblem) {
        let input = try MessageSignature.member(of: "signature-input", in: headers)
        parameters = try SignatureParameters(
            input, components: MessageSignature.requestComponents)
        signature = try MessageSignature.signatureBytes(in: headers)
        digest = try headers.only("content-digest")
        base = target.base(digest: digest, parameters: String(input))
    }

    package var keyID: String { parameters.keyID }

    package func checkTime(hubMilliseconds: Int64) throws(SignatureProblem) {
        let apart = abs(parameters.created - hubMilliseconds / 1000)
        guard apart <= MessageSignature.windowSeconds else {
            throw .wrongTime(
                hubMilliseconds: hubMilliseconds, createdMilliseconds: parameters.created * 1000)
        }
    }

    package func checkSignature(by key: DevicePublicKey) throws(SignatureProblem) {
        guard key.keyID == keyID else { throw .deviceUnknown(keyID: keyID) }
        guard key.isValid(signature, for: base.bytes) else {
            throw .altered("the key \(keyID) did not make it")
        }
    }

    package func checkBody(_ body: [UInt8]) throws(SignatureProblem) {
        guard digest == MessageSignature.contentDigest(of: body) else { throw .digestMismatch }
    }

    /// Signs the answer to this request, a refusal too.
    package func signResponse(
        status: Int, body: [UInt8], key: DeviceKey, milliseconds: Int64
    ) -> [HeaderField] {
        let digest = MessageSignature.contentDigest(of: body)
        let parameters = SignatureParameters(
            created: milliseconds / 1000, nonce: parameters.nonce, keyID: key.publicKey.keyID
        ).text(components: MessageSignature.responseComponents)
        let base = Self.responseBase(
            status: status, digest: digest, request: signature, parameters: parameters)
        return MessageSignature.headers(
            digest: digest, parameters: parameters, signature: key.sign(base.bytes))
    }

    static func responseBase(
        status: Int, digest: String, request: [UInt8], parameters: String
    ) -> SignatureBase {
        let values = [String(status), digest, ":\(Base64.encode(request)):"]
        return SignatureBase(
            lines: zip(MessageSignature.responseComponents, values).map {
                SignatureBase.Line($0, $1)
            },
            parameters: parameters)
    }
}
