import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Fieldgrid
@testable import VillageClinicExample

/// The transport of the example, which apps copy, over real HTTP.
@Suite struct SessionTransportTests {
    /// One for each test, held as long as it runs: a session that nobody holds ends what it was
    /// asked.
    private let transport = SessionTransport()

    private func ask(
        _ server: RawServer, silentSeconds: Int = 50, bytes: Int = 64 << 20
    ) async throws -> HubAnswer {
        try await transport.send(
            HubRequest(
                method: "GET", url: server.url + "/sync/v1/time", silentSeconds: silentSeconds,
                answerBytesMax: bytes))
    }

    @Test func anAnswerIsHandedBackWithItsStatusHeadersAndBody() async throws {
        let server = try RawServer { connection in
            connection.send(
                "HTTP/1.1 418 Teapot\r\nX-Fieldgrid: a\r\nContent-Length: 5\r\n\r\nhello")
        }
        defer { server.stop() }
        let answer = try await ask(server)
        #expect(answer.status == 418)
        #expect(
            answer.headers.contains { $0.name.lowercased() == "x-fieldgrid" && $0.value == "a" })
        #expect(try await answer.body() == Array("hello".utf8))
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func aRedirectIsHandedBackAndNotFollowed(status: Int) async throws {
        let server = try RawServer { connection in
            connection.send(
                "HTTP/1.1 \(status) Elsewhere\r\nLocation: /login\r\nContent-Length: 2\r\n\r\nno")
        }
        defer { server.stop() }
        #expect(try await ask(server).status == status)
        #expect(server.requests == ["GET /sync/v1/time HTTP/1.1"])
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes."])
    func silenceEndsIt(said: String) async throws {
        let server = try RawServer { connection in
            connection.send(said)
            connection.waitForTheEnd()
        }
        defer { server.stop() }
        await #expect(throws: URLError.self) {
            _ = try await ask(server, silentSeconds: 1).body()
        }
    }

    @Test func whereNobodyListensNothingWasSentAndAJoinLeavesNothing() async throws {
        let server = try RawServer { _ in }
        server.stop()
        await #expect(throws: RequestNotSent.self) { try await ask(server) }
        let village = try Village()
        let code = try village.hub.code()
        let folder = village.folder.path("device")
        let error = await FieldgridError.of {
            try await FieldNode.join(
                folder: folder, hub: server.url, code: code, deviceName: "tablet",
                environment: NodeEnvironment(transport: transport))
        }
        #expect(error?.code == "hub.unreachable")
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    @Test func aHubThatHangsUpMayHaveReceivedTheRequest() async throws {
        let server = try RawServer { _ in }
        defer { server.stop() }
        await #expect(throws: URLError.self) { try await ask(server) }
    }

    @Test func aBodyThatIsCutOffIsNotTakenForAWholeOne() async throws {
        let server = try RawServer { connection in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.")
        }
        defer { server.stop() }
        await #expect(throws: (any Error).self) { _ = try await ask(server).body() }
    }

    @Test func aCancelledRequestEndsAndLetsGoOfItsConnection() async throws {
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        let (comes, come) = AsyncStream.makeStream(of: Void.self)
        let server = try RawServer { connection in
            come.yield()
            connection.waitForTheEnd()
            end.yield()
        }
        defer { server.stop() }
        let asking = Task { try await ask(server) }
        for await _ in comes { break }
        asking.cancel()
        await #expect(throws: (any Error).self) { try await asking.value }
        for await _ in ends { break }
    }

    @Test func whatIsCancelledBeforeItBeganEnds() async throws {
        let server = try RawServer { $0.waitForTheEnd() }
        defer { server.stop() }
        let (begins, begin) = AsyncStream.makeStream(of: Void.self)
        let asking = Task {
            for await _ in begins {}
            return try await ask(server)
        }
        asking.cancel()
        begin.finish()
        await #expect(throws: (any Error).self) { try await asking.value }
    }

    /// Says far more than anybody wants to hear, and tells when the other side has gone.
    private static func endless() throws -> (server: RawServer, ends: AsyncStream<Void>) {
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        let server = try RawServer { connection in
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            for _ in 0..<1_024 {
                guard connection.send([UInt8](repeating: 0, count: 1 << 16)) else { break }
            }
            connection.waitForTheEnd()
            end.yield()
        }
        return (server, ends)
    }

    @Test func anEndlessAnswerIsCutOffAlsoWhereNobodyReadsIt() async throws {
        let (server, ends) = try Self.endless()
        defer { server.stop() }
        let answer = try await ask(server, bytes: 1 << 20)
        for await _ in ends { break }
        var taken = 0
        await #expect(throws: (any Error).self) {
            try await answer.read { taken += $0.count }
        }
        #expect(taken > 1 << 20, "one piece too much, so that the library sees that it is")
        #expect(taken < 2 << 20)
    }

    @Test func anAnswerThatNobodyReadsToItsEndIsLetGo() async throws {
        let (server, ends) = try Self.endless()
        defer { server.stop() }
        let answer = try await ask(server, bytes: 16 << 20)
        await #expect(throws: Enough.self) {
            try await answer.read { _ in throw Enough() }
        }
        for await _ in ends { break }
    }
}

/// Says that no more is wanted.
struct Enough: Error {}

extension HubAnswer {
    /// The whole body.
    func body() async throws -> [UInt8] {
        var whole: [UInt8] = []
        try await read { whole += $0 }
        return whole
    }
}
