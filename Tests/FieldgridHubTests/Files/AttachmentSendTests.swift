import FieldgridHub
import FieldgridModel
import FieldgridSchema
import FieldgridSync
import Foundation
import Testing

@testable import FieldgridNode

/// Photos on their way up, interrupted anywhere.
///
/// No half file is ever shown, or counted as sent.
@Suite struct AttachmentSendTests {
    private static let range = 128 << 10
    let hub: TestHub
    let node: RealNode
    let own: AttachmentFolder
    let content = photo(2 * range + 4_465)
    let name: String

    init() throws {
        (hub, node) = try RealNode.withOneEmployer(.test(1))
        own = try hub.attachments(of: node)
        name = try own.add(content, toSend: true)
        try node.edit(.test(1), .update, ["licence_photo": .text(name)])
        try node.exchange()
    }

    private var partial: String { hub.folder.path + "/attachments/partial/" + name }

    private func send(_ link: AttachmentLink, budget: Int = .max) throws -> AttachmentReport {
        var exchange = try link.exchange(own, budget: budget)
        let report = try exchange.sendAll()
        let isWhole = hub.attachments.read(name) == content
        #expect(isWhole || hub.attachments.size(of: name) == nil, "no half file is shown")
        #expect(report.sent == 0 || isWhole, "what counts as sent is there")
        #expect(own.outgoing().isEmpty == (report.sent == 1))
        return report
    }

    @Test(arguments: 0..<4, AttachmentLink.Loss.allCases)
    func aSendThatIsCutAtAnyRangeGoesOnThere(cut: Int, loss: AttachmentLink.Loss) throws {
        let link = AttachmentLink(hub, node.device)
        link.requestsLeft = cut
        link.loss = loss
        let first = try send(link)
        #expect((first.sent, first.waiting) == (0, 1))
        #expect(first.note != nil)
        link.requestsLeft = .max
        let second = try send(link)
        #expect((second.sent, second.waiting) == (1, 0))
        #expect(link.carried == content.count, "no byte goes twice")
    }

    @Test(arguments: [4_099, 65_537, 131_071, 131_072, 131_073, 266_608])
    func aBudgetThatEndsAtAnyByteGoesOnNextTime(budget: Int) throws {
        let link = AttachmentLink(hub, node.device)
        var runs = 0
        while !own.outgoing().isEmpty {
            let before = link.carried
            let report = try send(link, budget: budget)
            #expect(report.bytes == link.carried - before)
            #expect(report.bytes <= budget)
            runs += 1
            try #require(runs <= 1 + content.count / budget)
        }
        #expect(link.carried == content.count)
        #expect(link.largest <= Self.range)
    }

    @Test(arguments: [1, 3, 4_097, 131_071, 131_073, 266_608])
    func aKillInTheMiddleOfAWriteGoesOnAtThatByte(written: Int) throws {
        let link = AttachmentLink(hub, node.device)
        _ = try send(link, budget: 1)
        try Data(content.prefix(written)).write(to: URL(fileURLWithPath: partial))
        #expect(try send(AttachmentLink(hub, node.device)).sent == 1)
    }

    @Test func whatAPowerCutLeftAsZerosIsFoundAndBegunAnew() throws {
        let link = AttachmentLink(hub, node.device)
        _ = try send(link, budget: 1)
        try Data(count: 100_000).write(to: URL(fileURLWithPath: partial))
        let report = try send(link)
        #expect(report.note?.contains("attachment.damaged") == true)
        #expect(hub.attachments.arrived(of: name) == 0)
        #expect(try send(link).sent == 1)
    }

    @Test func aFileThatSomebodySaidWasLargerBeginsAnew() throws {
        let lie = photo(content.count + 1, seed: 2)
        for start in stride(from: 0, to: lie.count, by: 100_000) {
            _ = try hub.attachments.receive(
                Array(lie[start..<min(lie.count, start + 100_000)]), of: name, at: start,
                size: 10 << 20)
        }
        #expect(hub.attachments.arrived(of: name) > content.count)
        #expect(try send(AttachmentLink(hub, node.device)).sent == 1)
    }

    @Test(arguments: UInt64(1)...20)
    func rangesInAnyOrderAndAnyNumberOfTimesAreTakenOnce(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let starts = Array(stride(from: 0, to: content.count, by: 20_011))
        let ranges = starts.map { ($0, Array(content[$0..<min($0 + 20_011, content.count)])) }
        var steps = 0
        while hub.attachments.size(of: name) == nil {
            let (start, bytes) = try #require(ranges.randomElement(using: &random))
            let before = hub.attachments.arrived(of: name)
            let said = try hub.attachments.receive(
                bytes, of: name, at: start, size: content.count)
            #expect(said.have == (start == before ? before + bytes.count : before))
            #expect(said.complete == (said.have == content.count))
            steps += 1
            try #require(steps < 10_000, "seed \(seed)")
        }
        #expect(hub.attachments.read(name) == content)
    }

