import FieldgridModel
import FieldgridNode
import FieldgridSync
import Foundation
import Logging
import ServiceLifecycle
import Synchronization
import TestSupport

@testable import FieldgridHub

extension DeviceKey {
    static func fixture(_ seed: UInt64) -> DeviceKey {
        var random = SeededRandom(seed: seed)
        return .generate(using: &random)
    }
}

/// A hub without a store: it remembers what it was asked.
final class FakeHub: HubOperations {
    struct State {
        var devices: [String: EnrolledDevice] = [:]
        var bodies: [[UInt8]] = []
        var ticks = 0
        var failure: (any Error & Sendable)?
        var onExchange: (@Sendable () -> Void)?
        /// What it answers instead of what came.
        var replies: [[UInt8]] = []
        var changed: Set<ScopeCode> = []
    }

    static let now: Int64 = 1_790_000_000_000
    let state = Mutex(State())
    let hubKey = DeviceKey.fixture(100)
    let health = HubHealth(version: "test", sqliteVersion: "3.0.0")
    let code: EnrolmentCode

    init() {
        code = EnrolmentCode(
            secret: Array(1...10), fingerprint: hubKey.publicKey.fingerprint)
    }

    var ticks: Int { state.withLock { $0.ticks } }
    var bodies: [[UInt8]] { state.withLock { $0.bodies } }
    func fail(with error: any Error & Sendable) { state.withLock { $0.failure = error } }

    func now() -> Int64 { Self.now }

    func enrolled(
        _ key: DeviceKey, role: DeviceRole = .assistant, isRevoked: Bool = false
    ) -> EnrolledDevice {
        let device = EnrolledDevice(
            node: NodeID(UUIDBits(high: 0, low: 7)), publicKey: key.publicKey, holder: "虚构甲",
            role: role, scope: ScopeCode("220602103"), isRevoked: isRevoked)
        state.withLock { $0.devices[key.publicKey.keyID] = device }
        return device
    }

    func device(keyID: String) throws -> EnrolledDevice? {
        state.withLock { $0.devices[keyID] }
    }

    func enrol(_ claim: EnrolmentClaim) throws -> EnrolmentAnswer {
        guard claim.lookup == code.lookup, claim.isProved(by: code.key) else {
            throw HubError(
                code: "enrol.code-wrong", message: "There is no such code.",
                hint: "Type it again, or ask for a new one.")
        }
        return EnrolmentAnswer(
            node: NodeID(UUIDBits(high: 0, low: 8)), holder: "虚构乙", role: .assistant,
            scope: ScopeCode("220602103"), hubKey: hubKey.publicKey, enrolledAt: Self.now)
    }

    /// Answers with what came, reversed; refuses what is no frame.
    func exchange(_ body: [UInt8], device: EnrolledDevice) throws -> [UInt8] {
        let (failure, onExchange) = state.withLock { state in
            state.bodies.append(body)
            return (state.failure, state.onExchange)
        }
        onExchange?()
        if let failure { throw failure }
        let reply = state.withLock {
            $0.replies.count > 1 ? $0.replies.removeFirst() : $0.replies.first
        }
        if let reply { return reply }
        if body.starts(with: Array("echo".utf8)) { return body.reversed() }
        return try Frame.unwrap(body, kind: .exchangeRequest)
    }

    func exchangeJSON(_ body: [UInt8], device: EnrolledDevice) throws -> [UInt8] {
        Array("{\"node\":\"\(device.node)\"}".utf8)
    }

    func snapshot(for device: EnrolledDevice) throws -> SnapshotOffer? { nil }

    func snapshotRange(_ id: String, from: Int, device: EnrolledDevice) throws -> [UInt8] {
        Array(id.utf8.dropFirst(from))
    }

    func takeChanged(among scopes: Set<ScopeCode>) -> Set<ScopeCode> {
        state.withLock { state in
            defer { state.changed = [] }
            return state.changed
        }
    }

