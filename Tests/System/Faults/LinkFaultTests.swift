import Foundation
import Testing

/// Links that fail between real programs: one fault at a time, and links that
/// flap for long and then heal.
@Suite(.serialized) struct LinkFaultTests {
    @Test func aRequestThatMeetsAFaultLosesAndDoublesNothing() throws {
        let district = try District()
        let node = try district.join()
        let proxy = try FaultProxy(to: district.port, seed: 1)
        try district.lead(node, to: proxy.url)
        try district.done(["node", "sync", "--data", node])
        var ids: [String] = []
        for fault in LinkFault.allCases {
            ids.append(try district.record("employer", "name=虚构 \(fault)", at: node))
            proxy.plan([fault])
            let result = try district.run(["node", "sync", "--data", node])
            #expect(proxy.faults[fault] == 1, "\(fault)")
            if result.status != 0 { expectRefused(result, 75, saying: [proxy.url, "hint: "]) }
            try district.done(["node", "sync", "--data", node])
            #expect(try district.outbox(of: node) == 0, "\(fault)")
        }
        let atHub = try district.records("employer", at: district.hubData)
        #expect(Set(atHub.keys) == Set(ids))
        #expect(try district.records("employer", at: node) == atHub)
        for id in ids {
            let history = try district.ask([
                "record", "history", "employer", id, "--data", district.hubData,
            ])
            #expect(history.elements.filter { $0["unit"].text == "presence" }.count == 1)
        }
    }

    @Test func aLinkThatFlapsAndHealsEndsWithAnEmptyOutboxAfterOneExchange() throws {
        let runs = Endurance.isLong ? 30 : 2
        let attempts = Endurance.isLong ? 60 : 25
        var result = FlappingTally()
        let district = try District()
        for seed in 1...runs {
            let run = try FlappingRun(district, seed: UInt64(seed))
            try run.flap(attempts)
            result.add(try run.heal(), seed: seed)
        }
        try district.stopHub()
        let path = district.hubData + "/hub.sqlite"
        #expect(try District.sql("PRAGMA integrity_check", in: path) == "ok")
        #expect(result.stuck.isEmpty)
        #expect(result.faults > runs * attempts / 5)
        Endurance.report(
            "flapping: \(runs) runs, \(result.stuck.count) stuck (\(attempts) attempts each, "
                + "\(result.faults) faults in \(result.requests) requests)")
    }
}

private struct FlappingTally {
    var stuck: [String] = []
    var faults = 0
    var requests = 0

    mutating func add(_ outcome: FlappingRun.Outcome, seed: Int) {
        if let why = outcome.stuck { stuck.append("seed \(seed): \(why)") }
        faults += outcome.faults
        requests += outcome.requests
    }
}

/// One device behind a link that flaps, which saves and synchronises on.
private struct FlappingRun {
    struct Outcome {
        /// What did not hold after one exchange over the healed link.
        var stuck: String?
        var faults: Int
        var requests: Int
    }

    private let district: District
    private let node: String
    private let proxy: FaultProxy
    private let seed: UInt64
    private let executable: String

    init(_ district: District, seed: UInt64) throws {
        self.district = district
        self.seed = seed
        executable = try Fieldgrid.executable()
        node = try district.join("node\(seed)")
        proxy = try FaultProxy(to: district.port, seed: seed)
        try district.lead(node, to: proxy.url)
    }

    func flap(_ attempts: Int) throws {
        var random = SeededRandom(seed: seed &+ 7_000)
        for attempt in 0..<attempts {
            if Int.random(in: 0..<3, using: &random) == 0 {
                _ = try district.record("employer", "name=虚构\(seed)-\(attempt)", at: node)
            }
            let result = try district.run(["node", "sync", "--data", node])
            guard [0, 75].contains(result.status) else {
                throw ProcessError(
                    "attempt \(attempt) ended with \(result.status): \(result.errors)")
            }
        }
        _ = try district.record("employer", "name=虚构\(seed)-最后", at: node)
    }

    func heal() throws -> Outcome {
        let (faults, requests) = (proxy.faults.values.reduce(0, +), proxy.requests)
        proxy.heal()
        var stuck: String?
        let result = try district.run(["node", "sync", "--data", node])
        if result.status != 0 {
            stuck = result.errors
        } else if try district.outbox(of: node) != 0 {
            stuck = "the outbox is not empty"
        } else {
            let (own, atHub) = (try names(at: node), try names(at: district.hubData))
            if own != atHub { stuck = "device and hub differ" }
            if Set(atHub).count != atHub.count { stuck = "a record is there twice" }
        }
        return Outcome(stuck: stuck, faults: faults, requests: requests)
    }

    /// Of what this device recorded.
    private func names(at data: String) throws -> [String] {
        let names = try district.records("employer", at: data).values.compactMap {
            $0["fields"]["name"].text
        }
        return names.filter { $0.hasPrefix("虚构\(seed)-") }.sorted()
    }
}
