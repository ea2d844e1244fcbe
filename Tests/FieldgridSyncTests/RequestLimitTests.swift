import FieldgridModel
import FieldgridSync
import Testing

/// What one request may hold, so that none keeps a hub busy for long.
@Suite struct RequestLimitTests {
    typealias Limit = ExchangeRequest.Limit

    @Test func aRequestOfAsManyChangesetsAsAllowedIsRead() throws {
        let request = request(changesets: Limit.changesets, changes: 1)
        let frame = ExchangeCodec.encode(request) { _ in nil }
        let batch = try #require(try ExchangeCodec.decodeRequest(frame).batch)
        #expect(batch.identities.count == Limit.changesets)
    }

    @Test func aRequestOfMoreChangesetsIsRefusedWithTheirNumber() {
        let count = Limit.changesets + 1
        let frame = ExchangeCodec.encode(request(changesets: count, changes: 1)) { _ in nil }
        #expect(
            throws: WireError.tooMany("changesets", count: count, limit: Limit.changesets)
        ) {
            _ = try ExchangeCodec.decodeRequest(frame)
        }
    }

    @Test func aRequestOfMoreChangesIsRefusedWithTheirNumber() {
        let frame = ExchangeCodec.encode(request(changesets: 132, changes: 1_000)) { _ in nil }
        #expect(throws: WireError.tooMany("changes", count: 132_000, limit: Limit.changes)) {
            _ = try ExchangeCodec.decodeRequest(frame)
        }
    }

    @Test func aRequestOfMoreThanEightMebibytesIsRefusedBeforeItIsRead() {
        let body = [UInt8](repeating: 7, count: Limit.bodyBytes + 1)
        let frame = Frame.wrap(body, kind: .exchangeRequest)
        #expect(
            throws: WireError.tooLarge(bytes: body.count, limit: Limit.bodyBytes)
        ) {
            _ = try ExchangeCodec.decodeRequest(frame)
        }
    }

    /// Changesets that each touch one record so many times.
    private func request(changesets: Int, changes: Int) -> ExchangeRequest {
        let made = (0..<changesets).map { number in
            let record = WireFixture.record(UInt64(number))
            return WireFixture.changeset(
                Int64(number) + 1,
                (0..<changes).map {
                    Change(
                        type: TypeNumber(1), record: record, unit: UnitNumber(2 + $0),
                        value: UnitValue(.integer(1)))
                }, context: [:])
        }
        return ExchangeRequest(
            schema: SchemaTag(1), epoch: nil, positions: [:],
            incarnation: WireFixture.incarnation, sealed: Int64(changesets),
            batch: ChangesetBatch(following: .start, made))
    }
}
