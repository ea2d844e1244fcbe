import FieldgridModel
import FieldgridSync

/// The bytes a store keeps for one row of history.
///
///     row   = 2 record type offer sealed-time accepted-at units
///     units = count { unit value effect rule marks [ conflict ] [ state ] [ rivals ] [ note ] }
///     marks = 0, +1 with a conflict, +2 with its state, +4 with rivals, +8 with a note
///
/// The audit digests these bytes: a row is never written again.
enum HistoryCodec {
    static let version: UInt8 = 2

    private enum Mark {
        static let conflict: UInt8 = 1
        static let state: UInt8 = 2
        static let rivals: UInt8 = 4
        static let note: UInt8 = 8
    }

    static func encode(_ row: HistoryRow) -> [UInt8] {
        var writer = ByteWriter(reservingCapacity: 256)
        writer.byte(version)
        writer.bits(row.record.bits)
        writer.count(row.type.value)
        writer.offer(row.offer)
        // Most often the time was left as it was.
        writer.count(row.sealedTime == row.offer.time ? 0 : Int(row.sealedTime.raw))
        writer.count(Int(row.acceptedAt))
        writer.count(row.units.count)
        for unit in row.units { write(unit, to: &writer) }
        return writer.bytes
    }

    private static func write(_ unit: HistoryUnit, to writer: inout ByteWriter) {
        let outcome = unit.outcome
        writer.count(unit.unit.value)
        writer.value(unit.value)
        writer.code(outcome.effect, in: StoredCodes.effects)
        writer.code(outcome.rule, in: StoredCodes.rules)
        var marks: UInt8 = 0
        if outcome.conflict != nil { marks |= Mark.conflict }
        if outcome.conflictState != nil { marks |= Mark.state }
        if !outcome.rivals.isEmpty { marks |= Mark.rivals }
        if unit.note != nil { marks |= Mark.note }
        writer.byte(marks)
        if let conflict = outcome.conflict { writer.bits(conflict.bits) }
        if let state = outcome.conflictState {
            writer.code(state, in: StoredCodes.conflictStates)
        }
        if !outcome.rivals.isEmpty {
            writer.count(outcome.rivals.count)
            for rival in outcome.rivals {
                writer.bits(rival.incarnation.bits)
                writer.count(Int(rival.seq))
            }
        }
        if let note = unit.note { writer.text(note) }
    }

    static func decode(_ bytes: [UInt8]) throws(WireError) -> HistoryRow {
        var reader = ByteReader(bytes)
        guard try reader.byte() == version else { throw .malformed("history version", at: 0) }
        let record = RecordID(try reader.bits())
        let type = TypeNumber(Int(try reader.unsigned()))
        let offer = try reader.offer()
        let sealed = Int64(try reader.unsigned())
        let sealedTime = sealed == 0 ? offer.time : HybridTime(raw: sealed)
        let acceptedAt = Int64(try reader.unsigned())
        var units: [HistoryUnit] = []
        for _ in 0..<(try reader.count()) { units.append(try unit(&reader)) }
        return HistoryRow(
            record: record, type: type, offer: offer, sealedTime: sealedTime,
            acceptedAt: acceptedAt, units: units)
    }

    private static func unit(_ reader: inout ByteReader) throws(WireError) -> HistoryUnit {
        let number = UnitNumber(Int(try reader.unsigned()))
        let value = try reader.value()
        let effect = try reader.code(in: StoredCodes.effects, "effect of a merge")
        let rule = try reader.code(in: StoredCodes.rules, "rule of a decision")
        let marks = try reader.byte()
        var outcome = MergeOutcome(effect: effect, rule: rule)
        if marks & Mark.conflict != 0 { outcome.conflict = RecordID(try reader.bits()) }
        if marks & Mark.state != 0 {
            outcome.conflictState = try reader.code(
                in: StoredCodes.conflictStates, "state of a conflict")
        }
        if marks & Mark.rivals != 0 {
            for _ in 0..<(try reader.count(ofSize: 17)) {
                let incarnation = IncarnationID(try reader.bits())
                let seq = Int64(try reader.unsigned())
                outcome.rivals.append(ChangesetIdentity(incarnation: incarnation, seq: seq))
            }
        }
        let note = marks & Mark.note != 0 ? try reader.text() : nil
        return HistoryUnit(unit: number, value: value, outcome: outcome, note: note)
    }
}
