import Foundation
import Testing

/// The hub's record of what happened, by the commands that people use.
@Suite struct AuditStoryTests {
    private let district: District
    private let first: String
    private let second: String

    init() throws {
        district = try District()
        first = try district.join()
        second = try district.join("second")
    }

    private func sync(_ node: String) throws -> Fieldgrid.Result {
        try district.run(["node", "sync", "--data", node])
    }

    private func audit(_ options: String...) throws -> Fieldgrid.Result {
        try district.run(["hub", "audit", "--data", district.hubData] + options)
    }

    private var database: String { district.hubData + "/hub.sqlite" }

    @Test func theHubVerifiesItsRecordWhileItServesAndAWitnessComparesItLater() throws {
        _ = try district.record("employer", "name=虚构甲", at: first)
        #expect(try sync(first).status == 0)
        let witness = district.folder.file("heads.json")
        let exported = try audit("--export", witness)
        #expect(exported.status == 0)
        #expect(exported.output.contains("verified, against"))
        #expect(try audit("--export", witness).errors.contains("already"))
        _ = try district.record("employer", "name=虚构乙", at: first)
        #expect(try sync(first).status == 0)
        let compared = try audit("--against", witness)
        #expect(compared.status == 0)
        #expect(compared.output.contains("continues"))
        let acts = try audit("--scope", "administration").output
        for words in ["an epoch began: created", "published the schema", "enrolled"] {
            #expect(acts.contains(words), "\(acts)")
        }
        let document = try JSON(audit("--scope", District.township, "--from", "1", "--json").output)
        #expect(document["entries"].elements.first?["leaf"].integer == 1)
        #expect("\(document["verified"])".contains("true"))
    }

    @Test func theVerdictComesFirstAndTheGridsOnlyWhereTheyAreAskedFor() throws {
        let verdict = try audit().output
        #expect(verdict.split(separator: "\n").count == 1, "\(verdict)")
        #expect(verdict.contains("logs verified"))
        let all = try audit("--all").output.split(separator: "\n")
        #expect(all.first?.contains("logs verified") == true)
        #expect(all.contains { $0.hasPrefix(District.scope) }, "\(all)")
    }

    @Test func aChangedTableIsNamedAndTheCommandFails() throws {
        _ = try district.record("employer", "name=虚构甲", at: first)
        #expect(try sync(first).status == 0)
        let change =
            "UPDATE history SET body = randomblob(length(body)) "
            + "WHERE entry = (SELECT max(entry) FROM history)"
        try District.sql(change, in: database)
        let found = try audit()
        #expect(found.status == 1)
        #expect(found.errors.contains("leaf"))
        #expect(found.errors.contains("the history does not have it"))
    }

    @Test func aHistoryThatWasReplacedStopsTheDeviceThatSawTheOtherOne() throws {
        let other = try district.join("third")
        let copy = district.folder.file("old.sqlite")
        try district.stopHub()
        try FileManager.default.copyItem(atPath: database, toPath: copy)
        try district.startHub()
        _ = try district.record("employer", "name=虚构甲", at: first)
        #expect(try sync(first).status == 0)
        #expect(try sync(second).status == 0)
        // Put back without a word, and overtaken by other work before anybody asks.
        try district.stopHub()
        try FileManager.default.removeItem(atPath: database)
        try FileManager.default.copyItem(atPath: copy, toPath: database)
        try district.startHub()
        for name in ["乙", "丙", "丁"] {
            _ = try district.record("employer", "name=虚构\(name)", at: other)
        }
        #expect(try sync(other).status == 0)
        let stopped = try sync(second)
        #expect(stopped.status == 1)
        #expect(stopped.errors.contains("may have been rewritten"))
        let saved = try district.record("employer", "name=虚构戊", at: second)
        let status = try district.run(["node", "status", "--data", second, "--exit-code"])
        #expect(status.status == 2)
        #expect(status.output.contains("ALARM"))
        let evidence = district.folder.file("evidence.json")
        let shown = try district.run(["node", "audit", "--data", second, "--export", evidence])
        #expect(shown.output.contains("ALARM"))
        let compared = try audit("--against", evidence)
        #expect(compared.status == 1)
        #expect(compared.errors.contains("does not continue"))
        try district.done(["node", "audit", "--data", second, "--accept"])
        #expect(try sync(second).status == 0)
        #expect(try district.records("employer", at: district.hubData)[saved] != nil)
    }
}
