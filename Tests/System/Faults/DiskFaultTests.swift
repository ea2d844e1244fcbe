import Foundation
import Testing

/// A disk that is full or broken, for one call or from one on: of a save, of a
/// device that synchronises, of the hub that answers it.
@Suite(.serialized, .disabled(if: Machine.cannotTrace != nil, "no strace"))
struct DiskFaultTests {
    let district: District
    let node: String
    let log: String

    init() throws {
        district = try District()
        node = try district.join()
        log = district.folder.file("calls")
    }

    @Test func aSaveWhoseWriteFailsIsThereWholeOrSaidNotToBe() throws {
        var sweep = FaultSweep(errors: ["EIO", "ENOSPC"])
        var reported: Set<String> = []
        try sweep.run { fault in
            let name = "虚构 \(fault)"
            let result = try fault.run(
                ["record", "new", "employer", "name=\(name)", "phone=0439-3000000", "--json"]
                    + ["--data", node], log: log)
            let isRefused = result.status != 0
            if isRefused {
                expectRefused(result, saying: ["nothing was saved", "hint: "])
            } else {
                reported.insert(try #require(JSON(result.output)["id"].text))
            }
            try expectWhole(node + "/node.sqlite", after: fault)
            return (FailingCall.happened(in: log), isRefused)
        }
        let present = try district.records("employer", at: node)
        #expect(Set(present.keys) == reported)
        #expect(present.values.allSatisfy { $0["fields"]["phone"].text == "0439-3000000" })
        try expectConverged()
        #expect(sweep.refused > 5)
        Endurance.report("save with failing calls: \(sweep.faults) runs, 0 lost, 0 in part")
    }

    @Test func aDeviceWhoseWriteFailsWhileItSynchronisesEndsWithWhatTheHubHas() throws {
        var sweep = FaultSweep(errors: Endurance.isLong ? ["EIO", "ENOSPC"] : ["EIO"])
        try sweep.run { fault in
            _ = try district.record("employer", "name=虚构 \(fault)", at: node)
            _ = try district.record(
                "employer", "name=虚构中心 \(fault)", "--scope", District.village,
                at: district.hubData)
            let result = try fault.run(["node", "sync", "--data", node], log: log)
            if result.status != 0 { #expect(result.errors.hasPrefix("error: "), "\(fault)") }
            try expectWhole(node + "/node.sqlite", after: fault)
            try district.done(["node", "sync", "--data", node])
            #expect(try district.outbox(of: node) == 0, "\(fault)")
            return (FailingCall.happened(in: log), result.status != 0)
        }
        try expectConverged()
        #expect(sweep.faults > 5)
        Endurance.report(
            "node sync with failing calls: \(sweep.faults) runs, \(sweep.refused) refused, "
                + "0 not converged after the next")
    }

    @Test func aHubWhoseWriteFailsWhileItAnswersAcknowledgesNothingThatItHasNot() throws {
        var sweep = FaultSweep(errors: ["EIO", "ENOSPC"])
        try sweep.run { fault in
            _ = try district.record("employer", "name=虚构 \(fault)", at: node)
            let hub = try #require(district.hub)
            let tracing = try fault.attach(to: hub.id, log: log)
            let result = try district.run(["node", "sync", "--data", node])
            try tracing.stop()
            if result.status != 0 { expectRefused(result, 75, saying: ["hint: "]) }
            try district.done(["node", "sync", "--data", node])
            #expect(try district.outbox(of: node) == 0, "\(fault)")
            return (FailingCall.happened(in: log), result.status != 0)
        }
        try expectConverged()
        try district.stopHub()
        try expectWhole(district.hubData + "/hub.sqlite", after: nil)
        #expect(sweep.faults > 3)
        Endurance.report(
            "hub with failing calls: \(sweep.faults) runs, \(sweep.refused) answered “later”, "
                + "0 not converged after the next")
    }

    // MARK: From one call on

    @Test func aDeviceWhoseDiskStaysBrokenSaysSoAndLosesNothing() throws {
        let disk = disk(of: node, "node.sqlite")
        var sweep = FaultSweep(
            errors: Endurance.isLong ? ["EIO", "ENOSPC"] : ["EIO"], kinds: [FailingCall.ofDisk],
            lasts: true)
        var reported: Set<String> = []
        var said = 0
        try sweep.run { fault in
            let fault = fault.about(disk)
            let before = try district.record("employer", "name=虚构前 \(fault)", at: node)
            reported.insert(before)
            let save = try fault.run(
                ["record", "new", "employer", "name=虚构 \(fault)", "--json", "--data", node],
                log: log)
            let happened = FailingCall.happened(in: log)
            if save.status == 0 {
                reported.insert(try #require(JSON(save.output)["id"].text))
            } else {
                expectRefused(save, saying: ["nothing was saved", "hint: "])
            }
            let sync = try fault.run(["node", "sync", "--data", node], log: log)
            if sync.status != 0 {
                expectRefused(sync, saying: [node, "hint: "])
                said += 1
            }
            try expectWhole(node + "/node.sqlite", after: fault)
            // The disk works again.
            try district.done(["node", "sync", "--data", node])
            #expect(try district.outbox(of: node) == 0, "\(fault)")
            #expect(try Set(district.records("employer", at: node).keys) == reported, "\(fault)")
            return (happened, save.status != 0)
        }
        try expectConverged()
        #expect(sweep.refused > 1)
        #expect(said > 1)
        Endurance.report(
            "device whose disk stays broken: \(sweep.faults) places, \(sweep.refused) saves and "
                + "\(said) exchanges refused, 0 lost, 0 not converged when it works again")
    }

    @Test func aHubWhoseDiskStaysBrokenAcknowledgesNothingUntilItWorksAgain() throws {
        let disk = disk(of: district.hubData, "hub.sqlite")
        var sweep = FaultSweep(
            errors: Endurance.isLong ? ["EIO", "ENOSPC"] : ["EIO"], kinds: [FailingCall.ofDisk],
            lasts: true)
        try sweep.run { fault in
            let id = try district.record("employer", "name=虚构 \(fault)", at: node)
            let hub = try #require(district.hub)
            let tracing = try fault.about(disk).attach(to: hub.id, log: log)
            var later = 0
            for _ in 0..<2 {
                let result = try district.run(["node", "sync", "--data", node])
                guard result.status != 0 else { continue }
                expectRefused(result, 75, saying: ["no room", "hint: "])
                later += 1
            }
            // It is read meanwhile, and has what it acknowledged.
            let atHub = try district.records("employer", at: district.hubData)
            let isAcknowledged = try district.outbox(of: node) == 0
            #expect(!isAcknowledged || atHub[id] != nil, "\(fault)")
            try tracing.stop()
            try district.done(["node", "sync", "--data", node])
            #expect(try district.outbox(of: node) == 0, "\(fault)")
            return (FailingCall.happened(in: log), later > 0)
        }
        try expectConverged()
        district.killHub()
        try district.startHub()
        try expectConverged()
        try district.stopHub()
        try expectWhole(district.hubData + "/hub.sqlite", after: nil)
        #expect(sweep.refused > 1)
        Endurance.report(
            "hub whose disk stays broken: \(sweep.faults) places, \(sweep.refused) answered "
                + "“later”, 0 acknowledged and lost, 0 not converged when it works again")
    }

    // MARK: Checks

    /// What of a folder SQLite and the stamp are written to.
    func disk(of folder: String, _ database: String) -> [String] {
        let names = [
            database, database + "-wal", database + "-shm", "stamp.json", "stamp.json.tmp",
        ]
        return [folder] + names.map { folder + "/" + $0 }
    }

    func expectConverged() throws {
        try district.done(["node", "sync", "--data", node])
        #expect(try district.outbox(of: node) == 0)
        let atHub = try district.records("employer", at: district.hubData)
        #expect(try district.records("employer", at: node) == atHub)
        #expect(Set(atHub.values.compactMap { $0["fields"]["name"].text }).count == atHub.count)
    }

    func expectWhole(_ database: String, after fault: FailingCall?) throws {
        let answer = try District.sql("PRAGMA integrity_check", in: database)
        #expect(answer == "ok", "\(fault?.description ?? "")")
    }
}
