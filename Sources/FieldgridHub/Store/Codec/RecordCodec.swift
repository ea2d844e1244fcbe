import FieldgridModel
import FieldgridSync

/// The bytes a store keeps for one record's merge state.
///
/// Version byte first; a store never looks inside.
///
///     record   = 2 entered latest offers units broken
///     offers   = count { offer }      ; sides name them by place
///     units    = count { unit shape rest }
///     rest     = [ place ] [ changed ] data     ; where the shape is plain
///              | changed sides conflict         ; where it is 0
///     sides    = count { place value marks }
///     marks    = 0, +1 with the conflict it settles, +2 with its origin
///     conflict = 0 | 1 id state kind base sides
///     broken   = count { rule conflict }
///
/// Most units are plain: one side of one member, which nobody disputes. Their
/// shape is 1, +2 where the place is 0, +4 where `changed` is the offer's
/// position, and 8 times the kind of the value: 0 null, 1 integer, 2 text.
enum RecordCodec {
    static let version: UInt8 = 2

    private enum Shape {
        static let plain: UInt8 = 1
        static let isFirstOffer: UInt8 = 2
        static let isOfOffer: UInt8 = 4
        static let kindShift: UInt8 = 3
    }

    static func encode(_ state: RecordState) -> [UInt8] {
        var writer = ByteWriter(reservingCapacity: 640)
        writer.byte(version)
        writer.count(Int(state.entered.value))
        writer.count(Int(state.latest.value))
        var offers = OfferList()
        let elements = state.units.elements
        for index in elements.indices {
            for side in elements[index].state.sides { offers.note(side.offer) }
            guard let conflict = elements[index].state.conflict else { continue }
            for side in conflict.replaced { offers.note(side.offer) }
        }
        writer.count(offers.all.count)
        for offer in offers.all { writer.offer(offer) }
        writer.count(elements.count)
        for element in elements {
            writer.count(element.number.value)
            if writePlain(element.state, offers, to: &writer) { continue }
            writer.byte(0)
            writer.count(Int(element.state.changed.value))
            write(element.state.sides, offers, to: &writer)
            writer.optional(element.state.conflict?.id.bits)
            if let conflict = element.state.conflict {
                writer.code(conflict.state, in: StoredCodes.conflictStates)
                writer.code(conflict.kind, in: StoredCodes.conflictKinds)
                writer.value(conflict.base)
                write(conflict.replaced, offers, to: &writer)
            }
        }
        writer.count(state.broken.count)
        for rule in state.broken {
            writer.text(rule.subject.text)
            writer.bits(rule.conflict.bits)
        }
        return writer.bytes
    }

    /// False, with nothing written, where there is more to say.
    private static func writePlain(
        _ unit: UnitState, _ offers: OfferList, to writer: inout ByteWriter
    ) -> Bool {
        guard unit.conflict == nil, unit.sides.count == 1 else { return false }
        let side = unit.sides[0]
        guard side.settles == nil, side.origin == nil, side.value.count == 1 else { return false }
        let place = offers.place(of: side.offer)
        var shape = Shape.plain
        if place == 0 { shape |= Shape.isFirstOffer }
        let isOfOffer = unit.changed == side.offer.position
        if isOfOffer { shape |= Shape.isOfOffer }
        let value = side.value.single
        writer.byte(shape | value.storedKind << Shape.kindShift)
        if place != 0 { writer.count(place) }
        if !isOfOffer { writer.count(Int(unit.changed.value)) }
        writer.data(of: value)
        return true
    }

    private static func write(
        _ sides: [Side], _ offers: OfferList, to writer: inout ByteWriter
    ) {
        writer.count(sides.count)
        for side in sides {
            writer.count(offers.place(of: side.offer))
            writer.value(side.value)
            writer.byte((side.settles == nil ? 0 : 1) | (side.origin == nil ? 0 : 2))
            if let settles = side.settles { writer.bits(settles.bits) }
            if let origin = side.origin { writer.bits(origin.bits) }
        }
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
        for _ in 0..<(try reader.count()) { offers.append(try reader.offer()) }
        let count = try reader.count()
        state.units.reserveCapacity(count)
        for _ in 0..<count {
            let number = UnitNumber(Int(try reader.unsigned()))
            let shape = try reader.byte()
            let unit =
                shape == 0 ? try unit(&reader, offers) : try plainUnit(shape, &reader, offers)
            state.units.append(number, unit)
        }
        for _ in 0..<(try reader.count()) {
            let subject = BrokenRule.Subject(text: try reader.text())
            state.broken.append(BrokenRule(subject, conflict: RecordID(try reader.bits())))
        }
        return state
    }

    private static func plainUnit(
        _ shape: UInt8, _ reader: inout ByteReader, _ offers: [Offer]
    ) throws(WireError) -> UnitState {
        let isFirst = shape & Shape.isFirstOffer != 0
        let place = isFirst ? 0 : Int(try reader.unsigned())
        guard place < offers.count else { throw .malformed("offer \(place)", at: reader.offset) }
        let offer = offers[place]
        let isOfOffer = shape & Shape.isOfOffer != 0
        let changed = isOfOffer ? offer.position : Position(Int64(try reader.unsigned()))
        let value = try reader.data(ofKind: shape >> Shape.kindShift)
        return UnitState(changed: changed, sides: [Side(value: UnitValue(value), offer: offer)])
    }

    private static func unit(
        _ reader: inout ByteReader, _ offers: [Offer]
    ) throws(WireError) -> UnitState {
        let changed = Position(Int64(try reader.unsigned()))
        var unit = UnitState(changed: changed, sides: try sides(&reader, offers))
        if let id = try reader.optionalBits() {
            let state = try reader.code(in: StoredCodes.conflictStates, "state of a conflict")
            let kind = try reader.code(in: StoredCodes.conflictKinds, "kind of conflict")
            let base = try reader.value()
            unit.conflict = ConflictReference(
                id: RecordID(id), state: state, kind: kind, base: base,
                replaced: try sides(&reader, offers))
        }
        return unit
    }

    private static func sides(
        _ reader: inout ByteReader, _ offers: [Offer]
    ) throws(WireError) -> [Side] {
        var sides: [Side] = []
        for _ in 0..<(try reader.count()) {
            let place = try reader.index(below: offers.count, "offer")
            let value = try reader.value()
            let marks = try reader.byte()
            var side = Side(value: value, offer: offers[place])
            if marks & 1 != 0 { side.settles = RecordID(try reader.bits()) }
            if marks & 2 != 0 { side.origin = RecordID(try reader.bits()) }
            sides.append(side)
        }
        return sides
    }
}

/// The offers of one record, each once.
///
/// A record has few, most often one: looking along the list is faster than
/// hashing identities.
private struct OfferList {
    private(set) var all: [Offer] = []

    /// One changeset may stand at two positions: an undo brings sides back at
    /// its own.
    private func firstPlace(of offer: Offer) -> Int? {
        for (place, known) in all.enumerated() {
            if known.isIdentical(to: offer) { return place }
            if known.identity == offer.identity, known.position == offer.position,
                known.scope == offer.scope
            {
                return place
            }
        }
        return nil
    }

    mutating func note(_ offer: Offer) {
        if firstPlace(of: offer) == nil { all.append(offer) }
    }

    /// - Precondition: it was noted.
    func place(of offer: Offer) -> Int {
        guard let place = firstPlace(of: offer) else {
            preconditionFailure("an offer is noted before it is named")
        }
        return place
    }
}
