import FieldgridNode
import FieldgridSync
import Foundation
import Logging
import Synchronization
import Testing

@testable import FieldgridHub

@Suite struct ServerShutdownTests {
    @Test func anIdleConnectionDoesNotHoldTheServerUp() async throws {
        let server = try await RunningServer(shutdownMax: .seconds(600))
        let address = try #require(HubAddress(server.url))
        let transport = CurlTransport(hub: address)
        let call = HTTPCall(target: .init(method: "GET", path: "/health"))
        #expect(try transport.send(call).status == 200)
        let start = ContinuousClock.now
        try await server.stop()
        #expect(ContinuousClock.now - start < .seconds(60))
        #expect(throws: TransportFailure.self) { try transport.send(call) }
    }

    @Test func aRequestThatDoesNotEndIsCutOffWithinTheBound() async throws {
        let hub = FakeHub()
        _ = hub.enrolled(.fixture(1))
        let server = try await RunningServer(hub, shutdownMax: .milliseconds(200))
        let gate = Gate()
        let (entered, enter) = AsyncStream.makeStream(of: Void.self)
        hub.state.withLock {
            $0.onExchange = {
                enter.finish()
                gate.pass()
            }
        }
        async let reply = server.post(body: Array("echo".utf8))
        for await _ in entered {}
        let start = ContinuousClock.now
        try await server.stop()
        #expect(ContinuousClock.now - start < .seconds(60))
        gate.open()
        #expect(try await reply.failure?.isTemporary == true)
    }

    @Test func anAddressThatIsTakenIsNamed() async throws {
        let server = try await RunningServer()
        var configuration = HubServer.Configuration()
        try configuration.listen(on: String(server.url.dropFirst("http://".count)))
        let second = HubServer(
            hub: FakeHub(), configuration: configuration, logger: Logger(label: "test"),
            onListening: { _ in })
        let error = await #expect(throws: HubError.self) { try await second.run() }
        #expect(error?.code == "listen.failed")
        try await server.stop()
    }

    @Test(arguments: ["", "8470", "host", "127.0.0.1:", "127.0.0.1:99999", "a:b"])
    func otherTextIsNoAddressToListenOn(text: String) {
        var configuration = HubServer.Configuration()
        #expect(throws: HubError.self) { try configuration.listen(on: text) }
    }

    @Test(arguments: [
        ("127.0.0.1:0", "127.0.0.1", 0), (":8470", "0.0.0.0", 8470), ("[::1]:80", "::1", 80),
    ])
    func anAddressToListenOnIsRead(text: String, host: String, port: Int) throws {
        var configuration = HubServer.Configuration()
        try configuration.listen(on: text)
        #expect(configuration.host == host)
        #expect(configuration.port == port)
    }
}
