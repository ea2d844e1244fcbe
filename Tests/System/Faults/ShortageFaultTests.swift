import Foundation
import Glibc
import TestSupport
import Testing

/// Folders without room or rights, a hub without descriptors, clocks that are
/// decades wrong.
@Suite(.serialized) struct ShortageFaultTests {
    @Test(.disabled(if: Machine.cannotMount != nil, "no small disks"))
    func aDeviceSavesUntilThereIsNoRoomAndKeepsEverySave() throws {
        let disk = try SmallDisk(megabytes: 1)
        let district = try District()
        let node = try district.join(folder: disk.path + "/data")
        var reported: Set<String> = []
        try disk.fill(leaving: 120)
        var refusals = 0
        for number in 0..<40 where refusals < 3 {
            let result = try district.run(
                ["record", "new", "employer", "name=虚构\(number)"]
                    + ["business_scope=" + String(repeating: "长", count: 3_000)]
                    + ["--json", "--data", node])
            if result.status == 0 {
                reported.insert(try #require(JSON(result.output)["id"].text))
            } else {
                refusals += 1
                expectRefused(result, saying: ["no room", "hint: "])
            }
        }
        #expect(refusals > 0)
        disk.free()
        #expect(try Set(district.records("employer", at: node).keys) == reported)
        reported.insert(try district.record("employer", "name=虚构后来", at: node))
        try expectConverged(district, node)
        #expect(try Set(district.records("employer", at: district.hubData).keys) == reported)
        Endurance.report(
            "device on a disk of 1 MB: \(reported.count) saves, \(refusals) refused, 0 lost")
    }

    @Test(.disabled(if: Machine.cannotMount != nil, "no small disks"))
    func aDeviceWhoseDiskIsFullIsReadAndSendsWhatWaits() throws {
        let disk = try SmallDisk(megabytes: 32)
        let district = try District()
        let node = try district.join(folder: disk.path + "/data")
        let id = try district.record("employer", "name=虚构甲", at: node)
        try disk.fill()
        let refused = try district.run([
            "record", "new", "employer", "name=虚构乙", "--data", node,
        ])
        expectRefused(refused, saying: ["no room", "hint: "])
        #expect(try Array(district.records("employer", at: node).keys) == [id])
        try district.done(["node", "sync", "--data", node])
        #expect(try Array(district.records("employer", at: district.hubData).keys) == [id])
        disk.free()
        _ = try district.record("employer", "name=虚构丙", at: node)
        try expectConverged(district, node)
    }

    @Test(.disabled(if: Machine.cannotMount != nil, "no small disks"))
    func aHubWhoseDiskFillsWhileItMergesTellsItAndIsReadAndGoesOnLater() throws {
        let disk = try SmallDisk(megabytes: 32)
        let district = try District(hubFolder: disk.path + "/data")
        let nodes = try ["one", "other"].map { try district.join($0) }
        var random = SeededRandom(seed: 9_103)
        let rounds = Endurance.isLong ? 2 : 1
        var refused = 0
        for round in 0..<rounds {
            // The room ends at any point of what two devices bring.
            try disk.fill(leaving: round == 0 ? 0 : Int.random(in: 0...600, using: &random))
            for (place, node) in nodes.enumerated() {
                let first = (round * nodes.count + place) * 200
                let table = try district.folder.write(
                    FictionalEmployer.table(first..<(first + 200)), to: "table.csv")
                try district.done(["record", "import", "employer", table, "--data", node])
                let before = try district.records("employer", at: district.hubData)
                let result = try district.run(["node", "sync", "--data", node])
                if result.status == 0 { continue }
                refused += 1
                expectRefused(result, 75, saying: ["no room", "hint: "])
                #expect(try district.records("employer", at: district.hubData) == before)
                #expect(try district.outbox(of: node) == 200)
            }
            disk.free()
            for node in nodes { try district.done(["node", "sync", "--data", node]) }
        }
        for node in nodes { try expectConverged(district, node) }
        #expect(
            try district.records("employer", at: district.hubData).count
                == rounds * nodes.count * 200)
        #expect(refused > 0)
        try district.stopHub()
        #expect(
            try District.sql("PRAGMA integrity_check", in: district.hubData + "/hub.sqlite") == "ok"
        )
        Endurance.report(
            "hub whose disk fills: \(rounds * nodes.count) exchanges, \(refused) told “no room”, "
                + "0 lost, 0 stuck")
    }

    @Test(.disabled(if: Machine.cannotBeNobody != nil, "no user without rights"))
    func whoMayNotWriteAFolderIsToldSoAndChangesNothing() throws {
        let district = try District()
        let node = try district.join()
        let id = try district.record("employer", "name=虚构甲", at: node)
        for (mode, hint) in [(0o755, "may write"), (0o700, "hint: ")] {
            for path in [node, district.folder.path] { chmod(path, mode_t(mode)) }
            for arguments in [["record", "new", "employer", "name=虚构乙"], ["node", "sync"]] {
                let result = try Fieldgrid.run(
                    "/usr/bin/env",
                    ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
                        + [Fieldgrid.executable()] + arguments + ["--data", node])
                expectRefused(result, saying: [node, hint])
            }
        }
        #expect(try Array(district.records("employer", at: node).keys) == [id])
        try expectConverged(district, node)
    }

    @Test func aHubWithoutDescriptorsAnswersAgainWhenItHasSome() throws {
        let district = try District()
        let node = try district.join()
        _ = try district.record("employer", "name=虚构甲", at: node)
        let hub = try #require(district.hub)
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(hub.id)/fd").count
        try limitDescriptors(of: hub.id, to: open + 4)
        let idle = (0..<16).compactMap { _ in Connection.open(port: district.port) }
        #expect(idle.count == 16)
        // Where nobody takes the call it waits; what it says after that is “later”, or success.
        let sync = try ChildProcess(
            Fieldgrid.executable(), ["node", "sync", "--data", node],
            environment: Fieldgrid.environment(with: [:]))
        _ = sync.output.collect(until: Deadline(seconds: 2), \.isComplete)
        try limitDescriptors(of: hub.id, to: 1024)
        withExtendedLifetime(idle) {
            _ = sync.output.collect(until: Deadline(seconds: 120), \.isComplete)
        }
        #expect([0, 75].contains(sync.wait()))
        try expectConverged(district, node)
    }

    private func limitDescriptors(of process: Int32, to count: Int) throws {
        let result = try Fieldgrid.run(
            "/usr/bin/env", ["prlimit", "--pid", "\(process)", "--nofile=\(count):1024"])
        try #require(result.status == 0, "\(result.errors)")
    }

    @Test(arguments: ["@2099-01-01 08:00:00", "@1970-01-02 08:00:00"])
    func aClockThatIsDecadesWrongWinsNothingAndStopsNothing(time: String) throws {
        let district = try District()
        let (wrong, right) = (try district.join("wrong"), try district.join("right"))
        let id = try district.record("employer", "name=虚构甲", "phone=0439-3000001", at: right)
        for node in [right, wrong] { try district.done(["node", "sync", "--data", node]) }
        let clock = try Faketime.environment(time)
        func atWrongTime(_ arguments: [String]) throws -> Fieldgrid.Result {
            try Fieldgrid.run(arguments + ["--data", wrong], environment: clock)
        }
        let set = ["record", "set", "employer", id]
        #expect(try atWrongTime(set + ["phone=0439-3000002"]).status == 0)
        try district.done(set + ["phone=0439-3000003", "--data", right])
        try district.done(["node", "sync", "--data", right])
        let sync = try atWrongTime(["node", "sync"])
        #expect(sync.status == 0, "\(sync.errors)")
        // Concurrent edits: the trusted time shows. A later one that saw both then replaces them.
        #expect(try phone(id, district) == "0439-3000003")
        #expect(try atWrongTime(set + ["phone=0439-3000004"]).status == 0)
        #expect(try atWrongTime(["node", "sync"]).status == 0)
        try district.done(["node", "sync", "--data", right])
        try district.done(set + ["phone=0439-3000005", "--data", right])
        for node in [right, wrong] { try expectConverged(district, node) }
        #expect(try phone(id, district) == "0439-3000005")
    }

    private func phone(_ id: String, _ district: District) throws -> String? {
        try district.records("employer", at: district.hubData)[id]?["fields"]["phone"].text
    }

    private func expectConverged(_ district: District, _ node: String) throws {
        try district.done(["node", "sync", "--data", node])
        #expect(try district.outbox(of: node) == 0)
        #expect(
            try district.records("employer", at: node)
                == district.records("employer", at: district.hubData))
        #expect(try District.sql("PRAGMA integrity_check", in: node + "/node.sqlite") == "ok")
    }
}
