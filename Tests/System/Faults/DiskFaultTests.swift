import Foundation
import Testing

/// A disk that is full or broken for one call: of a save, of a device that
/// synchronises, of the hub that answers it.
@Suite(.serialized, .disabled(if: Machine.cannotTrace != nil, "no strace"))
struct DiskFaultTests {
    private let district: District
    private let node: String
    private let log: String

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

    private func expectConverged() throws {
        try district.done(["node", "sync", "--data", node])
        #expect(try district.outbox(of: node) == 0)
        let atHub = try district.records("employer", at: district.hubData)
        #expect(try district.records("employer", at: node) == atHub)
        #expect(Set(atHub.values.compactMap { $0["fields"]["name"].text }).count == atHub.count)
    }

    private func expectWhole(_ database: String, after fault: FailingCall?) throws {
        let answer = try District.sql("PRAGMA integrity_check", in: database)
        #expect(answer == "ok", "\(fault?.description ?? "")")
    }
}
