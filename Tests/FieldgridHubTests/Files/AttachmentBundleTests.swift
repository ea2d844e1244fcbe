import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSchema
import FieldgridSync
import Foundation
import Testing

@testable import FieldgridNode

/// Photos on a stick.
@Suite struct AttachmentBundleTests {
    let hub: TestHub
    let folder: NodeFolder
    let session: NodeSession
    let device: DeviceRow

    init() throws {
        hub = try TestHub()
        device = try hub.enrol("虚构·王")
        folder = NodeFolder(hub.folder.path + "/device")
        session = try hub.session(of: device, in: folder)
        // The first exchange of all, by stick: it brings the schema.
        let first = try hub.imported(session.exportBundle().file)
        _ = try session.importBundle(#require(first.reply).file)
    }

    /// An employer with a photo of so many bytes.
    @discardableResult
    private func record(_ number: UInt64, photo bytes: Int, scope: ScopeCode = TestHub.village)
        throws -> String
    {
        let name = try session.attachments.add(photo(bytes, seed: number), toSend: true)
        let type = try hub.type("employer")
        let values = [
            try #require(type.field(named: "name")).number: Value.text("虚构\(number)"),
            try #require(type.field(named: "licence_photo")).number: Value.text(name),
        ]
        try session.replica.save(
            ActionDraft(
                author: device.holder, source: .onSite, savedAt: hub.clock.milliseconds,
                edits: [
                    RecordEdit(
                        type: type.number, id: .test(number), kind: .create(scope),
                        values: values)
                ]))
        return name
    }

    private func parts(budget: Int = .max) throws -> [ExportedBundle] {
        var parts = [try session.exportBundle(attachmentBudget: budget)]
        while let last = parts.last, last.files.left > 0, last.files.last != nil {
            let spent = parts.reduce(0) { $0 + $1.files.bytes }
            let next = try session.exportBundle(
                attachmentBudget: budget - spent, after: last.files.last)
            if next.files.count == 0 { break }
            parts.append(next)
        }
        return parts
    }

    @Test func photosComeWithTheirRecordsAndAreAcknowledgedByTheAnswer() throws {
        let names = try (UInt64(1)...3).map { try record($0, photo: 40_000) }
        let part = try session.exportBundle(attachmentBudget: .max)
        #expect((part.files.count, part.files.left) == (3, 0))
        #expect(session.attachments.outgoing().count == 3, "an export is no receipt")
        let result = try hub.imported(part.file)
        #expect(result.accepted == 3)
        #expect((result.files.taken, result.files.unnamed) == (3, 0))
        for name in names {
            #expect(hub.attachments.read(name) == session.attachments.read(name))
        }
        let answer = try #require(result.reply)
        #expect(answer.files == 3)
        let imported = try session.importBundle(answer.file)
        #expect(imported.report.attachments.sent == 3)
        #expect(session.attachments.outgoing() == [])
        #expect(try session.exportBundle(attachmentBudget: .max).files == ExportedFiles())
    }

    @Test(arguments: UInt64(1)...6)
    func partsComeInAnyOrderAndAnyNumberOfTimes(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for number in UInt64(1)...4 { try record(number, photo: 5 << 20) }
        let parts = try parts()
        #expect(parts.map(\.files.count) == [2, 2])
        for part in parts { #expect(part.file.count <= SealedBundle.Limit.file) }
        var answers: [[UInt8]] = []
        for part in (parts + parts).shuffled(using: &random) {
            answers.append(try #require(hub.imported(part.file).reply).file)
        }
        #expect(hub.attachments.storedNames(hub.folder.path).count == 4)
        for answer in answers.shuffled(using: &random) { _ = try session.importBundle(answer) }
        #expect(session.attachments.outgoing() == [])
        #expect(try session.replica.counts().outbox == 0)
    }

    @Test func theLargestPhotoFitsBesideItsRecords() throws {
        try record(1, photo: 10 << 20)
        try record(2, photo: 10 << 20)
        let parts = try parts()
        #expect(parts.map(\.files.count) == [1, 1])
        for part in parts { #expect(try hub.imported(part.file).files.taken == 1) }
    }

    @Test func aBudgetHoldsForAllPartsAndTheRestWaits() throws {
        for number in UInt64(1)...5 { try record(number, photo: 4 << 20) }
        let parts = try parts(budget: 13 << 20)
        #expect(parts.reduce(0) { $0 + $1.files.count } == 3)
        #expect(parts.last?.files.left == 2)
        for part in parts { _ = try hub.imported(part.file) }
        let answer = try hub.hub.exportBundle(
            for: device.keyID, key: hub.key, files: hub.attachments)
        _ = try session.importBundle(answer.file)
        #expect(session.attachments.outgoing().count == 2)
    }

    @Test func withoutABudgetTheBundleOnlyAsksAndHearsWhatTheHubHasAlready() throws {
        let name = try record(1, photo: 5_000)
        _ = try hub.imported(session.exportBundle().file)
        #expect(hub.attachments.size(of: name) == nil)
        try hub.attachments.take(photo(5_000, seed: 1), of: name)
        let again = try hub.imported(session.exportBundle().file)
        #expect(try session.importBundle(#require(again.reply).file).report.attachments.sent == 1)
    }

    @Test func aPhotoOfARecordThatIsNotAcceptedStaysOnTheStickAndComesLater() throws {
        let name = try record(1, photo: 5_000, scope: TestHub.otherVillage)
        let part = try session.exportBundle(attachmentBudget: .max)
        let result = try hub.imported(part.file)
        #expect((result.quarantined, result.files.unnamed, result.files.taken) == (1, 1, 0))
        #expect(hub.attachments.size(of: name) == nil)
        let answer = try #require(result.reply)
        #expect(answer.files == 0)
        _ = try session.importBundle(answer.file)
        #expect(session.attachments.outgoing() == [name])
    }

    @Test func aRevokedDevicesPhotosComeInWhenItsWorkIsLetThrough() throws {
        let name = try record(1, photo: 5_000)
        let part = try session.exportBundle(attachmentBudget: .max)
        _ = try hub.hub.revoke(device.keyID)
        #expect(try hub.imported(part.file).files.unnamed == 1)
        _ = try hub.hub.letThrough(hub.hub.device(named: device.keyID))
        #expect(try hub.imported(part.file).files.taken == 1)
        #expect(hub.attachments.size(of: name) == 5_000)
    }

    @Test func aHostileBundleWritesNothing() throws {
        try record(1, photo: 5_000)
        let request = try session.replica.nextRequest().encoded
        let text = Array("no photo at all".utf8)
        let named = RangedFile.name(of: ContentDigest.of(text).bytes)
        let frames = [
            CarriedFiles([.init(name: named, content: text)]).frame,
            Frame.wrap([1] + [UInt8](repeating: 7, count: 60), kind: .files),
        ]
        for frame in frames {
            let file = SealedBundle(
                direction: .toHub, node: device.node, incarnation: session.replica.incarnation,
                hub: hub.key.publicKey, madeAt: 0, sections: [request, frame]
            ).sealed(by: try hub.key(of: device))
            let error = #expect(throws: BundleProblem.self) { try hub.imported(file) }
            #expect(error?.code == "bundle.damaged")
            #expect(try hub.state(.test(1)) == nil)
            #expect(hub.attachments.storedNames(hub.folder.path).isEmpty)
        }
    }

    @Test func aPhotoThatDecayedIsSaidAndNotCarried() throws {
        let name = try record(1, photo: 5_000)
        try Data(photo(5_000, seed: 2)).write(
            to: URL(fileURLWithPath: "\(folder.path)/attachments/\(name.prefix(2))/\(name)"))
        let part = try session.exportBundle(attachmentBudget: .max)
        #expect(part.files.damaged == [name])
        #expect(try hub.imported(part.file).files.taken == 0)
    }

    @Test(.enabled(if: SmallDisk.canBeMade))
    func aHubWithoutRoomTakesTheRecordsAndSaysThatThePhotoWaits() throws {
        let name = try record(1, photo: 300_000)
        let disk = try SmallDisk()
        try disk.fill(leaving: 200_000)
        let small = AttachmentFolder.test(disk.path)
        let file = try session.exportBundle(attachmentBudget: .max).file
        let first = try hub.hub.importBundle(file, key: hub.key, files: small)
        #expect(first.accepted == 1)
        #expect((first.files.taken, first.reply?.files) == (0, 0))
        #expect(
            first.files.problem?.contains("no space left") == true
                || first.files.problem?.contains("No space left") == true)
        #expect(small.size(of: name) == nil)
        disk.free()
        #expect(try hub.hub.importBundle(file, key: hub.key, files: small).files.taken == 1)
    }

    @Test func aRestoredHubIsOfferedAgainWhatItMayHaveLost() throws {
        let name = try record(1, photo: 5_000)
        let backup = try hub.backup()
        let answer = try #require(
            hub.imported(session.exportBundle(attachmentBudget: .max).file).reply)
        _ = try session.importBundle(answer.file)
        try hub.restore(backup)
        try FileManager.default.removeItem(atPath: hub.folder.path + "/attachments")
        for _ in 0..<3 {
            let part = try session.exportBundle(attachmentBudget: .max)
            _ = try session.importBundle(#require(hub.imported(part.file).reply).file)
        }
        #expect(hub.attachments.size(of: name) == 5_000)
        #expect(session.attachments.outgoing() == [])
    }
}

extension AttachmentFolder {
    /// The names of whole files in a hub's folder.
    func storedNames(_ folder: String) -> [String] {
        let path = folder + "/attachments"
        let all = FileManager.default.enumerator(atPath: path)?.allObjects as? [String] ?? []
        return all.filter { !$0.hasPrefix("partial") && $0.utf8.count > 64 }
    }
}

extension TestHub {
    /// A device's folder, as joining makes it, without a network.
    func session(of device: DeviceRow, in folder: NodeFolder) throws -> NodeSession {
        try FileManager.default.createDirectory(
            atPath: folder.path, withIntermediateDirectories: true)
        let address = try #require(HubAddress("http://127.0.0.1:9"))
        let answer = EnrolmentAnswer(
            node: device.node, holder: device.holder, role: .assistant, scope: device.scope,
            hubKey: key.publicKey, enrolledAt: 0)
        try folder.write(NodeDocument(answer, hub: address))
        try DurableFile.write(Array(key(of: device).pem.utf8), to: folder.keyPath)
        openings += 2
        let sources = NodeSources(
            clock: clock, random: RandomSource(SeededRandom(seed: openings))
        ) {
            CurlTransport(hub: $0, limits: $1)
        }
        let world = ReplicaWorld(
            clock: clock, random: SeededRandom(seed: openings - 1),
            decodeSchema: { try Schema(canonicalJSON: $0) })
        try Replica.create(
            at: folder.databasePath,
            identity: ReplicaIdentity(
                node: device.node, holder: device.holder, scopes: [device.scope]),
            schema: Schema(
                name: "", version: 0, label: Label(zh: "", en: ""), types: [], codeLists: []),
            schemaDocument: [], world: world
        ).close()
        return try NodeSession(folder, sources: sources)
    }
}
