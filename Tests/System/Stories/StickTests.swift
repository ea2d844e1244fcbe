import Foundation
import Testing

/// A township without a network: everything goes by USB stick.
@Suite struct StickTests {
    @Test func twoDevicesWithSticksOnlyAgreeWithTheHub() throws {
        let district = try District()
        let nodes = try ["first", "second"].map { try district.join($0) }
        let employer = try district.record("employer", "name=虚构甲", at: nodes[0])
        _ = try district.record("employer", "name=虚构乙", at: nodes[1])
        let stick = district.folder.file("stick.fgb")
        let answer = district.folder.file("answer.fgb")
        for _ in 0..<2 {
            for node in nodes {
                try district.done(["node", "export", stick, "--force", "--data", node])
                let taken = try district.ask([
                    "hub", "import", stick, "--reply", answer, "--force", "--data",
                    district.hubData,
                ])
                #expect(taken["reply"]["receipts"].integer != nil)
                #expect(taken["reply"]["file_base64"].text == nil)
                try district.done(["node", "import", answer, "--data", node])
            }
        }
        let truth = try district.records("employer", at: district.hubData)
        #expect(truth.count == 2)
        for node in nodes {
            let records = try district.records("employer", at: node)
            #expect(
                records.mapValues { $0["fields"]["name"].text }
                    == truth.mapValues { $0["fields"]["name"].text })
            #expect(try district.outbox(of: node) == 0)
        }
        #expect(truth[employer] != nil)
    }

    @Test func aBundleIsTakenByAServedHubAnUnservedOneAndFromFarAway() throws {
        let district = try District()
        let node = try district.join()
        let carrier = try district.join("carrier", role: "supervisor")
        let stick = district.folder.file("stick.fgb")
        var accepted: [Int?] = []
        for (count, arguments) in [
            (1, ["--data", district.hubData]), (2, ["--hub", district.url, "--data", carrier]),
        ] {
            _ = try district.record("employer", "name=虚构\(count)", at: node)
            try district.done(["node", "export", stick, "--force", "--data", node])
            let taken = try district.ask(["hub", "import", stick] + arguments)
            accepted.append(taken["accepted"].integer)
        }
        try district.stopHub()
        _ = try district.record("employer", "name=虚构3", at: node)
        try district.done(["node", "export", stick, "--force", "--data", node])
        let taken = try district.ask(["hub", "import", stick, "--data", district.hubData])
        accepted.append(taken["accepted"].integer)
        #expect(accepted == [1, 1, 1])
        #expect(taken["repeated"].integer == 2)
        let answer = district.folder.file("answer.fgb")
        try district.done([
            "hub", "export", answer, "--device", "虚构node", "--data", district.hubData,
        ])
        let applied = try district.ask(["node", "import", answer, "--data", node])
        #expect(applied["pushed"].integer == 3)
        #expect(applied["outbox"].integer == 0)
    }

    @Test func anAssistantMayNotCarryForOthersIntoTheHub() throws {
        let district = try District()
        let node = try district.join()
        let stick = district.folder.file("stick.fgb")
        try district.done(["node", "export", stick, "--data", node])
        let result = try district.run([
            "hub", "import", stick, "--hub", district.url, "--data", node,
        ])
        #expect(result.status == 1)
        #expect(result.errors.contains("supervisor"))
    }

    @Test func whatARevokedDeviceHeldComesInUnderReview() throws {
        let district = try District()
        let node = try district.join()
        _ = try district.record("employer", "name=虚构甲", at: node)
        let device = try #require(
            district.ask(["node", "status", "--data", node])["node"].text)
        try district.done(["hub", "revoke", device, "--data", district.hubData])
        let stick = district.folder.file("stick.fgb")
        try district.done(["node", "export", stick, "--data", node])
        let taken = try district.ask(["hub", "import", stick, "--data", district.hubData])
        #expect(taken["quarantined"].integer == 1)
        let waiting = try district.ask(["hub", "review", "--data", district.hubData]).elements
        #expect(waiting.map { $0["holder"].text } == ["虚构node"])
        try district.done(["hub", "review", "--let-through", device, "--data", district.hubData])
        #expect(try district.records("employer", at: district.hubData).count == 1)
    }

    @Test func wrongFilesAreNamedAndNothingIsOverwritten() throws {
        let district = try District()
        let nodes = try ["first", "second"].map { try district.join($0) }
        let stick = district.folder.file("stick.fgb")
        try district.done(["node", "export", stick, "--data", nodes[0]])
        let again = try district.run(["node", "export", stick, "--data", nodes[0]])
        #expect(again.status == 1)
        #expect(again.errors.contains("--force"))
        let answer = district.folder.file("answer.fgb")
        try district.done([
            "hub", "import", stick, "--reply", answer, "--data", district.hubData,
        ])
        for (arguments, words) in [
            (["node", "import", answer, "--data", nodes[1]], "another device"),
            (["node", "import", stick, "--data", nodes[0]], "for the hub"),
            (["hub", "import", answer, "--data", district.hubData], "for a device"),
            (["node", "import", nodes[0] + "/node.json", "--data", nodes[0]], "not a bundle"),
            (["node", "import", stick + ".none", "--data", nodes[0]], "error: "),
        ] {
            let result = try district.run(arguments)
            #expect(result.status == 1, "\(arguments)")
            #expect(result.errors.contains(words), "\(result.errors)")
        }
        var cut = try Data(contentsOf: URL(fileURLWithPath: answer))
        cut.removeLast(cut.count / 3)
        try cut.write(to: URL(fileURLWithPath: answer))
        let result = try district.run(["node", "import", answer, "--data", nodes[0]])
        #expect(result.status == 1)
        #expect(result.errors.contains("not as it was made"))
    }
}
