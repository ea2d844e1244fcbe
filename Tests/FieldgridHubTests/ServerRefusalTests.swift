import FieldgridModel
import FieldgridNode
import FieldgridSync
import Foundation
import TestSupport
import Testing

@testable import FieldgridHub

@Suite struct ServerRefusalTests {
    private let key = DeviceKey.fixture(1)

    private func exchange(
        signedBy key: DeviceKey? = nil, body: [UInt8],
        _ change: (inout HTTPCall) -> Void = { _ in }
    ) -> HTTPCall {
        let target = RequestTarget(method: "POST", path: "/sync/v1/exchange")
        var call = HTTPCall(
            target: target, headers: [HeaderField("content-type", ExchangeCodec.contentType)],
            body: body)
        if let key {
            call.headers +=
                SignedRequest(
                    target, body: body, key: key, milliseconds: FakeHub.now,
                    nonce: "AAECAwQFBgcICQoLDA0ODw=="
                ).headers
        }
        change(&call)
        return call
    }

    @Test func anUnsignedRequestIsRefused() async throws {
        let server = try await RunningServer()
        let answer = try await server.send(exchange(body: Array("echo".utf8)))
        #expect(answer.status == 401)
        #expect(answer.code == "signature.missing")
        #expect(server.hub.bodies.isEmpty)
        try await server.stop()
    }

    @Test func anAlteredBodyIsRefused() async throws {
        let server = try await RunningServer()
        _ = server.hub.enrolled(key)
        let call = exchange(signedBy: key, body: Array("echo a".utf8)) { $0.body[5] ^= 1 }
        let answer = try await server.send(call)
        #expect(answer.status == 401)
        #expect(answer.code == "digest.mismatch")
        #expect(server.hub.bodies.isEmpty)
        try await server.stop()
    }

    @Test func anUnknownDeviceIsRefusedWithASignedAnswer() async throws {
        let server = try await RunningServer()
        let refusal = try await server.post(body: Array("echo".utf8)).refusal
        #expect(refusal?.status == 401)
        #expect(refusal?.code == "device.unknown")
        try await server.stop()
    }

    @Test func revocationActsOnTheNextRequest() async throws {
        let server = try await RunningServer()
        _ = server.hub.enrolled(key)
        #expect(try await server.post(body: Array("echo".utf8)).refusal == nil)
        _ = server.hub.enrolled(key, isRevoked: true)
        let refusal = try await server.post(body: Array("echo".utf8)).refusal
        #expect(refusal?.status == 403)
        #expect(refusal?.code == "device.revoked")
        try await server.stop()
    }

    @Test func aKeyThatOnlyNamesAnotherDeviceIsRefused() async throws {
        let server = try await RunningServer()
        _ = server.hub.enrolled(key)
        let call = exchange(signedBy: DeviceKey.fixture(9), body: [1]) { [key] call in
            let (mine, other) = (DeviceKey.fixture(9).publicKey.keyID, key.publicKey.keyID)
            for index in call.headers.indices {
                call.headers[index].value = call.headers[index].value.replacing(mine, with: other)
            }
        }
        let answer = try await server.send(call)
        #expect(answer.status == 401)
        #expect(answer.code == "signature.altered")
        try await server.stop()
    }

    @Test func aBodyThatIsNoFrameIsRefused() async throws {
        let server = try await RunningServer()
        _ = server.hub.enrolled(key)
        let refusal = try await server.post(body: Array("garbage".utf8)).refusal
        #expect(refusal?.status == 400)
        #expect(refusal?.code == "wire.malformed")
        #expect(refusal?.message == WireError.notFieldgrid.description)
        try await server.stop()
    }

    @Test func aFrameThatWouldInflateToTenGigabytesIsRefusedAndTakesNoMemory() async throws {
        let server = try await RunningServer()
        _ = server.hub.enrolled(key)
        var bomb = ByteWriter()
        bomb.raw("FGX".utf8)
        for byte: UInt8 in [1, Frame.Kind.exchangeRequest.rawValue, 1] { bomb.byte(byte) }
        bomb.count(10 << 30)
        bomb.raw([0x28, 0xb5, 0x2f, 0xfd])
        let before = try residentKilobytes()
        let refusal = try await server.post(body: bomb.bytes).refusal
        #expect(refusal?.status == 413)
        #expect(refusal?.code == "wire.too-large")
        #expect(try residentKilobytes() - before < 50_000)
        try await server.stop()
    }

    private func residentKilobytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        return try #require(Int(line.split(separator: " ").dropLast().last ?? ""))
    }

    @Test func aBodyOverTheLimitIsRefused() async throws {
        let server = try await RunningServer()
        _ = server.hub.enrolled(key)
        let body = [UInt8](repeating: 7, count: FrontDoor.Limit.exchange + 1)
        let refusal = try await server.post(body: body).refusal
        #expect(refusal?.status == 413)
        #expect(refusal?.code == "request.too-large")
        try await server.stop()
    }

    @Test func aWrongClockCostsOneRequestMoreOnce() async throws {
        let server = try await RunningServer()
        _ = server.hub.enrolled(key)
        let (url, hubKey, key) = (server.url, server.hub.hubKey.publicKey, key)
        let year: Int64 = 365 * 86_400_000
        let counts = try await onThread {
            let hub = HubAddress(url).map { CurlTransport(hub: $0) }
            guard let hub else { return [0] }
            let client = HubClient(
                transport: hub, key: key, hub: .key(hubKey),
                clock: FixedClock(milliseconds: FakeHub.now + year),
                random: RandomSource(SeededRandom(seed: 3)))
            return try (0..<3).map { _ in
                _ = try client.post(
                    "/sync/v1/exchange", contentType: ExchangeCodec.contentType,
                    body: Array("echo".utf8))
                return client.traffic.requests
            }
        }
        #expect(counts == [2, 3, 4])
        try await server.stop()
    }

    @Test func aFullDiskIsSaidAndNothingElseIs() async throws {
        let server = try await RunningServer()
        _ = server.hub.enrolled(key)
        server.hub.fail(
            with: HubError(code: "storage.full", message: "full", hint: "free some space"))
        let reply = try await server.post(body: Array("echo".utf8))
        #expect(reply.refusal?.status == 507)
        #expect(reply.failure?.isTemporary == true)
        try await server.stop()
    }

    @Test func anUnforeseenFailureTellsTheDeviceNothingOfItsReason() async throws {
        struct Secret: Error {}
        let server = try await RunningServer()
        _ = server.hub.enrolled(key)
        server.hub.fail(with: Secret())
        let refusal = try await server.post(body: Array("echo".utf8)).refusal
        #expect(refusal?.status == 500)
        #expect(refusal?.code == "hub.internal")
        #expect(refusal?.message.contains("Secret") == false)
        try await server.stop()
    }

    @Test func aRequestWithoutTheMediaTypeIsRefused() async throws {
        let server = try await RunningServer()
        let answer = try await server.send(
            exchange(signedBy: key, body: []) { $0.headers[0].value = "text/plain" })
        #expect(answer.status == 400)
        #expect(answer.code == "request.media-type")
        try await server.stop()
    }

    @Test func everyCodeOfASignatureProblemHasAStatus() {
        let problems: [SignatureProblem] = [
            .missing(""), .altered(""), .digestMismatch, .deviceUnknown(keyID: ""),
            .deviceRevoked(keyID: ""), .keyUnexpected(found: "", expected: ""),
            .wrongTime(hubMilliseconds: 0, createdMilliseconds: 0),
        ]
        #expect(problems.allSatisfy { ErrorStatus.byCode[$0.code] != nil })
    }
}
