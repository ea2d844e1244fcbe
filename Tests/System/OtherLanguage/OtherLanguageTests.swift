import Foundation
import Testing

/// A device in another language, written from the grammar alone, at a running
/// hub beside devices of the program.
@Suite struct OtherLanguageTests {
    private let district: District
    private let node: String
    private let other: OtherDevice

    init() throws {
        district = try District(serving: ["--snapshot-from", "1"])
        node = try district.join()
        other = try OtherDevice(joining: district)
        try other.run(["bootstrap"])
    }

    private func sync() throws {
        try other.run(["sync"])
        try district.done(["node", "sync", "--data", node])
        try other.run(["sync"])
    }

    private func create(_ fields: String...) throws -> String {
        let saved = try other.run(["new", "employer"] + fields)
        return try #require(saved["id"].text)
    }

    /// Fields, scope and type are the same there as at the node and the hub.
    private func expectTheSame(
        _ id: String, location: SourceLocation = #_sourceLocation
    ) throws {
        let shown = try other.record(id)
        for data in [node, district.hubData] {
            let record = try district.ask(["record", "show", "employer", id, "--data", data])
            for key in ["id", "scope", "type", "fields"] {
                #expect(shown[key] == record[key], "\(data)", sourceLocation: location)
            }
        }
    }

    @Test func everyVectorSaysInAnotherLanguageWhatItSaysHere() throws {
        let checked = try OtherDevice.script("vectors.py")
        let tests = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let files = try FileManager.default.contentsOfDirectory(
            atPath: tests.path + "/../schemas/wire/vectors")
        #expect(checked["vectors"].texts.count == files.count { $0.hasSuffix(".hex") })
        #expect((checked["malformed"].integer ?? 0) > 60)
        #expect((checked["damaged"].integer ?? 0) > 600)
    }

    /// A reader that takes what another refuses would understand something
    /// else than was meant.
    @Test(arguments: 1...3) func damagedRequestsAreRefusedHereWhereTheyAreRefusedThere(
        seed: Int
    ) throws {
        let verdicts = try other.run(["damage", "--seed", "\(seed)"])
        #expect(verdicts["different"].elements.isEmpty, "\(verdicts)")
        for verdict in ["taken", "wire.malformed"] {
            #expect((verdicts[verdict].integer ?? 0) > 50)
        }
    }

    @Test func aFirstCopyComesAsAFileAndIsWhatTheHubHas() throws {
        let another = try OtherDevice(joining: district, "another")
        let copy = try another.run(["bootstrap"])
        #expect(copy["offer"]["id"].text?.count == 64)
        #expect((copy["replies"].integer ?? 0) > 0)
        #expect((copy["records"].integer ?? 0) > 100)
        #expect(try another.run(["compare"])["different"].elements.isEmpty)
    }

    @Test func whatIsRecordedThereIsTheSameEverywhere() throws {
        let id = try create(
            "name=虚构其他语言", "phone=0439-3220001", "geo_lon=126.73", "geo_lat=41.9",
            "geo_datum=WGS84", "no_license_flag=true", "name_alias=甲厂,乙厂",
            "reg_capital=1250", "founded_on=2020-01-02",
            "business_scope=01930000-0000-7000-8000-000000000001")
        try sync()
        try expectTheSame(id)
        try district.done([
            "record", "set", "employer", id, "phone=", "work_address=虚构路1号", "--data", node,
        ])
        try other.run(["set", "employer", id, "hr_contact=虚构甲"])
        try district.done(["node", "sync", "--data", node])
        try sync()
        try expectTheSame(id)
        #expect(try other.record(id)["fields"]["work_address"].text == "虚构路1号")
        #expect(try other.record(id)["fields"]["phone"].isNull)
    }

    @Test func sumsAgreeAndTheJSONFormSaysTheSame() throws {
        for number in 1...3 { _ = try create("name=虚构\(number)") }
        try sync()
        let sums = try other.run(["compare"])
        #expect(sums["different"].elements.isEmpty)
        #expect(sums["combined"].integer == 1)
        let json = try other.run(["compare-json"])
        #expect(json["different"].elements.isEmpty)
        #expect((json["records"].integer ?? 0) > 100)
        let checked = try other.run(["checked", District.township])
        let employers = checked.elements.filter { $0["type"].integer == 16 }
        #expect(employers.count == 3)
        #expect(employers.allSatisfy { $0["presence"].text == "whole" })
    }

