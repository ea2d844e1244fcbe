import Foundation
import Testing

/// No room on the device, and no room at the hub.
@Suite struct WrongInputDiskFullTests {
    @Test(arguments: Shortage.available)
    func aDeviceWithoutRoomSaysSoAndKeepsWhatItHas(shortage: Shortage) throws {
        let district = try District()
        let place = try Place(shortage, in: district)
        let node = try district.join(folder: place.folder)
        let id = try district.record("employer", "name=虚构甲", at: node)
        let before = try district.done(["record", "list", "employer", "--json", "--data", node])
        let table = try district.folder.write(
            FictionalEmployer.table(0..<2_000), to: "employers.csv")

        try place.takeRoom()
        expectRefused(
            try place.run(["record", "import", "employer", table, "--data", node]),
            saying: ["no room", "hint: "])
        let single = try place.run([
            "record", "new", "employer", "name=虚构乙",
            "business_scope=" + String(repeating: "长", count: 3_000), "--data", node,
        ])
        if shortage == .fullDisk { expectRefused(single, saying: ["no room", "hint: "]) }

        try place.giveRoom()
        try expectWhole(node + "/node.sqlite")
        var records = try district.records("employer", at: node)
        // Whole batches that found room are there; none is there in part.
        let extra = single.status == 0 ? 1 : 0
        #expect((records.count - 1 - extra) % 500 == 0)
        #expect(records.count < 2_001)
        #expect(try records[id] == JSON(before)[0])

        try district.done(["record", "import", "employer", table, "--data", node])
        records = try district.records("employer", at: node)
        #expect(records.count == 2_001 + extra)
        try district.done(["node", "sync", "--data", node])
        #expect(
            try district.records("employer", at: district.hubData)
                == district.records("employer", at: node))
    }

    @Test(arguments: Shortage.available)
    func aHubWithoutRoomSaysSoAppliesNothingByHalfAndGoesOnLater(shortage: Shortage) throws {
        let place = try Place(shortage, in: nil)
        let district = try District(hubFolder: place.folder)
        let node = try district.join()
        _ = try district.record("employer", "name=虚构甲", at: node)
        try district.done(["node", "sync", "--data", node])
        let before = try district.done([
            "record", "list", "employer", "--json", "--data", district.hubData,
        ])
        let table = try district.folder.write(
            FictionalEmployer.table(0..<2_000), to: "employers.csv")
        try district.done(["record", "import", "employer", table, "--data", node])

        if shortage == .fileLimit {
            try district.stopHub()
            try district.startHub(executable: place.executable)
        }
        try place.takeRoom()
        let result = try district.run(["node", "sync", "--data", node])
        expectRefused(result, 75, saying: ["no room", "hint: "])
        #expect(try district.outbox(of: node) == 2_000)
        let after = try district.done([
            "record", "list", "employer", "--json", "--data", district.hubData,
        ])
        #expect(after == before)

        try place.giveRoom()
        if shortage == .fileLimit {
            try district.stopHub()
            try district.startHub()
        }
        try district.done(["node", "sync", "--data", node])
        #expect(try district.outbox(of: node) == 0)
        let atHub = try district.records("employer", at: district.hubData)
        #expect(atHub.count == 2_001)
        #expect(try district.records("employer", at: node) == atHub)
        try district.stopHub()
        try expectWhole(district.hubData + "/hub.sqlite")
    }

    private func expectWhole(
        _ database: String, location: SourceLocation = #_sourceLocation
    ) throws {
        let answer = try District.sql("PRAGMA integrity_check", in: database)
        #expect(answer == "ok", sourceLocation: location)
    }
}

/// A folder in which room can be taken away and given back.
private struct Place {
    let folder: String
    /// `fieldgrid` under the shortage.
    let executable: String
    private let disk: SmallDisk?
    private let scripts: TemporaryFolder

    init(_ shortage: Shortage, in district: District?) throws {
        scripts = try TemporaryFolder()
        let program = try Fieldgrid.executable()
        switch shortage {
        case .fullDisk:
            let disk = try SmallDisk(megabytes: 24)
            self.disk = disk
            folder = disk.path + "/data"
            executable = program
        case .fileLimit:
            disk = nil
            folder = scripts.file("data")
            // As the signal is ignored, writing beyond the limit is an error that a program sees.
            executable = try scripts.write(
                "#!/bin/bash\ntrap '' XFSZ\nulimit -f 600\nexec '\(program)' \"$@\"\n",
                to: "limited", executable: true)
        }
    }

    func run(_ arguments: [String]) throws -> Fieldgrid.Result {
        try Fieldgrid.run(executable, arguments)
    }

    func takeRoom() throws { try disk?.fill() }
    func giveRoom() throws { disk?.free() }
}
