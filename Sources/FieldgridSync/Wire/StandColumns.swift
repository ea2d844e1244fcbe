import FieldgridModel

/// Where a node stands beside its positions, and what a hub says of that.
///
///     stands = pulls: count { scope(index) back ahead } oldest: count { scope(index) back }
///     ending = flags(byte) [ horizon* ] [ head ]
///
/// Flags are 1 for more, 2 for re-base, 4 for a horizon of each position, 8
/// for the head of the receipts.
///
/// A scope is its place among the positions, in code order.
enum StandColumns {
    private enum Flag {
        static let more: UInt8 = 1
        static let rebase: UInt8 = 2
        static let horizons: UInt8 = 4
        static let receiptsHead: UInt8 = 8
    }

    static func write(_ request: ExchangeRequest, to writer: inout ByteWriter) {
        let scopes = request.positions.sorted { $0.key < $1.key }.enumerated()
        writer.count(scopes.count { request.pulls[$0.element.key] != nil })
        for (place, (scope, position)) in scopes {
            guard let pull = request.pulls[scope] else { continue }
            writer.count(place)
            writer.count(Int(max(0, position.value - pull.base.value)))
            writer.count(Int(max(0, pull.told.value - position.value)))
        }
        let oldest = scopes.filter { place in
            request.oldest[place.element.key].map { $0 < place.element.value } ?? false
        }
        writer.count(oldest.count)
        for (place, (scope, position)) in oldest {
            writer.count(place)
            writer.count(Int(position.value - (request.oldest[scope] ?? position).value))
        }
    }

    static func stands(
        _ positions: [ScopeCode: Position], _ reader: inout ByteReader
    ) throws(WireError) -> ScopeStands {
        let scopes = positions.keys.sorted()
        var stands = ScopeStands(positions: positions)
        for _ in 0..<(try reader.count(ofSize: 3)) {
            let (scope, base) = try back(scopes, positions, &reader)
            let ahead = Int64(try reader.index(below: 1 << 53, "told position"))
            let position = positions[scope] ?? .zero
            stands.pulls[scope] = ScopePull(
                base: base, told: Position(position.value + ahead))
        }
        for _ in 0..<(try reader.count(ofSize: 2)) {
            let (scope, context) = try back(scopes, positions, &reader)
            stands.oldest[scope] = context
        }
        return stands
    }

    /// A scope and a position so far below the one that the node is at.
    private static func back(
        _ scopes: [ScopeCode], _ positions: [ScopeCode: Position], _ reader: inout ByteReader
    ) throws(WireError) -> (ScopeCode, Position) {
        let scope = scopes[try reader.index(below: scopes.count, "scope")]
        let position = positions[scope] ?? .zero
        let back = Int64(try reader.index(below: Int(position.value) + 1, "earlier position"))
        return (scope, Position(position.value - back))
    }

    static func write(_ reply: ExchangeReply, to writer: inout ByteWriter) {
        writer.byte(
            (reply.hasMore ? Flag.more : 0) | (reply.mustRebase ? Flag.rebase : 0)
                | (reply.horizons.isEmpty ? 0 : Flag.horizons)
                | (reply.receiptsHead == nil ? 0 : Flag.receiptsHead))
        if !reply.horizons.isEmpty {
            for scope in reply.positions.keys.sorted() {
                writer.count(Int((reply.horizons[scope] ?? .zero).value))
            }
        }
        if let head = reply.receiptsHead { writer.raw(head.bytes) }
    }

    struct Ending {
        var hasMore: Bool
        var mustRebase: Bool
        var horizons: [ScopeCode: Position] = [:]
        var receiptsHead: ContentDigest?
    }

    static func ending(
        _ positions: [ScopeCode: Position], _ reader: inout ByteReader
    ) throws(WireError) -> Ending {
        let flags = UInt8(try reader.index(below: 16, "flags of a reply"))
        var ending = Ending(
            hasMore: flags & Flag.more != 0, mustRebase: flags & Flag.rebase != 0)
        if flags & Flag.horizons != 0 {
            for scope in positions.keys.sorted() {
                let horizon = Int64(try reader.index(below: 1 << 53, "horizon"))
                if horizon > 0 { ending.horizons[scope] = Position(horizon) }
            }
        }
        if flags & Flag.receiptsHead != 0 { ending.receiptsHead = try reader.digest() }
        return ending
    }
}
