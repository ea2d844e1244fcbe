import Foundation
import Testing

/// Kills at seeded moments, of the node while it saves and while it exchanges
/// and of the hub while it merges: what was reported saved or acknowledged is
/// there, and nothing is there twice.
@Suite(.serialized) struct KillNineTests {
    static let rounds = 100

    /// Lets the moments fall into the work however slow the machine is: after
    /// a cut a little more time, after none less.
    private struct Patience {
        private(set) var factor = 1.0

        mutating func learn(wasCut: Bool) {
            factor = wasCut ? min(32, factor * 1.2) : max(1, factor / 2)
        }
    }

    @Test func aNodeKilledWhileSavingKeepsWhatItReported() throws {
        let district = try District()
        let node = try district.join()
        let program = try Fieldgrid.executable()
        var random = SeededRandom(seed: 9_001)
        var reported: Set<String> = []
        var killed = 0
        var patience = Patience()
        for round in 0..<Self.rounds {
            let delay = Double.random(in: 0.005...0.16, using: &random) * patience.factor
            let result = try Fieldgrid.run(
                "/usr/bin/timeout",
                [
                    "-s", "KILL", String(format: "%.3f", delay), program, "record", "new",
                    "employer", "name=\(FictionalEmployer.name(round))", "--json", "--data", node,
                ])
            if result.status != 0 { killed += 1 }
            if let id = try? JSON(result.output)["id"].text { reported.insert(id) }
            patience.learn(wasCut: result.status != 0)
        }
        #expect(killed > 10, "the moments must fall into the saving")
        #expect(reported.count > 10)
        #expect(try District.sql("PRAGMA integrity_check", in: node + "/node.sqlite") == "ok")
        let present = try district.records("employer", at: node)
        #expect(reported.isSubset(of: present.keys))
        let names = present.values.compactMap { $0["fields"]["name"].text }
        #expect(Set(names).count == present.count, "nothing is saved twice")
        try district.done(["node", "sync", "--data", node])
        #expect(try district.records("employer", at: district.hubData).keys == present.keys)
        Endurance.report(
            "device killed while it saves: \(Self.rounds) runs, \(killed) killed, 0 lost")
    }

    @Test func aNodeKilledWhileItExchangesLosesNothingAndRepeatsNothing() throws {
        let district = try District()
        let (node, other) = (try district.join("killed"), try district.join("other"))
        let program = try Fieldgrid.executable()
        var random = SeededRandom(seed: 9_003)
        let rounds = Endurance.isLong ? Self.rounds : 30
        var killed = 0
        var patience = Patience()
        for round in 0..<rounds {
            // News both ways.
            for (place, data) in [node, other].enumerated() {
                let first = (2 * round + place) * 5
                let table = try district.folder.write(
                    FictionalEmployer.table(first..<(first + 5)), to: "employers.csv")
                try district.done(["record", "import", "employer", table, "--data", data])
            }
            try district.done(["node", "sync", "--data", other])
            let delay = Double.random(in: 0.02...0.2, using: &random) * patience.factor
            let result = try Fieldgrid.run(
                "/usr/bin/timeout",
                [
                    "-s", "KILL", String(format: "%.3f", delay), program, "node", "sync", "--data",
                    node,
                ])
            if result.status != 0 { killed += 1 }
            patience.learn(wasCut: result.status != 0)
        }
        #expect(killed > rounds / 10, "the moments must fall into the exchange")
        #expect(try District.sql("PRAGMA integrity_check", in: node + "/node.sqlite") == "ok")
        for data in [node, other] { try district.done(["node", "sync", "--data", data]) }
        let atHub = try district.records("employer", at: district.hubData)
        #expect(atHub.count == rounds * 10)
        #expect(try district.records("employer", at: node) == atHub)
        #expect(try district.records("employer", at: other) == atHub)
        Endurance.report(
            "device killed while it exchanges: \(rounds) runs, \(killed) killed, 0 lost")
    }

    @Test func aHubKilledWhileMergingKeepsWhatItAcknowledged() throws {
        let district = try District()
        let node = try district.join()
        var random = SeededRandom(seed: 9_002)
        var acknowledged = 0
        var cut = 0
        var patience = Patience()
        for round in 0..<Self.rounds {
            let first = round * 10
            let table = try district.folder.write(
                FictionalEmployer.table(first..<(first + 10)), to: "employers.csv")
            try district.done(["record", "import", "employer", table, "--data", node])
            let delay = Double.random(in: 0.02...0.3, using: &random) * patience.factor
            let isDone = try syncUnderFire(district, node, after: delay)
            if isDone { acknowledged = first + 10 } else { cut += 1 }
            patience.learn(wasCut: !isDone)
            district.killHub()
            try district.startHub()
        }
        #expect(cut > 10, "the moments must fall into the exchange")
        #expect(acknowledged > 0)
        try expectWhole(district, node)
        Endurance.report(
            "hub killed while it merges: \(Self.rounds) runs, \(cut) exchanges cut, 0 lost")
    }

    /// Synchronises while the hub is killed a moment later; tells whether
    /// the node was told that everything arrived.
    private func syncUnderFire(
        _ district: District, _ node: String, after seconds: Double
    ) throws -> Bool {
        guard let hub = district.hub else { return false }
        let delay = String(format: "%.3f", seconds)
        let script = """
            (timeout \(delay) tail -f /dev/null; kill -9 \(hub.id)) &
            "\(try Fieldgrid.executable())" node sync --data "\(node)" --json
            status=$?
            wait
            exit $status
            """
        let result = try Fieldgrid.run("/bin/bash", ["-c", script])
        #expect([0, 75].contains(result.status), "\(result.errors)")
        return try result.status == 0 && JSON(result.output)["pushed"].integer ?? 0 > 0
    }

    private func expectWhole(_ district: District, _ node: String) throws {
        try district.done(["node", "sync", "--data", node])
        #expect(try district.outbox(of: node) == 0)
        let atHub = try district.records("employer", at: district.hubData)
        #expect(atHub.count == Self.rounds * 10)
        #expect(try district.records("employer", at: node) == atHub)
        for id in atHub.keys.sorted().prefix(20) {
            let history = try district.ask([
                "record", "history", "employer", id, "--data", district.hubData,
            ])
            let creations = history.elements.filter { $0["unit"].text == "presence" }
            #expect(creations.count == 1, "each changeset is in the history once")
        }
        try district.stopHub()
        let path = district.hubData + "/hub.sqlite"
        #expect(try District.sql("PRAGMA integrity_check", in: path) == "ok")
        #expect(
            try District.sql("SELECT count(*) FROM answer WHERE code IS NOT NULL", in: path) == "0")
    }
}
