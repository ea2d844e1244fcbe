import Fieldgrid
import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The story, one device each for the two villages' health workers.
struct Survey {
    let first: FieldNode
    let second: FieldNode
    let folder: String

    init(hub: String, codes: [String], folder: String) async throws {
        self.folder = folder
        first = try await FieldNode.join(
            folder: folder + "/first", hub: hub, code: codes[0], deviceName: "first tablet")
        second = try await FieldNode.join(
            folder: folder + "/second", hub: hub, code: codes[1], deviceName: "second tablet",
            environment: NodeEnvironment(transport: SessionTransport()))
        let schema = try first.schema
        print("joined: \(schema.label.en), \(schema.types.count) types")
    }

    func run() async throws {
        let id = try recordOffline()
        try await shareIt(id)
        let conflict = try await disagree(about: id)
        try await settle(conflict)
        try await photograph(id)
        try await carryOnAStick()
        try await meet(id)
    }

    /// What is wrong is said by field before anything is saved.
    func recordOffline() throws -> RecordID {
        do {
            _ = try first.create("clinic", ["beds": 3, "doctors": 0, "opened_on": "2999-01-01"])
        } catch let error as FieldgridError where !error.problems.isEmpty {
            for problem in error.problems {
                print("refused: \(problem.field ?? problem.code): \(problem.message.en)")
            }
        }
        let made = try first.create(
            "clinic",
            [
                "name": "虚构东村卫生室", "licence": "FG-0001", "state": "开业", "beds": 3, "doctors": 2,
                "nurses": 1, "subsidy": .money(fen: 1_200_050), "fridge_temperature": "4.5",
                "services": ["疫苗接种", "慢病随访"], "has_internet": false,
            ])
        let status = try? first.status()
        print("saved without a network: \(status?.outbox ?? 0) to send")
        return made.id
    }

    func shareIt(_ id: RecordID) async throws {
        let report = try await first.sync { progress in
            print("exchanging: \(progress.accepted) sent, \(progress.waiting) waiting")
        }
        print("accepted: \(report.accepted)")
        try await second.sync()
        let clinic = try second.record(id, of: "clinic")
        print("the other sees: \(clinic["name"]), \(clinic["subsidy"]) 元, \(clinic["state"])")
        let tasks = try second.tasks(includingDone: true)
        print("visits asked for: \(tasks.filter { $0.record == id }.count)")
    }

    /// Both count the beds, and neither has seen the other's count.
    func disagree(about id: RecordID) async throws -> Conflict {
        let seenByFirst = try first.record(id, of: "clinic")
        let seenBySecond = try second.record(id, of: "clinic")
        try first.edit(seenByFirst, ["beds": 4, "phone": "0999-0000001"])
        try second.edit(seenBySecond, ["beds": 5, "has_internet": true])
        try await first.sync()
        try await second.sync()
        guard let conflict = try second.conflicts().first else { throw StoryWentWrong.noConflict }
        print("conflict about \(conflict.unit): \(conflict.reason.en)")
        print("争议：\(conflict.reason.zh)")
        for (number, side) in conflict.sides.enumerated() {
            let mark = number + 1 == conflict.winner ? "*" : " "
            print("\(mark) \(number + 1). \(side.values["beds"] ?? .empty) by \(side.author)")
        }
        let merged = try second.record(id, of: "clinic")
        print("meanwhile the rest merged: \(merged["phone"]), \(merged["has_internet"])")
        return conflict
    }

    /// Settled, taken back, and settled again; each reaches the other device.
    func settle(_ conflict: Conflict) async throws {
        try second.settle(conflict, .side(1), note: "counted together")
        try await second.sync()
        try await first.sync()
        let id = conflict.record
        print("settled: \(try first.record(id, of: "clinic")["beds"]) beds")
        try first.undo(try first.conflict(conflict.id))
        try await first.sync()
        try await second.sync()
        let again = try second.conflict(conflict.id)
        print("taken back: \(again.state.rawValue)")
        try second.settle(again, .values(["beds": 6]), note: "one was in the store room")
        try await second.sync()
        try await first.sync()
        print("settled again: \(try first.record(id, of: "clinic")["beds"]) beds")
        for line in try second.history(of: try second.record(id, of: "clinic")) {
            print("history: \(line.unit) \(line.values) by \(line.author): \(line.reason.en)")
        }
    }

    /// A photo goes after the data, and is fetched when somebody looks at it.
    func photograph(_ id: RecordID) async throws {
        let photo = [0xff, 0xd8, 0xff, 0xe0] + [UInt8](repeating: 7, count: 2_000)
        let name = try first.addAttachment(photo)
        try first.edit(try first.record(id, of: "clinic"), ["photo": .text(name)])
        let report = try await first.sync()
        try await second.sync()
        let seen = try second.record(id, of: "clinic")["photo"].text ?? ""
        let fetched = try await second.attachment(seen)
        print("photo: \(report.attachmentsSent) sent, \(fetched == photo ? "the same" : "another")")
    }

    /// Where there is no network at all, the same bytes travel as a file.
    func carryOnAStick() async throws {
        try first.create("clinic", ["name": "虚构西村卫生室"], in: "990101100202")
        let bundle = try await first.exportBundle()
        try Data(bundle.file).write(to: URL(fileURLWithPath: folder + "/stick.fgb"))
        print("on the stick: \(bundle.changesets) saved action, \(bundle.file.count > 0)")
    }

    /// In the end both devices show the same.
    func meet(_ id: RecordID) async throws {
        try first.confirm(try first.record(id, of: "clinic"))
        try await first.sync()
        try await second.sync()
        // Each device lists them in the order in which they came to it.
        let (ours, theirs) = (try Self.clinics(of: first), try Self.clinics(of: second))
        print("clinics: \(ours.count), \(ours == theirs ? "equal on both devices" : "different")")
        let open = try second.records(of: "clinic", where: ["state": "OPEN"])
        print("open: \(open.map { "\($0["name"])" }.joined(separator: ", "))")
        let status = try first.status()
        print("in the end: \(status.outbox) to send, \(status.conflictsOpen) conflicts")
        await first.close()
        await second.close()
    }

    private static func clinics(of node: FieldNode) throws -> [RecordID: [String: FieldValue]] {
        let pairs = try node.records(of: "clinic").map { ($0.id, $0.values) }
        return Dictionary(uniqueKeysWithValues: pairs)
    }
}

enum StoryWentWrong: Error { case noConflict }
