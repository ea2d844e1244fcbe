@testable import FieldgridSync

/// A generator that repeats itself, so that a failure does.
struct CountingGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }
}

extension DeviceKey {
    static func fixture(_ seed: UInt64) -> DeviceKey {
        var random = CountingGenerator(seed: seed)
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
