import Dispatch
import Foundation
import Synchronization
import Testing

/// Links that come and go by the clock, while a device saves and synchronises
/// and others save too.
@Suite(.serialized, .disabled(if: Machine.cannotSeparate != nil, "no networks of our own"))
struct FlappingFaultTests {
    /// After the link has healed, what the device had under way ends, and one
    /// more exchange leaves nothing waiting, within so many seconds together.
    static let boundSeconds = 30.0

    @Test func aLinkThatFlapsByTheClockLeavesNobodyStuckWhenItHeals() throws {
        let runs = Endurance.isLong ? 8 : 3
        let seconds = Endurance.isLong ? 200.0 : 10.0
        let outcomes = Mutex<[FlappingOutcome]>([])
        let failures = Mutex<[String]>([])
        let group = DispatchGroup()
        for seed in 1...runs {
            group.enter()
            Thread.detachNewThread {
                do {
                    let outcome = try FlappingDistrict(seed: UInt64(seed)).run(for: seconds)
                    outcomes.withLock { $0.append(outcome) }
                } catch {
                    failures.withLock { $0.append("seed \(seed): \(error)") }
                }
                group.leave()
            }
        }
        group.wait()
        let ended = outcomes.withLock { $0 }
        #expect(failures.withLock { $0 } == [])
        #expect(ended.compactMap(\.stuck) == [])
        let sum = { (part: KeyPath<FlappingOutcome, Int>) in
            ended.reduce(0) { $0 + $1[keyPath: part] }
        }
        // That the link was down, and that exchanges met it.
        #expect(ended.allSatisfy { $0.outages > 1 })
        #expect(sum(\.packetsLost) > 0)
        #expect(sum(\.met) > 0)
        if Endurance.isLong {
            #expect(ended.allSatisfy { $0.packetsLost > 0 && $0.met > 5 && $0.later > 0 })
        }
        let slowest = ended.map(\.secondsToEmpty).max() ?? 0
        #expect(slowest < Self.boundSeconds)
        Endurance.report(
            "flapping by the clock: \(runs) runs of \(Int(seconds)) s, "
                + "\(failures.withLock(\.count) + ended.compactMap(\.stuck).count) stuck; "
                + "\(sum(\.outages)) outages, \(sum(\.packetsLost)) packets lost, "
                + "\(sum(\.exchanges)) exchanges, \(sum(\.met)) of them met one, "
                + "\(sum(\.later)) said “later”, \(sum(\.saves)) saves; empty after one exchange, "
                + String(format: "at most %.1f s after healing", slowest))
    }
}

private struct FlappingOutcome: Sendable {
    /// What did not hold after one exchange over the healed link.
    var stuck: String?
    var outages = 0
    var packetsLost = 0
    var exchanges = 0
    /// Exchanges in which the link went or came.
    var met = 0
    var later = 0
    var saves = 0
    /// From healing until the outbox was seen empty.
    var secondsToEmpty = 0.0
}

/// The cable's changes, by the clock, until it is healed for good.
private final class Flapping: Sendable {
    struct State: Sendable {
        var changes = 0
        var outages = 0
        var packetsLost = 0
        var healed: ContinuousClock.Instant?
        var failure: String?
    }

    let state = Mutex(State())
    private let network: Network
    private let end = DispatchSemaphore(value: 0)

    init(_ network: Network) { self.network = network }

    /// Ends it before its time.
    func stop() { end.signal() }

    func run(for seconds: Double, seed: UInt64) {
        var random = SeededRandom(seed: seed &+ 8_000)
        let deadline = ContinuousClock.now + .seconds(seconds)
        do {
            while ContinuousClock.now < deadline {
                if pause(Double.random(in: 0.3...(Endurance.isLong ? 8 : 1.5), using: &random)) {
                    break
                }
                let outage = Network.Outage.allCases.randomElement(using: &random)
                try network.begin(outage ?? .allVanishes)
                state.withLock { $0.changes += 1 }
                // Short ones are the most frequent, the longest kills what is under way.
                let doublings = Double.random(in: 0...(Endurance.isLong ? 6.3 : 3), using: &random)
                let isEnd = pause(0.5 * exp2(doublings))
                let lost = try network.met()
                try network.heal()
                state.withLock { state in
                    state.changes += 1
                    state.outages += 1
                    state.packetsLost += lost
                }
                if isEnd { break }
            }
        } catch {
            state.withLock { $0.failure = "\(error)" }
        }
        state.withLock { $0.healed = .now }
    }

    /// Lets the link be as it is for so long; true when it is to end.
    private func pause(_ seconds: Double) -> Bool {
        end.wait(timeout: .now() + seconds) == .success
    }
}

/// One hub, a device behind the cable and a neighbour for whom it never fails.
private final class FlappingDistrict {
    private let place: DistrictOverNetwork
    private let seed: UInt64
    private var random: SeededRandom
    private var outcome = FlappingOutcome()
    /// Records that everybody has before the link begins to flap.
    private var common: [String] = []
    /// What the device was told is saved.
    private var saved: Set<String> = []

    init(seed: UInt64) throws {
        self.seed = seed
        random = SeededRandom(seed: seed &+ 9_000)
        place = try DistrictOverNetwork()
        for number in 0..<4 {
            common.append(
                try place.district.record("employer", "name=虚构共有\(number)", at: place.node))
        }
        try exchange(place.node)
        try exchange(place.neighbour)
    }

