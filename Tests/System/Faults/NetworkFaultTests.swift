import Foundation
import Testing

/// Networks that lose, hold up, refuse and squeeze packets, between a real
/// hub and a real device in namespaces of their own.
@Suite(.serialized, .disabled(if: Machine.cannotSeparate != nil, "no networks of our own"))
struct NetworkFaultTests {
    /// Seconds within which an exchange over the fault ends one way or the
    /// other: a device gives up a silent link after 50, and tries a large
    /// request twice more in smaller ones.
    static let seconds = 170.0

    @Test(arguments: Network.Fault.allCases)
    func anExchangeOverABadNetworkEndsInTimeAndConvergesAfterIt(fault: Network.Fault) throws {
        let network = try Network()
        let district = try District()
        let node = try district.join()
        try district.stopHub()
        let script = try district.folder.write(
            "#!/bin/bash\n\(network.atHub) '\(Fieldgrid.executable())' \"$@\"\n", to: "hub.sh",
            executable: true)
        let hub = try RunningHub(
            data: district.hubData, executable: script, listen: "\(Network.hubAddress):8470")
        try district.lead(node, to: Network.hubURL)
        let runs = Endurance.isLong ? 5 : 1
        var (ended, later, slowest) = (0, 0, 0.0)
        for round in 0..<runs {
            let first = round * 200
            let table = try district.folder.write(
                FictionalEmployer.table(first..<(first + 200)), to: "table.csv")
            try district.done(["record", "import", "employer", table, "--data", node])
            try network.begin(fault)
            let start = ContinuousClock.now
            let result = try network.run(["node", "sync", "--data", node], within: Self.seconds)
            let took = ContinuousClock.now - start
            slowest = max(slowest, Double(took.components.seconds))
            if result.status == 0 {
                ended += 1
            } else {
                later += 1
                expectRefused(result, 75, saying: [Network.hubURL, "Nothing is lost"])
            }
            try network.heal()
            let healed = try network.run(["node", "sync", "--data", node], within: 60)
            #expect(healed.status == 0, "\(healed.errors)")
            #expect(try district.outbox(of: node) == 0)
        }
        // These let nothing whole through: an exchange that ended means that there was no fault.
        if [.blackhole, .reset, .largePacketsVanish].contains(fault) { #expect(later == runs) }
        let atHub = try district.records("employer", at: district.hubData)
        #expect(atHub.count == runs * 200)
        #expect(try district.records("employer", at: node) == atHub)
        try hub.stop()
        Endurance.report(
            "network, \(fault.rawValue): \(runs) runs, \(ended) ended, \(later) “later”, "
                + "slowest \(Int(slowest)) s, 0 stuck after healing")
    }
}
