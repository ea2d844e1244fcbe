import Testing

@testable import FieldgridSync

@Suite struct SigningResponseTests {
    private let sent = Conversation().sent
    private let body = Array("receipts".utf8)

    private func answer(
        to conversation: Conversation = Conversation(), status: Int = 200,
        key: DeviceKey = Conversation.hub
    ) throws -> [HeaderField] {
        try ReceivedSignature(conversation.target, headers: conversation.headers)
            .signResponse(status: status, body: body, key: key, milliseconds: Conversation.now)
    }

    private func problem(
        status: Int = 200, headers: [HeaderField], body: [UInt8]? = nil
    ) -> SignatureProblem? {
        do throws(SignatureProblem) {
            try sent.verifyResponse(
                status: status, headers: headers, body: body ?? self.body,
                hubKey: Conversation.hub.publicKey)
            return nil
        } catch {
            return error
        }
    }

    @Test func anAnswerOfTheHubIsBelieved() throws {
        #expect(problem(headers: try answer()) == nil)
    }

    @Test func anUnsignedAnswerIsRefused() {
        #expect(problem(headers: []) == .missing("signature-input header"))
    }

    @Test func anAnswerWithAnotherStatusOrBodyIsRefused() throws {
        let headers = try answer()
        #expect(problem(status: 201, headers: headers)?.code == "signature.altered")
        #expect(problem(headers: headers, body: body + [0]) == .digestMismatch)
    }

    @Test func anAnswerOfAnotherKeyIsRefused() throws {
        let headers = try answer(key: DeviceKey.fixture(9))
        #expect(problem(headers: headers)?.code == "signature.key-unexpected")
    }

    @Test func theAnswerToAnotherRequestIsRefused() throws {
        // Same key, same time, same nonce: only the body differs.
        var other = Conversation()
        other.body = Array("nothing".utf8)
        other.headers =
            SignedRequest(
                other.target, body: other.body, key: Conversation.device,
                milliseconds: Conversation.now, nonce: "AAECAwQFBgcICQoLDA0ODw=="
            ).headers
        #expect(problem(headers: try answer(to: other))?.code == "signature.altered")
    }

    @Test func theAnswerToAnEarlierRequestWithTheSameBodyIsRefused() throws {
        var other = Conversation()
        other.headers =
            SignedRequest(
                other.target, body: other.body, key: Conversation.device,
                milliseconds: Conversation.now, nonce: "EBESExQVFhcYGRobHB0eHw=="
            ).headers
        #expect(problem(headers: try answer(to: other)) == .altered("it answers another request"))
    }
}
