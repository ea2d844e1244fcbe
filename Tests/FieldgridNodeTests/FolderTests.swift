import FieldgridSchema
import Foundation
import TestSupport
import Testing

@testable import FieldgridNode

@Suite struct FolderTests {
    @Test func aHolderSeesThatSomebodyWaitsAndThatNobodyDoesAnyMore() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        let lock = try FolderLock(folder: path, command: "first")
        #expect(!lock.isWanted)
        async let next = onThread {
            try FolderLock(folder: path, command: "second", waitingUpTo: .seconds(600))
        }
        while !lock.isWanted { await Task.yield() }
        lock.release()
        let second = try await next
        #expect(!second.isWanted)
    }

    @Test func aFolderHasOneHolderWhoIsNamed() throws {
        let folder = try TemporaryFolder()
        let first = try FolderLock(folder: folder.path, command: "hub serve")
        let path = folder.path
        let error = #expect(throws: FolderError.self) {
            try FolderLock(folder: path, command: "node sync", waitingUpTo: .milliseconds(30))
        }
        #expect(error?.code == "folder.busy")
        #expect(error?.message.contains("process \(getpid()) (hub serve)") == true)
        #expect(FolderLock.holder(of: path) == "process \(getpid()) (hub serve)")
        first.release()
        #expect(FolderLock.holder(of: path) == nil)
        _ = try FolderLock(folder: path, command: "node sync")
    }

    @Test func aHolderThatIsGoneHoldsNoMore() throws {
        let folder = try TemporaryFolder()
        do { _ = try FolderLock(folder: folder.path, command: "hub serve") }
        _ = try FolderLock(folder: folder.path, command: "node sync")
    }

    @Test func aCommandWaitsForTheHolder() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        let first = try FolderLock(folder: path, command: "first")
        async let second = onThread {
            try FolderLock(folder: path, command: "second", waitingUpTo: .seconds(20))
        }
        first.release()
        _ = try await second
    }

    @Test func aFolderThatIsNotThereIsNamed() {
        let error = #expect(throws: FolderError.self) {
            try FolderLock(folder: "/nonexistent/folder", command: "x")
        }
        #expect(error?.code == "folder.unusable")
        #expect(error?.message.contains("/nonexistent/folder") == true)
    }

    @Test func theSocketsPathIsShortPrivateAndTheSameForTheSameFolder() throws {
        let folder = try TemporaryFolder()
        let deep = folder.path + String(repeating: "/a-rather-long-name", count: 10)
        try FileManager.default.createDirectory(atPath: deep, withIntermediateDirectories: true)
        let link = folder.path + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: deep)
        let path = try FolderSocket.path(for: deep)
        #expect(path.utf8.count <= 107)
        #expect(try FolderSocket.path(for: link) == path)
        #expect(try FolderSocket.path(for: folder.path) != path)
        let place = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let attributes = try FileManager.default.attributesOfItem(atPath: place)
        #expect(attributes[.posixPermissions] as? Int == 0o700)
    }

    @Test func aFileIsReplacedWholeOrNotAtAll() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/node.json"
        try DurableFile.write([1, 2, 3], to: path, mode: 0o600)
        try DurableFile.write([4], to: path, mode: 0o600)
        #expect(DurableFile.read(path) == [4])
        #expect(folder.files == ["node.json"])
        let error = #expect(throws: FolderError.self) {
            try DurableFile.write([5], to: "/nonexistent/node.json")
        }
        #expect(error?.code == "folder.write-failed")
        #expect(DurableFile.read("/nonexistent/node.json") == nil)
    }
}
