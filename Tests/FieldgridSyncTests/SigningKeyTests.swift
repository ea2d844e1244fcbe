import FieldgridModel
import Testing

@testable import FieldgridSync

@Suite struct SigningKeyTests {
    @Test func aKeySurvivesItsFile() throws {
        let key = DeviceKey.fixture(5)
        let read = try #require(DeviceKey(pem: key.pem))
        #expect(read.publicKey == key.publicKey)
        #expect(key.publicKey.isValid(read.sign([1, 2]), for: [1, 2]))
    }

    @Test(arguments: [
        "", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+D\n-----END PRIVATE KEY-----",
        "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----",
    ])
    func aDamagedKeyFileIsNoKey(pem: String) {
        #expect(DeviceKey(pem: pem) == nil)
    }

    @Test func aFingerprintIsSixteenCharactersOfTheKeysDigest() throws {
        let key = try #require(
            DevicePublicKey(base64: "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="))
        #expect(key.fingerprint.text.count == 16)
        #expect(CrockfordBase32.decode(key.fingerprint.text) == key.fingerprint.bytes)
    }

    @Test(arguments: [
        ([], ""), ([0x66], "Zg=="), ([0x66, 0x6f], "Zm8="), ([0x66, 0x6f, 0x6f], "Zm9v"),
        ([0xfb, 0xff], "+/8="),
    ])
    func base64IsThatOfTheStandard(bytes: [UInt8], text: String) {
        #expect(Base64.encode(bytes) == text)
        #expect(Base64.decode(text) == bytes)
    }

    @Test(arguments: ["Zg", "Zg=", "Zh==", "Z===", "====", "Zm9v\n", "Zm 9", "Zg==Zg=="])
    func base64HasOneSpelling(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test func aCodeSurvivesBeingCopiedByHand() throws {
        let secret: [UInt8] = [0, 1, 2, 3, 4, 0x84, 0x21, 0xff, 0x10, 0x01]
        let code = EnrolmentCode(
            secret: secret, fingerprint: Conversation.hub.publicKey.fingerprint)
        #expect(code.text.count == 39)
        #expect(code.text.split(separator: "-").allSatisfy { $0.count == 4 })
        let typed =
            " "
            + code.text.lowercased().replacing("0", with: "o")
            .replacing("1", with: "l").replacing("-", with: " ")
        #expect(EnrolmentCode(typed) == code)
        #expect(EnrolmentCode(code.text.replacing("1", with: "I")) == code)
    }

    @Test(arguments: ["", "ABCD", "UUUU-UUUU-UUUU-UUUU-UUUU-UUUU-UUUU-UUUU"])
    func otherTextIsNoCode(text: String) {
        #expect(EnrolmentCode(text) == nil)
    }

    @Test func aProofFitsOneKeyOneNonceAndOneCode() {
        var random = SeededRandom(seed: 7)
        let hub = Conversation.hub.publicKey
        let code = EnrolmentCode.generate(for: hub, using: &random)
        let other = EnrolmentCode.generate(for: hub, using: &random)
        let device = Conversation.device.publicKey
        let nonce = RandomBytes.draw(16, using: &random)
        let proof = code.key.proof(of: device, nonce: nonce)
        #expect(code.key.isValid(proof, of: device, nonce: nonce))
        #expect(!other.key.isValid(proof, of: device, nonce: nonce))
        #expect(!code.key.isValid(proof, of: hub, nonce: nonce))
        #expect(!code.key.isValid(proof, of: device, nonce: nonce.reversed()))
        #expect(code.lookup != other.lookup)
        #expect(code.lookup != Array(code.key.bytes.prefix(8)))
    }

    @Test func anEnrolmentRequestThatIsNotWellFormedMakesNoClaim() {
        var random = SeededRandom(seed: 8)
        let code = EnrolmentCode.generate(for: Conversation.hub.publicKey, using: &random)
        let request = EnrolmentRequest(
            code: code, publicKey: Conversation.device.publicKey,
            nonce: RandomBytes.draw(16, using: &random), name: "tablet", platform: "Linux")
        #expect(request.claim?.isProved(by: code.key) == true)
        for path: WritableKeyPath<EnrolmentRequest, String> in [
            \.publicKey, \.lookup, \.nonce, \.proof,
        ] {
            var altered = request
            altered[keyPath: path] = "AAAA"
            #expect(altered.claim == nil)
        }
    }
}
