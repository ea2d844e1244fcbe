import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSync
import Foundation
import GRDB

/// The hub takes what ``Delta`` encoded: decoded, checked, merged, written
/// into history and audit, answered, durable.
struct Merging {
    let folder: String

    func run(_ kind: String) throws {
        let work = "merge.sqlite"
        try Files.copy(folder + "/" + BenchHub.file, to: folder + "/" + work)
        let bench = try BenchHub(folder, database: work)
        let device = try bench.device(1)
        let requests = (0..<1_000).compactMap { place in
            try? Array(Data(contentsOf: URL(filePath: "\(folder)/\(kind).\(place).request")))
        }
        guard !requests.isEmpty else { throw BenchmarkError("run delta first") }
        let before = Report.peakMegabytes
        let (elapsed, answers) = try Elapsed.of {
            var last: ExchangeReply?
            return try requests.map { body in
                var request = try ExchangeCodec.decodeRequest(body)
                // As a node that has applied each answer before it sends the next request.
                if let last { request.stands.follow(last) }
                let reply = try bench.hub.exchange(request, device: device)
                last = reply
                return ExchangeCodec.encode(reply)
            }
        }
        let peak = Report.peakMegabytes
        let (decoding, batches) = try Elapsed.of {
            try requests.map { try ExchangeCodec.decodeRequest($0).batch }
        }
        var changes = 0
        for (batch, answer) in zip(batches, answers) {
            let sent = batch?.identities.count ?? 0
            let reply = try ExchangeCodec.decodeReply(answer)
            try reply.checkAccepted(sent)
            changes += sent
        }
        Report.line(
            "merge_\(kind)", elapsed,
            [
                "requests": Double(requests.count), "changesets": Double(changes),
                "decode_wall": decoding.wall, "decode_cpu": decoding.processor,
                "megabytes_before": before, "megabytes": peak,
                "bytes_down": Double(answers.reduce(0) { $0 + $1.count }),
            ])
        try bench.close()
        try Files.remove(folder + "/" + work)
    }
}

/// A new device's first copy: the snapshot made for it, and applied.
struct Bootstrap {
    let folder: String

    func run() throws {
        let bench = try BenchHub(folder)
        let device = try bench.device(1)
        let (making, snapshot) = try Elapsed.of {
            try bench.snapshot(for: device, folder: folder, database: BenchHub.file)
        }
        Report.line("bootstrap_make", making, ["bytes": Files.size(snapshot)])
        let path = folder + "/bootstrap.sqlite"
        let replica = try bench.replica(device, at: path)
        let (applying, records) = try Elapsed.of { try BenchNode.apply(snapshot, to: replica) }
        try replica.close()
        Report.line(
            "bootstrap_apply", applying,
            ["records": Double(records), "bytes": Files.size(path)])
        try bench.close()
        try Files.remove(path)
    }
}

/// A node with everything: from the program's start to its first page.
struct FirstPage {
    let folder: String
    private static let lines = 50

    func run() throws {
        let (elapsed, names) = try Elapsed.of {
            let replica = try Replica(
                path: folder + "/" + BenchNode.file, world: BenchNode.world)
            guard let type = replica.schema.types.first(where: { $0.number == Employers.type })
            else { throw BenchmarkError("the node has no schema") }
            var names: [String] = []
            try replica.forEachRecord(of: type, where: []) { record in
                names.append(record.values[Employers.fields[0].number]?.text ?? "")
                return names.count < Self.lines
            }
            _ = try replica.counts()
            try replica.close()
            return names
        }
        Report.line("page", elapsed, ["records": Double(names.count)])
    }
}
