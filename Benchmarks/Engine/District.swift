import FieldgridHub
import FieldgridModel
import FieldgridSync
import Foundation

/// A hub's folder with many enrolled devices, each in a grid of its own with
/// twenty employers, for `fieldgrid hub serve` and ``Load``.
struct District {
    static let recordsEach = 20
    let folder: String

    func make(devices: Int) throws {
        let watch = Stopwatch()
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        let grids = (0..<devices).map { Self.grid(of: $0) }
        let bench = try BenchHub.create(in: folder, Employers.seed(below: grids))
        let author = try bench.enrol(0, scope: Employers.scope)
        for number in 0..<devices { _ = try bench.enrol(number + 1, scope: grids[number]) }
        try fill(bench, author, devices)
        try bench.close()
        Report.line(
            "district", watch.elapsed,
            ["devices": Double(devices), "hub_bytes": Files.size(folder + "/hub.sqlite")])
    }

    /// The author's device of the city makes the records of every grid.
    private func fill(_ bench: BenchHub, _ author: DeviceRow, _ devices: Int) throws {
        var writer = ChangesetWriter(1, author: author.holder, hub: bench.hub.identity)
        let now = bench.hub.now
        var positions: [ScopeCode: Position] = [:]
        func send() throws {
            guard writer.count > 0 else { return }
            let sent = writer.count
            let body = writer.request(positions: positions) { _ in nil }
            let answer = try bench.hub.exchange(body, device: author)
            let reply = try ExchangeCodec.decodeReply(answer)
            try reply.checkAccepted(sent)
            positions = reply.positions
        }
        for device in 0..<devices {
            for place in 0..<Self.recordsEach {
                let row = Self.row(device, place)
                writer.add(
                    Preparation.creation(row, in: Self.grid(of: device)), source: .import,
                    milliseconds: now)
            }
            if writer.count >= 5_000 { try send() }
        }
        try send()
    }

    static func grid(of device: Int) -> ScopeCode {
        let digits = String(device)
        let zeros = String(repeating: "0", count: 6 - digits.count)
        return ScopeCode(Employers.scope.text + zeros + digits)
    }

    static func id(_ device: Int, _ place: Int) -> RecordID {
        let low = 0x8000_0000_0000_0000 | UInt64(device) << 16 | UInt64(place)
        return RecordID(UUIDBits(high: 0x0198_0000_0000_7000, low: low))
    }

    private static func row(_ device: Int, _ place: Int) -> Employers.Row {
        let texts = [
            "虚构\(device)号第\(place)商贸有限公司", "9133\(10_000_000 + device)\(place)",
            "虚构路\(device % 900)号\(place)室", "138\(10_000_000 + device)", "虚构王",
        ]
        var values: [UnitNumber: Value] = [:]
        for (place, text) in texts.enumerated() {
            values[Employers.fields[place].number] = .text(text)
        }
        values[Employers.fields[6].number] = .integer(Int64(place))
        return Employers.Row(id: id(device, place), values: values)
    }
}
