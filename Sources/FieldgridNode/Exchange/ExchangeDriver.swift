package import FieldgridModel
package import FieldgridReplica
package import FieldgridSync

/// What the driver needs of a replica.
package protocol ExchangingReplica: AnyObject {
    var positions: [ScopeCode: Position] { get }
    func nextRequest(
        maxChangesets: Int, maxBytes: Int, naming: RecordNaming
    ) throws -> (request: ExchangeRequest, encoded: [UInt8])
    @discardableResult func apply(_ reply: ExchangeReply) throws -> AppliedReply
}

extension Replica: ExchangingReplica {}

/// Exchanges with the hub until nothing waits on either side.
///
/// - Each reply is applied in one transaction before the next request, so an
///   end in the middle loses nothing and repeats nothing.
/// - A link that breaks under a large request is tried with smaller ones.
/// - A wait that is ended here, because something was saved or somebody else needs the way to
///   the hub, is followed by one exchange, and nothing else.
/// - A wait that fails after an exchange that did not is only over: what was done stays told.
/// - A hub that does not mean the same records by their numbers, because its
///   file was put back and others went on with it, is told their ids.
package struct ExchangeDriver {
    package static let path = "/sync/v1/exchange"
    /// How long a hub holds an answer back at most.
    private static let waitSecondsMax = 30
    /// What a hub says when it takes the numbers of a request for those of other records.
    private static let meansOtherRecords: Set = ["batch.altered", "record.number-unknown"]
    /// How many rounds may pass in which nothing moves.
    private static let idleRoundsMax = 3
    /// How often a database may go on under a new name in one conversation:
    /// a copy that was put back needs two or three.
    private static let rebirthsMax = 16
    /// Sizes of a request's changesets, in bytes, from the usual one down.
    private static let sizes = [RequestLimit.bytes, 512 << 10, 64 << 10]

    private let replica: any ExchangingReplica
    private let client: HubClient
    private let stamps: any StampKeeping
    private var report = SyncReport()
    private var outboxLeft = 0
    private var idleRounds = 0
    private var size = 0
    private var naming = RecordNaming.numbers
    /// Seconds that it may still stay for something to come.
    private var waitLeft = 0
    /// Whether the hub has answered.
    private var hasHeard = false

    package init(
        replica: any ExchangingReplica, client: HubClient,
        stamps: any StampKeeping = MemoryStamp()
    ) {
        self.replica = replica
        self.client = client
        self.stamps = stamps
    }

    /// Exchanges; a second time it goes on, and the report is of both.
    ///
    /// - Parameter waitSeconds: how long it may stay for something to come, where nothing did.
    /// - Parameter progress: told after each exchange.
    /// - Parameter wholeCopy: fetches everything as a file, where that is to
    ///   be had, for a device that begins anew; says how many records came.
    /// - throws: ``HubFailure`` from the conversation, ``SyncFailure`` when
    ///   it leads nowhere, `ReplicaError` from the replica. What was applied
    ///   before stays applied.
    package mutating func run(
        waitSeconds: Int = 0, progress: (SyncProgress) -> Void = { _ in },
        wholeCopy: () throws -> Int = { 0 }
    ) throws -> SyncReport {
        waitLeft = waitSeconds
        while true {
            let before = replica.positions
            guard let reply = try exchange() else { return finished() }
            hasHeard = true
            let applied = try replica.apply(reply)
            guard applied.alarms.isEmpty else { throw SyncFailure.alarm(applied.alarms) }
            guard !applied.isStale else { throw SyncFailure.wentBack }
            count(applied)
            if applied.rebased { report.pulled += try wholeCopy() }
            progress(
                SyncProgress(
                    pushed: report.pushed, refused: report.quarantined, pulled: report.pulled,
                    outboxLeft: outboxLeft,
                    traffic: client.traffic))
            guard applied.hasMore || applied.outboxLeft > 0 || applied.epochChanged else {
                if waitLeft > 0, report.pulled == 0 { continue }
                return finished()
            }
            try checkProgress(applied, moved: before != replica.positions)
        }
    }

    /// Nil where only a wait failed, and all that was there to exchange had been.
    private mutating func exchange() throws -> ExchangeReply? {
        let (request, encoded) = try replica.nextRequest(
            maxChangesets: RequestLimit.changesets, maxBytes: Self.sizes[size], naming: naming)
        try stamp(request)
        let canShrink =
            size + 1 < Self.sizes.count && (request.batch?.changesets.count ?? 0) > 1
            && encoded.count > Self.sizes[size + 1]
        let seconds = min(waitLeft, Self.waitSecondsMax)
        waitLeft -= seconds
        let bytes: [UInt8]
        do throws(HubFailure) {
            bytes = try client.post(
                Self.path, query: seconds > 0 ? "wait=\(seconds)" : "",
                contentType: ExchangeCodec.contentType, body: encoded, mayBeRepeated: !canShrink)
        } catch {
            if error == .interrupted, seconds > 0 {
                waitLeft = 0
                return try exchange()
            }
            if naming == .numbers, Self.meansOtherRecords.contains(error.code) {
                naming = .ids
                return try exchange()
            }
            // Only a request that was under way and can be made smaller is worth another try
            // at once.
            guard case .unreachable(_, mayHaveArrived: true) = error, canShrink else {
                if seconds > 0, hasHeard, error.isTemporary { return nil }
                throw error
            }
            size += 1
            return try exchange()
        }
        return try decode(bytes)
    }

    /// Remembers what is about to be sent, once for each new changeset.
    private func stamp(_ request: ExchangeRequest) throws {
        guard let last = request.batch?.changesets.last?.identity else { return }
        let known = stamps.stamp
        if let known, known.incarnation == last.incarnation, known.sent >= last.seq { return }
        try stamps.keep(SentStamp(incarnation: last.incarnation, sent: last.seq))
    }

    private func decode(_ bytes: [UInt8]) throws -> ExchangeReply {
        do throws(WireError) {
            return try ExchangeCodec.decodeReply(bytes)
        } catch {
            throw SyncFailure.unreadable(error.description)
        }
    }

    private mutating func count(_ applied: AppliedReply) {
        report.pushed += applied.accepted
        report.pulled += applied.pulled
        report.quarantined += applied.quarantined
        report.schemaChanged = report.schemaChanged || applied.schemaChanged
        report.schemaSentences += applied.schemaSentences
        report.epochChanged = report.epochChanged || applied.epochChanged
        report.schemaProblem = applied.schemaProblem ?? report.schemaProblem
        report.salvaged += applied.salvaged
        report.rebased = report.rebased || applied.rebased
        report.removed += applied.removed
        report.repaired += applied.repaired
        report.breaks += applied.breaks
        if let cause = applied.reincarnated { report.reincarnated.append(cause) }
        outboxLeft = applied.outboxLeft
    }

    private mutating func checkProgress(_ applied: AppliedReply, moved: Bool) throws {
        let isIdle =
            !moved && applied.accepted + applied.quarantined + applied.pulled == 0
            && !applied.schemaChanged && !applied.epochChanged && !applied.rebased
            && applied.reincarnated == nil
            && applied.repaired.isEmpty
        idleRounds = isIdle ? idleRounds + 1 : 0
        guard idleRounds < Self.idleRoundsMax, report.reincarnated.count < Self.rebirthsMax else {
            throw SyncFailure.stalled(
                rounds: client.traffic.requests, outboxLeft: applied.outboxLeft)
        }
    }

    private func finished() -> SyncReport {
        var report = report
        report.traffic = client.traffic
        report.positions = replica.positions
        return report
    }
}
