import Foundation
import Testing

/// Settling, joining and taking back, by the commands.
@Suite struct DecisionStoryTests {
    private let district: District
    private let first: String
    private let second: String

    init() throws {
        district = try District()
        first = try district.join()
        second = try district.join("second")
    }

    private func sync(_ nodes: String...) throws {
        for node in nodes { try district.done(["node", "sync", "--data", node]) }
    }

    private func conflict(at node: String) throws -> JSON {
        let all = try district.ask(["conflicts", "list", "--all", "--data", node]).elements
        return try #require(all.first)
    }

    private func undo(_ id: String, at data: String) throws -> Fieldgrid.Result {
        try district.run(["conflicts", "undo", id, "--data", data])
    }

    /// Both give the employer another phone, apart.
    private func contest() throws -> (employer: String, conflict: String) {
        let id = try district.record("employer", "name=虚构甲", at: first)
        try sync(first, second)
        for (place, node) in [first, second].enumerated() {
            try district.done([
                "record", "set", "employer", id, "phone=0439-322000\(place + 1)", "--data", node,
            ])
        }
        try sync(first, second, first)
        return (id, try #require(try conflict(at: first)["id"].text))
    }

    @Test func aRulesDecisionIsTakenBackOfflineAndEveryFolderHearsOfIt() throws {
        let (_, id) = try contest()
        #expect(try conflict(at: first)["state"].text == "decided")
        #expect(try undo(id, at: first).status == 0)
        try sync(first, second)
        for data in [first, second, district.hubData] {
            #expect(try conflict(at: data)["state"].text == "reopened")
        }
    }

    @Test func aHubsClerkTakesADecisionBackToo() throws {
        let (_, id) = try contest()
        try district.done([
            "conflicts", "resolve", id, "--take", "1", "--data", district.hubData,
        ])
        #expect(try undo(id, at: district.hubData).status == 0)
        try sync(second)
        let shown = try conflict(at: second)
        #expect(shown["state"].text == "reopened")
        #expect(shown["sides"].elements.count == 2)
    }

    @Test func whatWaitsForAPersonHasNoDecisionToTakeBack() throws {
        let (_, id) = try contest()
        try district.done(["conflicts", "undo", id, "--data", district.hubData])
        let again = try undo(id, at: district.hubData)
        #expect(again.status == 1)
        #expect(again.errors.contains("nothing was decided yet"))
        #expect(again.errors.contains("conflicts resolve"))
    }

    @Test func aSupersededDecisionIsRefusedWithWhoSupersededIt() throws {
        let (employer, id) = try contest()
        try district.done([
            "record", "set", "employer", employer, "phone=0439-3220009", "--data", second,
        ])
        try sync(second)
        let refused = try undo(id, at: first)
        #expect(refused.status == 0, "the device has not heard of it yet")
        let synced = try district.run(["node", "sync", "--data", first])
        #expect(synced.output.contains("refused") || synced.errors.contains("refused"))
        let shown = try district.ask(["record", "show", "employer", employer, "--data", first])
        #expect(shown["fields"]["phone"].text == "0439-3220009")
    }

    @Test func aDeviceThatHasTheLaterChangeRefusesAtOnceAndSendsNothing() throws {
        let (employer, id) = try contest()
        try district.done([
            "record", "set", "employer", employer, "phone=0439-3220009", "--data", second,
        ])
        try sync(second, first)
        let refused = try undo(id, at: first)
        #expect(refused.status == 1)
        #expect(refused.errors.contains("superseded by a later change of 虚构second"))
        #expect(refused.errors.contains("record set employer \(employer)"))
        let status = try district.ask(["node", "status", "--data", first])
        #expect(status["outbox"].integer == 0)
        #expect(status["refused"].elements.isEmpty)
    }

    @Test func anUnknownConflictIsRefusedWithWhereToLook() throws {
        let refused = try undo("01890a5d-ac96-774b-bcce-b302099a8057", at: first)
        #expect(refused.status == 1)
        #expect(refused.errors.contains("conflicts list --all"))
    }

    @Test func mergeAndApartAreForTwoRecordsOnly() throws {
        let (_, id) = try contest()
        let result = try district.run([
            "conflicts", "resolve", id, "--take", "merge", "--data", district.hubData,
        ])
        #expect(result.status == 1)
        #expect(result.errors.contains("not about two records"))
    }

    @Test func theHistoryOfARecordTellsWhatCameThroughTheOneThatWasMergedIntoIt() throws {
        let code = "org_code=MA0DEMO16"
        let one = try district.record("employer", "name=虚构双录", code, at: first)
        let two = try district.record("employer", "name=虚构双录", code, at: second)
        let (stays, goes) = (min(one, two), max(one, two))
        try sync(first, second, first)
        let id = try #require(try conflict(at: first)["id"].text)
        try district.done(["conflicts", "resolve", id, "--take", "merge", "--data", first])
        try sync(first)
        let history = ["record", "history", "employer", stays, "--data", district.hubData]
        let joined = try district.ask(history).elements
        #expect(Set(joined.compactMap { $0["record"].text }) == [stays, goes])
        let through = joined.filter { $0["record"].text == goes }
        #expect(through.contains { $0["unit"].text == "org_code" })
        #expect(through.last?["value"]["merged_into"].text == stays)
        let text = try district.done(history)
        #expect(text.contains("经由记录") && text.contains("合并，并入 \(stays)"), "\(text)")

        #expect(try undo(id, at: first).status == 0)
        try sync(first)
        let parted = try district.ask(history).elements.filter { $0["record"].text == goes }
        #expect(parted.map { $0["unit"].text } == ["presence", "presence"])
        #expect(parted.last?["value"].text == "unmerged")
        #expect(try district.done(history).contains("撤销合并"))
    }

    @Test func twoRecordsOfOneEmployerBecomeOneAndTwoAgain() throws {
        let code = "org_code=MA0DEMO16"
        let one = try district.record("employer", "name=虚构双录", code, at: first)
        let two = try district.record("employer", "name=虚构双录", code, at: second)
        try sync(first, second, first)
        let id = try #require(try conflict(at: first)["id"].text)
        for record in [one, two] {
            let shown = try district.ask(["record", "show", "employer", record, "--data", first])
            #expect(shown["conflicts"].elements.map(\.text) == [id])
        }
        try district.done(["conflicts", "resolve", id, "--take", "merge", "--data", first])
        try sync(first, second)
        let shown = try district.ask([
            "record", "show", "employer", max(one, two), "--data", second,
        ])
        #expect(shown["id"].text == min(one, two))
        #expect(shown["merged_from"].text == max(one, two))
        #expect(try district.records("employer", at: second).count == 1)

        #expect(try undo(id, at: second).status == 0)
        try sync(second, first)
        #expect(try district.records("employer", at: first).count == 2)
    }
}