    @Test func oneRequestThreeTimesIsOneSaveAndOneReceipt() throws {
        let id = try create("name=虚构甲")
        let receipts = try other.run(["repeat"])["receipts"].elements
        #expect(receipts.count == 3)
        #expect(Set(receipts.map(\.description)).count == 1)
        #expect(receipts[0][0]["seq"].integer == 1)
        #expect(try district.records("employer", at: district.hubData).keys.sorted() == [id])
    }

    @Test func whatIsDamagedOrAlteredIsRefusedWithASignedWord() throws {
        _ = try create("name=虚构甲")
        let refusals = try other.run(["refusals"])
        #expect(refusals["malformed"].text == "wire.malformed")
        #expect(refusals["not a frame"].text == "wire.malformed")
        #expect(refusals["altered"].text == "batch.altered")
        #expect(try district.records("employer", at: district.hubData).isEmpty)
    }

    @Test func aGapIsAnsweredFromWhatTheHubExpects() throws {
        let id = try create("name=虚构甲")
        for number in 1...2 {
            try other.run(["set", "employer", id, "phone=0439-322000\(number)"])
        }
        let synced = try other.run(["sync", "--first", "3"])
        #expect(synced["outcomes"].texts == ["gap", "applied"])
        #expect(synced["outbox"].integer == 0)
        try sync()
        try expectTheSame(id)
    }

    @Test func aConflictWithANodeIsSettledThereAndTakenBack() throws {
        let id = try create("name=虚构甲")
        try sync()
        try other.run(["set", "employer", id, "phone=0439-3220001"])
        try district.done([
            "record", "set", "employer", id, "phone=0439-3220002", "--data", node,
        ])
        try sync()
        try expectTheSame(id)
        let conflict = try #require(other.run(["conflicts"]).elements.first)
        let name = try #require(conflict["id"].text)
        let sides = conflict["sides"].elements
        #expect(Set(sides.map { $0["author"].text }) == ["虚构other", "虚构node"])
        let own = sides.firstIndex { $0["author"].text == "虚构other" }
        try other.run(["settle", name, "--side", "\((own ?? 0) + 1)", "--note", "打过电话"])
        try sync()
        try expectTheSame(id)
        #expect(try other.record(id)["fields"]["phone"].text == "0439-3220001")
        #expect(try state(of: name) == "settled")
        try other.run(["undo", name])
        try sync()
        try expectTheSame(id)
        #expect(try state(of: name) == "reopened")
    }

    private func state(of conflict: String) throws -> String? {
        let all = try district.ask(["conflicts", "list", "--all", "--data", node]).elements
        return all.first { $0["id"].text == conflict }?["state"].text
    }

    @Test func bundlesFromThereAreTakenInAnyOrderAndTheirAnswersRead() throws {
        let id = try create("name=虚构甲")
        try other.run(["set", "employer", id, "phone=0439-3220001"])
        let file = { district.folder.file($0) }
        try other.run(["export", file("second.fgb"), "--first", "2"])
        try other.run(["export", file("first.fgb")])
        var taken: [JSON] = []
        for name in ["second", "first"] {
            taken.append(
                try district.ask([
                    "hub", "import", file(name + ".fgb"), "--reply", file(name + "-back.fgb"),
                    "--data", district.hubData,
                ]))
        }
        #expect(taken.map { $0["waiting"].integer } == [1, 0])
        #expect(taken.map { $0["accepted"].integer } == [0, 2])
        let answers = try ["second", "first"].map {
            try other.run(["import", file($0 + "-back.fgb")])
        }
        #expect(answers.map { $0["outcomes"].texts } == [["gap"], ["applied"]])
        #expect(answers.map { $0["outbox"].integer } == [2, 0])
        try sync()
        try expectTheSame(id)
    }

    @Test func aCopiedFolderForksAndNothingIsLost() throws {
        let id = try create("name=虚构甲")
        try sync()
        let copy = try OtherDevice(copying: other, to: district.folder.file("copy"))
        try other.run(["set", "employer", id, "phone=0439-3220001"])
        try copy.run(["set", "employer", id, "hr_contact=虚构乙"])
        try sync()
        #expect(try copy.run(["sync"])["outcomes"].texts == ["fork", "applied"])
        try sync()
        try expectTheSame(id)
        let fields = try other.record(id)["fields"]
        #expect(fields["phone"].text == "0439-3220001")
        #expect(fields["hr_contact"].text == "虚构乙")
    }

