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
}
