import FieldgridModel
import FieldgridNode
import FieldgridSchema
import FieldgridService
import Foundation

/// A hub, two assistants of one township who visit the same employers
/// offline, and the township's office.
struct DemoStory {
    static let township = "220602100"

    let stage: DemoStage
    var url = ""
    /// Employers of the township by their place in the list of names.
    var employers: [String] = []
    var snapshot = ""

    let people = [
        (folder: "zhao", holder: "虚构赵协管员", role: "assistant"),
        (folder: "qian", holder: "虚构钱协管员", role: "assistant"),
        (folder: "office", holder: "虚构七道江劳动保障事务所", role: "supervisor"),
    ]

    mutating func tell() throws {
        try openHub()
        try enrol()
        try workOffline()
        try meet()
        try settle()
        try takeBack()
        try meetTheSameEmployer()
        try breakARule()
        try setAClockWrong()
        try restoreAFolder()
        try compare()
        try refresh()
        try loseTheHub()
        try carryAStick()
    }

    private mutating func openHub() throws {
        stage.chapter("A hub for 浑江区: the grid tree, the code lists, an address")
        try stage.run(["hub", "init", "--data", "hub"])
        url = try stage.serveHub()
        stage.chapter("Fictional employers come from a table")
        guard let table = EmbeddedFiles.seeds.first(where: { $0.path == "employers.csv" }) else {
            throw DemoFailure(reason: "the built-in employers are missing")
        }
        try DurableFile.write(Array(table.text.utf8), to: stage.folder + "/employers.csv")
        let arguments = ["record", "import", "employer", "employers.csv", "--data", "hub"]
        try stage.run(arguments, lines: 1)
        let again = try stage.ask(arguments)
        try stage.check(
            "importing again doubles nothing",
            again["created"].integer == 0 && again["updated"].integer == 0,
            found: again.description)
    }

    private func enrol() throws {
        stage.chapter("Two assistants and the township office join with one-time codes")
        for person in people {
            let code = try stage.ask([
                "hub", "enrol", "--data", "hub", "--scope", Self.township, "--holder",
                person.holder, "--role", person.role,
            ])
            try stage.run([
                "node", "join", "--data", person.folder, "--hub", url, "--code",
                code["code"].text ?? "",
            ])
        }
    }

    // MARK: Offline

    private mutating func workOffline() throws {
        let list = try stage.ask(["record", "list", "employer", "--data", "zhao"])
        employers = list.elements.compactMap { $0["id"].text }
        try stage.check(
            "the devices hold the employers of their township, and no others",
            employers.count == 8
                && list.elements.allSatisfy {
                    $0["scope"].text?.hasPrefix(Self.township) == true
                }, found: "\(employers.count)")
        stage.chapter("Before they leave, 赵 counts the people of one employer")
        let period = RefreshPeriod(at: SystemClock().milliseconds).description
        let made = try stage.ask([
            "record", "new", "snapshot", "employer=\(employers[0])", "period=\(period)",
            "hc_total=20", "hc_establishment=0", "hc_direct=20", "hc_dispatched_in=0",
            "hc_other_unit=0", "hc_student=0", "hc_pensioner=0", "hc_male=12", "hc_female=8",
            "--data", "zhao",
        ])
        snapshot = made["id"].text ?? ""
        try sync(["zhao", "qian", "office"])
        try editConcurrently()
        try editByAnotherProgram()
        try refuseMistakes()
    }

    private func editConcurrently() throws {
        stage.chapter("Offline, both visit the same employers")
        let edits: [(who: String, arguments: [String])] = [
            ("zhao", ["record", "set", "employer", employers[0], "phone=0439-3220001"]),
            ("qian", ["record", "set", "employer", employers[0], "phone=0439-3220002"]),
            ("zhao", headcount(total: 22, male: 13, female: 9)),
            ("qian", headcount(total: 25, male: 15, female: 10)),
            ("zhao", ["record", "set", "employer", employers[1], "hr_contact=虚构孙某"]),
            ("qian", ["record", "set", "employer", employers[1], "has_union=是"]),
            (
                "zhao",
                ["record", "set", "employer", employers[2], "name=虚构新名", "--source", "licence"]
            ),
            ("qian", ["record", "set", "employer", employers[2], "name=虚构口述名"]),
            ("zhao", ["record", "delete", "employer", employers[3]]),
            ("qian", ["record", "set", "employer", employers[3], "phone=0439-3220003"]),
        ]
        for edit in edits { try stage.run(edit.arguments + ["--data", edit.who], lines: 0) }
        let status = try stage.ask(["node", "status", "--data", "zhao"])
        try stage.check(
            "what is saved waits in the outbox", status["outbox"].integer == 5,
            found: status["outbox"].description)
    }

    private func headcount(total: Int, male: Int, female: Int) -> [String] {
        [
            "record", "set", "snapshot", snapshot, "hc_total=\(total)", "hc_direct=\(total)",
            "hc_male=\(male)", "hc_female=\(female)",
        ]
    }

    private func editByAnotherProgram() throws {
        stage.chapter("Another program edits 钱's database while fieldgrid is not running")
        let sql =
            "UPDATE employer SET legal_rep = '虚构周某' WHERE id = '\(employers[4])'"
        stage.say("sqlite: \(sql)")
        try ForeignProgram.run(sql, on: stage.folder + "/qian/node.sqlite")
    }

    private func refuseMistakes() throws {
        stage.chapter("Mistakes are told at once, with what to do")
        let code = try stage.refuse(
            [
                "record", "set", "employer", employers[5], "life_status=OPEN", "--data", "zhao",
            ], status: 1)
        try stage.check("the sentence names the codes there are", code.contains("ACTIVE"))
        _ = try stage.refuse(
            [
                "record", "set", "snapshot", snapshot, "hc_male=99", "--data", "zhao",
            ], status: 1)
    }

    func sync(_ folders: [String]) throws {
        for folder in folders { try stage.run(["node", "sync", "--data", folder], lines: 1) }
    }
}
