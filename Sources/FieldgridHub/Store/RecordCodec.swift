import FieldgridModel
import FieldgridSync

/// The bytes a store keeps for one record's merge state, one row of history and one
/// merge outcome.
///
/// Version byte first; a store never looks inside.
///
///     record   = 1 entered latest offers units broken
///     offers   = count { offer }      ; sides name them by place
///     units    = count { unit changed sides conflict }
///     sides    = count { place value marks }
///     marks    = 0, +1 with the conflict it settles, +2 with its origin
///     conflict = 0 | 1 id state kind base sides
///     broken   = count { rule conflict }
enum RecordCodec {
    private static let version: UInt8 = 1

    static func encode(_ state: RecordState) -> [UInt8] {
        var writer = ByteWriter()
        writer.byte(version)
        writer.count(Int(state.entered.value))
        writer.count(Int(state.latest.value))
        var offers: [Offer] = []
        // A record has few offers, most often one: looking along the list is
        // faster than hashing identities.
        // One changeset may stand at two positions: an undo brings sides back at its own.
        func place(of offer: Offer) -> Int? {
            offers.lastIndex {
                $0.identity == offer.identity && $0.position == offer.position
                    && $0.scope == offer.scope
            }
        }
        let units = state.units.elements
        for unit in units {
            for side in unit.state.sides where place(of: side.offer) == nil {
                offers.append(side.offer)
            }
            for side in unit.state.conflict?.replaced ?? [] where place(of: side.offer) == nil {
                offers.append(side.offer)
            }
        }
        writer.count(offers.count)
        for offer in offers { write(offer, to: &writer) }
        writer.count(units.count)
        for element in units {
            let unit = element.state
            writer.count(element.number.value)
            writer.count(Int(unit.changed.value))
            write(unit.sides, to: &writer, place: place)
            write(optional: unit.conflict?.id.bits, to: &writer)
            if let conflict = unit.conflict {
                writer.text(conflict.state.rawValue)
                writer.text(conflict.kind.rawValue)
                write(conflict.base, to: &writer)
                write(conflict.replaced, to: &writer, place: place)
            }
        }
        writer.count(state.broken.count)
        for rule in state.broken {
            writer.text(rule.subject.text)
            writer.bits(rule.conflict.bits)
        }
        return writer.bytes
    }

    private static func write(
        _ sides: [Side], to writer: inout ByteWriter, place: (Offer) -> Int?
    ) {
        writer.count(sides.count)
        for side in sides {
            writer.count(place(side.offer) ?? 0)
            write(side.value, to: &writer)
            writer.byte((side.settles == nil ? 0 : 1) | (side.origin == nil ? 0 : 2))
            if let settles = side.settles { writer.bits(settles.bits) }
            if let origin = side.origin { writer.bits(origin.bits) }
        }
    }

    private static func sides(
        _ reader: inout ByteReader, offers: [Offer]
    ) throws(WireError) -> [Side] {
        var sides: [Side] = []
        for _ in 0..<(try reader.count()) {
            let place = try reader.index(below: offers.count, "offer")
            let value = try unitValue(&reader)
            let marks = try reader.byte()
            var side = Side(value: value, offer: offers[place])
            if marks & 1 != 0 { side.settles = RecordID(try reader.bits()) }
            if marks & 2 != 0 { side.origin = RecordID(try reader.bits()) }
            sides.append(side)
        }
        return sides
    }

    private static func conflict(
        _ id: UUIDBits, _ reader: inout ByteReader, offers: [Offer]
    ) throws(WireError) -> ConflictReference {
        let text = try reader.text()
        let kindText = try reader.text()
        guard let state = ConflictState(rawValue: text), let kind = ConflictKind(rawValue: kindText)
        else { throw .malformed("conflict \(text) \(kindText)", at: reader.offset) }
        return ConflictReference(
            id: RecordID(id), state: state, kind: kind, base: try unitValue(&reader),
            replaced: try sides(&reader, offers: offers))
    }

    static func decode(
        _ bytes: [UInt8], type: TypeNumber, id: RecordID, scope: ScopeCode, number: RecordNumber
    ) throws(WireError) -> RecordState {
        var reader = ByteReader(bytes)
        guard try reader.byte() == version else { throw .malformed("record version", at: 0) }
        let entered = Position(Int64(try reader.unsigned()))
        var state = RecordState(
            type: type, id: id, scope: scope, number: number, entered: entered)
        state.latest = Position(Int64(try reader.unsigned()))
        var offers: [Offer] = []
        for _ in 0..<(try reader.count()) { offers.append(try offer(&reader)) }
        let count = try reader.count()
        state.units.reserveCapacity(count)
        for _ in 0..<count {
            let unit = UnitNumber(Int(try reader.unsigned()))
            let changed = Position(Int64(try reader.unsigned()))
            let sides = try sides(&reader, offers: offers)
            let id = try optionalBits(&reader)
            let conflict = try id.map { (id) throws(WireError) in
                try Self.conflict(id, &reader, offers: offers)
            }
            state.units.append(
                unit, UnitState(changed: changed, sides: sides, conflict: conflict))
        }
        for _ in 0..<(try reader.count()) {
            let subject = BrokenRule.Subject(text: try reader.text())
            state.broken.append(BrokenRule(subject, conflict: RecordID(try reader.bits())))
        }
        return state
    }

