import FieldgridHub
import FieldgridModel
import FieldgridNode
import FieldgridReplica
import FieldgridSync
import Foundation

/// Changesets of one device that needs no replica, linked and numbered.
struct ChangesetWriter {
    let incarnation: IncarnationID
    let author: String
    private let schema: SchemaTag
    private let epoch: EpochID
    private(set) var seq: Int64 = 0
    private(set) var digest = ContentDigest.start
    private var waiting: [Changeset] = []

    init(_ incarnation: UInt64, author: String, hub: FieldgridHub.HubIdentity) {
        self.incarnation = IncarnationID(
            UUIDBits(high: 0x0198_0000_0000_7000, low: 0x8000_0000_0000_0000 | incarnation))
        self.author = author
        schema = hub.schema
        epoch = hub.epoch
    }

    var count: Int { waiting.count }

    mutating func add(
        _ changes: [Change], source: ValueSource, context: [ScopeCode: Position] = [:],
        milliseconds: Int64
    ) {
        seq += 1
        waiting.append(
            Changeset(
                identity: ChangesetIdentity(incarnation: incarnation, seq: seq), author: author,
                time: HybridTime(milliseconds: milliseconds), source: source, schema: schema,
                epoch: epoch, context: context, changes: changes))
    }

    /// The request that sends what was added since the last one.
    mutating func request(
        positions: [ScopeCode: Position], audit: AuditQuestion? = nil,
        number: (RecordID) -> (ScopeCode, RecordNumber)?
    ) -> [UInt8] {
        let batch = ChangesetBatch(following: digest, waiting)
        digest = batch.head
        waiting = []
        var request = ExchangeRequest(
            schema: schema, epoch: epoch, positions: positions, incarnation: incarnation,
            sealed: seq, batch: batch)
        request.audit = audit
        return ExchangeCodec.encode(request, number: number)
    }
}

extension ExchangeReply {
    /// - Throws: when not every changeset was accepted.
    func checkAccepted(_ count: Int) throws {
        let accepted = receipts.filter { receipt in
            if case .accepted = receipt.outcome { true } else { false }
        }
        guard accepted.count == count else {
            let other = receipts.first { receipt in
                if case .quarantined = receipt.outcome { true } else { false }
            }
            throw BenchmarkError(
                "\(accepted.count) of \(count) changesets were accepted; \(chain); "
                    + (other.map { "\($0.outcome)" } ?? "the others have no receipt"))
        }
    }
}

/// A hub that has the employers, each created by a changeset of its own, and a
/// node that has them from its snapshot.
struct Preparation {
    let folder: String
    private static let perRequest = 5_000

    func run() throws {
        let bench = try BenchHub.create(in: folder, Employers.seed())
        let author = try bench.enrol(0, scope: Employers.scope)
        let (elapsed, count) = try Elapsed.of { try fill(bench, author) }
        Report.line("prepare_hub", elapsed, ["records": Double(count)])
        let device = try bench.enrol(1, scope: Employers.scope)
        try bench.close()

        let reader = try BenchHub(folder)
        let snapshot = try reader.snapshot(for: device, folder: folder, database: BenchHub.file)
        let replica = try reader.replica(device, at: folder + "/" + BenchNode.file)
        let (applied, records) = try Elapsed.of {
            try BenchNode.apply(snapshot, to: replica)
        }
        // What the snapshot did not say: heads of the audit, standings.
        try Conversation(reader, device, replica).run()
        try replica.close()
        try reader.close()
        Report.line(
            "prepare_node", applied,
            [
                "records": Double(records), "hub_bytes": Files.size(folder + "/hub.sqlite"),
                "node_bytes": Files.size(folder + "/node.sqlite"),
                "plain_bytes": Files.size(folder + "/plain.sqlite"),
            ])
    }

    private func fill(_ bench: BenchHub, _ author: DeviceRow) throws -> Int {
        var writer = ChangesetWriter(1, author: author.holder, hub: bench.hub.identity)
        let now = bench.hub.now
        var count = 0
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
        try Employers.forEachRow(in: folder) { row in
            writer.add(
                Self.creation(row, in: Employers.scope), source: .import, milliseconds: now)
            count += 1
            if writer.count == Self.perRequest { try send() }
        }
        try send()
        return count
    }

    static func creation(_ row: Employers.Row, in scope: ScopeCode) -> [Change] {
        func change(_ unit: UnitNumber, _ value: UnitValue) -> Change {
            Change(type: Employers.type, record: row.id, unit: unit, value: value)
        }
        return [change(.presence, .alive), change(.scope, UnitValue(.text(scope.text)))]
            + row.values.sorted { $0.key < $1.key }.filter { !$0.value.isNull }
            .map { change($0.key, UnitValue($0.value)) }
    }
}
