import Foundation
import Testing

/// What people do with the commands, from one end to the other.
@Suite struct StoryTests {
    @Test func theDemoTellsTheWholeStoryAndChecksIt() throws {
        let result = try Fieldgrid.run(["demo"], within: 180)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.hasSuffix("demo: all checks passed\n"))
    }

    @Test func anEditByTheSQLiteProgramArrivesAtTheHub() throws {
        let district = try District()
        let node = try district.join()
        let id = try district.record("employer", "name=虚构甲", at: node)
        try district.done(["node", "sync", "--data", node])
        let path = node + "/node.sqlite"
        try District.sql("UPDATE employer SET phone = '0439-3220007' WHERE id = '\(id)'", in: path)
        try District.sql("INSERT INTO employer(name) VALUES('虚构由他处登记')", in: path)
        try district.done(["node", "sync", "--data", node])
        let records = try district.records("employer", at: district.hubData)
        #expect(records[id]?["fields"]["phone"].text == "0439-3220007")
        let names = Set(records.values.compactMap { $0["fields"]["name"].text })
        #expect(names == ["虚构甲", "虚构由他处登记"])
    }

    @Test func aHubsFolderAnswersWhetherItsServerRunsOrNot() throws {
        let district = try District()
        let id = try district.record(
            "employer", "name=虚构甲", "--scope", District.village, at: district.hubData)
        try district.stopHub()
        #expect(try district.records("employer", at: district.hubData).keys.sorted() == [id])
        try district.done([
            "record", "set", "employer", id, "phone=0439-3220001", "--data", district.hubData,
        ])
        try district.startHub()
        let shown = try district.ask(["record", "show", "employer", id, "--data", district.hubData])
        #expect(shown["fields"]["phone"].text == "0439-3220001")
    }

    @Test func aSecondServerOfAFolderIsRefused() throws {
        let district = try District()
        let result = try district.run([
            "hub", "serve", "--data", district.hubData, "--listen", "127.0.0.1:0",
        ])
        #expect(result.status == 1)
        #expect(result.errors.contains("served already"))
    }

    @Test func aServerThatIsToldToEndEndsWell() throws {
        let district = try District()
        #expect(try district.stopHub() == 0)
    }

    @Test func aRevokedDeviceIsToldSoAndLosesNothing() throws {
        let district = try District()
        let node = try district.join()
        let id = try district.record("employer", "name=虚构甲", at: node)
        let devices = try district.ask(["hub", "devices", "--data", district.hubData]).elements
        let device = try #require(devices.first?["node"].text)
        try district.done(["hub", "revoke", device, "--data", district.hubData])
        let result = try district.run(["node", "sync", "--data", node])
        #expect(result.status == 1)
        #expect(result.errors.contains("hint: "))
        #expect(try district.outbox(of: node) == 1)
        #expect(try district.records("employer", at: node).keys.sorted() == [id])
    }

    @Test func aConflictIsSeenSettledAndAgreedOn() throws {
        let district = try District()
        let first = try district.join("first")
        let second = try district.join("second")
        let employer = try district.record("employer", "name=虚构甲", at: first)
        let snapshot = try district.record(
            "snapshot", "employer=\(employer)", "period=2026H2", "hc_total=5", at: first)
        for node in [first, second] { try district.done(["node", "sync", "--data", node]) }
        try district.done(["record", "set", "snapshot", snapshot, "hc_total=6", "--data", first])
        try district.done(["record", "set", "snapshot", snapshot, "hc_total=7", "--data", second])
        for node in [first, second, first] {
            try district.done(["node", "sync", "--data", node])
        }
        let open = try district.run([
            "conflicts", "list", "--exit-code", "--json", "--data", first,
        ])
        #expect(open.status == 2)
        let conflict = try JSON(open.output)[0]
        #expect(conflict["unit"].text == "headcount")
        #expect(conflict["base"]["hc_total"].integer == 5)
        #expect(conflict["sides"].elements.count == 2)
        let id = try #require(conflict["id"].text)
        try district.done(["conflicts", "resolve", id, "--take", "1", "--data", second])
        for node in [second, first] { try district.done(["node", "sync", "--data", node]) }
        for folder in [first, second, district.hubData] {
            let shown = try district.ask([
                "record", "show", "snapshot", snapshot, "--data", folder,
            ])
            #expect(shown["fields"]["headcount"]["hc_total"].integer == 6)
            let left = try district.run(["conflicts", "list", "--exit-code", "--data", folder])
            #expect(left.status == 0)
        }
    }

    @Test func theNextHalfOpensByItselfOnceAfterTheHubWasDownOverTheDate() throws {
        let district = try District(environment: Faketime.environment("@2026-06-20 08:00:00"))
        _ = try district.record(
            "employer", "name=虚构甲", "--scope", District.village, at: district.hubData)
        try district.stopHub()
        district.environment = try Faketime.environment("@2026-07-03 08:00:00")
        for _ in 0..<2 {
            try district.startHub()
            try district.stopHub()
        }
        let now = try district.ask([
            "refresh", "status", "--period", "2026H2", "--data", district.hubData,
        ])
        #expect(now["total"]["due"].integer ?? now["due"].integer == 1)
        let tasks = try district.records("task", at: district.hubData)
        #expect(tasks.count == 2, "one of each half")
    }
}
