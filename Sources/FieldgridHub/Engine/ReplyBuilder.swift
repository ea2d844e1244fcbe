import FieldgridModel
import FieldgridSync

/// Collects what a node has not seen yet, from one snapshot of the store.
///
/// Down goes the *state* since the node's position, not a replay: the cost is
/// that of the distinct records that changed, not of the time away.
struct ReplyBuilder {
    let store: any HubReading
    let index: SchemaIndex
    let hub: HubIdentity
    let grids: GridTree
    let heads: [ScopeCode: ScopeHead]

    /// Whether the asker stays where it is, because it has something else to do first.
    var isPaused = false
    /// The most that the reply may hold.
    var bytesMax = 16 << 20

    private var records: [RecordDelta] = []
    private var bytes = 0

    init(
        store: any HubReading, index: SchemaIndex, hub: HubIdentity, grids: GridTree
    ) throws {
        self.store = store
        self.index = index
        self.hub = hub
        self.grids = grids
        heads = try store.heads()
    }

    /// The scopes a device hears of, and those of which it has everything.
    private struct Subscribed {
        var all: Set<ScopeCode>
        var whole: Set<ScopeCode>
    }

    /// The scopes a device receives, in the order it receives them: shared
    /// records from above first, because what follows refers to them.
    func subscription(_ scope: ScopeCode) -> [(scope: ScopeCode, sharedOnly: Bool)] {
        grids.ancestors(of: scope).reversed().map { ($0, !PlantedBug.scopeFilterMissing.isActive) }
            + grids.subtree(of: scope).map { ($0, false) }
    }

    mutating func build(
        for device: ScopeCode, asked request: ReceivedRequest, into reply: inout ExchangeReply
    ) throws {
        let subscription = subscription(device)
        let whole = subscription.filter { !$0.sharedOnly }
        let scopes = Subscribed(
            all: Set(subscription.map(\.scope)), whole: Set(whole.map(\.scope)))
        let isSameEpoch = request.epoch == hub.epoch
        let bytesMax = min(max(request.replyBytesMax, 1 << 16), self.bytesMax)
        let horizons = horizons(of: subscription.map(\.scope))
        if !isPaused, isSameEpoch, request.stands.isBelow(horizons) {
            reply.mustRebase = true
            isPaused = true
        }
        for (scope, sharedOnly) in subscription {
            let since = isSameEpoch ? request.positions[scope] ?? .zero : .zero
            let head = heads[scope]?.position ?? .zero
            reply.since[scope] = since
            reply.heads[scope] = max(head, since)
            if !isPaused || reply.mustRebase, let horizon = horizons[scope], since < horizon {
                reply.horizons[scope] = horizon
            }
            guard head > since else {
                reply.positions[scope] = since
                continue
            }
            guard !reply.hasMore, !isPaused else {
                reply.positions[scope] = since
                continue
            }
            let stopped = try collect(
                scope, since: since, sharedOnly: sharedOnly, request: request,
                bytesMax: bytesMax, within: scopes)
            reply.positions[scope] = stopped ?? head
            if stopped != nil { reply.hasMore = true }
        }
        reply.records = records
    }

    /// The position up to which each scope no longer tells what left it.
    private func horizons(of scopes: [ScopeCode]) -> [ScopeCode: Position] {
        guard !PlantedBug.trimmedInSilence.isActive else { return [:] }
        var horizons: [ScopeCode: Position] = [:]
        for scope in scopes {
            if let horizon = heads[scope]?.horizon, horizon > .zero { horizons[scope] = horizon }
        }
        return horizons
    }