    @Test func aRangeThatChangedOnTheWayIsNotTaken() throws {
        let link = AttachmentLink(hub, node.device)
        link.isNoisy = true
        #expect(try send(link).sent == 0)
        #expect(hub.attachments.arrived(of: name) == 0)
        link.isNoisy = false
        #expect(try send(link).sent == 1)
    }

    @Test func aFileThatDecayedOnTheDeviceIsSaidAndKeepsNoOtherBack() throws {
        let other = try own.add(photo(500, seed: 9), toSend: true)
        try node.edit(.test(1), .update, ["licence_photo": .text(other)])
        try node.exchange()
        let path = hub.folder.path + "/\(node.device.node)/attachments/\(name.prefix(2))/\(name)"
        var decayed = content
        decayed[200_000] ^= 1
        try Data(decayed).write(to: URL(fileURLWithPath: path))
        let link = AttachmentLink(hub, node.device)
        var exchange = try link.exchange(own)
        let report = try exchange.sendAll()
        #expect((report.sent, report.waiting) == (1, 1))
        #expect(report.note?.contains("not any more what was added") == true)
        #expect(link.carried == 500, "nothing of it is sent")
        #expect(hub.attachments.size(of: other) == 500)
    }

    @Test func theRecordMayMoveOrGoMeanwhile() throws {
        let office = try RealNode(hub, hub.enrol("虚构·所", TestHub.township))
        let link = AttachmentLink(hub, node.device)
        _ = try send(link, budget: 100_000)
        try office.edit(.test(1), .move(TestHub.otherVillage))
        try office.edit(.test(1), .delete)
        try office.exchange()
        #expect(try send(link).sent == 1, "whoever took it may still send it")
        var fetch = try link.exchange(.test(hub.folder.path + "/elsewhere"))
        #expect(throws: HubFailure.self, "but not fetch it") { try fetch.fetch(name) }
    }

    @Test func aFileOfARecordThatIsNotAcceptedWaitsAndNoStrangerSendsIt() throws {
        let fresh = try own.add(photo(900, seed: 5), toSend: true)
        own.acknowledge(name)
        try node.edit(
            .test(2), .create(TestHub.village),
            ["name": .text("虚构石料"), "licence_photo": .text(fresh)])
        let link = AttachmentLink(hub, node.device)
        var early = try link.exchange(own)
        #expect(try early.sendAll().note?.contains("attachment.unnamed") == true)
        try node.exchange()
        let stranger = AttachmentLink(
            hub, try hub.enrol("虚构·外", TestHub.otherVillage))
        var other = try stranger.exchange(own)
        #expect(try other.sendAll().sent == 0)
        var late = try link.exchange(own)
        #expect(try late.sendAll().sent == 1)
    }

    @Test(.enabled(if: SmallDisk.canBeMade))
    func aHubWithoutRoomSaysSoAndGoesOnWhenThereIsSome() throws {
        let disk = try SmallDisk()
        try disk.fill(leaving: 200_000)
        let link = AttachmentLink(hub, node.device, files: .test(disk.path))
        var first = try link.exchange(own)
        let report = try first.sendAll()
        #expect((report.sent, report.waiting) == (0, 1))
        #expect(report.note?.contains("storage.full") == true)
        #expect(AttachmentFolder.test(disk.path).size(of: name) == nil)
        let arrived = link.files.arrived(of: name)
        #expect(arrived >= Self.range, "what fitted stays")
        disk.free()
        var second = try link.exchange(own)
        #expect(try second.sendAll().sent == 1)
        #expect(link.files.read(name) == content)
    }

    @Test func aFolderThatCannotBeWrittenIsSaidInWords() throws {
        try FileManager.default.createDirectory(
            atPath: partial, withIntermediateDirectories: true)
        let report = try send(AttachmentLink(hub, node.device))
        #expect(report.sent == 0)
        #expect(report.note?.contains("storage.full") == true)
    }

    @Test func whatARestoredHubMayHaveLostIsOfferedAgain() throws {
        let link = AttachmentLink(hub, node.device)
        #expect(try send(link).sent == 1)
        try FileManager.default.removeItem(atPath: hub.folder.path + "/attachments")
        try own.offerAgain()
        #expect(own.outgoing() == [name])
        #expect(try send(link).sent == 1)
        try own.offerAgain()
        let before = link.carried
        #expect(try send(link).sent == 1)
        #expect(link.carried == before, "what the hub has is only asked for")
    }
}
