import Fieldgrid
import FieldgridHub
import FieldgridModel
import FieldgridSchema
import FieldgridSync
import Foundation
import Synchronization

/// A hub in this process, reached without a network: what an embedder's own transport is.
final class HubHere: HubTransport {
    static let start: Int64 = 1_795_000_000_000
    static let now: @Sendable () -> Date = {
        Date(timeIntervalSince1970: Double(start) / 1_000)
    }
    static let address = "http://hub.here:1"

    private struct State {
        var hub: Hub
        var whileWaiting: (@Sendable (String) async throws -> Void)?
        var holders = 0
        var log: [String] = []
    }

    private let key: DeviceKey
    /// Kept as long as anybody can ask.
    private let folder: Folder
    private let files: AttachmentFolder
    private let state: Mutex<State>

    init(_ folder: Folder) throws {
        self.folder = folder
        files = AttachmentFolder(folder: folder.path("hub")) {
            RangedFile.name(of: ContentDigest.of($0).bytes)
        }
        var random = SeededRandom(seed: 7)
        key = DeviceKey.generate(using: &random)
        let schema = try SchemaFolder.schema(at: URL(fileURLWithPath: Folder.example + "/schema"))
        let seeds = try SeedReader.read(
            files: SchemaFolder.seeds(at: URL(fileURLWithPath: Folder.example + "/seed")),
            schema: schema, today: LocalDate(milliseconds: Self.start, offsetMinutes: 480))
        let hub = try Hub.create(
            in: SQLiteHubStore(path: folder.path("hub.sqlite"), create: true),
            seed: HubSeed(schema: schema, records: seeds.grids),
            clock: FixedClock(milliseconds: Self.start),
            random: RandomSource(SeededRandom(seed: 8)))
        hub.headKey = key
        state = Mutex(State(hub: hub))
    }

    /// The paths that were asked for so far.
    var log: [String] { state.withLock { $0.log } }

    /// Runs before each answer, as if it took long; what it throws is a broken link.
    func whileWaiting(_ body: (@Sendable (String) async throws -> Void)?) {
        state.withLock { $0.whileWaiting = body }
    }

    func code(scope: String = "990101100") throws -> String {
        try state.withLock { state in
            state.holders += 1
            return try state.hub.issueCode(
                scope: ScopeCode(scope), holder: "虚构\(state.holders)", role: .assistant,
                hubKey: key.publicKey
            ).code.text
        }
    }

    func send(_ request: HubRequest) async throws -> HubAnswer {
        try await state.withLock { $0.whileWaiting }?(request.url)
        return try state.withLock { state in
            state.log.append(String(request.url.dropFirst(Self.address.count)))
            return try answer(request, state.hub)
        }
    }

    private func answer(_ request: HubRequest, _ hub: Hub) throws -> HubAnswer {
        let target = RequestTarget(
            method: request.method, target: String(request.url.dropFirst(Self.address.count)))
        let signature = try ReceivedSignature(
            target, headers: request.headers.map { HeaderField($0.name, $0.value) })
        try signature.checkBody(request.body)
        var headers: [HeaderField] = []
        var status = 200
        var type = "application/json"
        let body: [UInt8]
        switch target.path {
        case "/sync/v1/enrol":
            let asked = try JSONDecoder().decode(EnrolmentRequest.self, from: Data(request.body))
            guard let claim = asked.claim else { throw Broken() }
            try signature.checkSignature(by: claim.publicKey)
            body = Array(try JSONEncoder().encode(hub.enrol(claim, hubKey: key.publicKey)))
            headers.append(HeaderField(MessageSignature.hubKeyHeader, key.publicKey.base64))
        case "/sync/v1/exchange":
            guard let device = try hub.device(keyID: signature.keyID) else { throw Broken() }
            type = ExchangeCodec.contentType
            body = try hub.exchange(request.body, device: device)
        case _ where target.path.hasPrefix(RangedFile.attachmentPath + "/"):
            guard let device = try hub.device(keyID: signature.keyID) else { throw Broken() }
            type = RangedFile.contentType
            (status, body) = try receive(request.body, target, device, hub)
            if status != 200 { type = "application/json" }
        default:
            status = 404
            body = Array(#"{"code":"route.unknown","message":"none","hint":"none"}"#.utf8)
        }
        headers += signature.signResponse(
            status: status, body: body, key: key, milliseconds: Self.start)
        headers.append(HeaderField("Content-Type", type))
        return HubAnswer(
            status: status, headers: headers.map { HTTPHeader(name: $0.name, value: $0.value) },
            body: body)
    }

    /// Takes a range of a file, or says no.
    private func receive(
        _ bytes: [UInt8], _ target: RequestTarget, _ device: DeviceRow, _ hub: Hub
    ) throws -> (status: Int, body: [UInt8]) {
        let name = String(target.path.dropFirst(RangedFile.attachmentPath.utf8.count + 1))
        guard try hub.isWelcome(name, from: device.scope) else {
            let refusal = #"{"code":"attachment.unnamed","message":"none","hint":"none"}"#
            return (409, Array(refusal.utf8))
        }
        let numbers = target.query.split { "=&".contains($0) }.compactMap { Int($0) }
        let progress = try files.receive(bytes, of: name, at: numbers[0], size: numbers[1])
        return (200, Array(try JSONEncoder().encode(progress)))
    }
}

/// The link broke.
struct Broken: Error {}

/// A folder that goes with the value.
final class Folder: Sendable {
    private let root: String

    init() throws {
        root = FileManager.default.temporaryDirectory.path + "/fieldgrid-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func path(_ name: String) -> String { root + "/" + name }

    /// The folder of the example, whose survey the tests use.
    static let example: String = {
        let file = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        return file.deletingLastPathComponent().appending(path: "../../../Examples/VillageClinic")
            .standardizedFileURL.path
    }()
}
