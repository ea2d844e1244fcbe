import FieldgridModel
import FieldgridSync
import Testing

/// Bounds of sync.md section 8 that are facts of the format, not of a clock.
@Suite struct WireSizeTests {
    @Test func twentyThousandUpdatesByNumberAreUnderTwoHundredAndFortyKilobytes() {
        var random = SeededRandom(seed: 20_261_123)
        let changesets = (0..<20_000).map { place -> Changeset in
            update(Int64(place) + 1, random: &random)
        }
        let request = ExchangeRequest(
            schema: SchemaTag(1), epoch: WireFixture.epoch,
            positions: [WireFixture.village: Position(100_000)],
            incarnation: WireFixture.incarnation, sealed: Int64(changesets.count),
            batch: ChangesetBatch(following: .start, changesets))
        let frame = ExchangeCodec.encode(request) { id in
            (WireFixture.village, RecordNumber(Int64(id.bits.low & 0xffff_ffff)))
        }
        #expect(frame.count <= 240_000)
    }

    /// One field of one of 100 000 records, of the kinds of the workload.
    private func update(_ seq: Int64, random: inout SeededRandom) -> Changeset {
        let notes = ["已现场核查用工台账", "存在拖欠工资投诉", "社保缴纳人数不一致，需复查"]
        let kind = Int.random(in: 0..<6, using: &random)
        let value: Value =
            switch kind {
            case 0: .text("1\(Int.random(in: 3_000_000_000...8_999_999_999, using: &random))")
            case 1, 2: .integer(Int64.random(in: 300..<800, using: &random))
            case 3: .integer(Int64.random(in: 50_000_000..<100_000_000, using: &random))
            case 4:
                .text("2027-0\(Int.random(in: 1...9, using: &random))-15")
            default:
                .text(
                    notes[Int.random(in: 0..<3, using: &random)]
                        + "（\(Int.random(in: 0..<100_000, using: &random))）")
            }
        let record = WireFixture.record(UInt64.random(in: 1...100_000, using: &random))
        return WireFixture.changeset(
            seq,
            [
                Change(
                    type: TypeNumber(1), record: record, unit: UnitNumber(kind + 2),
                    value: UnitValue(value))
            ], context: [WireFixture.village: Position(100_000)])
    }
}
