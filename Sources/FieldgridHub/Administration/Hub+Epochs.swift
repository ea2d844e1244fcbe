package import FieldgridModel
import FieldgridSync

extension Hub {
    /// Record numbers that a new epoch leaves out, so that it gives none that
    /// a lost one may have given.
    private static let numbersSkipped: Int64 = 1 << 20

    /// How long the hub believes no second device that says its database was
    /// put back: nodes pull everything again each time.
    private static let foundAgainAfter: Int64 = 60 * 60 * 1000

    /// Begins a new life of this database (sync.md 9.2): the present heads are
    /// its forks, and the hub's own changesets go on under another name.
    ///
    /// Epochs are named in the order they begin: this one comes after the
    /// present one, and after one that a device has had of a life that was
    /// lost.
    package func beginEpoch(because cause: EpochRow.Cause, after lost: EpochID? = nil) throws {
        let now = clock.milliseconds
        let known = [identity.epoch, lost].compactMap { $0 }.map(\.bits.milliseconds)
        let moment = max(now, (known.max() ?? 0) + 1)
        let epoch = EpochID(.version7(milliseconds: moment, using: &random))
        let incarnation = IncarnationID(.version7(milliseconds: now, using: &random))
        identity = try store.write { view in
            var heads = try view.heads()
            let forks = heads.mapValues(\.position)
            try view.forkAudit(at: epoch)
            try view.append(EpochRow(id: epoch, beganAt: now, cause: cause, forks: forks))
            try view.note(.epochBegun(cause: cause.rawValue), in: epoch, at: now)
            for scope in heads.keys {
                let next = (heads[scope]?.nextNumber.value ?? 1) + Self.numbersSkipped
                heads[scope]?.nextNumber = RecordNumber(next)
            }
            try view.put(heads: heads, at: now)
            try view.set(.epoch, to: epoch.description)
            try view.set(.hubIncarnation, to: incarnation.description)
            return try Self.identity(view)
        }
    }

    /// Whether a node has had more from this epoch than there is in it: then
    /// the hub's file was put back from a copy without a word.
    private func isMissingWork(_ request: ReceivedRequest, isWhole: Bool) throws -> Bool {
        try store.read { view in
            let isAhead: Bool
            if request.epoch != identity.epoch {
                isAhead = try lostEpoch(of: request, view) != nil
            } else if let sealed = request.sealed, request.batch == nil, isWhole {
                // All that it sealed was acknowledged.
                let known = try view.incarnation(request.incarnation)?.lastSeq ?? 0
                isAhead = try sealed > known || Self.isAhead(request, view)
            } else {
                isAhead = try Self.isAhead(request, view)
            }
            let isBehind =
                try request.epoch == identity.epoch && Self.isBehind(request.audit, view)
            guard isAhead || isBehind else { return false }
            let last = try view.epochs().last { $0.cause == .found }
            return last.map { $0.beganAt + Self.foundAgainAfter <= clock.milliseconds } ?? true
        }
    }

    /// An epoch that a device has had, and that began after all that this
    /// database has: the file is from before it.
    private func lostEpoch(
        of request: ReceivedRequest, _ view: any HubReading
    ) throws -> EpochID? {
        guard let epoch = request.epoch, epoch.bits > identity.epoch.bits,
            epoch.bits.milliseconds <= now + Acceptance.driftMillisecondsMax
        else { return nil }
        return try view.epochs().contains { $0.id == epoch } ? nil : epoch
    }

    /// Begins a new epoch where a device's request shows that this database
    /// is an older copy of what it was.
    ///
    /// - Parameter isWhole: the request has all that the device has to send;
    ///   a stick need not.
    /// - Returns: whether it did.
    func beginEpochIfMissingWork(_ request: ReceivedRequest, isWhole: Bool) throws -> Bool {
        guard try isMissingWork(request, isWhole: isWhole) else { return false }
        let lost = try store.read { try lostEpoch(of: request, $0) }
        try beginEpoch(because: .found, after: lost)
        return true
    }

    private static func isAhead(
        _ request: ReceivedRequest, _ view: any HubReading
    ) throws -> Bool {
        let heads = try view.heads()
        return request.positions.contains { scope, position in
            position > heads[scope]?.position ?? .zero
        }
    }

    /// Every life of this database, oldest first.
    package func epochs() throws -> [EpochRow] { try store.read { try $0.epochs() } }
}

extension HubError {
    static var unfinished: HubError {
        HubError(
            code: "hub.unfinished", message: "the hub was not completely created",
            hint: "remove the folder and run `fieldgrid hub init` again")
    }
}