    /// - Returns: the position it stopped at, or nil when it reached the head.
    private mutating func collect(
        _ scope: ScopeCode, since: Position, sharedOnly: Bool, request: ReceivedRequest,
        bytesMax: Int, within scopes: Subscribed
    ) throws -> Position? {
        let departures = try store.departures(from: scope, after: since)
        let present = try store.records(departures.map(\.id))
        for departure in departures {
            // Where it is now: it may have gone on from where it went, and that the next scope
            // tells may have been trimmed.
            let place = present[departure.id]?.scope ?? departure.destination
            // Of a scope above, the node has no more than what is shared: anything else has not
            // been there, and does not stay when it goes there.
            let isShared = index.entries[departure.type]?.type.shared == true
            if sharedOnly && !isShared { continue }
            if isShared
                ? scopes.all.contains(place)
                : scopes.whole.contains(place)
            {
                continue
            }
            records.append(
                RecordDelta(
                    scope: scope, number: departure.number, id: departure.id,
                    type: departure.type, presence: .left, units: []))
        }
        let base = request.epoch == hub.epoch ? request.stands.base(scope) : .zero
        var reached: Position?
        var stopped = false
        var collected: [RecordDelta] = []
        var size = 0
        try store.forEachChanged(in: scope, after: since, sharedOnly: sharedOnly) { state in
            // Records of one position travel together: a position is reached
            // or it is not.
            if bytes + size >= bytesMax, state.latest != reached {
                stopped = true
                return false
            }
            reached = state.latest
            guard let entry = index.entries[state.type] else { return true }
            let delta = Self.delta(of: state, entry, since: base, for: request.incarnation)
            if let delta {
                collected.append(delta)
                size += Self.size(of: delta)
            }
            return true
        }
        records.append(contentsOf: collected)
        bytes += size
        // Where the scopes before left no room, it does not move at all.
        return stopped ? reached ?? since : nil
    }

    /// What a node at position `since` needs of a record; nil for nothing.
    static func delta(
        of state: RecordState, _ entry: SchemaIndex.Entry, since: Position,
        for incarnation: IncarnationID
    ) -> RecordDelta? {
        let isKnown = state.entered <= since
        var delta = RecordDelta(
            scope: state.scope, number: state.number, id: isKnown ? nil : state.id,
            type: state.type, presence: .alive, units: [])
        guard state.isAlive else {
            delta.presence = .deleted
            // A node that was put back from a copy may not know the number of what is gone.
            delta.id = state.id
            if let alias = state.alias {
                delta.units = [UnitDelta(unit: .presence, value: .merged(into: alias))]
            }
            return delta
        }
        // A record that comes, or comes back, is told whole: what shows there may be of a life that
        // it no longer has.
        let isWhole = !isKnown || state.units[.presence].map { $0.changed > since } == true
        var others = 0
        let elements = state.units.elements
        // By index: most units are not told, and are not copied for that.
        for index in elements.indices where isWhole || elements[index].state.changed > since {
            let (number, unit) = (elements[index].number, elements[index].state)
            if number == .presence || number == .scope { continue }
            guard let described = entry.unit(number) else { continue }
            // What came of an operation depends on those of others.
            let isOwn =
                since > .zero && !described.policy.isOperation
                && unit.isUnchallenged(from: incarnation)
            if isOwn, !isWhole { continue }
            if !isOwn { others += 1 }
            let value =
                unit.value(policy: described.policy)
                ?? UnitValue(described.members.map { _ in .null })
            delta.units.append(UnitDelta(unit: number, value: value))
        }
        guard isWhole else { return delta }
        // Of what the asker has made, and nobody else has touched, only the number is news.
        if others == 0, since > .zero { delta.units = [] } else { delta.presence = .whole }
        return delta
    }

    private static func size(of delta: RecordDelta) -> Int {
        var size = 24
        for unit in delta.units {
            size += 2
            unit.value.forEachMember { size += 2 + ($1.text?.utf8.count ?? 4) }
        }
        return size
    }
}

extension UnitState {
    /// True when the value that stands is what this very incarnation sent,
    /// and nobody disputed it: it has the value already.
    func isUnchallenged(from incarnation: IncarnationID) -> Bool {
        guard sides.count == 1, conflict == nil, sides[0].origin == nil else { return false }
        return sides[0].offer.identity.incarnation == incarnation
            && sides[0].offer.position == changed
    }
}
