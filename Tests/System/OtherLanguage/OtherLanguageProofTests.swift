import Testing

/// What the hub wrote down, as a device in another language has it proved.
@Suite struct OtherLanguageProofTests {
    private let district: District
    private let node: String
    private let other: OtherDevice

    init() throws {
        district = try District(serving: ["--snapshot-from", "1"])
        node = try district.join()
        other = try OtherDevice(joining: district)
        try other.run(["bootstrap"])
    }

    /// What the hub wrote down is proved to it as to a node of the program.
    @Test func theRecordIsProvedThereToo() throws {
        try other.run(["new", "employer", "name=虚构甲"])
        try other.run(["sync"])
        let before = try other.run(["logs"])
        try other.run(["new", "employer", "name=虚构乙"])
        try other.run(["sync"])
        let after = try other.run(["logs"])
        let log = District.township
        #expect((before["sizes"][log].integer ?? 0) > 0)
        #expect((before["sizes"][""].integer ?? 0) > 0)
        #expect((after["sizes"][log].integer ?? 0) > (before["sizes"][log].integer ?? 0))
        #expect(after["alarm"].isNull)
        try district.done(["node", "sync", "--data", node])
        let heads = try district.ask(["node", "audit", "--data", node])["heads"].elements
        let head = try #require(heads.first { $0["log"].text == log })
        #expect(head["root"] == after["roots"][log])
    }

    @Test func aRewrittenRecordIsNoticedThereAndNothingIsApplied() throws {
        try other.run(["new", "employer", "name=虚构甲"])
        try other.run(["sync"])
        try other.run(["logs", "--mistake", District.township])
        try district.done([
            "record", "new", "employer", "name=虚构丙", "--data", node,
        ])
        try district.done(["node", "sync", "--data", node])
        let outcome = try other.run(["once", "--bytes", "1000000"])
        #expect(outcome["outcome"].text == "alarm")
        #expect(try other.run(["logs"])["alarm"].text?.contains("rewritten") == true)
        #expect(try other.run(["list", "employer"]).elements.count == 1)
    }
}
