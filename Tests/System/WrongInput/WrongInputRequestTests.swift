import Foundation
import Testing

/// Requests that no device of ours would send.
@Suite struct WrongInputRequestTests {
    private static let peakKilobytes = 300_000

    private let district: District
    private let node: String
    private let call: SignedCall
    private let before: String

    init() throws {
        district = try District()
        node = try district.join()
        _ = try district.record("employer", "name=虚构甲", at: node)
        try district.done(["node", "sync", "--data", node])
        call = SignedCall(url: district.url, keyPath: node + "/key.pem")
        before = try Self.state(of: district)
    }

    @Test(arguments: ["/sync/v1/exchange", "/v1/service"])
    func anUnsignedRequestIsRefused(path: String) throws {
        var call = call
        call.path = path
        call.contentType = "application/json"
        try expectRefused(call.send(Array("{}".utf8), signature: .none), 401, "signature.missing")
    }

    @Test func anAlteredBodyIsRefused() throws {
        try expectRefused(
            call.send(Array("a body".utf8), signature: .bodyAlteredAfterwards), 401,
            "digest.mismatch")
    }

    @Test func aKeyThatIsNotEnrolledIsRefused() throws {
        let stranger = try District()
        let key = try stranger.join() + "/key.pem"
        try expectRefused(
            SignedCall(url: district.url, keyPath: key)
                .send(Array("a body".utf8), signature: .right), 401, "device.unknown")
    }

    @Test func aRevokedDeviceIsRefusedAndKeepsItsRecords() throws {
        let id = try #require(try district.ask(["node", "status", "--data", node])["node"].text)
        try district.done(["hub", "revoke", id, "--data", district.hubData])
        _ = try district.record("employer", "name=虚构乙", at: node)
        let result = try district.run(["node", "sync", "--data", node])
        SystemTests.expectRefused(result, saying: ["hint: "])
        #expect(try district.outbox(of: node) == 1)
        #expect(try district.records("employer", at: node).count == 2)
    }

    /// The signature is right, so the hub reads on: this also shows that the
    /// refusals above are not for a signature of ours that is always wrong.
    @Test func aSignedBodyOfGarbageIsRefused() throws {
        var random = SeededRandom(seed: 1)
        for length in [1, 3, 7, 40, 5_000] {
            let garbage = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            try expectRefused(call.send(garbage, signature: .right), 400, "wire.malformed")
            let frame = Array("FGX".utf8) + [1, 1, 0, UInt8(length & 0x7f)] + garbage
            try expectRefused(call.send(frame, signature: .right), 400, "wire.malformed")
        }
    }

    @Test func garbageInJSONIsRefused() throws {
        var call = call
        call.contentType = "application/json"
        for text in ["", "{", "[]", #"{"incarnation":7}"#, "{\"a\":" + nested(20_000)] {
            let answer = try call.send(Array(text.utf8), signature: .right)
            try expectRefused(answer, 400, "request.malformed")
        }
    }

    @Test func aFrameThatDeclaresTenGigabytesIsRefusedAndTakesNoMemory() throws {
        let frame = frame(length: 10 << 30, packed: [0x28, 0xb5, 0x2f, 0xfd])
        try expectRefused(call.send(frame, signature: .right), 413, "wire.too-large")
        #expect(try peakMemory() < Self.peakKilobytes)
    }

    @Test func aFrameThatInflatesToTenGigabytesIsRefusedAndTakesNoMemory() throws {
        let bomb = zeros(bytes: 10 << 30)
        let answer = try call.send(frame(length: 8 << 20, packed: bomb), signature: .right)
        #expect((400..<500).contains(answer.status))
        let small = try call.send(frame(length: 1_000, packed: bomb), signature: .right)
        try expectRefused(small, 400, "wire.malformed")
        #expect(try peakMemory() < Self.peakKilobytes)
    }

    @Test func aBodyOverTheLimitIsRefused() throws {
        let body = [UInt8](repeating: 7, count: (8 << 20) + 65)
        let answer = try call.send(body, signature: .right)
        // A hub may close instead of reading on; then there is no answer to read.
        if answer.status != 0 { try expectRefused(answer, 413, "request.too-large") }
        let next = try call.send([], signature: .none)
        #expect(next.status == 401, "the hub goes on answering")
        #expect(try peakMemory() < Self.peakKilobytes)
    }

    // MARK: Bodies

    private func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) }

    private func frame(length: Int, packed: [UInt8]) -> [UInt8] {
        var bytes = Array("FGX".utf8) + [1, 1, 1]
        var rest = UInt64(length)
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)] + packed
    }

    /// A zstd frame of so many zeros: RLE blocks of 128 KiB in four bytes each.
    private func zeros(bytes: Int) -> [UInt8] {
        let block = 128 << 10
        let count = bytes / block
        var frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]
        frame.reserveCapacity(count * 4 + 6)
        for place in 0..<count {
            let header = UInt32(block) << 3 | 1 << 1 | (place == count - 1 ? 1 : 0)
            frame += [
                UInt8(header & 0xff), UInt8(header >> 8 & 0xff), UInt8(header >> 16 & 0xff), 0,
            ]
        }
        return frame
    }

    // MARK: Checks

    private func expectRefused(
        _ answer: SignedCall.Answer, _ status: Int, _ code: String,
        location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(answer.status == status, sourceLocation: location)
        #expect(answer.contentType.hasPrefix("application/json"), sourceLocation: location)
        #expect(answer.document["code"].text == code, sourceLocation: location)
        #expect(answer.document["message"].text?.isEmpty == false, sourceLocation: location)
        #expect(answer.document["hint"].text?.isEmpty == false, sourceLocation: location)
        let after = try Self.state(of: district)
        #expect(after == before, "a refused request changed the hub", sourceLocation: location)
    }

    private func peakMemory() throws -> Int {
        let id = try #require(district.hub).id
        let status = try String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(Int(line.split(separator: " ").dropLast().last ?? ""))
    }

    private static func state(of district: District) throws -> String {
        let hub = ["--json", "--data", district.hubData]
        return try district.done(["record", "list", "employer"] + hub)
            + district.done(["hub", "status"] + hub)
    }
}