    static func encode(_ row: HistoryRow) -> [UInt8] {
        var writer = ByteWriter()
        writer.byte(version)
        writer.bits(row.record.bits)
        writer.count(row.type.value)
        write(row.offer, to: &writer)
        // Most often the time was left as it was.
        writer.count(row.sealedTime == row.offer.time ? 0 : Int(row.sealedTime.raw))
        writer.count(Int(row.acceptedAt))
        writer.count(row.units.count)
        for unit in row.units {
            writer.count(unit.unit.value)
            write(unit.value, to: &writer)
            writer.text(unit.outcome.effect.rawValue)
            writer.text(unit.outcome.rule.rawValue)
            write(optional: unit.outcome.conflict?.bits, to: &writer)
            writer.text(unit.outcome.conflictState?.rawValue ?? "")
            writer.count(unit.outcome.rivals.count)
            for rival in unit.outcome.rivals {
                writer.bits(rival.incarnation.bits)
                writer.count(Int(rival.seq))
            }
            writer.text(unit.note ?? "")
        }
        return writer.bytes
    }

    static func decodeHistory(_ bytes: [UInt8]) throws(WireError) -> HistoryRow {
        var reader = ByteReader(bytes)
        guard try reader.byte() == version else { throw .malformed("history version", at: 0) }
        let record = RecordID(try reader.bits())
        let type = TypeNumber(Int(try reader.unsigned()))
        let offer = try offer(&reader)
        let sealed = Int64(try reader.unsigned())
        let sealedTime = sealed == 0 ? offer.time : HybridTime(raw: sealed)
        let acceptedAt = Int64(try reader.unsigned())
        var units: [HistoryUnit] = []
        for _ in 0..<(try reader.count()) {
            let unit = UnitNumber(Int(try reader.unsigned()))
            let value = try unitValue(&reader)
            guard let effect = MergeOutcome.Effect(rawValue: try reader.text()),
                let rule = Decision.Rule(rawValue: try reader.text())
            else { throw .malformed("merge outcome", at: reader.offset) }
            let conflict = try optionalBits(&reader).map(RecordID.init)
            let state = ConflictState(rawValue: try reader.text())
            var rivals: [ChangesetIdentity] = []
            for _ in 0..<(try reader.count(ofSize: 17)) {
                let incarnation = IncarnationID(try reader.bits())
                let seq = Int64(try reader.unsigned())
                rivals.append(ChangesetIdentity(incarnation: incarnation, seq: seq))
            }
            let note = try reader.text()
            let outcome = MergeOutcome(
                effect: effect, rule: rule, conflict: conflict, conflictState: state,
                rivals: rivals)
            units.append(
                HistoryUnit(
                    unit: unit, value: value, outcome: outcome, note: note.isEmpty ? nil : note))
        }
        return HistoryRow(
            record: record, type: type, offer: offer, sealedTime: sealedTime,
            acceptedAt: acceptedAt, units: units)
    }

    private static func write(_ offer: Offer, to writer: inout ByteWriter) {
        writer.bits(offer.identity.incarnation.bits)
        writer.count(Int(offer.identity.seq))
        writer.bits(offer.node.bits)
        writer.text(offer.author)
        writer.text(offer.source.rawValue)
        writer.count(Int(offer.time.raw))
        writer.byte(offer.isClamped ? 1 : 0)
        writer.text(offer.scope.text)
        writer.count(Int(offer.position.value))
    }

    private static func offer(_ reader: inout ByteReader) throws(WireError) -> Offer {
        let incarnation = IncarnationID(try reader.bits())
        let identity = ChangesetIdentity(
            incarnation: incarnation, seq: Int64(try reader.unsigned()))
        let node = NodeID(try reader.bits())
        let author = try reader.text()
        guard let source = ValueSource(rawValue: try reader.text()) else {
            throw .malformed("source", at: reader.offset)
        }
        let time = HybridTime(raw: Int64(try reader.unsigned()))
        let isClamped = try reader.byte() == 1
        let scope = ScopeCode(try reader.text())
        let position = Position(Int64(try reader.unsigned()))
        return Offer(
            identity: identity, node: node, author: author, source: source, time: time,
            isClamped: isClamped, accepted: (scope, position))
    }

    private static func write(_ value: UnitValue, to writer: inout ByteWriter) {
        writer.count(value.members.count)
        for member in value.members {
            switch member {
            case .null: writer.byte(0)
            case .integer(let integer):
                writer.byte(1)
                writer.signed(integer)
            case .text(let text):
                writer.byte(2)
                writer.text(text)
            }
        }
    }

    private static func unitValue(_ reader: inout ByteReader) throws(WireError) -> UnitValue {
        let count = try reader.count()
        var members: [Value] = []
        members.reserveCapacity(count)
        for _ in 0..<count {
            switch try reader.byte() {
            case 0: members.append(.null)
            case 1: members.append(.integer(try reader.signed()))
            case 2: members.append(.text(try reader.text()))
            case let tag: throw .malformed("value tag \(tag)", at: reader.offset)
            }
        }
        return UnitValue(members)
    }

    private static func write(optional bits: UUIDBits?, to writer: inout ByteWriter) {
        writer.byte(bits == nil ? 0 : 1)
        if let bits { writer.bits(bits) }
    }

    private static func optionalBits(
        _ reader: inout ByteReader
    ) throws(WireError) -> UUIDBits? {
        try reader.byte() == 1 ? try reader.bits() : nil
    }
}
