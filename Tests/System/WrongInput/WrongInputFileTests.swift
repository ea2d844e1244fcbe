import Foundation
import Testing

/// Files and folders that are not what a command needs: each is named as what
/// it is, with what to do.
@Suite struct WrongInputFileTests {
    private let district: District
    private let node: String
    private var hub: [String] { ["--data", district.hubData] }
    private let notes: String

    init() throws {
        district = try District()
        node = try district.join()
        notes = try district.folder.write("name: no bundle, no backup, no map\n", to: "notes.yaml")
    }

    // MARK: Databases

    @Test func aJoinedFolderWithoutItsDatabaseIsNotToldToJoinAgain() throws {
        let database = node + "/node.sqlite"
        let copy = district.folder.file("copy.sqlite")
        _ = try district.record("employer", "name=虚构甲", at: node)
        try district.done(["node", "sync", "--data", node])
        try FileManager.default.moveItem(atPath: database, toPath: copy)
        let result = try district.run(["node", "sync", "--data", node])
        expectRefused(
            result, saying: [database, "is not there", "from a copy", "into another folder"])
        #expect(!result.errors.contains("Join a hub first"))
        try FileManager.default.moveItem(atPath: copy, toPath: database)
        try district.done(["node", "sync", "--data", node])
        #expect(try district.records("employer", at: node).count == 1)
    }

    @Test func aHubWithoutItsDatabaseIsToldOfItsBackup() throws {
        let backup = district.folder.file("backup.sqlite")
        try district.done(["hub", "backup", "--to", backup] + hub)
        try district.stopHub()
        let database = district.hubData + "/hub.sqlite"
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: database + suffix)
        }
        expectRefused(
            try district.run(["hub", "status"] + hub), saying: [database, "hub restore --from"])
        try district.done(["hub", "restore", "--from", backup] + hub)
        try district.done(["hub", "status"] + hub)
    }

    // MARK: Backups

    @Test func aBackupThatCannotBeWrittenIsNamedAndNotTheHub() throws {
        let backup = district.folder.file("nowhere") + "/x.sqlite"
        let result = try district.run(["hub", "backup", "--to", backup] + hub)
        expectRefused(
            result, saying: ["backup \(backup) cannot be written", "No such file", "--to"])
        #expect(!result.errors.contains("hub's database cannot"))
        #expect(!result.errors.contains(".part"))
    }

    @Test(.disabled(if: Machine.cannotMount != nil, "no small disks"))
    func aBackupWithoutRoomIsNamedAndLeavesNothing() throws {
        let disk = try SmallDisk(megabytes: 1)
        try disk.fill(leaving: 64)
        let backup = disk.path + "/x.sqlite"
        expectRefused(
            try district.run(["hub", "backup", "--to", backup] + hub),
            saying: ["backup \(backup) cannot be written", "Make room"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == ["filler"])
    }

    @Test func whatIsNoBackupIsRefusedWithoutAStatementOfSQL() throws {
        try district.stopHub()
        let other = district.folder.file("other.sqlite")
        _ = try District.sql("CREATE TABLE t (a)", in: other)
        for (path, reason) in [
            (notes, "it is no database"), (other, "another program's database"),
            (district.folder.path, "it is a folder"),
        ] {
            let result = try district.run(["hub", "restore", "--from", path] + hub)
            expectRefused(result, saying: ["\(path) is no whole backup of a hub", reason])
            #expect(!result.errors.contains("SELECT"))
        }
        try district.done(["hub", "status"] + hub)
    }

    // MARK: What was named

    @Test func seedsAndMapsAreNotCalledASchema() throws {
        let seeds = try Fieldgrid.run(
            ["hub", "init", "--seed", district.folder.path, "--data", district.folder.file("h")])
        expectRefused(seeds, saying: ["The seeds are refused", district.folder.path])
        let schema = try Fieldgrid.run(
            ["hub", "init", "--schema", notes, "--data", district.folder.file("h")])
        expectRefused(schema, saying: ["The schema is refused", notes])
        let broken = try district.folder.write("import: x\ntype: nothing\n", to: "broken.yaml")
        let table = try district.folder.write(FictionalEmployer.table(0..<1), to: "table.csv")
        let map = try district.run(
            ["record", "import", "employer", table, "--map", broken, "--data", node])
        expectRefused(map, saying: ["The import map \(broken) is refused", "\(broken):"])
    }

    @Test(arguments: [
        ["resolve", "abc", "--take", "1"], ["show", "abc"], ["undo", "abc"],
    ])
    func whatIsNoIdOfAConflictIsNotCalledARecords(arguments: [String]) throws {
        expectRefused(
            try district.run(["conflicts"] + arguments + hub),
            saying: ["“abc” is not the id of a conflict", "conflicts list"])
    }

    @Test func aFileThatIsNoBundleIsNamedAtTheHubAndOnADevice() throws {
        for (side, folder) in [("hub", district.hubData), ("node", node)] {
            expectRefused(
                try district.run([side, "import", notes, "--data", folder]),
                saying: ["The file \(notes) is not a bundle"])
        }
        let bundle = district.folder.file("hub.fgb")
        try district.done(["node", "export", bundle, "--data", node])
        expectRefused(
            try district.run(["node", "import", bundle, "--data", node]),
            saying: ["The bundle \(bundle) is a device's", "hub import"])
        expectRefused(
            try district.run(["hub", "import", district.folder.path] + hub),
            saying: [district.folder.path, "it is a folder"])
    }

    @Test func aTableInAnotherEncodingIsNamed() throws {
        let table = district.folder.file("table.csv")
        try Data([0xff, 0xfe, 0x41, 0x00]).write(to: URL(fileURLWithPath: table))
        expectRefused(
            try district.run(["record", "import", "employer", table, "--data", node]),
            saying: ["The file \(table) is UTF-16", "UTF-8"])
    }

    @Test(arguments: ["csv", "xlsx", "geojson"])
    func anExportThatCannotBeWrittenIsNamedAsItWasAskedFor(format: String) throws {
        let path = district.folder.file("nowhere") + "/x." + format
        let result = try district.run(["record", "export", "employer", path, "--data", node])
        expectRefused(result, saying: ["\(path) could not be written"])
        #expect(!result.errors.contains(".tmp"))
    }

    // MARK: Addresses

    @Test func anAddressThatIsTakenIsSaidInOneLineWithWhatToDo() throws {
        let second = district.folder.file("second")
        try district.done(["hub", "init", "--data", second])
        for (address, reason) in [
            ("127.0.0.1:\(district.port)", "Address already in use"),
            ("192.0.2.1:8470", "Cannot assign requested address"),
            ("nobody.invalid:8470", "nobody of that name is known"),
        ] {
            let result = try district.run(
                ["hub", "serve", "--listen", address, "--data", second])
            expectRefused(result, saying: ["\(address) cannot be listened on: \(reason)."])
            #expect(result.errors.split(separator: "\n").count == 2, "\(result.errors)")
            #expect(!result.errors.contains("errno"))
        }
    }
}
