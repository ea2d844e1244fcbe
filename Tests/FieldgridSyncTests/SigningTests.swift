import Testing

@testable import FieldgridSync

@Suite struct SigningTests {
    @Test func theVectorOfTheStandardIsReproduced() throws {
        let key = try #require(
            DeviceKey(
                pem: """
                    -----BEGIN PRIVATE KEY-----
                    MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
                    -----END PRIVATE KEY-----
                    """))
        let base = SignatureBase(
            lines: [
                .init("\"date\"", "Tue, 20 Apr 2021 02:07:55 GMT"),
                .init("\"@method\"", "POST"),
                .init("\"@path\"", "/foo"),
                .init("\"@authority\"", "example.com"),
                .init("\"content-type\"", "application/json"),
                .init("\"content-length\"", "18"),
            ],
            parameters: "(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" "
                + "\"content-length\");created=1618884473;keyid=\"test-key-ed25519\"")
        let expected = try #require(
            Base64.decode(
                "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lI"
                    + "p5WPpBKRCw=="))
        #expect(key.publicKey.base64 == "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")
        #expect(key.publicKey.isValid(expected, for: base.bytes))
        #expect(key.sign(base.bytes) == expected)
    }

    @Test func theDigestOfTheStandardIsReproduced() {
        // RFC 9530, appendix D.
        #expect(
            MessageSignature.contentDigest(of: Array("{\"hello\": \"world\"}\n".utf8))
                == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:")
    }

    @Test func aSignedRequestIsBelieved() {
        #expect(Conversation().problem() == nil)
    }

    @Test func theSignatureCoversMethodPathQueryDigestAndItsParameters() throws {
        var conversation = Conversation()
        conversation.target.query = ""
        let received = try ReceivedSignature(
            RequestTarget(method: "GET", target: "/a%20b?x=1&y"), headers: conversation.headers)
        #expect(received.keyID == Conversation.device.publicKey.keyID)
        #expect(
            RequestTarget(method: "GET", target: "/a%20b?x=1&y").base(digest: "D", parameters: "P")
                .text == """
                    "@method": GET
                    "@path": /a%20b
                    "@query": ?x=1&y
                    "content-digest": D
                    "@signature-params": P
                    """)
        #expect(
            RequestTarget(method: "GET", target: "/a").base(digest: "", parameters: "")
                .lines[2].value == "?")
    }

    @Test(arguments: ["method", "path", "query", "body", "created", "nonce", "digest"])
    func aFlippedPartIsRefused(part: String) {
        var conversation = Conversation()
        switch part {
        case "method": conversation.target.method = "PUT"
        case "path": conversation.target.path += "/"
        case "query": conversation.target.query = "wait=31"
        case "body": conversation.body[0] ^= 1
        case "created": conversation.replace("created=1790000000", "created=1790000001")
        case "nonce": conversation.replace("nonce=\"AA", "nonce=\"BA")
        default:
            conversation.body = Array("another".utf8)
            conversation.headers[0].value = MessageSignature.contentDigest(of: conversation.body)
        }
        let code = conversation.problem()?.code
        #expect(code == (part == "body" ? "digest.mismatch" : "signature.altered"))
    }

    @Test func everyFlippedBitOfTheSignatureIsRefused() throws {
        let conversation = Conversation()
        let text = conversation.headers[2].value
        let bytes = try #require(Base64.decode(text.dropFirst("fieldgrid=:".count).dropLast()))
        for bit in 0..<(bytes.count * 8) {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            var altered = conversation
            altered.headers[2].value = "fieldgrid=:\(Base64.encode(flipped)):"
            #expect(altered.problem()?.code == "signature.altered", "bit \(bit)")
        }
    }

    @Test(arguments: [
        "", "fieldgrid=::", "truncated", "extended", "fieldgrid=:AAAA", "other=:AAAA:",
    ])
    func aSignatureOfAnotherLengthOrFormIsRefused(value: String) {
        var conversation = Conversation()
        let text = conversation.headers[2].value
        let key = Conversation.device
        let whole = key.sign([1])
        conversation.headers[2].value =
            switch value {
            case "truncated": "fieldgrid=:\(Base64.encode(whole.dropLast())):"
            case "extended": "fieldgrid=:\(Base64.encode(whole + [0])):"
            default: value
            }
        #expect(text != conversation.headers[2].value)
        #expect(conversation.problem()?.code == "signature.altered")
    }

    @Test(arguments: ["content-digest", "signature-input", "signature"])
    func aHeaderThatIsMissingIsNamed(name: String) {
        var conversation = Conversation()
        conversation.headers.removeAll { $0.name == name }
        #expect(conversation.problem() == .missing("\(name) header"))
    }

    @Test(arguments: ["content-digest", "signature-input", "signature"])
    func aHeaderThatIsThereTwiceIsRefused(name: String) throws {
        var conversation = Conversation()
        let field = try #require(conversation.headers.first { $0.name == name })
        conversation.headers.append(field)
        #expect(conversation.problem()?.code == "signature.altered")
    }

    @Test(arguments: MessageSignature.requestComponents)
    func aDroppedComponentIsRefused(component: String) {
        // Signed correctly, over less than everything.
        var conversation = Conversation()
        let components = MessageSignature.requestComponents.filter { $0 != component }
        let parameters = SignatureParameters(
            created: Conversation.now / 1000, nonce: "AAECAwQF",
            keyID: Conversation.device.publicKey.keyID
        ).text(components: components)
        let whole = conversation.target.base(
            digest: conversation.headers[0].value, parameters: parameters)
        let base = SignatureBase(
            lines: whole.lines.filter { $0.identifier != component }, parameters: parameters)
        conversation.headers = MessageSignature.headers(
            digest: conversation.headers[0].value, parameters: parameters,
            signature: Conversation.device.sign(base.bytes))
        #expect(conversation.problem()?.code == "signature.altered")
    }

    @Test(arguments: [
        ("created=1790000000", "created=17900000000000000"), (";tag=", ";alg=\"none\";tag="),
        ("fieldgrid-1", "fieldgrid-2"), (";nonce=", ";nonce=\"AAECAwQF\";nonce="),
        ("created=1790000000;", ""), ("keyid=\"", "keyid=\"\\\""),
        ("fieldgrid=(", "x=(), fieldgrid=("),
    ])
    func parametersOfAnotherFormAreRefused(find: String, replacement: String) {
        var conversation = Conversation()
        conversation.replace(find, replacement)
        #expect(conversation.problem()?.code == "signature.altered")
    }

    @Test func anotherDevicesSignatureIsRefused() {
        let problem = Conversation().problem(key: DeviceKey.fixture(3).publicKey)
        #expect(problem == .deviceUnknown(keyID: Conversation.device.publicKey.keyID))
    }

    @Test(arguments: [(-301, false), (-300, true), (300, true), (301, false), (31_536_000, false)])
    func aTimeOutsideTheWindowIsRefusedWithTheHubsTime(seconds: Int64, isInside: Bool) {
        let hub = Conversation.now + seconds * 1000
        let problem = Conversation().problem(at: hub)
        let expected = SignatureProblem.wrongTime(
            hubMilliseconds: hub, createdMilliseconds: Conversation.now)
        #expect(problem == (isInside ? nil : expected))
    }
}

extension Conversation {
    mutating func replace(_ find: String, _ replacement: String) {
        let parts = headers[1].value.split(separator: find, omittingEmptySubsequences: false)
        precondition(parts.count == 2, "“\(find)” is in \(headers[1].value) once")
        headers[1].value = parts.joined(separator: replacement)
    }
}
