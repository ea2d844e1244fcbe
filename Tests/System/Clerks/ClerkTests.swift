import Foundation
import Testing

/// What a clerk sees at the hub, and what a device says of its own clock.
@Suite struct ClerkTests {
    private let district: District
    private let node: String

    init() throws {
        district = try District()
        node = try district.join()
    }

    private func hub(_ command: String..., options: [String] = []) throws -> Fieldgrid.Result {
        try district.run(["hub"] + command + ["--data", district.hubData] + options)
    }

    @Test func whatTheHubRefusedIsListedAtItsDeviceAlsoWhereNoRecordShowsIt() throws {
        let id = try setAside()
        let status = try district.ask(["node", "status", "--data", node])
        #expect(status["refused"].elements.count == 1)
        #expect(status["refused"][0]["code"].text == "undo.superseded")
        #expect(status["refused"][0]["records"][0]["id"].text == id)
        let text = try district.run(["node", "status", "--data", node])
        #expect(text.output.contains("employer \(id): undo.superseded"))
    }

    @Test func whatTheHubRefusesIsSaidApartFromWhatItTakes() throws {
        _ = try setAside(andSend: false)
        let sync = ["node", "sync", "--data", node]
        #expect(try district.done(sync).hasPrefix("Sent 0, refused 1, received "))
        let again = try district.ask(sync)
        #expect(again["refused"].integer == 0)
        #expect(again["quarantined"].integer == 1)
        #expect(try district.done(sync).contains("1 saved action stands refused by the hub"))
    }

    /// A decision that is taken back after another change took its place.
    private func setAside(andSend sends: Bool = true) throws -> String {
        let second = try district.join("second")
        let id = try district.record("employer", "name=虚构甲", at: node)
        let sync = { (data: String) in
            _ = try district.done(["node", "sync", "--data", data])
        }
        let phone = { (number: Int, data: String) in
            _ = try district.done([
                "record", "set", "employer", id, "phone=0439-322000\(number)", "--data", data,
            ])
        }
        for data in [node, second] { try sync(data) }
        try phone(1, node)
        try phone(2, second)
        for data in [node, second, node] { try sync(data) }
        let conflicts = try district.ask(["conflicts", "list", "--all", "--data", node])
        let conflict = try #require(conflicts[0]["id"].text)
        try phone(9, second)
        try sync(second)
        try district.done(["conflicts", "undo", conflict, "--data", node])
        if sends { try sync(node) }
        return id
    }

    @Test func everythingThatTheHubHasSetAsideIsListedWithWhatLetsItIn() throws {
        #expect(try hub("quarantine").output.contains("Nothing is set aside"))
        let id = try setAside()
        let listed = try district.ask(["hub", "quarantine", "--data", district.hubData])
        #expect(listed.elements.count == 1)
        let entry = listed[0]
        #expect(entry["holder"].text == "虚构node")
        #expect((entry["seq"].integer ?? 0) > 0)
        #expect(entry["code"].text == "undo.superseded")
        #expect(entry["reason"].text?.contains("superseded by a later change") == true)
        #expect(entry["records"][0]["id"].text == id)
        #expect(entry["records"][0]["name"].text == "虚构甲")
        #expect(entry["released_by"].text?.contains("edits the record") == true)
        let shown = try hub("quarantine", options: ["--exit-code"])
        #expect(shown.status == 2)
        for words in ["虚构node", "employer \(id) 虚构甲", "undo.superseded: ", "let in", "since"] {
            #expect(shown.output.contains(words), "\(shown.output)")
        }
    }

    @Test func aDeviceThatWasRevokedIsNotRevokedAgain() throws {
        let device = try #require(
            try district.ask(["hub", "devices", "--data", district.hubData])[0]["node"].text)
        #expect(try hub("revoke", device).output.hasPrefix("Revoked"))
        let again = try hub("revoke", device)
        #expect(again.status == 0)
        #expect(again.output.contains("already; nothing changed"))
        #expect(!again.output.hasPrefix("Revoked"))
    }

    @Test func aDeviceWhoseClockTheHubFoundWrongAsksForTheDayOfAVisit() throws {
        let id = try district.record("employer", "name=虚构甲", at: node)
        try district.done(["node", "sync", "--data", node])
        let verify = ["record", "verify", "employer", id, "--data", node]
        district.environment["FIELDGRID_CLOCK_OFFSET"] = "\(2 * 365 * 86_400)"
        try district.done(["node", "sync", "--data", node])
        let refused = try district.run(verify)
        #expect(refused.status == 1)
        #expect(refused.errors.contains("clock says") && refused.errors.contains("--date"))
        let yesterday = Date(timeIntervalSinceNow: -86_400).formatted(.iso8601.year().month().day())
        try district.done(verify + ["--date", yesterday])
        let shown = try district.ask(["record", "show", "employer", id, "--data", node])
        #expect(shown["fields"]["verified_on"].text == yesterday)
        // Set right again, before the hub could say so.
        district.environment["FIELDGRID_CLOCK_OFFSET"] = nil
        try district.done(verify)
    }
}
