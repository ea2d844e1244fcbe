import Fieldgrid
import Foundation
import Synchronization
import Testing

/// Photos beside the data, as an app sends them.
@Suite struct PhotoTests {
    /// A device with a photo of so many bytes, whose clinic the hub has.
    private static func photographed(
        _ village: Village, bytes: Int = 200_000
    ) async throws -> FieldNode {
        let node = try await village.join()
        let photo = [0xff, 0xd8, 0xff, 0xe0] + [UInt8](repeating: 7, count: bytes - 4)
        let name = try node.addAttachment(photo)
        try node.create("clinic", ["name": "虚构甲", "photo": .text(name)])
        try await node.sync(attachmentBytes: 0)
        return node
    }

    @Test func aPhotoDoesNotWaitForNews() async throws {
        let village = try Village()
        let node = try await Self.photographed(village)
        let left = Mutex<Int?>(nil)
        village.hub.whileWaiting { url in
            guard url.contains("wait=") else { return }
            let waiting = try node.status().attachmentsWaiting
            left.withLock { $0 = waiting }
            try node.create("clinic", ["name": "虚构乙"])
            try await Never.comes()
        }
        let report = try await node.sync(waitSeconds: 600)
        #expect(left.withLock { $0 } == 0, "it was there before the wait began")
        #expect(report.attachmentsSent == 1)
        #expect(report.accepted == 1)
    }

    @Test func aPhotoThatIsTakenDuringTheWaitGoesAfterIt() async throws {
        let village = try Village()
        let node = try await village.join()
        village.hub.whileWaiting { url in
            guard url.contains("wait=") else { return }
            let name = try node.addAttachment([0xff, 0xd8, 0xff, 0xe0, 1])
            try node.create("clinic", ["name": "虚构甲", "photo": .text(name)])
            try await Never.comes()
        }
        #expect(try await node.sync(waitSeconds: 600).attachmentsSent == 1)
    }

    @Test func aWaitThatFailsDoesNotHideWhatWasDoneBefore() async throws {
        let village = try Village()
        let node = try await Self.photographed(village)
        village.hub.whileWaiting { url in
            if url.contains("wait=") { throw Broken() }
        }
        #expect(try await node.sync(waitSeconds: 600).attachmentsSent == 1)
        let error = await FieldgridError.of { try await node.sync(waitSeconds: 600) }
        #expect(error?.code == "hub.unreachable", "where nothing was done, the failure is told")
    }

    @Test func whereTheBytesEndBeforeThePhotosNobodyWaits() async throws {
        let village = try Village()
        let node = try await Self.photographed(village)
        let before = village.hub.log.count
        let report = try await node.sync(attachmentBytes: 150_000, waitSeconds: 600)
        #expect(report.attachmentsWaiting == 1)
        #expect(!village.hub.log[before...].contains { $0.contains("wait=") })
    }

    @Test func aPhotoThatTheHubDoesNotTakeKeepsNobodyFromWaiting() async throws {
        let village = try Village()
        let node = try await village.join()
        _ = try node.addAttachment([0xff, 0xd8, 0xff, 0xe0, 1])
        village.hub.whileWaiting { url in
            guard url.contains("wait=") else { return }
            try node.create("clinic", ["name": "虚构甲"])
            try await Never.comes()
        }
        let before = village.hub.log.count
        #expect(try await node.sync(waitSeconds: 600).accepted == 1)
        let offers = village.hub.log[before...].filter { $0.contains("/attachment/") }
        #expect(offers.count == 1, "it is offered once")
    }

    @Test func aPhotoThatWaitsSaysWhyUntilTheHubHasIt() async throws {
        let village = try Village()
        let node = try await village.join()
        let name = try node.addAttachment([0xff, 0xd8, 0xff, 0xe0, 1])
        #expect(try node.waitingAttachments().map(\.id) == [name])
        #expect(try node.waitingAttachments().map(\.bytes) == [5])
        #expect(try node.waitingAttachments().map(\.problem) == [nil], "it was not offered yet")
        #expect(try await node.sync().attachmentsNote != nil)
        await node.close()
        let again = try FieldNode(folder: node.folder, environment: village.environment)
        let waiting = try #require(try again.waitingAttachments().first)
        #expect(waiting.problem?.code == "attachment.unnamed")
        try again.create("clinic", ["name": "虚构甲", "photo": .text(name)])
        #expect(try await again.sync().attachmentsNote == nil)
        #expect(try again.waitingAttachments().isEmpty)
    }

    @Test func aCancellationDuringPhotosIsOne() async throws {
        let village = try Village()
        let node = try await Self.photographed(village)
        let (begins, begin) = AsyncStream.makeStream(of: Void.self)
        Self.stop(village, begin)
        let sending = Task { try await node.sync() }
        for await _ in begins { break }
        sending.cancel()
        await #expect(throws: CancellationError.self) { try await sending.value }
        village.hub.whileWaiting(nil)
        #expect(try await node.sync().attachmentsSent == 1)
    }

    @Test func closingDuringPhotosIsNoSuccess() async throws {
        let village = try Village()
        let node = try await Self.photographed(village)
        let (begins, begin) = AsyncStream.makeStream(of: Void.self)
        Self.stop(village, begin)
        async let error = FieldgridError.of { try await node.sync() }
        for await _ in begins { break }
        await node.close()
        #expect(await error?.code == "node.closed")
    }

    /// Has the hub answer nothing about photos.
    private static func stop(_ village: Village, _ begin: AsyncStream<Void>.Continuation) {
        village.hub.whileWaiting { url in
            guard url.contains("/attachment/") else { return }
            begin.yield()
            try await Never.comes()
        }
    }
}
