import FieldgridModel
import FieldgridSync
import Foundation
import Testing

/// The files under `schemas/wire/vectors`, which change only with the version
/// of the wire.
///
/// With `FIELDGRID_WRITE_VECTORS` set these tests write the files instead of
/// comparing with them; then look at the difference.
@Suite struct WireVectorTests {
    private static let isWriting =
        ProcessInfo.processInfo.environment["FIELDGRID_WRITE_VECTORS"] != nil

    private func vector(_ name: String) throws -> WireVector {
        try #require(WireVector.all.first { $0.name == name })
    }

    @Test(arguments: WireVector.names) func aVectorIsByteExact(name: String) throws {
        let vector = try vector(name)
        if Self.isWriting {
            try WireVector.hex(vector.bytes).write(
                to: WireVector.file(name, "hex"), atomically: true, encoding: .utf8)
        }
        let stored = try #require(WireVector.stored(name, "hex"))
        #expect(!stored.isEmpty)
        #expect(stored == vector.bytes)
    }

    @Test(arguments: WireVector.names) func theJSONBesideAVectorSaysWhatItSays(
        name: String
    ) throws {
        let text = try WireVector.json(vector(name).document)
        let file = WireVector.file(name, "json")
        if Self.isWriting { try text.write(to: file, atomically: true, encoding: .utf8) }
        #expect(try String(contentsOf: file, encoding: .utf8) == text)
    }

    /// Decoding gives back what was encoded, in every branch.
    @Test(arguments: WireVector.requestMessages.keys.sorted())
    func aRequestOfEveryBranchIsReadBack(name: String) throws {
        let request = try #require(WireVector.requestMessages[name])
        let numbers = RequestFixture.numbers
        let ids = Dictionary(
            uniqueKeysWithValues: numbers.map { ("\($0.value.0)/\($0.value.1.value)", $0.key) })
        let frame = ExchangeCodec.encode(request) { numbers[$0] }
        let received = try ExchangeCodec.decodeRequest(frame)
        let named = try received.batch?.references.map { reference in
            switch reference {
            case .id(let id): id
            case .number(let scope, let number):
                try #require(ids["\(scope)/\(number.value)"])
            }
        }
        #expect(received.batch?.resolved(named ?? []) == request.batch)
        #expect(
            received.stands
                == ScopeStands(
                    positions: request.positions, pulls: request.pulls, oldest: request.oldest))
        #expect(received.check == request.check)
        #expect(received.held == request.held)
        #expect(received.audit == request.audit)
    }

    @Test(arguments: WireVector.replyMessages.keys.sorted())
    func aReplyOfEveryBranchIsReadBack(name: String) throws {
        let reply = try #require(WireVector.replyMessages[name])
        var expected = reply
        for (scope, position) in reply.positions where reply.heads[scope] == nil {
            expected.heads[scope] = position
        }
        #expect(try ExchangeCodec.decodeReply(ExchangeCodec.encode(reply)) == expected)
    }

    @Test(arguments: ["frame-plain", "frame-zstd"]) func aFrameHoldsTheBodyItNames(
        name: String
    ) throws {
        let vector = try vector(name)
        let body = try #require(vector.document["body"] as? String)
        let inflated = try Frame.unwrap(vector.bytes, kind: .exchangeRequest)
        #expect(try inflated == self.vector(body).bytes)
    }

    /// What has no bytes of its own: signatures and what derives from a code;
    /// what both sides compute; the JSON form.
    @Test(arguments: ["signing", "derived", "json-form"])
    func whatIsComputedIsThatOfTheVector(name: String) throws {
        let document =
            switch name {
            case "signing": SigningVector.document
            case "derived": DerivedVector.document
            default: JSONFormVector.document
            }
        let text = try WireVector.json(document)
        let file = WireVector.file(name, "json")
        if Self.isWriting { try text.write(to: file, atomically: true, encoding: .utf8) }
        #expect(try String(contentsOf: file, encoding: .utf8) == text)
    }

    // MARK: What must be refused

    @Test func aFormWithAMistakeIsRefusedAndSaysWhere() throws {
        let refused = try #require(JSONFormVector.document["refused"] as? [[String: Any]])
        #expect(refused.count > 15)
        for one in refused { #expect((one["path"] as? String)?.isEmpty == false, "\(one)") }
    }

    struct Malformed: Decodable, CustomTestStringConvertible {
        let name: String
        let of: String
        let hex: String
        let error: String

        var testDescription: String { name }

        static let all: [Malformed] = {
            guard let data = try? Data(contentsOf: WireVector.file("malformed", "json")) else {
                return []
            }
            return (try? JSONDecoder().decode([Malformed].self, from: data)) ?? []
        }()
    }

    @Test(arguments: Malformed.all) func aMalformedFrameIsRefused(malformed: Malformed) {
        let frame = WireVector.bytes(ofHex: malformed.hex)
        var found = "taken"
        do throws(WireError) {
            if malformed.of == "request" {
                _ = try ExchangeCodec.decodeRequest(frame)
            } else {
                _ = try ExchangeCodec.decodeReply(frame)
            }
        } catch {
            switch error {
            case .tooLarge, .tooMany: found = "wire.too-large"
            default: found = "wire.malformed"
            }
        }
        #expect(found == malformed.error)
    }

    /// A message of the vectors with some bytes changed, and whether another
    /// implementation reads it.
    struct Damaged: Decodable {
        let vector: String
        let changes: [Splice]
        let taken: Bool

        /// So many bytes from a place on, and what stands there instead.
        struct Splice: Decodable {
            let at: Int
            let removed: Int
            let added: [UInt8]

            init(from decoder: any Decoder) throws {
                var parts = try decoder.unkeyedContainer()
                at = try parts.decode(Int.self)
                removed = try parts.decode(Int.self)
                added = WireVector.bytes(ofHex: try parts.decode(String.self))
            }
        }

        func applied(to body: [UInt8]) -> [UInt8] {
            var body = body
            for change in changes {
                let start = min(change.at, body.count)
                let end = min(start + change.removed, body.count)
                body.replaceSubrange(start..<end, with: change.added)
            }
            return body
        }
    }

    @Test(
        arguments: WireVector.requestMessages.keys.sorted()
            + WireVector.replyMessages.keys.sorted())
    func aDamagedMessageIsReadHereWhereItIsReadElsewhere(name: String) throws {
        let vector = try vector(name)
        let data = try Data(contentsOf: WireVector.file("damaged", "json"))
        let cases = try JSONDecoder().decode([Damaged].self, from: data)
            .filter { $0.vector == name }
        #expect(cases.count >= 50)
        #expect(Set(cases.map(\.taken)).count == 2)
        for damaged in cases {
            let body = damaged.applied(to: vector.bytes)
            #expect(Self.isTaken(body, as: vector) == damaged.taken, "\(damaged.changes)")
        }
    }

    private static func isTaken(_ body: [UInt8], as vector: WireVector) -> Bool {
        if vector.document["kind"] as? String == "request" {
            return (try? ExchangeCodec.decodeRequest(Frame.wrap(body, kind: .exchangeRequest)))
                != nil
        }
        return (try? ExchangeCodec.decodeReply(Frame.wrap(body, kind: .exchangeReply))) != nil
    }

    @Test func thereAreMalformedFrames() {
        #expect(Malformed.all.count > 60)
        #expect(Set(Malformed.all.map(\.name)).count == Malformed.all.count)
    }
}
