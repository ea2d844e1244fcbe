import FieldgridModel
import FieldgridSync

/// The one-byte names that a store keeps for what has few values.
///
/// Append to a list; never reorder or reuse.
enum StoredCodes {
    static let sources: [ValueSource] = [
        .registry, .licence, .onSite, .selfReport, .import, .hub,
    ]
    static let effects: [MergeOutcome.Effect] = [
        .stands, .agrees, .wins, .loses, .settles, .refused, .combines, .undoes, .late,
    ]
    static let rules: [Decision.Rule] = [
        .only, .latest, .precedence, .review, .clampedTime, .settlement, .max, .min, .revival,
        .hubOnly, .fixed, .counter, .set, .append,
    ]
    static let conflictStates: [ConflictState] = [.open, .decided, .settled, .reopened]
    static let conflictKinds: [ConflictKind] = [.hard, .inconsistent, .deleted, .duplicate]
}

extension ByteWriter {
    /// The place of a value in its list.
    mutating func code<Element: Equatable>(_ value: Element, in list: [Element]) {
        guard let place = list.firstIndex(of: value) else {
            preconditionFailure("\(value) has no stored code")
        }
        byte(UInt8(place))
    }
}

extension ByteReader {
    mutating func code<Element>(in list: [Element], _ what: String) throws(WireError) -> Element {
        list[try index(below: list.count, what)]
    }
}

// MARK: What records and history have in common

extension ByteWriter {
    mutating func offer(_ offer: Offer) {
        bits(offer.identity.incarnation.bits)
        count(Int(offer.identity.seq))
        bits(offer.node.bits)
        text(offer.author)
        code(offer.source, in: StoredCodes.sources)
        count(Int(offer.time.raw))
        byte(offer.isClamped ? 1 : 0)
        text(offer.scope.text)
        count(Int(offer.position.value))
    }

    /// `count { kind data }`, a member each.
    mutating func value(_ value: UnitValue) {
        count(value.count)
        value.forEachMember { _, member in
            byte(member.storedKind)
            data(of: member)
        }
    }

    /// What its kind does not say of a value.
    mutating func data(of value: Value) {
        switch value {
        case .null: break
        case .integer(let integer): signed(integer)
        case .text(let text): self.text(text)
        }
    }

    mutating func optional(_ bits: UUIDBits?) {
        byte(bits == nil ? 0 : 1)
        if let bits { self.bits(bits) }
    }
}

extension ByteReader {
    mutating func offer() throws(WireError) -> Offer {
        let incarnation = IncarnationID(try bits())
        let identity = ChangesetIdentity(incarnation: incarnation, seq: Int64(try unsigned()))
        let node = NodeID(try bits())
        let author = try text()
        let source = try code(in: StoredCodes.sources, "source")
        let time = HybridTime(raw: Int64(try unsigned()))
        let isClamped = try byte() == 1
        let scope = ScopeCode(try text())
        let position = Position(Int64(try unsigned()))
        return Offer(
            .init(
                identity: identity, node: node, author: author, source: source, time: time,
                isClamped: isClamped, accepted: (scope, position)))
    }

    mutating func value() throws(WireError) -> UnitValue {
        let count = try count()
        if count == 1 { return UnitValue(try data(ofKind: try byte())) }
        var members: [Value] = []
        members.reserveCapacity(count)
        for _ in 0..<count { members.append(try data(ofKind: try byte())) }
        return UnitValue(members)
    }

    mutating func data(ofKind kind: UInt8) throws(WireError) -> Value {
        switch kind {
        case 0: return .null
        case 1: return .integer(try signed())
        case 2: return .text(try text())
        default: throw .malformed("kind of value \(kind)", at: offset)
        }
    }

    mutating func optionalBits() throws(WireError) -> UUIDBits? {
        try byte() == 1 ? try bits() : nil
    }
}

extension Value {
    var storedKind: UInt8 {
        switch self {
        case .null: 0
        case .integer: 1
        case .text: 2
        }
    }
}
