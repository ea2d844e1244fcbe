import Foundation
import Testing

/// A hub that is not there, is somebody else, or goes in the middle.
@Suite struct WrongInputHubDownTests {
    private let district: District
    private let node: String

    init() throws {
        district = try District()
        node = try district.join()
    }

    @Test func withTheHubDownTheWorkIsKeptAndTheExitCodeSaysTryLater() throws {
        try district.stopHub()
        let id = try district.record("employer", "name=虚构甲", at: node)
        for arguments in [["node", "sync"], ["node", "sync", "--json"]] {
            let result = try district.run(arguments + ["--data", node])
            expectRefused(
                result, 75,
                saying: [district.url, "Nothing is lost; try again when there is a network"])
        }
        let status = try district.ask(["node", "status", "--data", node])
        #expect(status["hub_reachable"].description == "false")
        #expect(status["outbox"].integer == 1)
        try district.startHub()
        try district.done(["node", "sync", "--data", node])
        #expect(try district.outbox(of: node) == 0)
        #expect(try district.records("employer", at: district.hubData)[id] != nil)
    }

    @Test func aNetworksOwnPageInPlaceOfTheHubLosesNothing() throws {
        _ = try district.record("employer", "name=虚构甲", at: node)
        let portal = try Portal()
        try district.lead(node, to: portal.url)
        let result = try district.run(["node", "sync", "--data", node])
        expectRefused(result, 75, saying: [portal.url, "hint: "])
        #expect(try district.outbox(of: node) == 1)
        try district.lead(node, to: district.url)
        try district.done(["node", "sync", "--data", node])
        #expect(try district.records("employer", at: district.hubData).count == 1)
    }

    @Test func anotherHubInPlaceOfOursIsNotTrusted() throws {
        _ = try district.record("employer", "name=虚构甲", at: node)
        let other = try District()
        try district.lead(node, to: other.url)
        let result = try district.run(["node", "sync", "--data", node])
        expectRefused(result, saying: [other.url, "hint: "])
        #expect(try district.outbox(of: node) == 1)
        #expect(try other.records("employer", at: other.hubData).isEmpty)
    }

    @Test func aHubKilledInTheMiddleOfAnExchangeLosesAndDoublesNothing() throws {
        let count = 6_000
        let table = try district.folder.write(
            FictionalEmployer.table(0..<count), to: "employers.csv")
        try district.done(["record", "import", "employer", table, "--data", node])
        #expect(try district.outbox(of: node) == count)

        let sync = try ChildProcess(
            Fieldgrid.executable(), ["node", "sync", "--data", node],
            environment: Fieldgrid.environment(with: district.environment))
        let isUnderWay = try hubHasSomething(while: sync)
        district.killHub()
        #expect(isUnderWay, "the exchange ended before the hub could be killed")
        _ = sync.output.collect(until: Deadline(seconds: 60), \.isComplete)
        let said = sync.output.current
        expectRefused(
            (sync.wait(), said.outputText, said.errorText), 75, saying: ["Nothing is lost"])
        #expect(try #require(try district.outbox(of: node)) > 0)

        try district.startHub()
        try district.done(["node", "sync", "--data", node])
        #expect(try district.outbox(of: node) == 0)
        let atHub = try district.records("employer", at: district.hubData)
        #expect(Set(atHub.values.compactMap { $0["fields"]["name"].text }).count == count)
        #expect(try district.records("employer", at: node) == atHub)
    }

    /// Waits until the hub has stored a part of what the exchange brings.
    private func hubHasSomething(while sync: ChildProcess) throws -> Bool {
        let database = district.hubData + "/hub.sqlite"
        let known = try District.sql("SELECT count(*) FROM record", in: database)
        // Each look waits for the end of the exchange for a moment.
        for _ in 0..<2_000 {
            if sync.output.collect(until: Deadline(seconds: 0.02), \.isComplete) { return false }
            let walBytes = try? FileManager.default.attributesOfItem(atPath: database + "-wal")
            let isWritten = (walBytes?[.size] as? NSNumber)?.intValue ?? 0 > 1 << 20
            if isWritten { return true }
            if try District.sql("SELECT count(*) FROM record", in: database) != known {
                return true
            }
        }
        return false
    }
}
