import FieldgridHub
import FieldgridModel
import FieldgridNode
import FieldgridSync
import Foundation
import Synchronization

/// Devices that have everything and wait for news, each asking again when the
/// hub has said that there are none.
///
/// Nothing comes in their grids, so a hub answers each of them once in thirty
/// seconds; one that woke them for what concerns others would answer more.
final class Waiters: Sendable {
    private struct Waiter: Sendable {
        var key: DeviceKey
        var body: [UInt8]
    }

    private static let arrivalSeconds = 10.0

    private let waiters: [Waiter]
    private let isOver = Atomic(false)
    private let answers = Atomic(0)
    private let problem = Mutex<String?>(nil)
    private let group = DispatchGroup()

    init(folder: String, count: Int, besides busy: [Int]) throws {
        let bench = try BenchHub(folder)
        defer { try? bench.close() }
        let heads = try bench.store.read { try $0.heads() }
        let devices = try bench.hub.devices().count - 1
        let taken = Set(busy)
        let idle = (0..<devices).filter { !taken.contains($0) }.prefix(count)
        guard idle.count == count else { throw BenchmarkError("too few devices to wait") }
        waiters = try idle.map { device in
            let scopes = [Employers.scope, District.grid(of: device)]
            var request = ExchangeRequest(
                schema: bench.hub.identity.schema, epoch: bench.hub.identity.epoch,
                positions: Dictionary(
                    uniqueKeysWithValues: scopes.map { ($0, heads[$0]?.position ?? .zero) }),
                incarnation: IncarnationID(
                    UUIDBits(high: 0x0198_0000_0000_7001, low: 1 << 63 | UInt64(device))),
                sealed: 0, batch: nil)
            request.audit = try bench.question(seeing: scopes)
            return Waiter(
                key: BenchHub.deviceKey(device + 1),
                body: ExchangeCodec.encode(request) { _ in nil })
        }
    }

    func start(_ address: HubAddress, _ hubKey: DevicePublicKey) {
        for (number, waiter) in waiters.enumerated() {
            let thread = Thread { [self] in
                // As they come by themselves, and not all at one moment.
                let share = Double(number) / Double(waiters.count)
                Thread.sleep(forTimeInterval: share * Self.arrivalSeconds)
                while !isOver.load(ordering: .relaxed) { wait(waiter, address, hubKey) }
                group.leave()
            }
            group.enter()
            thread.stackSize = 512 << 10
            thread.start()
        }
    }

    private func wait(_ waiter: Waiter, _ address: HubAddress, _ hubKey: DevicePublicKey) {
        let client = HubClient(
            transport: CurlTransport(hub: address), key: waiter.key, hub: .key(hubKey),
            clock: SystemClock(), random: .system)
        do throws(HubFailure) {
            _ = try client.post(
                ExchangeDriver.path, query: "wait=30", contentType: ExchangeCodec.contentType,
                body: waiter.body)
            answers.add(1, ordering: .relaxed)
        } catch {
            problem.withLock { $0 = "\(error)" }
            isOver.store(true, ordering: .relaxed)
        }
    }

    /// Waits for the last answers.
    ///
    /// - Returns: how many there were.
    func end() throws -> Int {
        isOver.store(true, ordering: .relaxed)
        group.wait()
        if let problem = problem.withLock({ $0 }) {
            throw BenchmarkError("a device that waited: \(problem)")
        }
        return answers.load(ordering: .relaxed)
    }
}
