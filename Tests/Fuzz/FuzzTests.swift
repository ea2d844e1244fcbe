import Foundation
import Testing

/// Every reader of bytes that come from elsewhere, over altered inputs: it
/// answers or refuses, in time and memory that its input's length bounds, and
/// never ends the process.
///
/// `make test` runs some dozens of inputs of one seed; `make fuzz MINUTES=n`
/// fresh ones for so long; `FUZZ_INPUT=FILE` with `FUZZ_PARSER=NAME` one
/// input that was kept.
@Suite(.serialized) struct FuzzTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let minutes = environment["FUZZ_MINUTES"].flatMap { Double($0) }
    private static let kept = environment["FUZZ_INPUT"]

    @Test(.enabled(if: minutes == nil && kept == nil), arguments: FuzzedParser.all)
    func alteredInputsAreReadOrRefused(parser: FuzzedParser) throws {
        let folder = try Self.folder()
        var campaign = try Campaign(parser, seed: 1, folder: folder)
        for number in 0..<parser.inputs { campaign.run(number) }
        #expect(campaign.slow.isEmpty)
        #expect(campaign.inputs == parser.inputs)
        #expect(
            campaign.accepted > 0 || !parser.standsAlone, "the inputs that are not altered are read"
        )
        campaign.finish()
    }

    @Test(.enabled(if: minutes != nil)) func freshInputsAreReadOrRefused() throws {
        let folder = try Self.folder()
        let clock = ContinuousClock()
        let share = (Self.minutes ?? 0) * 60 / Double(FuzzedParser.all.count)
        let first = Self.environment["FUZZ_SEED"].flatMap { UInt64($0) } ?? 2
        for parser in FuzzedParser.all {
            let end = clock.now.advanced(by: .seconds(share))
            Campaign.forgetPeak()
            let before = Campaign.peakMemory()
            var campaign = try Campaign(parser, seed: first, folder: folder)
            var number = 0
            while clock.now < end {
                campaign.run(number)
                number += 1
            }
            let growth = Campaign.peakMemory() - before
            #expect(campaign.slow.isEmpty)
            #expect(growth < Campaign.Bound.memory, "\(parser.name) grew by \(growth)")
            try Self.report(campaign.line + ", memory +\(growth >> 20) MiB")
            campaign.finish()
        }
    }

    @Test(.enabled(if: kept != nil)) func aKeptInputIsReadOrRefused() throws {
        let name = Self.environment["FUZZ_PARSER"] ?? ""
        let parser = try #require(FuzzedParser.all.first { $0.name == name })
        let path = try #require(Self.kept)
        try? parser.read(Array(Data(contentsOf: URL(fileURLWithPath: path))))
    }

    private static func folder() throws -> String {
        let folder =
            environment["FUZZ_FOLDER"]
            ?? FileManager.default.temporaryDirectory.path + "/fieldgrid-fuzz"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    /// A line on the report that `scripts/fuzz.sh` prints.
    private static func report(_ line: String) throws {
        guard let path = environment["FUZZ_REPORT"] else { return print(line) }
        let said = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        try (said + line + "\n").write(toFile: path, atomically: true, encoding: .utf8)
    }
}
