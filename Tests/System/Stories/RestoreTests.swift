import Foundation
import Testing

/// Folders that were copied and put back, by the commands that people use.
@Suite struct RestoreTests {
    @Test func aHubPutBackFromItsBackupIsOfferedAgainWhatDevicesHave() throws {
        let district = try District()
        let node = try district.join()
        let first = try district.record("employer", "name=虚构甲", at: node)
        try district.done(["node", "sync", "--data", node])
        let backup = district.folder.file("hub.backup")
        let made = try district.ask(["hub", "backup", "--data", district.hubData, "--to", backup])
        #expect((made["records"].integer ?? 0) > 0)
        let second = try district.record("employer", "name=虚构乙", at: node)
        try district.done(["node", "sync", "--data", node])
        let served = try district.run([
            "hub", "restore", "--data", district.hubData, "--from", backup,
        ])
        #expect(served.status != 0)
        #expect(served.errors.contains("being served"))
        try district.stopHub()
        let restored = try district.ask([
            "hub", "restore", "--data", district.hubData, "--from", backup,
        ])
        let aside = try #require(restored["set_aside"].text)
        #expect(FileManager.default.fileExists(atPath: aside))
        try district.startHub()
        #expect(try district.records("employer", at: district.hubData).keys.sorted() == [first])
        let report = try district.ask(["node", "sync", "--data", node])
        #expect("\(report["epoch_changed"])".contains("true"))
        let records = try district.records("employer", at: district.hubData)
        #expect(records.keys.sorted() == [first, second].sorted())
        let again = try district.run(["hub", "backup", "--data", district.hubData, "--to", backup])
        #expect(again.errors.contains("already"))
    }

    @Test func aDevicesDatabasePutBackFromACopyGoesOnUnderANewName() throws {
        let district = try District()
        let node = try district.join()
        let id = try district.record("employer", "name=虚构甲", at: node)
        try district.done(["node", "sync", "--data", node])
        let copy = district.folder.file("copy.sqlite")
        try FileManager.default.copyItem(atPath: node + "/node.sqlite", toPath: copy)
        try district.done([
            "record", "set", "employer", id, "phone=0439-3220001", "--data", node,
        ])
        try district.done(["node", "sync", "--data", node])
        try FileManager.default.removeItem(atPath: node + "/node.sqlite")
        try FileManager.default.copyItem(atPath: copy, toPath: node + "/node.sqlite")
        let report = try district.ask(["node", "sync", "--data", node])
        #expect(report["reincarnated"].elements.compactMap(\.text) == ["stamp"])
        let shown = try district.ask(["record", "show", "employer", id, "--data", node])
        #expect(shown["fields"]["phone"].text == "0439-3220001")
        let status = try district.run(["node", "status", "--data", node])
        #expect(status.output.contains("put back from a copy"))
    }

    @Test func aCopiedFolderGoesOnInBothPlaces() throws {
        let district = try District()
        let node = try district.join()
        let id = try district.record("employer", "name=虚构甲", at: node)
        try district.done(["node", "sync", "--data", node])
        let twin = district.folder.file("twin")
        try FileManager.default.copyItem(atPath: node, toPath: twin)
        try district.done(["record", "set", "employer", id, "phone=0439-3220001", "--data", node])
        try district.done([
            "record", "set", "employer", id, "hr_phone=0439-3220002", "--data", twin,
        ])
        try district.done(["node", "sync", "--data", node])
        let report = try district.ask(["node", "sync", "--data", twin])
        #expect(report["reincarnated"].elements.compactMap(\.text) == ["fork"])
        try district.done(["node", "sync", "--data", node])
        for place in [node, twin, district.hubData] {
            let shown = try district.ask(["record", "show", "employer", id, "--data", place])
            #expect(shown["fields"]["phone"].text == "0439-3220001")
            #expect(shown["fields"]["hr_phone"].text == "0439-3220002")
        }
    }
}
