import Fieldgrid
import Foundation
import Synchronization
import Testing

@testable import VillageClinicExample

/// An app on the library, at a hub that is a program of its own, over a real connection.
@Suite struct AppTests {
    /// How an app may reach its hub.
    enum Way: CaseIterable {
        case libcurl
        case urlSession

        var environment: NodeEnvironment {
            switch self {
            case .libcurl: .system
            case .urlSession: NodeEnvironment(transport: SessionTransport())
            }
        }
    }

    private static func join(
        _ district: District, at url: String, by way: Way
    ) async throws -> FieldNode {
        try await FieldNode.join(
            folder: district.folder.file("app"), hub: url, code: district.code(),
            deviceName: "tablet", environment: way.environment)
    }

    private static func relayed() throws -> (District, Relay) {
        let district = try District()
        return (district, try Relay(to: district.port))
    }

    /// An exchange that the hub has been asked to hold until something is new.
    private static func waiting(
        _ node: FieldNode, behind relay: Relay
    ) async -> Task<SyncReport, any Error> {
        let waiting = Task { try await node.sync(waitSeconds: 600) }
        await relay.waits(for: "wait=")
        return waiting
    }

    @Test(arguments: Way.allCases)
    func whatIsSavedWhileTheHubIsWaitedForGoesOutAtOnce(way: Way) async throws {
        let (district, relay) = try Self.relayed()
        defer { relay.stop() }
        let node = try await Self.join(district, at: relay.url, by: way)
        let waiting = await Self.waiting(node, behind: relay)
        try node.create("employer", ["name": "虚构甲"], in: District.village)
        await relay.waits(for: "POST /sync/v1/exchange HTTP")
        #expect(try await waiting.value.accepted == 1)
        #expect(try district.records("employer", at: district.hubData).count == 1)
    }

    @Test(arguments: Way.allCases)
    func aCancelledExchangeEndsAlthoughTheHubStaysSilent(way: Way) async throws {
        let (district, relay) = try Self.relayed()
        defer { relay.stop() }
        let node = try await Self.join(district, at: relay.url, by: way)
        let waiting = await Self.waiting(node, behind: relay)
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        let told = await relay.untilGone()
        #expect(
            told.last?.contains("wait=") ?? true, "it hung up on a question without an answer")
        try node.create("employer", ["name": "虚构甲"], in: District.village)
        #expect(try await node.sync().accepted == 1)
    }

    @Test func aHubThatDiesAfterEnrollingLeavesADeviceThatHasJoined() async throws {
        let district = try District()
        let hub = try #require(district.hub)
        let inner = SessionTransport()
        let dying = Asking { request in
            if !request.url.hasSuffix("/enrol") { hub.kill() }
            return try await inner.send(request)
        }
        let code = try district.code()
        let folder = district.folder.file("app")
        let url = district.url
        let error = await #expect(throws: FieldgridError.self) {
            try await FieldNode.join(
                folder: folder, hub: url, code: code, deviceName: "tablet",
                environment: NodeEnvironment(transport: dying))
        }
        #expect(error?.code == "join.unsynchronised")
        #expect(error?.cause == "hub.unreachable")
        try district.startHub()
        let node = try FieldNode(folder: folder)
        try await node.sync()
        try node.create("employer", ["name": "虚构甲"], in: District.village)
        #expect(try await node.sync().accepted == 1)
    }

    @Test(arguments: Way.allCases)
    func aSignInPageThatRedirectsIsNotTheHub(way: Way) async throws {
        let district = try District()
        let node = try await Self.join(district, at: district.url, by: way)
        try node.create("employer", ["name": "虚构甲"], in: District.village)
        await node.close()
        let portal = try Portal(isRedirecting: true)
        try district.lead(node.folder, to: portal.url)
        let away = try FieldNode(folder: node.folder, environment: way.environment)
        let error = await #expect(throws: FieldgridError.self) { try await away.sync() }
        #expect(error?.code == "hub.not-fieldgrid")
        #expect(error?.isTemporary == true)
        #expect(try away.status().outbox == 1)
    }
}

/// Does something with each request.
private struct Asking: HubTransport {
    let answer: @Sendable (HubRequest) async throws -> HubAnswer
    func send(_ request: HubRequest) async throws -> HubAnswer { try await answer(request) }
}
