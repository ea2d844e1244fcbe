package import FieldgridModel
import FieldgridSync

/// How long a hub keeps what only devices need that are far behind.
package struct Retention: Hashable, Sendable {
    private static let dayMilliseconds: Int64 = 24 * 60 * 60 * 1000

    /// A device that was not heard for so long holds nothing back any more.
    ///
    /// Zero trims nothing by itself.
    package var leaseMilliseconds: Int64 = 400 * dayMilliseconds
    /// What is younger stays, whoever has it: a snapshot or a stick may be
    /// under way.
    package var youngestMilliseconds: Int64 = 30 * dayMilliseconds
    /// How long after one trim the next comes by itself.
    static let intervalMilliseconds = dayMilliseconds

    var leaseDays: Int64 { leaseMilliseconds / Self.dayMilliseconds }

    package init() {}

    package init(leaseDays: Int64) {
        leaseMilliseconds = leaseDays * Self.dayMilliseconds
        youngestMilliseconds = min(youngestMilliseconds, leaseMilliseconds)
    }
}

/// Where a device stands in a scope.
package struct Standing: Hashable, Sendable {
    /// The device has everything up to it.
    package var position: Position
    /// The lowest context of anything that the device may still send.
    package var context: Position

    /// What may still be asked for on its account lies above.
    var floor: Position { min(position, context) }
}

/// How much lies below the horizons.
package struct TrimmedRows: Hashable, Sendable {
    /// What left a scope, and when.
    package var departures = 0
    /// When positions were accepted.
    package var times = 0
}

/// What a trim did, or would do.
package struct TrimReport: Hashable, Sendable {
    package struct Scope: Hashable, Sendable {
        package var scope: ScopeCode
        package var head: Position
        package var before: Position
        package var horizon: Position
        /// The device that is farthest behind, where it and nothing else keeps
        /// the horizon where it is.
        package var heldBy: DeviceRow?
    }

    package var scopes: [Scope] = []
    package var rows = TrimmedRows()
    package var leaseDays: Int64 = 0
}

extension Hub {
    /// Remembers where a device says that it stands in this epoch.
    ///
    /// One that begins anew stands where it stood, until it has something again.
    func note(_ request: ReceivedRequest, of device: DeviceRow) {
        let stands = request.stands
        var scopes: [ScopeCode: Standing] = [:]
        if request.epoch == identity.epoch {
            for scope in stands.positions.keys {
                guard let told = stands.told(scope) else { continue }
                scopes[scope] = Standing(position: told, context: stands.oldest[scope] ?? told)
            }
        }
        standings[device.node, default: [:]].merge(scopes) { $1 }
    }

    /// Remembers where a device will stand that had nothing of a scope and is
    /// told something now: it may never say so.
    func note(
        _ reply: ExchangeReply, to request: ReceivedRequest, of device: DeviceRow,
        _ view: any HubReading
    ) throws {
        var stands = request.stands
        let fresh = reply.positions.keys.filter { stands.told($0) == nil }
        guard !fresh.isEmpty, request.epoch == nil || request.epoch == identity.epoch else {
            return
        }
        stands.follow(reply)
        let kept = try view.standings(of: device.node)[device.node] ?? [:]
        for scope in fresh where kept[scope] == nil {
            guard standings[device.node]?[scope] == nil, let told = stands.told(scope) else {
                continue
            }
            standings[device.node, default: [:]][scope] = Standing(position: told, context: told)
        }
    }

    /// What a device of another epoch is told: that there is a new one, and
    /// whether it also missed what was trimmed.
    func reply(
        toEpoch epoch: EpochID, standing stands: ScopeStands, _ view: (any HubReading)? = nil
    ) throws -> ExchangeReply {
        let heads = try view.map { try $0.heads() } ?? store.read { try $0.heads() }
        var told: [ScopeCode: Position] = [:]
        for scope in stands.positions.keys { told[scope] = stands.told(scope) }
        let credible = identity.credible(told, of: epoch)
        var reply = emptyReply
        reply.mustRebase = told.keys.contains { scope in
            (credible[scope] ?? .zero) < heads[scope]?.horizon ?? .zero
        }
        return reply
    }

    /// Lets go of what nobody within the lease can still ask for (sync.md
    /// 9.18).
    ///
    /// Horizons only rise. Trimming again at once changes nothing.
    @discardableResult
    package func trim(dryRun: Bool = false) throws -> TrimReport {
        guard !dryRun else { return try store.read { try plan($0) } }
        try rememberContacts()
        return try store.write { view in
            let report = try plan(view)
            try view.trim(to: report.horizons)
            try view.set(.trimmedAt, to: String(now))
            return report
        }
    }

    /// Trims once a day.
    func trimIfDue() throws {
        guard retention.leaseMilliseconds > 0 else { return }
        let last = try store.read { try $0.setting(.trimmedAt) }.flatMap { Int64($0) } ?? 0
        guard now - last >= Retention.intervalMilliseconds else { return }
        try trim()
    }

    private func plan(_ view: any HubReading) throws -> TrimReport {
        let known = try view.standings(of: nil).merging(standings) { stored, said in
            stored.merging(said) { $1 }
        }
        let devices = try view.devices().filter { device in
            let seen = lastSeen[device.keyID] ?? device.lastSeenAt ?? device.enrolledAt
            return device.revokedAt == nil && now - seen <= retention.leaseMilliseconds
        }
        var report = TrimReport()
        report.leaseDays = retention.leaseDays
        var planned: [ScopeCode: TrimReport.Scope] = [:]
        for (scope, head) in try view.heads() {
            let old =
                try view.position(
                    in: scope, acceptedBy: now - retention.youngestMilliseconds) ?? .zero
            planned[scope] = TrimReport.Scope(
                scope: scope, head: head.position, before: head.horizon, horizon: old)
        }
        // By what each device said, which is little: scopes times devices would be too much for a
        // hub that has many of both.
        for device in devices {
            for (scope, standing) in known[device.node] ?? [:] {
                guard let horizon = planned[scope]?.horizon, standing.floor < horizon,
                    grids.covers(device.scope, scope) || grids.covers(scope, device.scope)
                else { continue }
                planned[scope]?.horizon = standing.floor
                planned[scope]?.heldBy = device
            }
        }
        for (_, var scope) in planned.sorted(by: { $0.key < $1.key }) {
            scope.horizon = max(scope.horizon, scope.before)
            report.scopes.append(scope)
        }
        report.rows = try view.trimmable(to: report.horizons)
        return report
    }
}

extension TrimReport {
    var horizons: [ScopeCode: Position] {
        Dictionary(scopes.map { ($0.scope, $0.horizon) }, uniquingKeysWith: { $1 })
    }
}
