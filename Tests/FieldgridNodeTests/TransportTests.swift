import FieldgridModel
import FieldgridSync
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import FieldgridNode

@Suite struct TransportTests {
    private func exchange(
        with server: CannedServer, limits: CurlTransport.Limits = .init()
    ) async throws -> HubFailure? {
        let address = try #require(server.address)
        return try await onThread {
            HubClient(
                transport: CurlTransport(hub: address, limits: limits), key: .fixture(1),
                hub: .key(FakeHubTransport.key.publicKey),
                clock: FixedClock(milliseconds: FakeHubTransport.now), random: .fixture(5)
            ).exchange().failure
        }
    }

    @Test func aCaptivePortalIsNoHub() async throws {
        let portal = try CannedServer(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n"
                + "<html></html>")
        defer { portal.stop() }
        let failure = try await exchange(with: portal)
        #expect(failure?.code == "hub.not-fieldgrid")
        #expect(failure?.isTemporary == true)
        #expect(portal.requests.count == 1)
    }

    @Test func aRedirectIsNotFollowed() async throws {
        let portal = try CannedServer(
            "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n")
        defer { portal.stop() }
        #expect(try await exchange(with: portal)?.code == "hub.not-fieldgrid")
        #expect(portal.requests.count == 1)
    }

    @Test func anUnsignedRefusalIsNotBelieved() async throws {
        let body = "{\"code\":\"device.revoked\",\"message\":\"\",\"hint\":\"\"}"
        let portal = try CannedServer(
            "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        defer { portal.stop() }
        #expect(try await exchange(with: portal)?.code == "hub.not-fieldgrid")
    }

    @Test func somethingThatDoesNotSpeakHTTPIsNoHub() async throws {
        let server = try CannedServer("220 mail.example ESMTP\r\n")
        defer { server.stop() }
        #expect(try await exchange(with: server)?.code == "hub.not-fieldgrid")
    }

    @Test func aHubThatIsDownIsUnreachableAndWasSentNothing() async throws {
        let server = try CannedServer("")
        let address = try #require(server.address)
        server.stop()
        // The thread has let go of the port once nobody accepts any more.
        let failure = try await onThread {
            let transport = CurlTransport(hub: address)
            var failure: TransportFailure?
            repeat {
                failure =
                    Result { () throws(TransportFailure) in
                        try transport.send(HTTPCall(target: .init(method: "GET", path: "/")))
                    }.failure
            } while failure.map(Self.mayHaveArrived) != false
            return failure
        }
        #expect(failure.map(Self.mayHaveArrived) == false)
    }

    private static func mayHaveArrived(_ failure: TransportFailure) -> Bool {
        guard case .unreachable(_, let mayHaveArrived) = failure else { return true }
        return mayHaveArrived
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes."])
    func anAnswerThatIsCutOffMayHaveBeenActedOn(answer: String) async throws {
        let server = try CannedServer(answer)
        defer { server.stop() }
        let failure = try await exchange(with: server)
        guard case .unreachable(_, mayHaveArrived: true) = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test func anAnswerThatDoesNotEndIsCutOffAtTheLimit() async throws {
        let server = try CannedServer(
            Array("HTTP/1.1 200 OK\r\n\r\n".utf8) + [UInt8](repeating: 0, count: 1 << 20))
        defer { server.stop() }
        var limits = CurlTransport.Limits()
        limits.answerBytes = 1 << 16
        #expect(try await exchange(with: server, limits: limits)?.code == "hub.not-fieldgrid")
    }

    @Test(arguments: [false, true])
    func whereNothingComesBackARequestThatMayComeTwiceIsSentAnotherWay(
        mayBeRepeated: Bool
    ) async throws {
        let server = try CannedServer("", keepsConnections: true)
        defer { server.stop() }
        let address = try #require(server.address)
        try await onThread {
            var limits = CurlTransport.Limits()
            limits.silentSeconds = 1
            let transport = CurlTransport(hub: address, limits: limits)
            var call = HTTPCall(target: .init(method: "POST", path: "/"), body: [65])
            call.mayBeRepeated = mayBeRepeated
            #expect(throws: TransportFailure.self) { try transport.send(call) }
        }
        #expect(server.connections == (mayBeRepeated ? 2 : 1))
        #expect(Set(server.requests).count == 1)
    }

    @Test func requestsShareAConnectionAndDoNotAskForPermission() async throws {
        let server = try CannedServer(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", keepsConnections: true)
        defer { server.stop() }
        let address = try #require(server.address)
        let statuses = try await onThread {
            let transport = CurlTransport(hub: address)
            let call = HTTPCall(
                target: .init(method: "POST", target: "/a?b=%20c"),
                headers: [HeaderField("content-type", "text/plain")],
                body: [UInt8](repeating: 65, count: 2000))
            return try (0..<3).map { _ in try transport.send(call).status }
        }
        #expect(statuses == [200, 200, 200])
        #expect(server.connections == 1)
        #expect(server.requests.allSatisfy { $0.hasPrefix("POST /a?b=%20c HTTP/1.1\r\n") })
        #expect(server.requests.allSatisfy { !$0.lowercased().contains("expect:") })
    }

    @Test func aRequestIsEndedByAnotherThreadAlthoughTheServerStaysSilent() async throws {
        let server = try CannedServer("", keepsConnections: true)
        defer { server.stop() }
        let address = try #require(server.address)
        let interruption = Interruption()
        let hasEnded = Atomic(false)
        async let failure = onThread {
            defer { hasEnded.store(true, ordering: .releasing) }
            return Result { () throws(TransportFailure) in
                try CurlTransport(hub: address).send(
                    HTTPCall(target: .init(method: "GET", path: "/")), until: interruption)
            }.failure
        }
        // One that ended by itself is told by what it ended with.
        while server.requests.isEmpty, !hasEnded.load(ordering: .acquiring) { await Task.yield() }
        interruption.ask()
        #expect(try await failure == .interrupted)
    }

    @Test func afterAnInterruptedRequestTheTransportSendsTheNext() async throws {
        let server = try CannedServer(
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", keepsConnections: true)
        defer { server.stop() }
        let address = try #require(server.address)
        let (failure, status) = try await onThread {
            let transport = CurlTransport(hub: address)
            let call = HTTPCall(target: .init(method: "GET", path: "/"))
            let asked = Interruption()
            asked.ask()
            let failure = Result { () throws(TransportFailure) in
                try transport.send(call, until: asked)
            }.failure
            return (failure, try transport.send(call).status)
        }
        #expect(failure == .interrupted)
        #expect(status == 200)
        #expect(server.requests.count == 1)
    }

    @Test(arguments: [
        "", "hub", "ftp://hub", "http://", "http://hub/path", "http://user@hub", "http://hub?x",
        "http://hub#x", "file:///etc/passwd", "http://hub:99999999",
    ])
    func otherTextIsNoAddressOfAHub(text: String) {
        #expect(HubAddress(text) == nil)
    }

    @Test(arguments: [
        ("http://10.0.0.7:8470/", "http://10.0.0.7:8470", false),
        ("HTTPS://hub.example", "https://hub.example", false),
        ("http://localhost:1", "http://localhost:1", true),
        ("http://[::1]:8470", "http://[::1]:8470", true),
    ])
    func anAddressOfAHubIsRead(text: String, written: String, isLoopback: Bool) {
        #expect(HubAddress(text)?.text == written)
        #expect(HubAddress(text)?.isLoopback == isLoopback)
    }
}
