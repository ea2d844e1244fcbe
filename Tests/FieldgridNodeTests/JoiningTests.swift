import FieldgridModel
import FieldgridSchema
import FieldgridSync
import Foundation
import Testing

@testable import FieldgridNode

@Suite struct JoiningTests {
    private typealias Hub = FakeHubTransport

    private let code = EnrolmentCode(
        secret: Array(1...10), fingerprint: Hub.key.publicKey.fingerprint)

    private func join(_ path: String, _ hub: Hub, seed: UInt64 = 1) throws -> NodeDocument {
        let address = try #require(HubAddress("http://hub.example"))
        return try NodeJoining(
            hub: address, code: code, deviceName: "tablet", platform: "Linux"
        ).run(
            in: NodeFolder(path), transport: hub, clock: FixedClock(milliseconds: Hub.now),
            random: .fixture(seed), prepare: { _ in })
    }

    private static func enrolment(_ signature: ReceivedSignature) -> HTTPAnswer {
        let answer = EnrolmentAnswer(
            node: NodeID(UUIDBits(high: 1, low: 2)), holder: "虚构甲", role: .assistant,
            scope: ScopeCode("220602103"), hubKey: Hub.key.publicKey, enrolledAt: Hub.now)
        let body = (try? JSONEncoder().encode(answer)).map { Array($0) } ?? []
        return Hub.answer(signature, type: "application/json", body: body)
    }

    private static func keys(_ hub: Hub) -> [String] {
        hub.calls.compactMap {
            try? JSONDecoder().decode(EnrolmentRequest.self, from: Data($0.body)).publicKey
        }
    }

    @Test func aJoinWritesDownWhatTheHubAnswered() throws {
        let folder = try TemporaryFolder()
        let hub = Hub { _, signature in Self.enrolment(signature) }
        let document = try join(folder.path, hub)
        #expect(folder.files == ["key.pem", "node.json"])
        #expect(try NodeFolder(folder.path).document() == document)
        #expect(try NodeFolder(folder.path).key().publicKey.base64 == Self.keys(hub).first)
    }

    @Test func theSecretDoesNotTravel() throws {
        let folder = try TemporaryFolder()
        let hub = Hub { _, signature in Self.enrolment(signature) }
        _ = try join(folder.path, hub)
        let sent = String(decoding: hub.calls.flatMap(\.body), as: UTF8.self)
        #expect(!sent.contains(Base64.encode(code.secret)))
        #expect(!sent.contains(Base64.encode(code.key.bytes)))
    }

    @Test func aRefusalLeavesNothing() throws {
        let folder = try TemporaryFolder()
        let hub = Hub { _, signature in
            Hub.refusal(signature, 403, "enrol.code-expired")
        }
        #expect(throws: HubFailure.self) { try join(folder.path, hub) }
        #expect(folder.files.isEmpty)
    }

    @Test func aJoinWhoseAnswerWasLostGoesOnWithTheSameKey() throws {
        let folder = try TemporaryFolder()
        let hub = Hub { _, _ throws(TransportFailure) in
            throw .unreachable("cut", mayHaveArrived: true)
        }
        #expect(throws: HubFailure.self) { try join(folder.path, hub) }
        #expect(folder.files.count == 1)
        hub.say = { _, signature in Self.enrolment(signature) }
        _ = try join(folder.path, hub, seed: 2)
        let keys = Self.keys(hub)
        #expect(keys.count == 2)
        #expect(keys.first == keys.last)
        #expect(folder.files == ["key.pem", "node.json"])
    }

    @Test func aTryThatDoesNotArriveForgetsNoEarlierOneWhoseAnswerWasLost() throws {
        let folder = try TemporaryFolder()
        let hub = Hub { _, _ throws(TransportFailure) in
            throw .unreachable("cut", mayHaveArrived: true)
        }
        #expect(throws: HubFailure.self) { try join(folder.path, hub) }
        hub.say = { _, _ throws(TransportFailure) in
            throw .unreachable("no network", mayHaveArrived: false)
        }
        #expect(throws: HubFailure.self) { try join(folder.path, hub, seed: 2) }
        hub.say = { _, signature in Self.enrolment(signature) }
        _ = try join(folder.path, hub, seed: 3)
        #expect(Set(Self.keys(hub)).count == 1, "the hub may know that key already")
    }

    @Test func aHubThatIsDownLeavesNothing() throws {
        let folder = try TemporaryFolder()
        let hub = Hub { _, _ throws(TransportFailure) in
            throw .unreachable("refused", mayHaveArrived: false)
        }
        #expect(throws: HubFailure.self) { try join(folder.path, hub) }
        #expect(folder.files.isEmpty)
    }

    @Test func aDatabaseThatCannotBeMadeLeavesAFolderThatIsNotJoined() throws {
        struct Full: Error {}
        let folder = try TemporaryFolder()
        let hub = Hub { _, signature in Self.enrolment(signature) }
        let address = try #require(HubAddress("http://hub.example"))
        #expect(throws: Full.self) {
            try NodeJoining(
                hub: address, code: code, deviceName: "tablet", platform: "Linux"
            ).run(
                in: NodeFolder(folder.path), transport: hub,
                clock: FixedClock(milliseconds: Hub.now), random: .fixture(1),
                prepare: { _ in throw Full() })
        }
        #expect(!NodeFolder(folder.path).isJoined)
        _ = try join(folder.path, hub, seed: 9)
        #expect(Set(Self.keys(hub)).count == 1)
    }

    @Test func aHubsFolderCannotJoin() throws {
        let folder = try TemporaryFolder()
        try DurableFile.write([0x7b, 0x7d], to: folder.path + "/hub.json")
        let path = folder.path
        let error = #expect(throws: FolderError.self) {
            try NodeJoining.makeFolder(NodeFolder(path))
        }
        #expect(error?.code == "folder.is-hub")
    }
}
