import Fieldgrid
import Foundation
import Synchronization
import Testing

/// A node as a thing that is opened, used from many places, and closed.
@Suite struct NodeTests {
    @Test func savingAndReadingGoOnWhileTheHubIsWaitedFor() async throws {
        let village = try Village()
        let node = try await village.join()
        try node.create("clinic", ["name": "虚构甲"])
        let seen = Mutex(0)
        village.hub.whileWaiting { url in
            guard url.contains("exchange"), try node.records(of: "clinic").count == 1
            else { return }
            try node.create("clinic", ["name": "虚构乙"])
            let count = try node.records(of: "clinic").count
            seen.withLock { $0 = count }
        }
        try await node.sync()
        #expect(seen.withLock { $0 } == 2)
        #expect(try node.status().outbox == 0, "what was saved meanwhile went with it")
    }

    @Test func aBrokenLinkIsTemporaryAndLosesNothing() async throws {
        let village = try Village()
        let node = try await village.join()
        try node.create("clinic", ["name": "虚构甲"])
        village.hub.whileWaiting { _ in throw Broken() }
        let error = await FieldgridError.of { try await node.sync() }
        #expect(error?.code == "hub.unreachable")
        #expect(error?.isTemporary == true)
        #expect(try node.status().outbox == 1)
        village.hub.whileWaiting(nil)
        #expect(try await node.sync().accepted == 1)
    }

    @Test func aCancelledSynchronisationSendsNoFurtherRequest() async throws {
        let village = try Village()
        let node = try await village.join()
        let before = village.hub.log.count
        let task = Mutex<Task<SyncReport, any Error>?>(nil)
        village.hub.whileWaiting { _ in
            // The task is named here before it can come to an end.
            while task.withLock({ $0 }) == nil { await Task.yield() }
            task.withLock { $0?.cancel() }
        }
        // Nothing is new, so it would ask three times to stay for so long.
        let started = Task { try await node.sync(waitSeconds: 90) }
        task.withLock { $0 = started }
        await #expect(throws: CancellationError.self) { try await started.value }
        #expect(village.hub.log.count == before + 1)
        village.hub.whileWaiting(nil)
        try node.create("clinic", ["name": "虚构甲"])
        #expect(try await node.sync().accepted == 1)
    }

    @Test func progressIsToldAndMayUseTheNode() async throws {
        let village = try Village()
        let node = try await village.join()
        try node.create("clinic", ["name": "虚构甲"])
        let told = Mutex<[Int]>([])
        try await node.sync { progress in
            let outbox = (try? node.status().outbox) ?? -1
            told.withLock { $0 += [progress.accepted, outbox] }
        }
        #expect(told.withLock { $0 } == [1, 0])
    }

    @Test func whoListensIsToldOfASaveAndOfAnExchangeUntilTheNodeIsClosed() async throws {
        let village = try Village()
        let node = try await village.join()
        var changes = node.changes().makeAsyncIterator()
        try node.create("clinic", ["name": "虚构甲"])
        #expect(await changes.next() != nil)
        try await node.sync()
        #expect(await changes.next() != nil)
        await node.close()
        #expect(await changes.next() == nil)
    }

    @Test func aFolderIsOneNodesUntilItIsClosed() async throws {
        let village = try Village()
        let node = try await village.join()
        let open = { try FieldNode(folder: node.folder, environment: village.environment) }
        #expect(FieldgridError.of(open)?.code == "folder.busy")
        let made = try node.create("clinic", ["name": "虚构甲"])
        await node.close()
        #expect(FieldgridError.of { try node.records(of: "clinic") }?.code == "node.closed")
        let again = try open()
        #expect(try again.records(of: "clinic").map(\.id) == [made.id])
        #expect(try await again.sync().accepted == 1)
    }

    @Test func aNodeThatNobodyHoldsGivesItsFolderBack() async throws {
        let village = try Village()
        let folder = village.folder.path("first")
        do { _ = try await village.join() }
        let again = try FieldNode(folder: folder, environment: village.environment)
        #expect(try again.status().holder == "虚构1")
    }

    @Test(arguments: [
        ("ftp://hub", "HS52", "hub.address-malformed"),
        (HubHere.address, "HS52", "enrol.code-malformed"),
    ])
    func whatWasMistypedIsToldBeforeAnythingIsMade(
        hub: String, code: String, expected: String
    ) async throws {
        let folder = try Folder()
        let error = await FieldgridError.of {
            try await FieldNode.join(
                folder: folder.path("node"), hub: hub, code: code, deviceName: "tablet")
        }
        #expect(error?.code == expected)
        #expect(!FileManager.default.fileExists(atPath: folder.path("node")))
    }

    @Test func aFolderThatIsNobodysIsNotOpened() throws {
        let folder = try Folder()
        let error = FieldgridError.of { try FieldNode(folder: folder.path("")) }
        #expect(error?.code == "folder.not-joined")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("")).isEmpty)
    }

    @Test func oneSeedIsDrawnFromOnceByEverythingThatDraws() async throws {
        let village = try Village()
        var environment = village.environment
        environment.random = Counting()
        let node = try await FieldNode.join(
            folder: village.folder.path("seeded"), hub: HubHere.address, code: village.hub.code(),
            deviceName: "seeded", environment: environment)
        let ids = try (0..<3).map { try node.create("clinic", ["name": "虚构\($0)"]).id }
        #expect(Set(ids).count == 3, "the clock stands, so only what is drawn can differ")
    }

    @Test func aBundleHoldsWhatWaitsAndTakesNothingOff() async throws {
        let node = try await Village().join()
        try node.create("clinic", ["name": "虚构甲"])
        let bundle = try await node.exportBundle()
        #expect(bundle.changesets == 1)
        #expect(bundle.left == 0)
        #expect(try node.status().outbox == 1)
        let error = await FieldgridError.of { try await node.importBundle(bundle.file) }
        #expect(error?.code == "bundle.wrong-way")
    }

    @Test func filesGoOntoTheStickInPartsThatNameTheNext() async throws {
        let node = try await Village().join()
        var names: [String] = []
        for number in 1...2 {
            names.append(try node.addAttachment([0xff, 0xd8, 0xff, 0xe0, UInt8(number)]))
        }
        let none = try await node.exportBundle()
        #expect(none.attachments == 0)
        #expect(none.attachmentsLeft == 2)
        let first = try await node.exportBundle(attachmentBytes: 5)
        #expect(first.lastAttachment == names.min())
        #expect(first.attachmentsLeft == 1)
        let second = try await node.exportBundle(attachmentBytes: 5, after: first.lastAttachment)
        #expect(second.lastAttachment == names.max())
        #expect(second.attachmentsLeft == 0)
    }

    @Test func aFileIsKeptUnderTheNameOfItsContent() async throws {
        let node = try await Village().join()
        let photo: [UInt8] = [0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]
        let name = try node.addAttachment(photo)
        #expect(try await node.attachment(name) == photo)
        #expect(try node.status().attachmentsWaiting == 1)
        #expect(FieldgridError.of { try node.addAttachment([1]) }?.code == "attachment.type")
    }
}

/// A generator that repeats itself exactly when it is copied.
private struct Counting: RandomNumberGenerator {
    var drawn: UInt64 = 0

    mutating func next() -> UInt64 {
        drawn += 0x9e37_79b9
        return drawn
    }
}
