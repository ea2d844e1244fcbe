import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSchema
import FieldgridSync
import Foundation
import Testing

@testable import FieldgridNode

/// First copies as files.
@Suite struct SnapshotTests {
    let hub: TestHub
    let author: RealNode
    var limit = SnapshotShelf.Limit()

    init() throws {
        hub = try TestHub()
        author = try RealNode(hub, try hub.enrol("虚构·王", TestHub.township))
        for name in UInt64(1)...60 {
            try author.edit(.test(name), .create(TestHub.village), ["name": .text("虚构\(name)")])
        }
        try author.exchange()
        limit.recordsMin = 1
    }

    private func newcomer(_ scope: ScopeCode = TestHub.township) throws -> SnapshotLink {
        SnapshotLink(hub, try hub.enrol("虚构·李", scope), limit: limit)
    }

    private func fetch(
        _ link: SnapshotLink, _ replica: Replica, into folder: String? = nil
    ) throws -> Int {
        try SnapshotFetch(
            folder: folder ?? hub.folder.path, replica: replica, client: link.client()
        ).run { _ in }
    }

    private func names(at store: any RecordStore) throws -> [String] {
        try Dump.lines(of: store, type: hub.type("employer"))
    }

    @Test func aNewDeviceIsEqualToTheHubAfterTheFileAlone() throws {
        let link = try newcomer()
        let replica = try hub.emptyReplica(link.device)
        #expect(try fetch(link, replica) > 60)
        #expect(try names(at: replica) == names(at: hub.hub))
        let request = try replica.nextRequest()
        let reply = try ExchangeCodec.decodeReply(
            hub.hub.exchange(request.encoded, device: link.device))
        #expect(reply.records.isEmpty, "the exchange goes on where the file ends")
    }

    @Test(arguments: [1, 7, 100, 999])
    func aFetchThatIsCutAtAnyByteGoesOnThere(rangeMax: Int) throws {
        let link = try newcomer()
        let replica = try hub.emptyReplica(link.device)
        link.rangeMax = rangeMax
        let cuts = rangeMax < 100 ? 40 : 2
        for _ in 0..<cuts {
            link.requestsLeft = 3
            #expect(throws: HubFailure.self) { try fetch(link, replica) }
        }
        link.requestsLeft = .max
        link.rangeMax = 1 << 20
        #expect(try fetch(link, replica) > 60)
        #expect(link.offers == 1)
        #expect(Set(link.ranges).count == link.ranges.count, "no byte is fetched twice")
        #expect(try names(at: replica) == names(at: hub.hub))
    }

    @Test func anEndWhileApplyingGoesOnToo() throws {
        let link = try newcomer()
        let replica = try hub.emptyReplica(link.device)
        try replica.limitPages(1)
        #expect(throws: ReplicaError.self) { try fetch(link, replica) }
        try replica.limitPages(1 << 30)
        #expect(try fetch(link, replica) > 60)
        #expect(link.ranges.count == 1)
        #expect(try names(at: replica) == names(at: hub.hub))
    }

    @Test func aFileThatIsNotWhatItIsNamedForIsNotApplied() throws {
        let link = try newcomer()
        let replica = try hub.emptyReplica(link.device)
        link.isNoisy = true
        let error = #expect(throws: SyncFailure.self) { try fetch(link, replica) }
        #expect(error?.code == "snapshot.damaged")
        #expect(replica.positions.isEmpty)
        link.isNoisy = false
        #expect(try fetch(link, replica) > 60)
    }

    @Test func devicesOfOneScopeShareAFileWhileItIsFresh() throws {
        for _ in 0..<2 { _ = try newcomer().shelf.offer(to: author.device) }
        #expect(hub.snapshots.count == 1)
        hub.clock.advance(minutes: 7 * 60)
        try author.edit(.test(1), .update, ["name": .text("虚构改")])
        try author.exchange()
        let offer = try newcomer().shelf.offer(to: author.device)
        #expect(hub.snapshots.count == 2)
        #expect(hub.snapshots.contains { $0.contains(offer?.id ?? "-") })
    }

    @Test func oldFilesGoAndADeviceThatWasFetchingOneBeginsAnew() throws {
        let link = try newcomer()
        let replica = try hub.emptyReplica(link.device)
        link.rangeMax = 100
        link.requestsLeft = 3
        #expect(throws: HubFailure.self) { try fetch(link, replica) }
        hub.clock.advance(minutes: 49 * 60)
        try author.edit(.test(1), .update, ["name": .text("虚构改")])
        try author.exchange()
        _ = try link.shelf.offer(to: author.device)
        #expect(hub.snapshots.count == 1)
        link.requestsLeft = .max
        link.rangeMax = 1 << 20
        #expect(try fetch(link, replica) > 60)
        #expect(try names(at: replica) == names(at: hub.hub))
    }

    @Test func aFileOfAnotherScopeIsNotGivenOut() throws {
        let offer = try #require(try newcomer().shelf.offer(to: author.device))
        let other = try newcomer(TestHub.otherVillage)
        let error = #expect(throws: HubError.self) {
            try other.shelf.range(
                of: offer.id, from: 0, for: other.device, hub: hub.hub.identity)
        }
        #expect(error?.code == "snapshot.gone")
    }

    @Test func aSmallScopeIsExchangedAndADeviceWithWorkToo() throws {
        var link = try newcomer()
        let worker = try RealNode(hub, link.device)
        try worker.edit(.test(70), .create(TestHub.village), ["name": .text("虚构")])
        #expect(try fetch(link, worker.replica) == 0)
        #expect(link.offers == 0)
        link = SnapshotLink(hub, try hub.enrol("虚构·赵", TestHub.township), limit: .init())
        #expect(try fetch(link, hub.emptyReplica(link.device)) == 0)
        #expect(hub.snapshots.isEmpty)
    }

    @Test(.enabled(if: SmallDisk.canBeMade))
    func aDeviceWithoutRoomForTheFileSaysSoAndGoesOnWhenThereIsSome() throws {
        let link = try newcomer()
        let replica = try hub.emptyReplica(link.device)
        let disk = try SmallDisk()
        try disk.fill(leaving: 4_096)
        let error = #expect(throws: FolderError.self) {
            try fetch(link, replica, into: disk.path)
        }
        #expect(error?.code == "folder.write-failed")
        #expect(error?.message.contains(disk.path + "/snapshot.part") == true)
        #expect(error?.message.contains("No space left") == true)
        #expect(replica.positions.isEmpty)
        disk.free()
        #expect(try fetch(link, replica, into: disk.path) > 60)
        #expect(link.offers == 1, "it goes on with the file that it had begun")
    }

    @Test(.enabled(if: SmallDisk.canBeMade))
    func aHubWithoutRoomForTheFileSaysSoAndLeavesNothingOfIt() throws {
        let disk = try SmallDisk()
        try disk.fill(leaving: 0)
        let shelf = SnapshotShelf(folder: disk.path + "/snapshots", limit: limit) {
            try hub.reopened()
        }
        let error = #expect(throws: HubError.self) { try shelf.offer(to: author.device) }
        #expect(error?.code == "snapshot.failed")
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: disk.path + "/snapshots").isEmpty)
        disk.free()
        #expect(try shelf.offer(to: author.device) != nil)
    }
}
