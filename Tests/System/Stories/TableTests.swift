import Foundation
import Testing

/// Tables in and out, and how commands speak.
@Suite struct TableTests {
    @Test(arguments: ["utf-8-sig", "gb18030"])
    func anImportReadsEitherEncodingAndRepeatsWithoutDoubling(encoding: String) throws {
        let district = try District()
        let text = FictionalEmployer.table(0..<5) + "虚构坏行,123,0439-3000000\n"
        let plain = try district.folder.write(text, to: "plain.csv")
        let table = district.folder.file("employers.csv")
        let convert =
            "import sys; open(sys.argv[2], 'wb').write(open(sys.argv[1]).read()"
            + ".encode('\(encoding)'))"
        _ = try Fieldgrid.run(
            "/usr/bin/env", ["python3", "-X", "utf8", "-c", convert, plain, table])
        let arguments = [
            "record", "import", "employer", table, "--scope", District.village, "--data",
            district.hubData, "--json",
        ]
        let first = try JSON(district.run(arguments).output)
        let second = try JSON(district.run(arguments).output)
        #expect(first["created"].integer == 5)
        #expect(first["rejected"].integer == 1)
        #expect(second["created"].integer == 0)
        #expect(second["unchanged"].integer == 5)
        #expect(try district.records("employer", at: district.hubData).count == 5)
        let rejected = try String(
            contentsOfFile: district.folder.file("employers.rejected.csv"), encoding: .utf8)
        #expect(rejected.contains("虚构坏行") && rejected.contains("uscc"))
    }

    @Test func aTableThatEndsInAnOpenQuoteIsAFailureThatSaysWhere() throws {
        let district = try District()
        let text = FictionalEmployer.table(0..<3) + "\"虚构未完,123\n"
        let table = try district.folder.write(text, to: "employers.csv")
        let result = try district.run([
            "record", "import", "employer", table, "--scope", District.village, "--data",
            district.hubData, "--json",
        ])
        #expect(result.status == 1)
        #expect(result.errors.contains("employers.rejected.csv"))
        let counts = try JSON(result.output)
        #expect(counts["read"].integer == 4)
        #expect([counts["created"].integer, counts["rejected"].integer] == [3, 1])
    }

    @Test func exportsAreReadableByOtherPrograms() throws {
        let district = try District()
        _ = try district.record(
            "employer", "name==虚构公式", "geo_lon=126.4", "geo_lat=41.9", "geo_datum=CGCS2000",
            "--scope", District.village, at: district.hubData)
        for ending in ["csv", "xlsx", "geojson"] {
            try district.done([
                "record", "export", "employer", district.folder.file("out." + ending), "--data",
                district.hubData,
            ])
        }
        let csv = try String(contentsOfFile: district.folder.file("out.csv"), encoding: .utf8)
        #expect(csv.contains("'=虚构公式"), "a cell is never a formula")
        let json = try JSON(
            String(contentsOfFile: district.folder.file("out.geojson"), encoding: .utf8))
        #expect(json["features"].elements.count == 1)
        let names = try Fieldgrid.run(
            "/usr/bin/env",
            [
                "python3", "-c",
                "import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).testzip())",
                district.folder.file("out.xlsx"),
            ])
        #expect(names.output == "None\n")
    }

    @Test(arguments: [
        [], ["record"], ["record", "show"], ["node", "sync", "--nonsense"],
        ["conflicts", "undo"],
        ["hub", "backup"], ["refresh", "open", "--period"],
    ])
    func wrongUsageEndsWithSixtyFour(arguments: [String]) throws {
        #expect(try Fieldgrid.run(arguments).status == 64)
    }

    @Test(arguments: [
        "demo", "conflicts undo", "hub init", "hub serve", "hub enrol", "hub devices", "hub revoke",
        "hub status",
        "refresh status", "refresh open", "refresh close", "refresh run", "node join", "node sync",
        "node status", "record types", "record new", "record set", "record show", "record list",
        "record verify", "record history", "record delete", "record move", "record import",
        "record export", "conflicts list", "conflicts show", "conflicts resolve",
        "conflicts review", "tasks list",
    ])
    func everyCommandExplainsItself(command: String) throws {
        let result = try Fieldgrid.run(command.split(separator: " ").map(String.init) + ["--help"])
        #expect(result.status == 0)
        #expect(result.output.contains("USAGE: fieldgrid \(command)"))
    }

    @Test func everyReportIsOneDocument() throws {
        let district = try District()
        let node = try district.join()
        let id = try district.record("employer", "name=虚构甲", at: node)
        try district.done(["node", "sync", "--data", node])
        let reports = [
            (node, ["node", "status"]), (node, ["node", "sync"]), (node, ["record", "types"]),
            (node, ["record", "list", "employer"]), (node, ["record", "show", "employer", id]),
            (node, ["record", "history", "employer", id]), (node, ["tasks", "list"]),
            (node, ["conflicts", "list", "--all"]), (district.hubData, ["hub", "status"]),
            (district.hubData, ["hub", "devices"]), (district.hubData, ["refresh", "status"]),
        ]
        for (folder, arguments) in reports {
            let result = try district.run(arguments + ["--json", "--data", folder])
            #expect(result.status == 0, "\(arguments)")
            #expect(throws: Never.self, "\(arguments)") { _ = try JSON(result.output) }
        }
    }
}
