import FieldgridHub
import FieldgridModel
import FieldgridNode
import FieldgridSchema
import FieldgridService
import FieldgridSync

/// The hub's machine: the production hub on a disk that can fail.
final class SimulatedHub {
    let disk: Disk
    let clock: WrongClock
    let key: DeviceKey
    private(set) var store: SQLiteHubStore
    private(set) var hub: Hub
    private var lives: UInt64 = 0
    private let seed: UInt64

    init(_ timeline: Timeline, seed: UInt64) throws {
        self.seed = seed
        disk = try Disk("hub")
        clock = WrongClock(timeline)
        var random = SeededRandom(seed: seed, for: "hub key")
        key = DeviceKey.generate(using: &random)
        guard let seeds = Town.seeds else { throw SimulationError("the seeds do not read") }
        store = try SQLiteHubStore(path: disk.path("hub.sqlite"), create: true)
        hub = try Hub.create(
            in: store, seed: seeds, clock: clock,
            random: RandomSource(SeededRandom(seed: seed, for: "hub")))
    }

    deinit { try? store.close() }

    func restart() throws {
        try? store.close()
        lives += 1
        store = try SQLiteHubStore(path: disk.path("hub.sqlite"), create: false)
        hub = try Hub(
            store: store, clock: clock,
            random: RandomSource(SeededRandom(seed: seed, for: "hub \(lives)")))
    }

    /// Power is cut, and comes back.
    func crash(chance: UInt64) throws {
        disk.crash(chance: chance)
        try restart()
    }

    func enrol(_ index: Int, scope: ScopeCode, key deviceKey: DeviceKey) throws -> DeviceRow {
        let issued = try hub.issueCode(
            scope: scope, holder: "虚构\(index)", role: .assistant, hubKey: key.publicKey)
        let nonce = Array("nonce-\(index)".utf8)
        let claim = EnrolmentClaim(
            publicKey: deviceKey.publicKey, lookup: issued.code.lookup, nonce: nonce,
            proof: issued.code.key.proof(of: deviceKey.publicKey, nonce: nonce),
            name: "node \(index)", platform: "simulated")
        _ = try hub.enrol(claim, hubKey: key.publicKey)
        guard let row = try hub.device(keyID: deviceKey.publicKey.keyID) else {
            throw SimulationError("node \(index) is not enrolled")
        }
        return row
    }

    /// What the front door does: who asks is checked before what is said.
    func answer(_ call: HTTPCall) throws -> HTTPAnswer {
        let signature = try ReceivedSignature(call.target, headers: call.headers)
        var status = 200
        var type = ExchangeCodec.contentType
        var body: [UInt8]
        do {
            try signature.checkTime(hubMilliseconds: clock.milliseconds)
            guard let device = try hub.device(keyID: signature.keyID),
                let key = DevicePublicKey(device.publicKey)
            else { throw SignatureProblem.deviceUnknown(keyID: signature.keyID) }
            try signature.checkSignature(by: key)
            guard device.revokedAt == nil else {
                throw SignatureProblem.deviceRevoked(keyID: signature.keyID)
            }
            try signature.checkBody(call.body)
            body = try hub.exchange(call.body, device: device)
        } catch let problem as SignatureProblem {
            (status, type, body) = (401, "application/json", refusal(problem.code))
        } catch let error as HubError {
            (status, type, body) = (500, "application/json", refusal(error.code))
        } catch let error as WireError {
            (status, type, body) = (400, "application/json", refusal("\(error)"))
        }
        let headers = signature.signResponse(
            status: status, body: body, key: key, milliseconds: clock.milliseconds)
        return HTTPAnswer(
            status: status, headers: headers + [HeaderField("content-type", type)], body: body)
    }

    private func refusal(_ code: String) -> [UInt8] {
        let text = """
            {"code":"\(code)","message":"refused","hint":"none","time":\(clock.milliseconds)}
            """
        return Array(text.utf8)
    }

    func service(_ random: SeededRandom) throws -> RecordService {
        var random = random
        return try RecordService(
            store: hub, place: .hub, author: "虚构文员", clock: clock,
            newID: { RecordID(.version7(milliseconds: 0, using: &random)) })
    }
}