    func run(for seconds: Double) throws -> FlappingOutcome {
        let flapping = Flapping(place.network)
        let others = Others(
            place.network, data: place.neighbour, hubData: place.district.hubData, common: common)
        let ended = DispatchGroup()
        for work in [
            { [seed] in flapping.run(for: seconds, seed: seed) },
            { [seed] in others.run(seed: seed) },
        ] as [@Sendable () -> Void] {
            ended.enter()
            Thread.detachNewThread {
                work()
                ended.leave()
            }
        }
        do {
            while flapping.state.withLock({ $0.healed }) == nil { try work(under: flapping) }
        } catch {
            flapping.stop()
            others.stop()
            ended.wait()
            throw error
        }
        others.stop()
        ended.wait()
        for failure in [flapping.state.withLock { $0.failure }, others.failure.withLock { $0 }] {
            if let failure { throw ProcessError(failure) }
        }
        try heal(flapping.state.withLock { $0 })
        try place.stop()
        return outcome
    }

    /// A save or none, and an exchange that may stay for news.
    private func work(under flapping: Flapping) throws {
        if Int.random(in: 0..<2, using: &random) == 0 {
            let saves = outcome.saves
            saved.insert(
                try place.district.record("employer", "name=虚构\(seed)-\(saves)", at: place.node))
            outcome.saves += 1
        } else if let id = common.randomElement(using: &random) {
            try place.district.done(
                ["record", "set", "employer", id]
                    + ["phone=\(FictionalEmployer.phone(outcome.saves))", "--data", place.node])
            outcome.saves += 1
        }
        let before = flapping.state.withLock { $0.changes }
        let wait = Int.random(in: 0...(Endurance.isLong ? 8 : 3), using: &random)
        let result = try place.network.run(
            ["node", "sync", "--wait", "\(wait)", "--data", place.node], within: 170)
        outcome.exchanges += 1
        if flapping.state.withLock({ $0.changes }) != before { outcome.met += 1 }
        if result.status == 0 { return }
        outcome.later += 1
        guard result.status == 75, result.errors.contains("Nothing is lost") else {
            throw ProcessError("an exchange ended with \(result.status): \(result.errors)")
        }
    }

    /// One exchange over the healed link: after it nothing waits.
    private func heal(_ state: Flapping.State) throws {
        (outcome.outages, outcome.packetsLost) = (state.outages, state.packetsLost)
        let result = try place.network.run(["node", "sync", "--data", place.node], within: 170)
        let outbox = try place.district.outbox(of: place.node)
        if let healed = state.healed {
            let took = (ContinuousClock.now - healed).components
            outcome.secondsToEmpty = Double(took.seconds) + Double(took.attoseconds) / 1e18
        }
        try exchange(place.neighbour)
        outcome.stuck = try whatDoesNotHold(result, outbox: outbox).map { "seed \(seed): \($0)" }
    }

    private func whatDoesNotHold(_ result: Fieldgrid.Result, outbox: Int?) throws -> String? {
        guard result.status == 0 else { return result.errors }
        guard outbox == 0 else { return "\(outbox ?? -1) changesets wait" }
        let district = place.district
        let atHub = try district.records("employer", at: district.hubData)
        guard try district.records("employer", at: place.node) == atHub else {
            return "the device differs from the hub"
        }
        guard try district.records("employer", at: place.neighbour) == atHub else {
            return "the neighbour differs from the hub"
        }
        guard saved.isSubset(of: atHub.keys) else { return "a save is lost" }
        let names = atHub.values.compactMap { $0["fields"]["name"].text }
        guard Set(names).count == atHub.count else { return "a record is there twice" }
        return nil
    }

    private func exchange(_ data: String) throws {
        let result = try place.network.runAtHub(["node", "sync", "--data", data])
        guard result.status == 0 else { throw ProcessError(result.errors) }
    }
}

/// Who saves at the hub and on a device whose link is good, until told to stop.
private final class Others: Sendable {
    let failure = Mutex<String?>(nil)
    private let network: Network
    private let data: String
    private let hubData: String
    private let common: [String]
    private let end = DispatchSemaphore(value: 0)

    init(_ network: Network, data: String, hubData: String, common: [String]) {
        self.network = network
        self.data = data
        self.hubData = hubData
        self.common = common
    }

    func stop() { end.signal() }

    func run(seed: UInt64) {
        var random = SeededRandom(seed: seed &+ 10_000)
        do {
            var number = 0
            repeat {
                number += 1
                try save(number, using: &random)
            } while end.wait(timeout: .now() + Double.random(in: 0.2...1.5, using: &random))
                == .timedOut
        } catch {
            failure.withLock { $0 = "a neighbour: \(error)" }
        }
    }

    private func save(_ number: Int, using random: inout SeededRandom) throws {
        let phone = "phone=\(FictionalEmployer.phone(500_000 + number))"
        let id = common.randomElement(using: &random) ?? ""
        switch Int.random(in: 0..<3, using: &random) {
        case 0:
            try done([
                "record", "new", "employer", "name=虚构中心\(number)", "--scope", District.village,
                "--data", hubData,
            ])
        case 1: try done(["record", "set", "employer", id, phone, "--data", hubData])
        default:
            try done(["record", "set", "employer", id, phone, "--data", data])
            try done(["node", "sync", "--data", data])
        }
    }

    private func done(_ arguments: [String]) throws {
        let result = try network.runAtHub(arguments)
        guard result.status == 0 else {
            throw ProcessError("\(arguments.joined(separator: " ")): \(result.errors)")
        }
    }
}
