import FieldgridModel
import FieldgridSync
import Foundation

/// One request and its answer with all that signs them, and one enrolment.
enum SigningVector {
    static var document: [String: Any] {
        let conversation = Conversation()
        let refusal = Array("{\"code\":\"device.revoked\"}".utf8)
        let received = try? ReceivedSignature(conversation.target, headers: conversation.headers)
        let answer = received?.signResponse(
            status: 403, body: refusal, key: Conversation.hub, milliseconds: Conversation.now)
        return [
            "device_key": Conversation.device.pem, "hub_key": Conversation.hub.pem,
            "request": [
                "method": conversation.target.method, "path": conversation.target.path,
                "query": conversation.target.query,
                "body": String(decoding: conversation.body, as: UTF8.self),
                "created": Conversation.now / 1000, "nonce": "AAECAwQFBgcICQoLDA0ODw==",
                "headers": headers(conversation.headers),
            ] as [String: Any],
            "answer": [
                "status": 403, "body": String(decoding: refusal, as: UTF8.self),
                "headers": headers(answer ?? []),
            ] as [String: Any],
            "enrolment": enrolment,
        ]
    }

    private static var enrolment: [String: Any] {
        let code = EnrolmentCode(
            secret: Array(1...10), fingerprint: Conversation.hub.publicKey.fingerprint)
        let nonce = Array(UInt8(16)..<32)
        return [
            "code": code.text, "nonce": Data(nonce).base64EncodedString(),
            "lookup": Data(code.lookup).base64EncodedString(),
            "proof": Data(code.key.proof(of: Conversation.device.publicKey, nonce: nonce))
                .base64EncodedString(),
            "hub_fingerprint": code.fingerprint.description,
        ]
    }

    private static func headers(_ headers: [HeaderField]) -> [String: String] {
        Dictionary(headers.map { ($0.name.lowercased(), $0.value) }) { first, _ in first }
    }
}
