import Fieldgrid
import Foundation
import Synchronization
import Testing

/// A device and its code: joined, not joined, and joined without having heard of anything yet.
@Suite struct JoiningTests {
    private static func join(_ village: Village, _ code: String) async -> Result<
        FieldNode, any Error
    > {
        do {
            return .success(
                try await FieldNode.join(
                    folder: village.folder.path("device"), hub: HubHere.address, code: code,
                    deviceName: "tablet", environment: village.environment))
        } catch {
            return .failure(error)
        }
    }

    private static func open(_ village: Village) throws -> FieldNode {
        try FieldNode(folder: village.folder.path("device"), environment: village.environment)
    }

    @Test func aHubThatGoesAwayAfterEnrollingIsToldFromOneThatDidNotEnrol() async throws {
        let village = try Village()
        village.hub.whileWaiting { url in
            guard url.contains("enrol") else { throw Broken() }
        }
        let error = try await Self.join(village, village.hub.code()).error
        #expect(error?.code == "join.unsynchronised")
        #expect(error?.cause == "hub.unreachable")
        #expect(error?.isTemporary == true)
        let node = try Self.open(village)
        #expect(try node.status().lastSyncAt == nil)
        #expect(FieldgridError.of { try node.create("clinic", [:]) }?.code == "type.unknown")
        village.hub.whileWaiting(nil)
        try await node.sync()
        try node.create("clinic", ["name": "虚构甲"])
        #expect(try node.status().lastSyncAt == HubHere.now())
    }

    @Test func aHubThatIsNotThereLeavesNothingAndTheCodeGood() async throws {
        let village = try Village()
        let code = try village.hub.code()
        village.hub.whileWaiting { _ in throw Broken() }
        let error = await Self.join(village, code).error
        #expect(error?.code == "hub.unreachable")
        #expect(FieldgridError.of { try Self.open(village) }?.code == "folder.not-joined")
        village.hub.whileWaiting(nil)
        _ = try await Self.join(village, code).get()
    }

    @Test func whoseAnswerWasLostJoinsWithTheSameCode() async throws {
        let village = try Village()
        let code = try village.hub.code()
        var environment = village.environment
        environment.transport = Hearing { [hub = village.hub] request in
            _ = try await hub.send(request)
            throw Broken()
        }
        let error = await FieldgridError.of {
            try await FieldNode.join(
                folder: village.folder.path("device"), hub: HubHere.address, code: code,
                deviceName: "tablet", environment: environment)
        }
        #expect(error?.code == "hub.unreachable")
        #expect(FieldgridError.of { try Self.open(village) }?.code == "folder.not-joined")
        _ = try await Self.join(village, code).get()
    }

    @Test(arguments: ["enrol", "exchange"])
    func aCancelledJoinSaysWhetherTheDeviceHasJoined(path: String) async throws {
        let village = try Village()
        let code = try village.hub.code()
        let (begins, begin) = AsyncStream.makeStream(of: Void.self)
        village.hub.whileWaiting { url in
            guard url.contains(path) else { return }
            begin.yield()
            try await Never.comes()
        }
        let joining = Task { await Self.join(village, code) }
        for await _ in begins { break }
        joining.cancel()
        let result = await joining.value
        village.hub.whileWaiting(nil)
        if path == "enrol" {
            #expect(throws: CancellationError.self) { try result.get() }
            _ = try await Self.join(village, code).get()
        } else {
            #expect(result.error?.code == "join.unsynchronised")
            #expect(result.error?.cause == "cancelled")
            try await Self.open(village).sync()
        }
    }
}

extension Result where Failure == any Error {
    fileprivate var error: FieldgridError? {
        guard case .failure(let error) = self else { return nil }
        return error as? FieldgridError
    }
}
