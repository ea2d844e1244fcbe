import Foundation
import Testing

/// A device that joins a large scope.
@Suite struct FirstCopyTests {
    @Test func aNewDeviceFetchesItsFirstCopyAsAFileAndThenExchanges() throws {
        let district = try District(serving: ["--snapshot-from", "1"])
        let author = try district.join("author")
        _ = try district.record("employer", "name=虚构甲", at: author)
        try district.done(["node", "sync", "--data", author])
        let node = try district.join("node")
        let kept = try FileManager.default.contentsOfDirectory(
            atPath: district.hubData + "/snapshots")
        #expect(kept.count == 1)
        #expect(try district.records("employer", at: node).count == 1)
        _ = try district.record("employer", "name=虚构乙", at: author)
        for data in [author, node] { try district.done(["node", "sync", "--data", data]) }
        #expect(try district.records("employer", at: node).count == 2)
        let files = try FileManager.default.contentsOfDirectory(atPath: node)
        #expect(!files.contains { $0.hasPrefix("snapshot") }, "\(files)")
    }

    @Test func aHubThatCannotWriteAFirstCopyGivesTheRecordsByExchange() throws {
        let district = try District(serving: ["--snapshot-from", "1"])
        let author = try district.join("author")
        _ = try district.record("employer", "name=虚构甲", at: author)
        try district.done(["node", "sync", "--data", author])
        let shelf = district.hubData + "/snapshots"
        try? FileManager.default.removeItem(atPath: shelf)
        try Data().write(to: URL(fileURLWithPath: shelf))
        let node = try district.join("node")
        #expect(try district.records("employer", at: node).count == 1)
    }
}