    func mayFetch(_ attachment: String, device: EnrolledDevice) throws -> Bool { false }
    func maySend(_ attachment: String, device: EnrolledDevice) throws -> Bool { false }
    func attachmentRange(_ name: String, from: Int) throws -> [UInt8]? { nil }

    func store(
        _ bytes: [UInt8], of attachment: String, at offset: Int, size: Int
    ) throws -> AttachmentProgress { AttachmentProgress(have: 0, complete: false) }

    func perform(_ request: [UInt8], device: EnrolledDevice?) throws -> [UInt8] {
        Array("{\"role\":\"\(device?.role.rawValue ?? "folder")\"}".utf8)
    }

    func tick() throws { state.withLock { $0.ticks += 1 } }
}

/// A real server on loopback around a fake hub.
final class RunningServer: Sendable {
    let hub: FakeHub
    let url: String
    let socketPath: String
    private let group: ServiceGroup
    private let task: Task<Void, any Error>

    init(_ hub: FakeHub = FakeHub(), shutdownMax: Duration = .seconds(6)) async throws {
        self.hub = hub
        socketPath = "/tmp/fieldgrid-test-\(UUID().uuidString.prefix(13)).sock"
        var configuration = HubServer.Configuration()
        try configuration.listen(on: "127.0.0.1:0")
        configuration.socketPath = socketPath
        configuration.shutdownMax = shutdownMax
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let (urls, listening) = AsyncStream.makeStream(of: String.self)
        let server = HubServer(hub: hub, configuration: configuration, logger: logger) { url in
            listening.yield(url)
            listening.finish()
        }
        let group = ServiceGroup(services: [server], logger: logger)
        self.group = group
        task = Task {
            defer { listening.finish() }
            try await group.run()
        }
        var first: String?
        for await url in urls { first = url }
        guard let first else {
            try await task.value
            throw HubError(code: "test", message: "the server did not start", hint: "")
        }
        url = first
    }

    /// As SIGTERM does.
    func stop() async throws {
        await group.triggerGracefulShutdown()
        try await task.value
        unlink(socketPath)
    }

    func post(
        _ path: String = "/sync/v1/exchange", query: String = "", key: DeviceKey = .fixture(1),
        clock: Int64 = FakeHub.now, contentType: String = ExchangeCodec.contentType,
        body: [UInt8]
    ) async throws -> Result<[UInt8], HubFailure> {
        let (url, hubKey) = (url, hub.hubKey.publicKey)
        return try await onThread {
            let client = try HubClient(
                transport: CurlTransport(hub: address(url)), key: key, hub: .key(hubKey),
                clock: FixedClock(milliseconds: clock),
                random: RandomSource(SeededRandom(seed: 3)))
            return Result { () throws(HubFailure) in
                try client.post(path, query: query, contentType: contentType, body: body)
            }
        }
    }

    /// Sends a request as it is, signed or not.
    func send(_ call: HTTPCall, toSocket: Bool = false) async throws -> HTTPAnswer {
        let (url, socketPath) = (url, socketPath)
        return try await onThread {
            let transport =
                try toSocket
                ? CurlTransport(socketPath: socketPath) : CurlTransport(hub: address(url))
            return try transport.send(call)
        }
    }
}

private func address(_ url: String) throws -> HubAddress {
    guard let address = HubAddress(url) else {
        throw HubError(code: "test", message: "no address: \(url)", hint: "")
    }
    return address
}

extension Result where Failure == HubFailure {
    var refusal: HubFailure.Refusal? {
        guard case .failure(.refused(let refusal)) = self else { return nil }
        return refusal
    }
}

extension HTTPAnswer {
    var code: String? {
        let document = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        return document?["code"] as? String
    }
}

/// Holds a thread up until it is opened.
final class Gate: Sendable {
    private let condition = NSCondition()
    private let isOpen = Mutex(false)

    func open() {
        isOpen.withLock { $0 = true }
        condition.withLock { condition.broadcast() }
    }

    func pass() {
        condition.withLock {
            while !isOpen.withLock({ $0 }) { condition.wait() }
        }
    }
}
