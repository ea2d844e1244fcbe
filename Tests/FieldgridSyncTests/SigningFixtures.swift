import FieldgridModel
@testable import FieldgridSync

extension DeviceKey {
    static func fixture(_ seed: UInt64) -> DeviceKey {
        var random = SeededRandom(seed: seed)
        return .generate(using: &random)
    }
}

/// A request and its answer, whose parts a test may change.
struct Conversation {
    static let now: Int64 = 1_790_000_000_000
    static let device = DeviceKey.fixture(1)
    static let hub = DeviceKey.fixture(2)

    var target = RequestTarget(method: "POST", path: "/sync/v1/exchange", query: "wait=30")
    var body = Array("three changes".utf8)
    var headers: [HeaderField]
    let sent: SignedRequest

    init() {
        sent = SignedRequest(
            target, body: body, key: Self.device, milliseconds: Self.now,
            nonce: "AAECAwQFBgcICQoLDA0ODw==")
        headers = sent.headers
    }

    /// What the hub makes of it: nil when it is believed.
    func problem(
        at now: Int64 = Conversation.now, key: DevicePublicKey = Conversation.device.publicKey
    ) -> SignatureProblem? {
        do throws(SignatureProblem) {
            let received = try ReceivedSignature(target, headers: headers)
            try received.checkTime(hubMilliseconds: now)
            try received.checkSignature(by: key)
            try received.checkBody(body)
            return nil
        } catch {
            return error
        }
    }
}
