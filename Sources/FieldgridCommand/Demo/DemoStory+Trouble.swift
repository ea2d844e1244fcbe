import FieldgridModel
import FieldgridService
import Foundation

/// What goes wrong in every ordinary way, and what comes of it.
extension DemoStory {
    /// The sentence that the hub gives for a conflict.
    private func tell(_ conflict: JSONValue?) {
        stage.say("  → " + (conflict?["reason"]["zh"].text ?? "?"))
        stage.say("    " + (conflict?["reason"]["en"].text ?? "?"))
    }

    // MARK: A decision taken back

    func takeBack() throws {
        stage.chapter("One decision is taken back: 赵 had the phone from a wrong sign")
        let phone = try conflicts("hub", all: true).first { $0["unit"].text == "phone" }
        let id = phone?["id"].text ?? ""
        try stage.run(["conflicts", "undo", id, "--note", "门牌有误", "--data", "zhao"])
        try sync(["zhao", "qian", "office"])
        let reopened = try stage.ask(["conflicts", "show", id, "--data", "qian"])
        tell(reopened)
        try stage.check(
            "on every device both phones stand again, and the conflict waits",
            reopened["state"].text == "reopened" && reopened["sides"].elements.count == 2,
            found: reopened.description)
        try stage.run(["conflicts", "resolve", id, "--take", "winner", "--data", "office"])
        try sync(["office", "zhao", "qian"])
    }

    // MARK: The same employer twice

    func meetTheSameEmployer() throws {
        stage.chapter("Offline, both meet the same new employer")
        let code = "MA0DEMO16"
        let made = [
            ("zhao", ["name=虚构双录木业", "phone=0439-3220010"]),
            ("qian", ["name=虚构双录木业", "legal_rep=虚构吴某"]),
        ]
        for (who, fields) in made {
            try stage.run(
                ["record", "new", "employer", "org_code=\(code)"] + fields
                    + ["--scope", Self.township, "--data", who])
        }
        try sync(["zhao", "qian", "office"])
        let twins = try conflicts("office", all: false).first { $0["kind"].text == "duplicate" }
        tell(twins)
        try stage.check(
            "both records are there, and one conflict says that they may be one",
            twins?["sides"].elements.count == 2, found: twins?.description ?? "none")
        let ids = (twins?["sides"].elements ?? []).compactMap { $0["record"].text }
        try stage.run([
            "conflicts", "resolve", twins?["id"].text ?? "", "--take", "merge", "--data", "office",
        ])
        stage.say("钱, who has not heard of it, goes on with the record that was merged:")
        try stage.run([
            "record", "set", "employer", ids.max() ?? "", "hr_contact=虚构郑某", "--data", "qian",
        ])
        try sync(["office", "qian", "zhao"])
        let one = try stage.ask(["record", "show", "employer", ids.max() ?? "", "--data", "zhao"])
        try stage.check(
            "one record has what both wrote, and the late edit; the other id leads to it",
            one["id"].text == ids.min() && one["fields"]["phone"].text == "0439-3220010"
                && one["fields"]["legal_rep"].text == "虚构吴某"
                && one["fields"]["hr_contact"].text == "虚构郑某", found: one.description)
    }

    // MARK: A rule that both sides kept

    func breakARule() throws {
        stage.chapter("Each keeps a rule by itself; together they break it")
        let id = employers[4]
        try stage.run([
            "record", "set", "employer", id, "founded_on=2010-01-01", "status_on=2020-01-01",
            "--data", "zhao",
        ])
        try sync(["zhao", "qian"])
        try stage.run(["record", "set", "employer", id, "founded_on=2019-06-01", "--data", "zhao"])
        try stage.run(["record", "set", "employer", id, "status_on=2015-03-01", "--data", "qian"])
        try sync(["zhao", "qian", "zhao"])
        let broken = try conflicts("zhao", all: false).first {
            $0["kind"].text == "inconsistent"
        }
        tell(broken)
        try stage.check(
            "neither edit was refused; the conflict names the rule",
            broken?["unit"].text == "founded_before_status", found: broken?.description ?? "none")
        try stage.run([
            "conflicts", "resolve", broken?["id"].text ?? "", "--value", "founded_on=2009-06-01",
            "--data", "zhao",
        ])
        try sync(["zhao", "qian", "office"])
        let left = try conflicts("qian", all: false).filter { $0["kind"].text == "inconsistent" }
        try stage.check("it closed by itself when the rule held again", left.isEmpty)
    }

