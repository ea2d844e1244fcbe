import FieldgridHub
import FieldgridModel
import FieldgridSchema
import FieldgridSync
import Foundation
import Testing

@testable import FieldgridNode

/// Photos on their way down, interrupted anywhere.
@Suite struct AttachmentFetchTests {
    private static let range = 128 << 10
    let hub: TestHub
    let node: RealNode
    let own: AttachmentFolder
    let link: AttachmentLink

    init() throws {
        (hub, node) = try RealNode.withOneEmployer(.test(1))
        own = try hub.attachments(of: node)
        link = AttachmentLink(hub, node.device)
    }

    /// The hub has a photo that the record names.
    private func named(_ bytes: Int) throws -> (name: String, content: [UInt8]) {
        let content = photo(bytes)
        let name = try hub.attachments.add(content, toSend: false)
        try node.edit(.test(1), .update, ["licence_photo": .text(name)])
        try node.exchange()
        return (name, content)
    }

    private func fetch(_ name: String, budget: Int = .max) throws -> Bool {
        var exchange = try link.exchange(own, budget: budget)
        return try exchange.fetch(name)
    }

    /// A file that ends with a range, before one, and in the middle.
    @Test(arguments: [range - 1, range, range + 1, 2 * range, 2 * range + 4_465], 0..<4)
    func aFetchThatIsCutAtAnyRangeGoesOnThere(bytes: Int, cut: Int) throws {
        let (name, content) = try named(bytes)
        link.requestsLeft = cut
        let isCut = (try? fetch(name)) == nil
        #expect(isCut == (own.size(of: name) == nil))
        #expect(own.size(of: name) == nil || own.read(name) == content)
        link.requestsLeft = .max
        #expect(try fetch(name))
        #expect(own.read(name) == content)
        #expect(link.carried == content.count, "no byte comes twice")
        #expect(own.outgoing().isEmpty, "what came from the hub does not go back")
    }

    @Test(arguments: [4_099, 131_071, 131_072, 131_073])
    func aBudgetThatEndsAtAnyByteGoesOnNextTime(budget: Int) throws {
        let (name, content) = try named(2 * Self.range)
        var runs = 0
        while try !fetch(name, budget: budget) {
            #expect(own.size(of: name) == nil)
            runs += 1
            try #require(runs <= 1 + content.count / budget)
        }
        #expect(own.read(name) == content)
        #expect(link.carried == content.count)
    }

    @Test(arguments: [1, 4_097, 131_073])
    func aKillInTheMiddleOfAWriteGoesOnAtThatByte(written: Int) throws {
        let (name, content) = try named(2 * Self.range)
        _ = try fetch(name, budget: 1)
        let path = hub.folder.path + "/\(node.device.node)/attachments/partial/\(name)"
        try Data(content.prefix(written)).write(to: URL(fileURLWithPath: path))
        #expect(try fetch(name))
        #expect(own.read(name) == content)
    }

    @Test func whatDoesNotBecomeTheFileIsThrownAwayAndBegunAnew() throws {
        let (name, content) = try named(Self.range + 7)
        _ = try fetch(name, budget: 1)
        let path = hub.folder.path + "/\(node.device.node)/attachments/partial/\(name)"
        try Data(count: 1_000).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: FolderError.self) { try fetch(name) }
        #expect(error?.code == "attachment.damaged")
        #expect(own.arrived(of: name) == 0)
        #expect(try fetch(name))
        #expect(own.read(name) == content)
    }

    @Test func aRangeThatChangedOnTheWayIsNotTaken() throws {
        let (name, _) = try named(Self.range + 7)
        link.isNoisy = true
        #expect(throws: HubFailure.self) { try fetch(name) }
        #expect(own.arrived(of: name) == 0)
    }

    @Test func aFileThatVanishesAtTheHubMeanwhileIsSaidToBeGone() throws {
        let (name, content) = try named(2 * Self.range)
        _ = try fetch(name, budget: Self.range)
        try FileManager.default.removeItem(atPath: hub.folder.path + "/attachments")
        #expect(throws: HubFailure.self) { try fetch(name) }
        _ = try hub.attachments.add(content, toSend: false)
        #expect(try fetch(name))
        #expect(own.read(name) == content)
    }

    @Test(.enabled(if: SmallDisk.canBeMade))
    func aDeviceWithoutRoomSaysSoAndGoesOnWhenThereIsSome() throws {
        let (name, content) = try named(2 * Self.range)
        let disk = try SmallDisk()
        try disk.fill(leaving: 200_000)
        let small = AttachmentFolder.test(disk.path)
        var first = try link.exchange(small)
        let error = #expect(throws: FolderError.self) { try first.fetch(name) }
        #expect(error?.code == "folder.write-failed")
        #expect(small.size(of: name) == nil)
        disk.free()
        var second = try link.exchange(small)
        #expect(try second.fetch(name))
        #expect(small.read(name) == content)
    }
}
