import FieldgridModel
import FieldgridNode
import FieldgridService

/// Everyone synchronises; what was concurrent is seen, told and settled.
extension DemoStory {
    func meet() throws {
        stage.chapter("Everyone synchronises when a network is there")
        try sync(["zhao", "qian", "zhao", "office"])
        stage.chapter("The hub tells what was concurrent, and why it stands as it does")
        try stage.run(["conflicts", "list", "--data", "hub", "--all"], lines: 40)
        let all = try conflicts("hub", all: true)
        let phone = all.first { $0["unit"].text == "phone" && $0["kind"].text == "hard" }
        try stage.check(
            "the phone was decided by the later time, and both values are kept",
            phone?["state"].text == "decided" && phone?["sides"].elements.count == 2,
            found: phone?.description ?? "none")
        let name = all.first { $0["unit"].text == "name" }
        let value = try field("name", of: employers[2], in: "hub")
        try stage.check(
            "the name was decided by its source: the licence leads",
            name?["policy"].text == "precedence" && value == .text("虚构新名"),
            found: value.description)
        let headcount = all.first { $0["unit"].text == "headcount" }
        try stage.check(
            "the headcount waits for a person, with its base",
            headcount?["state"].text == "open" && headcount?["base"]["hc_total"].integer == 20,
            found: headcount?.description ?? "none")
        let deleted = all.first { $0["kind"].text == "deleted" }
        try stage.check(
            "the employer that one deleted and the other edited is still there, and waits",
            deleted?["state"].text == "open", found: deleted?.description ?? "none")
        try stage.check(
            "edits of different fields merged without asking",
            try field("hr_contact", of: employers[1], in: "hub") == .text("虚构孙某")
                && field("has_union", of: employers[1], in: "hub") == .bool(true))
        try stage.check(
            "the other program's edit arrived at the hub",
            try field("legal_rep", of: employers[4], in: "hub") == .text("虚构周某"))
        try stage.check("nothing else is a conflict", all.count == 4, found: "\(all.count)")
    }

    func settle() throws {
        stage.chapter("The headcount is settled at the hub, the rest by the office and by 赵")
        let open = try conflicts("hub", all: true)
        let headcount = open.first { $0["unit"].text == "headcount" }
        let deleted = open.first { $0["kind"].text == "deleted" }
        let phone = open.first { $0["unit"].text == "phone" && $0["kind"].text == "hard" }
        try stage.run([
            "conflicts", "resolve", headcount?["id"].text ?? "", "--take",
            side(of: headcount, author: people[1].holder), "--note", "电话核实", "--data", "hub",
        ])
        try stage.run([
            "conflicts", "resolve", deleted?["id"].text ?? "", "--value", "alive", "--note",
            "仍在经营", "--data", "office",
        ])
        stage.say("赵 overturns what the rule decided about the phone:")
        try stage.run([
            "conflicts", "resolve", phone?["id"].text ?? "", "--take",
            side(of: phone, author: people[0].holder), "--data", "zhao",
        ])
        try sync(["office", "zhao", "qian", "office"])
        let left = try conflicts("hub", all: false)
        try stage.check("no conflict waits any more", left.isEmpty, found: "\(left.count)")
        for folder in ["hub", "qian"] {
            let phone = try field("phone", of: employers[0], in: folder)
            try stage.check(
                "\(folder) shows the phone that 赵 confirmed", phone == .text("0439-3220001"),
                found: phone.description)
        }
        let shown = try stage.ask(["record", "show", "snapshot", snapshot, "--data", "zhao"])
        try stage.check(
            "zhao shows the headcount that was settled at the hub",
            shown["fields"]["headcount"]["hc_total"].integer == 25,
            found: shown["fields"]["headcount"].description)
        stage.say("Every value that was ever offered is in the history:")
        try stage.run(["record", "history", "employer", employers[0], "--data", "qian"], lines: 60)
    }