    // MARK: A clock a year ahead

    func setAClockWrong() throws {
        stage.chapter("钱's clock is a year ahead")
        let year: Int64 = 365 * 24 * 3_600
        let edit = ["record", "set", "employer", employers[5]]
        try stage.run(edit + ["phone=0439-3220020", "--data", "qian"], clockOffset: year)
        try stage.run(edit + ["phone=0439-3220021", "--data", "zhao"])
        try sync(["zhao"])
        try stage.run(["node", "sync", "--data", "qian"], lines: 2, clockOffset: year)
        try sync(["zhao"])
        let clamped = try conflicts("zhao", all: false).first { $0["unit"].text == "phone" }
        tell(clamped)
        let shown = try field("phone", of: employers[5], in: "zhao")
        try stage.check(
            "the later clock did not win: the trusted value shows, and a person decides",
            clamped?["state"].text == "open" && shown == .text("0439-3220021"),
            found: "\(shown)")
        try stage.run([
            "conflicts", "resolve", clamped?["id"].text ?? "", "--take", "winner", "--data", "zhao",
        ])
        try sync(["zhao", "qian"])
        try stage.run(
            ["record", "set", "employer", employers[5], "hr_phone=0439-3220022"]
                + ["--data", "qian"])
        try sync(["qian", "zhao"])
        let history = try stage.ask([
            "record", "history", "employer", employers[5], "--data", "hub",
        ])
        let last = history.elements.last { $0["unit"].text == "hr_phone" }
        try stage.check(
            "its next edit has the right time again", last?["clamped"].bool == false,
            found: last?.description ?? "none")
    }

    // MARK: A folder put back from a copy

    func restoreAFolder() throws {
        stage.chapter("赵's tablet is put back from yesterday's copy of its folder")
        let files = FileManager.default
        let folder = stage.folder + "/zhao"
        try files.copyItem(atPath: folder, toPath: stage.folder + "/zhao-copy")
        let edit = ["record", "set", "employer", employers[6]]
        try stage.run(edit + ["postal_code=134301", "--data", "zhao"])
        try sync(["zhao"])
        try files.removeItem(atPath: folder)
        try files.moveItem(atPath: stage.folder + "/zhao-copy", toPath: folder)
        stage.say("(the copy does not know of that edit, and 赵 goes on working)")
        try stage.run(edit + ["email=xugou@example.com", "--data", "zhao"])
        try stage.run(["node", "sync", "--data", "zhao"], lines: 4)
        let shown = try stage.ask(["record", "show", "employer", employers[6], "--data", "zhao"])
        try stage.check(
            "the edit after the copy came back, the new one went out, under a new name",
            shown["fields"]["postal_code"].text == "134301"
                && shown["fields"]["email"].text == "xugou@example.com"
                && shown["unsynced"].elements.isEmpty, found: shown.description)
        try stage.check(
            "the hub has both",
            try field("postal_code", of: employers[6], in: "hub") == .text("134301")
                && field("email", of: employers[6], in: "hub") == .text("xugou@example.com"))
        try sync(["qian", "office"])
    }

    // MARK: A stick

    func carryAStick() throws {
        stage.chapter("Where there is no network at all, a stick carries the same bytes")
        try stage.run(["node", "export", "qian.fgb", "--data", "qian"])
        try stage.run(["hub", "import", "qian.fgb", "--reply", "answer.fgb", "--data", "hub"])
        try stage.run(["node", "import", "answer.fgb", "--data", "qian"])
        stage.say("The same stick once more, by mistake:")
        try stage.run([
            "hub", "import", "qian.fgb", "--reply", "answer.fgb", "--force", "--data", "hub",
        ])
        let status = try stage.ask(["node", "status", "--data", "qian"])
        let phone = try field("phone", of: employers[6], in: "hub")
        try stage.check(
            "the edit is at the hub once, and its receipt on the device",
            status["outbox"].integer == 0 && phone == .text("0439-3220006"),
            found: status.description)
    }
}
