import Foundation
import Testing

/// Networks that lose, hold up, refuse and squeeze packets, between a real
/// hub and a real device in namespaces of their own.
@Suite(.serialized, .disabled(if: Machine.cannotSeparate != nil, "no networks of our own"))
struct NetworkFaultTests {
    /// Seconds within which an exchange over the fault ends one way or the
    /// other: a device gives up a link that acknowledges nothing after 25 and
    /// a silent hub after 50, and tries once more with small packets.
    static let seconds = 150.0

    /// The last of them takes a minute.
    static let faults =
        Endurance.isLong ? Network.Fault.allCases : Network.Fault.allCases.dropLast()

    @Test(arguments: faults)
    func anExchangeOverABadNetworkEndsInTimeAndConvergesAfterIt(fault: Network.Fault) throws {
        let place = try DistrictOverNetwork()
        let (network, district, node) = (place.network, place.district, place.node)
        let runs = Endurance.isLong ? 5 : 1
        var tally = Tally()
        for round in 0..<runs {
            let first = round * 200
            let table = try district.folder.write(
                FictionalEmployer.table(first..<(first + 200)), to: "table.csv")
            try district.done(["record", "import", "employer", table, "--data", node])
            // News for the device, of which it has heard nothing.
            let news = try district.folder.write(
                FictionalEmployer.table((first + 10_000)..<(first + 10_100)), to: "news.csv")
            try district.done(["record", "import", "employer", news, "--data", place.neighbour])
            let sent = try network.runAtHub(["node", "sync", "--data", place.neighbour])
            try #require(sent.status == 0, "\(sent.errors)")
            try network.begin(fault)
            let start = ContinuousClock.now
            let result = try network.run(
                ["node", "sync", "--json", "--data", node], within: Self.seconds)
            try tally.count(result, after: ContinuousClock.now - start, met: network.met())
            if result.status != 0 {
                expectRefused(result, 75, saying: [Network.hubURL, "Nothing is lost"])
            }
            try network.heal()
            let healed = try network.run(["node", "sync", "--data", node], within: 60)
            #expect(healed.status == 0, "\(healed.errors)")
            #expect(try district.outbox(of: node) == 0)
        }
        expectHappened(fault, tally, runs)
        let atHub = try district.records("employer", at: district.hubData)
        #expect(atHub.count == runs * 300)
        #expect(try district.records("employer", at: node) == atHub)
        try place.stop()
        Endurance.report(
            "network, \(fault.rawValue): \(runs) runs, \(tally)"
                + (fault == .slow ? tally.least : "") + ", 0 stuck after healing")
    }

    /// Files too go in small packets where large ones vanish, each of their ranges within one run.
    @Test func aPhotoGoesThroughWhereLargePacketsVanish() throws {
        let place = try DistrictOverNetwork()
        let (network, district, node) = (place.network, place.district, place.node)
        let path = district.folder.file("photo.jpg")
        var random = SeededRandom(seed: 7)
        let noise = (0..<200_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let photo = Data([0xff, 0xd8, 0xff, 0xe0] + noise)
        try photo.write(to: URL(fileURLWithPath: path))
        let id = try district.record("employer", "name=虚构甲", "licence_photo=@\(path)", at: node)
        try network.begin(.largePacketsVanish)
        let result = try network.run(
            ["node", "sync", "--json", "--data", node], within: Self.seconds)
        #expect(result.status == 0, "\(result.errors)")
        #expect(try network.met() > 0)
        try network.heal()
        let shown = try district.ask(["record", "show", "employer", id, "--data", node])
        #expect(shown["attachments"]["licence_photo"]["sent"].integer == 1)
        try place.stop()
    }

    /// What a fault leaves to be seen, so that it was there.
    private func expectHappened(_ fault: Network.Fault, _ tally: Tally, _ runs: Int) {
        switch fault {
        // These let nothing whole through.
        case .blackhole, .reset: #expect(tally.later == runs)
        // What ends does so only after another way was tried.
        case .largePacketsVanish: #expect(tally.quickest > 20)
        case .largeAnswersVanish: #expect(tally.quickest > 45)
        case .loss: break
        case .slow:
            #expect(tally.bytes > 0)
            #expect(tally.seconds > tally.leastSeconds)
        case .smallPackets: #expect(tally.met >= tally.bytes / 576)
        }
        if fault != .slow { #expect(tally.met > 0) }
    }
}

/// What the exchanges over one fault came to.
private struct Tally: CustomStringConvertible {
    var ended = 0
    var later = 0
    var seconds = 0.0
    var quickest = Double.infinity
    var slowest = 0.0
    /// Of bodies, both ways, of the exchanges that ended.
    var bytes = 0
    /// What the slower of the two ways takes at least for the bytes of a slow link.
    var leastSeconds = 0.0
    /// Packets that the fault met.
    var met = 0

    mutating func count(_ result: Fieldgrid.Result, after time: Duration, met: Int) throws {
        let took = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
        seconds += took
        quickest = min(quickest, took)
        slowest = max(slowest, took)
        self.met += met
        guard result.status == 0 else {
            later += 1
            return
        }
        ended += 1
        let report = try JSON(result.output)
        let (up, down) = (report["bytes_up"].integer ?? 0, report["bytes_down"].integer ?? 0)
        bytes += up + down
        let queued = max(0, max(up, down) - Network.slowBurst)
        leastSeconds += Double(queued * 8) / Double(Network.slowBits)
    }

    var description: String {
        "\(ended) ended, \(later) “later”, "
            + String(format: "%.1f to %.1f s, ", quickest, slowest)
            + "\(met) packets met it, \(bytes) bytes of bodies"
    }

    var least: String {
        String(format: ", which take %.1f s at least and took %.1f", leastSeconds, seconds)
    }
}