    func conflicts(_ folder: String, all: Bool) throws -> [JSONValue] {
        try stage.ask(["conflicts", "list", "--data", folder] + (all ? ["--all"] : [])).elements
    }

    func side(of conflict: JSONValue?, author: String) -> String {
        let sides = conflict?["sides"].elements ?? []
        return sides.firstIndex { $0["author"].text == author }.map { String($0 + 1) } ?? "0"
    }

    func field(_ name: String, of id: String, in folder: String) throws -> JSONValue {
        let type = "employer"
        return try stage.ask(["record", "show", type, id, "--data", folder])["fields"][name]
    }

    // MARK: Comparing

    func compare() throws {
        stage.chapter("Every replica is compared with the hub, field by field")
        for type in ["employer", "snapshot", "grid", "task", "campaign", "conflict"] {
            let atHub = try records(type, in: "hub")
            let isShared = ["grid", "campaign"].contains(type)
            let expected = atHub.filter { record in
                isShared || record["scope"].text?.hasPrefix(Self.township) == true
            }
            for person in people {
                let found = try records(type, in: person.folder)
                try stage.check(
                    "\(person.folder) has the hub's \(expected.count) \(type) records",
                    found == expected, found: difference(found, expected))
            }
        }
    }

    /// Whole records by id, as both sides show them.
    private func records(_ type: String, in folder: String) throws -> [JSONValue] {
        try stage.ask(["record", "list", type, "--data", folder]).elements.sorted {
            ($0["id"].text ?? "") < ($1["id"].text ?? "")
        }
    }

    private func difference(_ found: [JSONValue], _ expected: [JSONValue]) -> String {
        guard found.count == expected.count else {
            return "\(found.count) records instead of \(expected.count)"
        }
        let pair = zip(found, expected).first { $0 != $1 }
        return pair.map { "\($0.description) instead of \($1.description)" } ?? ""
    }

    // MARK: Refresh

    func refresh() throws {
        stage.chapter("The half-yearly refresh: every employer is visited again")
        let period = RefreshPeriod(at: SystemClock().milliseconds).description
        stage.say(
            "The hub opened this half by itself at its start; opening it again changes nothing:")
        try stage.run(["refresh", "open", "--period", period, "--data", "hub"])
        try sync(["zhao"])
        let tasks = try stage.ask(["tasks", "list", "--open", "--data", "zhao"]).elements
        try stage.check("tasks have arrived", !tasks.isEmpty)
        try stage.run(["tasks", "list", "--data", "zhao"], lines: 12)
        for task in tasks.prefix(2) {
            try stage.run(
                ["record", "verify", "employer", task["record"].text ?? "", "--data", "zhao"])
        }
        let before = try stage.ask(["refresh", "status", "--data", "hub"])
        try sync(["zhao"])
        let after = try stage.ask(["refresh", "status", "--data", "hub"])
        let verified = Int64(min(2, tasks.count))
        try stage.check(
            "the visits count at the hub",
            (after["done"].integer ?? 0) == (before["done"].integer ?? 0) + verified,
            found: after["done"].description)
        stage.say("The office asks the hub from its own device:")
        try stage.run(["refresh", "status", "--hub", url, "--data", "office"], lines: 12)
        try stage.run(["refresh", "status", "--data", "hub"], lines: 60)
    }

    // MARK: Without a hub

    func loseTheHub() throws {
        stage.chapter("The hub goes away; work goes on")
        try stage.check("the hub stops cleanly when it is told to", stage.stopHub() == 0)
        try stage.run([
            "record", "set", "employer", employers[6], "phone=0439-3220006", "--data", "qian",
        ])
        let told = try stage.refuse(["node", "sync", "--data", "qian"], status: 75)
        try stage.check("it says that nothing is lost", told.contains("Nothing is lost"))
        let status = try stage.ask(["node", "status", "--data", "qian"])
        try stage.check(
            "the edit waits on the device",
            status["outbox"].integer == 1 && status["hub_reachable"].bool == false,
            found: status.description)
    }
}
