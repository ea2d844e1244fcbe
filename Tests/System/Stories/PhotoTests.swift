import Foundation
import Testing

/// A licence is photographed in a village.
@Suite struct PhotoTests {
    /// A file that begins like a JPEG.
    private func photo(_ district: District, bytes: Int, name: String = "photo.jpg") throws
        -> String
    {
        var random = SeededRandom(seed: UInt64(bytes))
        var data = Data([0xff, 0xd8, 0xff, 0xe0])
        let noise = Data((0..<40_961).map { _ in UInt8.random(in: 0...255, using: &random) })
        while data.count < bytes { data.append(noise.prefix(bytes - data.count)) }
        let path = district.folder.file(name)
        try data.write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test func aPhotoFollowsTheDataWithinItsBudgetAndIsFetchedByAnother() throws {
        let district = try District()
        let nodes = try ["first", "second"].map { try district.join($0) }
        let path = try photo(district, bytes: 300_000)
        let id = try district.record(
            "employer", "name=虚构甲", "licence_photo=@\(path)", at: nodes[0])
        let status = try district.ask(["node", "status", "--data", nodes[0]])
        #expect(status["attachments_waiting"].integer == 1)
        var sent: [Int?] = []
        for _ in 0..<3 {
            let report = try district.ask([
                "node", "sync", "--attachment-budget", "120000", "--data", nodes[0],
            ])
            sent.append(report["attachments_sent"].integer)
        }
        #expect(sent == [0, 0, 1], "120 000 bytes each time")
        let shown = try district.ask(["record", "show", "employer", id, "--data", nodes[0]])
        #expect(shown["attachments"]["licence_photo"]["sent"].integer == 1)
        let name = try #require(shown["fields"]["licence_photo"].text)
        try district.done(["node", "sync", "--data", nodes[1]])
        let there = try district.ask(["record", "show", "employer", id, "--data", nodes[1]])
        #expect(there["attachments"]["licence_photo"]["here"].integer == 0)
        let copy = district.folder.file("copy.jpg")
        let partial = try district.run([
            "attachment", "get", name, copy, "--attachment-budget", "100000", "--data", nodes[1],
        ])
        #expect(partial.status == 1)
        try district.done(["attachment", "get", name, copy, "--data", nodes[1]])
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: copy))
                == Data(contentsOf: URL(fileURLWithPath: path)))
        try district.done(["attachment", "get", name, copy, "--force", "--data", district.hubData])
    }

    @Test func aPhotoIsAtTheHubBeforeTheWaitForNewsBegins() async throws {
        let district = try District()
        let node = try district.join()
        try district.done(["node", "sync", "--data", node])
        let relay = try Relay(to: district.port)
        defer { relay.stop() }
        try district.lead(node, to: relay.url)
        let path = try photo(district, bytes: 300_000)
        let id = try district.record("employer", "name=虚构甲", "licence_photo=@\(path)", at: node)
        let shown = try district.ask(["record", "show", "employer", id, "--data", node])
        let name = try #require(shown["fields"]["licence_photo"].text)
        try district.done(["node", "sync", "--attachment-budget", "0", "--data", node])
        async let waiting = Fieldgrid.runAside([
            "node", "sync", "--wait", "3600", "--json", "--data", node,
        ])
        await relay.waits(for: "wait=")
        let copy = district.folder.file("copy.jpg")
        try district.done(["attachment", "get", name, copy, "--data", district.hubData])
        // It makes way for another command on the folder.
        try district.done(["record", "list", "employer", "--data", node])
        #expect(try await JSON(waiting.output)["attachments_sent"].integer == 1)
    }

    @Test func aPhotoThatCannotBeSentSaysWhyBesideItsRecord() throws {
        let district = try District()
        let node = try district.join()
        let path = try photo(district, bytes: 1_000)
        let id = try district.record("employer", "name=虚构甲", "licence_photo=@\(path)", at: node)
        let show = ["record", "show", "employer", id, "--data", node]
        let name = try #require(try district.ask(show)["fields"]["licence_photo"].text)
        #expect(try district.done(show).contains("licence_photo: here, not yet sent\n"))
        let kept = URL(fileURLWithPath: "\(node)/attachments/\(name.prefix(2))/\(name)")
        try Data([0xff, 0xd8, 0xff, 0xe0]).write(to: kept)
        try district.done(["node", "sync", "--data", node])
        let text = try district.done(show)
        #expect(text.contains("licence_photo: here, not yet sent: The file \(name)"), "\(text)")
    }

    @Test func aPhotoIsForThoseWhoseGridHasItsRecord() throws {
        let district = try District()
        let node = try district.join()
        let stranger = try district.join("stranger", scope: "220602100")
        let path = try photo(district, bytes: 1_000)
        let id = try district.record("employer", "name=虚构甲", "licence_photo=@\(path)", at: node)
        try district.done(["node", "sync", "--data", node])
        let shown = try district.ask(["record", "show", "employer", id, "--data", node])
        let name = try #require(shown["fields"]["licence_photo"].text)
        let result = try district.run([
            "attachment", "get", name, district.folder.file("copy"), "--data", stranger,
        ])
        #expect(result.status == 1)
        #expect(result.errors.contains("no such file"))
    }

    @Test func whatIsNoPhotoIsRefusedAndBlocksNothing() throws {
        let district = try District()
        let node = try district.join()
        let text = district.folder.file("note.jpg")
        try Data("虚构".utf8).write(to: URL(fileURLWithPath: text))
        let large = try photo(district, bytes: (10 << 20) + 1, name: "large.jpg")
        for (value, words) in [
            ("@" + text, "JPEG, PNG or PDF"), ("@" + large, "pixels"),
            ("@" + text + ".none", "error"),
            ("photo", "SHA-256"),
        ] {
            let result = try district.run([
                "record", "new", "employer", "name=虚构甲", "licence_photo=" + value, "--data", node,
            ])
            #expect(result.status == 1, "\(value)")
            #expect(result.errors.contains(words), "\(result.errors)")
        }
        #expect(try district.outbox(of: node) == 0)
    }

    @Test func aPhotoThatWasTakenBackGoesTooBecauseTheHistoryNamesIt() throws {
        let district = try District()
        let node = try district.join()
        let path = try photo(district, bytes: 1_000)
        let file = try district.ask([
            "record", "new", "employer", "name=虚构甲", "licence_photo=@\(path)", "--data", node,
        ])
        let id = try #require(file["id"].text)
        try district.done(["record", "set", "employer", id, "licence_photo=", "--data", node])
        let report = try district.ask(["node", "sync", "--data", node])
        #expect(report["pushed"].integer == 2)
        #expect(report["attachments_waiting"].integer == 0, "it was named once")
    }

    @Test func photosGoByStickInPartsAndComeBackAcknowledged() throws {
        let district = try District()
        let node = try district.join()
        for count in 1...3 {
            let path = try photo(district, bytes: (5 << 20) + count, name: "\(count).jpg")
            _ = try district.record(
                "employer", "name=虚构\(count)", "licence_photo=@\(path)", at: node)
        }
        let stick = district.folder.file("wang.fgb")
        let text = try district.done(["node", "export", stick, "--data", node])
        let second = district.folder.file("wang-2.fgb")
        #expect(text.contains("3 photos.") && text.contains(second))
        let answer = district.folder.file("answer.fgb")
        var taken: [Int?] = []
        for part in [second, stick] {
            let report = try district.ask([
                "hub", "import", part, "--reply", answer, "--force", "--data", district.hubData,
            ])
            taken.append(report["attachments"]["taken"].integer)
        }
        #expect(taken == [1, 2])
        let imported = try district.ask(["node", "import", answer, "--data", node])
        #expect(imported["attachments_sent"].integer == 3)
        #expect(imported["attachments_waiting"].integer == 0)
        #expect(imported["outbox"].integer == 0)
        let over = try district.run(["node", "export", stick, "--data", node])
        #expect(over.errors.contains("is there already"))
    }
}
