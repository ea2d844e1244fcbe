import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridSync
import Foundation

/// What one exchange costs beside so many records: 100 changes saved, sent,
/// merged and answered, then an idle one.
struct Exchanges {
    let folder: String
    private static let changes = 100

    private struct Times {
        var save: [Double] = []
        var request: [Double] = []
        var hub: [Double] = []
        var apply: [Double] = []
        var whole: [Double] = []
        var processor: [Double] = []
    }

    func run(rounds: Int) throws {
        let bench = try BenchHub(folder)
        let device = try bench.device(1)
        let replica = try BenchNode.open(
            folder + "/" + BenchNode.file, hubKey: bench.key.publicKey)
        let conversation = Conversation(bench, device, replica)
        try conversation.run()
        let edits = try Employers.edits(in: folder)
        var times = Times()
        var bytes = (up: 0, down: 0)
        for round in 0..<rounds {
            let part = (0..<Self.changes).map { place in
                edits[(round * Self.changes + place) % edits.count]
            }
            bytes = try exchange(part, round: round, conversation, &times)
        }
        Report.line(
            "exchange_100",
            [
                "save": times.save.median, "request": times.request.median,
                "hub": times.hub.median, "apply": times.apply.median,
                "wall": times.whole.median, "cpu": times.processor.median,
                "bytes_up": Double(bytes.up), "bytes_down": Double(bytes.down),
                "megabytes": Report.peakMegabytes,
            ])
        try idle(conversation)
        try replica.close()
        try bench.close()
        Report.line(
            "sizes",
            [
                "hub_bytes": Files.size(folder + "/hub.sqlite"),
                "node_bytes": Files.size(folder + "/node.sqlite"),
            ])
    }

    /// Saves the edits, one changeset each, and exchanges once.
    private func exchange(
        _ edits: [Employers.Edit], round: Int, _ conversation: Conversation, _ times: inout Times
    ) throws -> (up: Int, down: Int) {
        let replica = conversation.replica
        // Of this turn, or nothing would change in the next one.
        let now = conversation.bench.hub.now
        let drafts = edits.map { edit in
            ActionDraft(
                author: replica.identity.holder, source: .onSite, savedAt: now,
                edits: [
                    RecordEdit(
                        type: Employers.type, id: edit.id, kind: .update,
                        values: [Employers.fields[14].number: .text("虚构 \(now) \(round)")])
                ])
        }
        let (save, _) = try Elapsed.of { try replica.save(drafts) }
        let (request, body) = try Elapsed.of { try replica.nextRequest().encoded }
        let (hub, answer) = try Elapsed.of {
            try conversation.bench.hub.exchange(body, device: conversation.device)
        }
        let (apply, applied) = try Elapsed.of {
            try replica.apply(try ExchangeCodec.decodeReply(answer))
        }
        guard applied.accepted == edits.count else {
            throw BenchmarkError("\(applied.accepted) of \(edits.count) were accepted")
        }
        times.save.append(save.wall)
        times.request.append(request.wall)
        times.hub.append(hub.wall)
        times.apply.append(apply.wall)
        let whole = request + hub + apply
        times.whole.append(whole.wall)
        times.processor.append(whole.processor)
        return (body.count, answer.count)
    }

    private func idle(_ conversation: Conversation) throws {
        var walls: [Double] = []
        var up = 0
        var down = 0
        for _ in 0..<20 {
            let (elapsed, _) = try Elapsed.of {
                let body = try conversation.replica.nextRequest().encoded
                let answer = try conversation.bench.hub.exchange(
                    body, device: conversation.device)
                _ = try conversation.replica.apply(try ExchangeCodec.decodeReply(answer))
                up = max(up, body.count)
                down = max(down, answer.count)
            }
            walls.append(elapsed.wall)
        }
        Report.line(
            "idle", ["wall": walls.median, "bytes_up": Double(up), "bytes_down": Double(down)])
    }
}
