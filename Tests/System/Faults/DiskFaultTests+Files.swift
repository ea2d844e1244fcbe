import Foundation
import Testing

/// The files beside the databases: a device's stamp, and photos on a device and
/// at the hub.
extension DiskFaultTests {
    @Test func aDeviceWhoseStampCannotBeWrittenSendsNothingUntilItCan() throws {
        let stamp = [node, node + "/stamp.json", node + "/stamp.json.tmp"]
        var sweep = FaultSweep.ofFiles(short: "EIO")
        try sweep.run { fault in
            let id = try district.record("employer", "name=虚构 \(fault)", at: node)
            let result = try fault.about(stamp).run(["node", "sync", "--data", node], log: log)
            if result.status != 0 {
                expectRefused(result, saying: [node + "/stamp.json", "hint: "])
                #expect(try district.records("employer", at: district.hubData)[id] == nil)
            }
            let happened = FailingCall.happened(in: log)
            try district.done(["node", "sync", "--data", node])
            #expect(try district.outbox(of: node) == 0, "\(fault)")
            return (happened, result.status != 0)
        }
        try expectConverged()
        #expect(sweep.refused >= 3)
        Endurance.report(
            "stamp with failing calls: \(sweep.faults) runs, \(sweep.refused) refused, "
                + "0 sent then, 0 not converged after the next")
    }

    @Test func aPhotoWhoseWriteFailsIsThereWholeOrSaidNotToBe() throws {
        let id = try district.record("employer", "name=虚构甲", at: node)
        var sweep = FaultSweep.ofFiles(short: "ENOSPC")
        var photos: Set<String> = []
        try sweep.run { fault in
            let photo = try Photo("\(fault)", in: district.folder)
            photos.insert(photo.name)
            let set = ["record", "set", "employer", id, "licence_photo=@\(photo.path)"]
            let result = try fault.about(photo.places(in: node))
                .run(set + ["--data", node], log: log)
            let happened = FailingCall.happened(in: log)
            if result.status != 0 {
                expectRefused(result, saying: ["could not be written", "hint: "])
                #expect(try licence(of: id) != photo.name, "\(fault)")
                try district.done(set + ["--data", node])
            }
            #expect(try licence(of: id) == photo.name, "\(fault)")
            try district.done(["node", "sync", "--data", node])
            return (happened, result.status != 0)
        }
        try expectPhotos(photos)
        #expect(sweep.refused >= 3)
        Endurance.report(
            "photo saved with failing calls: \(sweep.faults) runs, \(sweep.refused) refused, "
                + "0 lost, 0 in part")
    }

    @Test func aHubThatCannotWriteAPhotoLeavesItWithTheDeviceUntilItCan() throws {
        let id = try district.record("employer", "name=虚构甲", at: node)
        var sweep = FaultSweep.ofFiles(short: "ENOSPC")
        var photos: Set<String> = []
        try sweep.run { fault in
            let photo = try Photo("\(fault)", in: district.folder)
            photos.insert(photo.name)
            try district.done(
                ["record", "set", "employer", id, "licence_photo=@\(photo.path)"]
                    + ["--data", node])
            let hub = try #require(district.hub)
            let tracing = try fault.about(photo.places(in: district.hubData))
                .attach(to: hub.id, log: log)
            let report = try district.ask(["node", "sync", "--data", node])
            try tracing.stop()
            let waits = report["attachments_waiting"].integer == 1
            // What the hub acknowledged it has.
            if !waits { #expect(try Photo.kept(in: district.hubData) == photos, "\(fault)") }
            let next = try district.ask(["node", "sync", "--data", node])
            #expect(next["attachments_waiting"].integer == 0, "\(fault)")
            return (FailingCall.happened(in: log), waits)
        }
        try expectPhotos(photos)
        #expect(sweep.refused >= 3)
        Endurance.report(
            "photo at a hub with failing calls: \(sweep.faults) runs, \(sweep.refused) waited, "
                + "0 lost, 0 in part, 0 waiting after the next")
    }

    private func licence(of id: String) throws -> String? {
        try district.records("employer", at: node)[id]?["fields"]["licence_photo"].text
    }

    /// Each is at the device and at the hub, whole, and nothing else is.
    private func expectPhotos(_ photos: Set<String>) throws {
        try expectConverged()
        for folder in [node, district.hubData] {
            #expect(try Photo.kept(in: folder) == photos, "\(folder)")
        }
    }
}

extension FaultSweep {
    /// Each call to a file beside a database, one at a time.
    ///
    /// - Parameter short: The error of the short run; the long one has both.
    fileprivate static func ofFiles(short: String) -> FaultSweep {
        FaultSweep(
            errors: Endurance.isLong ? ["EIO", "ENOSPC"] : [short],
            kinds: FailingCall.ofFiles.map { [$0] })
    }
}

/// A photo of a few bytes, and where folders keep it.
private struct Photo {
    let path: String
    /// Its SHA-256.
    let name: String

    init(_ content: String, in folder: TemporaryFolder) throws {
        path = folder.file("photo.jpg")
        try (Data([0xff, 0xd8, 0xff, 0xe0]) + Data(content.utf8))
            .write(to: URL(fileURLWithPath: path))
        name = try Self.digest(of: path)
    }

    /// The files that it is written to on its way to its place.
    func places(in folder: String) -> [String] {
        let folders = ["partial", "outgoing", String(name.prefix(2))]
        return folders.flatMap { place in
            let path = "\(folder)/attachments/\(place)"
            return [path, path + "/" + name, path + "/" + name + ".tmp"]
        }
    }

    /// The names of all that a folder keeps, each of which must be what it is named for.
    static func kept(in folder: String) throws -> Set<String> {
        let files = FileManager.default
        let root = folder + "/attachments"
        var names: Set<String> = []
        for place in try files.contentsOfDirectory(atPath: root) where place.utf8.count == 2 {
            for name in try files.contentsOfDirectory(atPath: root + "/" + place) {
                let digest = try digest(of: "\(root)/\(place)/\(name)")
                #expect(name == digest)
                names.insert(name)
            }
        }
        return names
    }

    private static func digest(of path: String) throws -> String {
        let result = try Fieldgrid.run("/usr/bin/env", ["sha256sum", path])
        return String(result.output.prefix(64))
    }
}
