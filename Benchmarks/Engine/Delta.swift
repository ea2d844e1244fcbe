import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSync
import Foundation
import GRDB

/// A node and a hub that talk in this process, through the real bytes.
struct Conversation {
    let bench: BenchHub
    let device: DeviceRow
    let replica: Replica

    init(_ bench: BenchHub, _ device: DeviceRow, _ replica: Replica) {
        (self.bench, self.device, self.replica) = (bench, device, replica)
    }

    /// Exchanges until nothing waits on either side.
    func run() throws {
        for _ in 0..<1_000 {
            let body = try replica.nextRequest().encoded
            let reply = try ExchangeCodec.decodeReply(try bench.hub.exchange(body, device: device))
            let applied = try replica.apply(reply)
            if !applied.hasMore, applied.outboxLeft == 0, !applied.schemaChanged { return }
        }
        throw BenchmarkError("the exchange does not come to an end")
    }
}

/// The 20 000 edits on a node, and what it sends of them: once as another
/// program makes them, sealed when the node is opened, and once saved through
/// the node, half of them one at a time and half by the hundred.
struct Delta {
    let folder: String
    /// Changesets of one request at most.
    var most = ExchangeRequest.Limit.changesets
    private var work: String { folder + "/delta.sqlite" }

    func run() throws {
        let hubKey = try BenchHub(folder).key.publicKey
        let edits = try Employers.edits(in: folder)

        try Files.copy(folder + "/" + BenchNode.file, to: work)
        try editOutside(edits)
        let (sealing, foreign) = try Elapsed.of { try BenchNode.open(work, hubKey: hubKey) }
        Report.line(
            "seal_foreign", sealing, ["sealed": Double(foreign.openingReport.foreignEditsSealed)])
        try encode("foreign", foreign)
        try foreign.close()

        try Files.copy(folder + "/" + BenchNode.file, to: work)
        let saved = try BenchNode.open(work, hubKey: hubKey)
        let drafts = self.drafts(edits, by: saved.identity.holder)
        let (saving, _) = try Elapsed.of { for draft in drafts { try saved.save(draft) } }
        Report.line("save", saving, ["saves": Double(drafts.count), "edits": Double(edits.count)])
        try encode("saved", saved)
        try saved.close()
        try Files.remove(work)
    }

    /// As any SQLite client does, in one transaction; the triggers capture it.
    private func editOutside(_ edits: [Employers.Edit]) throws {
        let queue = try DatabaseQueue(path: work)
        try queue.write { db in
            for edit in edits {
                let arguments: StatementArguments =
                    switch edit.value {
                    case .integer(let integer): [integer, edit.id.description]
                    case .text(let text): [text, edit.id.description]
                    case .null: [nil, edit.id.description]
                    }
                try db.cachedStatement(
                    sql: "UPDATE employer SET \(edit.field.name) = ? WHERE id = ?"
                ).execute(arguments: arguments)
            }
        }
        try queue.close()
    }

    private func drafts(_ edits: [Employers.Edit], by author: String) -> [ActionDraft] {
        let now = BenchNode.world.clock.milliseconds
        let saves = Dictionary(grouping: edits, by: \.save).sorted { $0.key < $1.key }
        return saves.map { save in
            ActionDraft(
                author: author, source: .onSite, savedAt: now,
                edits: save.value.map { edit in
                    RecordEdit(
                        type: Employers.type, id: edit.id, kind: .update,
                        values: [edit.field.number: edit.value])
                })
        }
    }

    /// Builds every request that the outbox needs, and keeps them for
    /// ``Merging``.
    private func encode(_ kind: String, _ replica: Replica) throws {
        var requests: [[UInt8]] = []
        let (elapsed, changesets) = try Elapsed.of {
            var next = try replica.firstToSend()
            var changesets = 0
            while let seq = next {
                let (request, encoded) = try replica.request(from: seq, maxChangesets: most)
                guard let count = request.batch?.changesets.count, count > 0 else { break }
                requests.append(encoded)
                changesets += count
                next = seq + Int64(count)
            }
            return changesets
        }
        let bytes = requests.reduce(0) { $0 + $1.count }
        for name in try FileManager.default.contentsOfDirectory(atPath: folder)
        where name.hasPrefix(kind + ".") && name.hasSuffix(".request") {
            try Files.remove("\(folder)/\(name)")
        }
        Report.line(
            "encode_\(kind)", elapsed,
            [
                "requests": Double(requests.count), "bytes": Double(bytes),
                "changesets": Double(changesets),
            ])
        for (place, request) in requests.enumerated() {
            let url = URL(filePath: "\(folder)/\(kind).\(place).request")
            try Data(request).write(to: url)
        }
    }
}
