import Foundation
import Testing

/// A device in an office with a network.
@Suite struct WaitingTests {
    @Test func whatOneDeviceSendsReachesAnotherThatWaits() async throws {
        let district = try District()
        let nodes = try ["first", "second"].map { try district.join($0) }
        for node in nodes { try district.done(["node", "sync", "--data", node]) }
        _ = try district.record("employer", "name=虚构甲", at: nodes[0])
        let waiting = nodes[1]
        async let ended = Self.sync(waiting)
        try district.done(["node", "sync", "--data", nodes[0]])
        let result = try await ended
        #expect(result.status == 0, "\(result.errors)")
        #expect(try (JSON(result.output)["pulled"].integer ?? 0) > 0)
        #expect(try district.records("employer", at: waiting).count == 1)
    }

    @Test func anotherCommandOnTheFolderEndsTheWait() async throws {
        let district = try District()
        let node = try district.join()
        let relay = try Relay(to: district.port)
        defer { relay.stop() }
        try district.lead(node, to: relay.url)
        async let ended = Self.sync(node, seconds: 3_600)
        await relay.waits(for: "wait=")
        _ = try district.record("employer", "name=虚构甲", at: node)
        #expect(try await ended.status == 0)
        #expect(try district.outbox(of: node) == 1)
    }

    private static func sync(
        _ data: String, seconds: Int = 60
    ) async throws -> Fieldgrid.Result {
        try await Fieldgrid.runAside([
            "node", "sync", "--wait", "\(seconds)", "--json", "--data", data,
        ])
    }

    @Test func aWaitThatIsNoneIsWrongUsage() throws {
        let district = try District()
        let node = try district.join()
        let result = try district.run(["node", "sync", "--wait", "4000", "--data", node])
        #expect(result.status == 64)
    }
}
