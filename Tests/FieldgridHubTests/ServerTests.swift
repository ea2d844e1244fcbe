import FieldgridNode
import FieldgridSync
import Foundation
import TestSupport
import Testing

@testable import FieldgridHub

@Suite struct ServerTests {
    private let key = DeviceKey.fixture(1)

    @Test func anEnrolledDeviceIsAnswered() async throws {
        let server = try await RunningServer()
        _ = server.hub.enrolled(key)
        let reply = try await server.post(body: Array("echo abc".utf8))
        #expect(try reply.get() == Array("cba ohce".utf8))
        try await server.stop()
    }

    @Test func theSameExchangeCanBeHadAsJSON() async throws {
        let server = try await RunningServer()
        let device = server.hub.enrolled(key)
        let reply = try await server.post(
            contentType: "application/json", body: Array("{}".utf8))
        #expect(String(decoding: try reply.get(), as: UTF8.self) == "{\"node\":\"\(device.node)\"}")
        try await server.stop()
    }

    @Test func healthAndTimeAreToldToAnybody() async throws {
        let server = try await RunningServer()
        let health = try await server.send(HTTPCall(target: .init(method: "GET", path: "/health")))
        #expect(health.status == 200)
        #expect(
            String(decoding: health.body, as: UTF8.self)
                == "{\"sqlite_version\":\"3.0.0\",\"status\":\"ok\",\"time\":1790000000000,"
                + "\"version\":\"test\",\"warnings\":[]}")
        let time = try await server.send(
            HTTPCall(target: .init(method: "GET", path: "/sync/v1/time")))
        #expect(String(decoding: time.body, as: UTF8.self) == "{\"time\":1790000000000}")
        try await server.stop()
    }

    @Test func theFoldersSocketNeedsNoSignatureAndTheNetworkDoes() async throws {
        let server = try await RunningServer()
        let call = HTTPCall(
            target: .init(method: "POST", path: "/v1/service"),
            headers: [HeaderField("content-type", "application/json")], body: Array("{}".utf8))
        let local = try await server.send(call, toSocket: true)
        #expect(String(decoding: local.body, as: UTF8.self) == "{\"role\":\"folder\"}")
        let remote = try await server.send(call)
        #expect(remote.status == 401)
        #expect(remote.code == "signature.missing")
        try await server.stop()
    }

    @Test func aSupervisorsCommandReachesTheHubWithItsRole() async throws {
        let server = try await RunningServer()
        _ = server.hub.enrolled(key, role: .supervisor)
        let reply = try await server.post(
            "/v1/service", contentType: "application/json", body: Array("{}".utf8))
        #expect(String(decoding: try reply.get(), as: UTF8.self) == "{\"role\":\"supervisor\"}")
        try await server.stop()
    }

    @Test(arguments: [("GET", "/"), ("GET", "/sync/v1/exchange"), ("POST", "/sync/v2/exchange")])
    func anUnknownRouteIsNotFound(method: String, path: String) async throws {
        let server = try await RunningServer()
        let answer = try await server.send(HTTPCall(target: .init(method: method, path: path)))
        #expect(answer.status == 404)
        #expect(answer.code == "route.unknown")
        try await server.stop()
    }

    @Test func aNodeJoinsWithItsCodeAndOnlyOnceIntoOneFolder() async throws {
        let server = try await RunningServer()
        let (url, code) = (server.url, server.hub.code)
        let path = FileManager.default.temporaryDirectory.path + "/fg-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let result = try await onThread {
            try joinFolder(path, url: url, code: code)
        }
        #expect(result.holder == "虚构乙")
        #expect(result.hub == url)
        let mode = try FileManager.default.attributesOfItem(atPath: path + "/key.pem")
        #expect(mode[.posixPermissions] as? Int == 0o600)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: path).sorted()
                == ["key.pem", "node.json"])
        #expect(throws: FolderErrorCode("folder.already-joined")) {
            try FolderErrorCode.of { try joinFolder(path, url: url, code: code) }
        }
        try await server.stop()
    }

    @Test func aWrongCodeIsRefusedAndLeavesNoFolder() async throws {
        let server = try await RunningServer()
        let (url, hubKey) = (server.url, server.hub.hubKey.publicKey)
        let path = FileManager.default.temporaryDirectory.path + "/fg-\(UUID().uuidString)"
        let code = EnrolmentCode(
            secret: Array(repeating: 9, count: 10), fingerprint: hubKey.fingerprint)
        let failure = try await onThread {
            Result { try joinFolder(path, url: url, code: code) }.failure as? HubFailure
        }
        #expect(failure?.code == "enrol.code-wrong")
        #expect(failure?.isTemporary == false)
        #expect(!FileManager.default.fileExists(atPath: path))
        try await server.stop()
    }

    @Test func aCodeOfAnotherHubIsNotGivenToThisOne() async throws {
        let server = try await RunningServer()
        let url = server.url
        let path = FileManager.default.temporaryDirectory.path + "/fg-\(UUID().uuidString)"
        let code = EnrolmentCode(
            secret: server.hub.code.secret,
            fingerprint: DeviceKey.fixture(55).publicKey.fingerprint)
        let failure = try await onThread {
            Result { try joinFolder(path, url: url, code: code) }.failure as? HubFailure
        }
        #expect(failure?.code == "hub.wrong-key")
        #expect(!FileManager.default.fileExists(atPath: path))
        try await server.stop()
    }

    @Test func whatIsDueIsDoneAtTheStart() async throws {
        let server = try await RunningServer()
        _ = server.hub.enrolled(key)
        // The lane is one thread and the tick came first.
        _ = try await server.post(body: Array("echo".utf8))
        try await server.stop()
        #expect(server.hub.ticks >= 1)
    }
}
