import FieldgridHub
import FieldgridModel
import FieldgridNode
import FieldgridSync
import Foundation
import Synchronization

/// Devices of a ``District`` that exchange twenty changes once a minute with a
/// running hub, over real HTTP, each request and each answer signed.
///
/// - The arrivals are random and wait for nobody (an open loop); what counts
///   is the time from when an exchange was due to when its answer was checked.
/// - Requests are built before the clock starts, with the question about the
///   hub's audit that a device asks which was there before; signing them, a
///   connection each, and checking the answer's signature are part of the run.
/// - A device exchanges once in a run, so a run is shorter than its minute.
/// - Beside them, others may wait for news that do not come (`wait=30`).
struct Load {
    private static let periodSeconds = 60.0
    private static let threads = 192

    let folder: String
    let address: HubAddress
    private let hubKey: DevicePublicKey

    init(folder: String, url: String) throws {
        self.folder = folder
        guard let address = HubAddress(url) else { throw BenchmarkError("no address: \(url)") }
        self.address = address
        let pem = try String(contentsOfFile: folder + "/key.pem", encoding: .utf8)
        guard let key = DeviceKey(pem: pem) else { throw BenchmarkError("no key in \(folder)") }
        hubKey = key.publicKey
    }

    /// One exchange that is due.
    fileprivate struct Due: Sendable {
        var device: Int
        var seconds: Double
        var body: [UInt8]
    }

    fileprivate struct Outcome: Sendable {
        var seconds: Double
        var answer: [UInt8]?
        var problem: String?
    }

    /// - Parameter seed: tells runs against one hub apart: each has devices and
    ///   an incarnation of its own.
    func run(nodes: Int, seconds: Int, seed: Int, waiters: Int) throws {
        let schedule = try schedule(nodes: nodes, seconds: Double(seconds), seed: seed)
        guard !schedule.isEmpty else { throw BenchmarkError("nothing is due") }
        let waiting = try Waiters(folder: folder, count: waiters, besides: schedule.map(\.device))
        waiting.start(address, hubKey)
        let watch = Stopwatch()
        let outcomes = exchange(schedule)
        let elapsed = watch.elapsed
        let waits = try waiting.end()
        let latencies = outcomes.map(\.seconds)
        let problems = outcomes.compactMap(\.problem)
        for answer in outcomes.compactMap(\.answer) {
            let reply = try ExchangeCodec.decodeReply(answer)
            try reply.checkAccepted(District.recordsEach)
            guard !reply.audit.isEmpty else { throw BenchmarkError("an answer proves nothing") }
        }
        if let first = problems.first {
            FileHandle.standardError.write(Data("\(problems.count) failed: \(first)\n".utf8))
        }
        Report.line(
            "load", elapsed,
            [
                "nodes": Double(nodes), "exchanges": Double(outcomes.count),
                "failed": Double(problems.count), "p50": latencies.median,
                "p95": latencies.percentile(0.95), "p99": latencies.percentile(0.99),
                "max": latencies.max() ?? 0,
                "per_second": Double(outcomes.count) / elapsed.wall,
                "waiters": Double(waiters), "waits": Double(waits),
            ])
    }

    // MARK: Before the clock starts

    private func schedule(nodes: Int, seconds: Double, seed: Int) throws -> [Due] {
        let bench = try BenchHub(folder)
        defer { try? bench.close() }
        let devices = try bench.hub.devices().count - 1
        let heads = try bench.store.read { try $0.heads() }
        var random = SeededRandom(seed: UInt64(seed))
        var due: [Due] = []
        var moment = 0.0
        var device = Int.random(in: 0..<devices, using: &random)
        while true {
            let chance = Double.random(in: Double.leastNonzeroMagnitude..<1, using: &random)
            moment += -log(chance) * Self.periodSeconds / Double(nodes)
            guard moment < seconds, due.count < devices else { return due }
            device = (device + 1) % devices
            let body = try body(of: device, seed: seed, bench, heads)
            due.append(Due(device: device, seconds: moment, body: body))
        }
    }

    private func body(
        of device: Int, seed: Int, _ bench: BenchHub, _ heads: [ScopeCode: ScopeHead]
    ) throws -> [UInt8] {
        let scope = District.grid(of: device)
        let ids = (0..<District.recordsEach).map { District.id(device, $0) }
        let numbers = try bench.store.read { try $0.records(ids).mapValues(\.number) }
        var writer = ChangesetWriter(
            UInt64(seed) << 32 | UInt64(device) + 2, author: BenchHub.holder,
            hub: bench.hub.identity)
        let position = heads[scope]?.position ?? .zero
        for place in 0..<District.recordsEach {
            let change = Change(
                type: Employers.type, record: District.id(device, place),
                unit: Employers.fields[14].number,
                value: UnitValue(.text("虚构走访 \(seed)-\(place)")))
            writer.add(
                [change], source: .onSite, context: [scope: position], milliseconds: bench.hub.now)
        }
        let city = heads[Employers.scope]?.position ?? .zero
        let positions = [Employers.scope: city, scope: position]
        let question = try bench.question(seeing: positions.keys)
        return writer.request(positions: positions, audit: question) { id in
            numbers[id].map { (scope, $0) }
        }
    }

    // MARK: The run

    private func exchange(_ schedule: [Due]) -> [Outcome] {
        let run = Run(schedule: schedule, address: address, hubKey: hubKey)
        let group = DispatchGroup()
        for _ in 0..<Self.threads {
            group.enter()
            let thread = Thread {
                run.work()
                group.leave()
            }
            thread.stackSize = 512 << 10
            thread.start()
        }
        group.wait()
        return run.outcomes.withLock { $0 }
    }
}

/// The exchanges that are due, shared by the threads that make them.
private final class Run: Sendable {
    let outcomes = Mutex<[Load.Outcome]>([])
    private let schedule: [Load.Due]
    private let keys: [DeviceKey]
    private let address: HubAddress
    private let hubKey: DevicePublicKey
    private let next = Atomic(0)
    private let start: ContinuousClock.Instant

    init(schedule: [Load.Due], address: HubAddress, hubKey: DevicePublicKey) {
        self.schedule = schedule
        self.address = address
        self.hubKey = hubKey
        keys = schedule.map { BenchHub.deviceKey($0.device + 1) }
        start = ContinuousClock.now + .milliseconds(300)
    }

    /// Takes the next exchange, waits until it is due and makes it, until none
    /// is left.
    func work() {
        while true {
            let place = next.add(1, ordering: .relaxed).oldValue
            guard place < schedule.count else { return }
            let due = schedule[place]
            let moment = start + .seconds(due.seconds)
            let wait = moment - ContinuousClock.now
            if wait > .zero { Thread.sleep(forTimeInterval: wait / .seconds(1)) }
            let outcome = exchange(due, keys[place], since: moment)
            outcomes.withLock { $0.append(outcome) }
        }
    }

    private func exchange(
        _ due: Load.Due, _ key: DeviceKey, since moment: ContinuousClock.Instant
    ) -> Load.Outcome {
        let client = HubClient(
            transport: CurlTransport(hub: address), key: key, hub: .key(hubKey),
            clock: SystemClock(), random: .system)
        do throws(HubFailure) {
            let answer = try client.post(
                ExchangeDriver.path, contentType: ExchangeCodec.contentType, body: due.body)
            let elapsed = (ContinuousClock.now - moment) / .seconds(1)
            return Load.Outcome(seconds: elapsed, answer: answer)
        } catch {
            let elapsed = (ContinuousClock.now - moment) / .seconds(1)
            return Load.Outcome(seconds: elapsed, problem: "\(error)")
        }
    }
}