    @Test func aHubThatWasPutBackIsPulledAgainAndNothingOfItsOwnIsMissing() throws {
        let id = try create("name=虚构甲", "phone=0439-3220001")
        try sync()
        let backup = district.folder.file("backup.sqlite")
        try district.done(["hub", "backup", "--to", backup, "--data", district.hubData])
        try district.stopHub()
        try district.done(["hub", "restore", "--from", backup, "--data", district.hubData])
        try district.startHub()
        try other.run(["set", "employer", id, "hr_contact=虚构乙"])
        #expect(try other.run(["sync"])["outcomes"].texts.prefix(2) == ["epoch", "applied"])
        try sync()
        try expectTheSame(id)
        #expect(try other.run(["compare"])["different"].elements.isEmpty)
        #expect(try other.run(["compare-json"])["different"].elements.isEmpty)
    }

    @Test func movesAndDeletesOfBothAreFollowed() throws {
        let ids = try ["甲", "乙", "丙", "丁"].map { try create("name=虚构\($0)") }
        try sync()
        try other.run(["move", "employer", ids[0], District.village])
        try district.done([
            "record", "move", "employer", ids[1], "--scope", District.village, "--data", node,
        ])
        try other.run(["delete", "employer", ids[2]])
        try district.done(["record", "delete", "employer", ids[3], "--data", node])
        try sync()
        for id in ids.prefix(2) {
            try expectTheSame(id)
            #expect(try other.record(id)["scope"].text == District.village)
        }
        let left = try other.run(["list", "employer"]).elements.compactMap { $0["id"].text }
        #expect(Set(left) == Set(ids.prefix(2)))
        #expect(try Set(district.records("employer", at: node).keys) == Set(left))
        #expect(try other.run(["compare"])["different"].elements.isEmpty)
    }

    /// The late edit of the one that is gone goes into the other; the other
    /// language hears which record that is.
    @Test func twoRecordsThatAreMergedAreOneThereToo() throws {
        let code = "org_code=MA0DEMO16"
        let own = try create("name=虚构双录", code)
        let theirs = try district.record("employer", "name=虚构双录", code, at: node)
        try sync()
        try district.done(["node", "sync", "--data", node])
        let conflict = try #require(
            district.ask(["conflicts", "list", "--data", node])[0]["id"].text)
        try district.done(["conflicts", "resolve", conflict, "--take", "merge", "--data", node])
        try sync()
        let left = try other.run(["list", "employer"]).elements.compactMap { $0["id"].text }
        #expect(left == [min(own, theirs)])
        #expect(try other.run(["compare"])["different"].elements.isEmpty)
    }

    /// What changes between the replies goes to their end, and was in none of
    /// those before.
    @Test func aPullInSeveralRepliesMissesNothingThatChangesMeanwhile() throws {
        let text = String(repeating: "虚构", count: 1_900)
        let ids = try (1...24).map { try create("name=虚构\($0)", "business_scope=\(text)") }
        try sync()
        let another = try OtherDevice(joining: district, "another")
        var answer = try another.run(["once", "--bytes", "65536"])
        #expect(answer["pulls"].elements.isEmpty)
        var rounds = 0
        while answer["has_more"].integer == 1, rounds < 20 {
            try other.run(["set", "employer", ids[23 - rounds], "phone=0439-3220001"])
            try other.run(["sync"])
            answer = try another.run(["once", "--bytes", "65536"])
            #expect(answer["pulls"].elements.isEmpty == false)
            rounds += 1
        }
        #expect((3..<20).contains(rounds))
        #expect(try another.run(["compare"])["different"].elements.isEmpty)
    }

    /// What left the township meanwhile is not told any more when it comes
    /// back: it begins anew, and what it had saved is sent first.
    @Test func aDeviceFromADrawerBeginsAnewAndWhatItSavedIsThere() throws {
        let ids = try ["甲", "乙", "丙"].map { try create("name=虚构\($0)") }
        try sync()
        try other.run(["set", "employer", ids[0], "phone=0439-3220001"])
        try district.done([
            "record", "move", "employer", ids[1], "--scope", "220602100", "--data",
            district.hubData,
        ])
        try district.done(["record", "delete", "employer", ids[2], "--data", node])
        try district.done(["node", "sync", "--data", node])
        try district.stopHub()
        district.environment = try Faketime.environment("+500d")
        try district.startHub()
        try district.done(["node", "sync", "--data", node])
        try district.done(["hub", "trim", "--data", district.hubData])
        #expect(try other.run(["sync"])["outcomes"].texts == ["rebase", "applied"])
        let left = try other.run(["list", "employer"]).elements.compactMap { $0["id"].text }
        #expect(left == [ids[0]])
        try other.run(["set", "employer", ids[0], "hr_contact=虚构乙"])
        try sync()
        try expectTheSame(ids[0])
        #expect(try other.record(ids[0])["fields"]["phone"].text == "0439-3220001")
        #expect(try other.run(["compare"])["different"].elements.isEmpty)
    }

    /// A file that begins like a JPEG, and its name.
    private func photo() throws -> (path: String, name: String) {
        let path = district.folder.file("photo.jpg")
        var random = SeededRandom(seed: 7)
        var data = Data([0xff, 0xd8, 0xff, 0xe0])
        while data.count < 5_000 { data.append(UInt8.random(in: 0...255, using: &random)) }
        try data.write(to: URL(fileURLWithPath: path))
        let digest = try Fieldgrid.run("/usr/bin/env", ["sha256sum", path])
        return (path, String(digest.output.prefix(64)))
    }

    @Test func aPhotoGoesOnAStickAndTheAnswerSaysThatTheHubHasIt() throws {
        let (photo, name) = try photo()
        let id = try create("name=虚构甲", "licence_photo=" + name)
        let (stick, back) = (district.folder.file("stick.fgb"), district.folder.file("back.fgb"))
        try other.run(["export", stick, "--carry", photo])
        try district.done([
            "hub", "import", stick, "--reply", back, "--data", district.hubData,
        ])
        let answer = try other.run(["import", back])
        #expect(answer["outcomes"].texts == ["applied"])
        #expect(answer["received"].texts == [name])
        try sync()
        try expectTheSame(id)
        let fetched = try other.run(["fetch", name, district.folder.file("back.jpg")])
        #expect(fetched["right"].integer == 1)
    }

    @Test func aPhotoGoesUpInPiecesAndComesBackWhole() throws {
        let (photo, name) = try photo()
        _ = try create("name=虚构甲", "licence_photo=" + name)
        try sync()
        let sent = try other.run(["attach", photo, "--piece", "1999"])
        #expect(sent["have"].integer == 5_000)
        #expect(sent["complete"].integer == 1)
        let back = try other.run(["fetch", name, district.folder.file("back.jpg")])
        #expect(back["bytes"].integer == 5_000)
        #expect(back["right"].integer == 1)
    }

    /// Texts that look like identifiers, the largest numbers, half-filled
    /// groups, requests that are repeated, lost, or begin after a gap.
    @Test(arguments: 1...4) func randomWorkOfBothComesToTheSame(seed: Int) throws {
        for round in 1...2 {
            let counts = try other.run([
                "chance", "--seed", "\(seed * 10 + round)", "--steps", "60",
            ])
            #expect((counts["saved"].integer ?? 0) > 20)
            try district.done(["node", "sync", "--data", node])
            try workAtTheNode(seed: UInt64(seed))
        }
        try sync()
        try sync()
        #expect(try other.run(["compare"])["different"].elements.isEmpty, "seed \(seed)")
        #expect(try other.run(["compare-json"])["different"].elements.isEmpty, "seed \(seed)")
        #expect(try district.outbox(of: node) == 0)
        for id in try district.records("employer", at: node).keys.sorted().prefix(8) {
            try expectTheSameUnlessHeld(id)
        }
    }

    private func workAtTheNode(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for id in try district.records("employer", at: node).keys.sorted().prefix(4) {
            let number = Int.random(in: 0..<10_000, using: &random)
            try district.done([
                "record", "set", "employer", id, "project_count=\(number)",
                "work_address=虚构路\(number)号", "--data", node,
            ])
        }
    }

    /// What is in quarantine shows at its author only.
    private func expectTheSameUnlessHeld(_ id: String) throws {
        let there = try other.record(id)
        guard there["held"].isNull else { return }
        try expectTheSame(id)
    }
}
