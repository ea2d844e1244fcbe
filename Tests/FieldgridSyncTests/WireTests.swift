import FieldgridModel
import FieldgridSync
import Testing

@Suite struct WireTests {
    @Test func aRequestSurvivesTheWire() throws {
        let sent = WireFixture.request
        let frame = ExchangeCodec.encode(sent, number: WireFixture.number)
        let received = try ExchangeCodec.decodeRequest(frame)
        let batch = try #require(received.batch)
        #expect(
            batch.references == [
                .id(WireFixture.record(1)), .id(WireFixture.record(2)),
                .number(WireFixture.village, RecordNumber(5_000)),
            ])
        let ids = [1, 2, 3].map { WireFixture.record($0) }
        #expect(batch.resolved(ids) == sent.batch)
        #expect(received.positions == sent.positions)
        #expect(received.epoch == sent.epoch)
        #expect(received.stands.pulls == sent.pulls)
        #expect(received.stands.oldest == sent.oldest)
        #expect(received.audit == sent.audit)
    }

    @Test func aReplySurvivesTheWire() throws {
        let frame = ExchangeCodec.encode(WireFixture.reply)
        #expect(try ExchangeCodec.decodeReply(frame) == WireFixture.reply)
    }

    @Test func aReplyThatTellsToRebaseSurvivesTheWire() throws {
        var sent = WireFixture.reply
        sent.horizons = [:]
        sent.mustRebase = true
        #expect(try ExchangeCodec.decodeReply(ExchangeCodec.encode(sent)) == sent)
    }

    @Test func theCanonicalFormSurvivesStorage() throws {
        for changeset in WireFixture.changesets {
            let bytes = CanonicalEncoder.bytes(of: changeset, after: .start)
            let decoded = try CanonicalDecoder.changeset(from: bytes)
            #expect(decoded.changeset == changeset)
            #expect(decoded.previous == .start)
        }
    }

    @Test func theDigestCoversWhatTravelsUnderAnotherName() {
        var moved = WireFixture.changesets[1]
        moved.changes[0].seenThrough = Position(18)
        let original = ContentDigest.of(WireFixture.changesets[1], after: .start)
        #expect(ContentDigest.of(moved, after: .start) != original)
        #expect(ContentDigest.of(WireFixture.changesets[1], after: original) != original)
    }

    @Test func everyTruncationIsRefused() {
        for frame in [
            ExchangeCodec.encode(WireFixture.request, number: WireFixture.number),
            ExchangeCodec.encode(WireFixture.reply),
        ] {
            for length in 0..<frame.count {
                let cut = Array(frame[..<length])
                #expect(throws: WireError.self) { _ = try ExchangeCodec.decodeReply(cut) }
                #expect(throws: WireError.self) { _ = try ExchangeCodec.decodeRequest(cut) }
            }
        }
    }

    @Test func noFlippedByteCrashesTheReader() {
        var random = SeededRandom(seed: 11)
        let request = ExchangeCodec.encode(WireFixture.request, number: WireFixture.number)
        let reply = ExchangeCodec.encode(WireFixture.reply)
        for _ in 0..<20_000 {
            var frame = Bool.random(using: &random) ? request : reply
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                frame[Int.random(in: 6..<frame.count, using: &random)] ^=
                    UInt8.random(in: 1...255, using: &random)
            }
            _ = try? ExchangeCodec.decodeRequest(frame)
            _ = try? ExchangeCodec.decodeReply(frame)
        }
    }

    @Test func aBodyThatInflatesToTenGigabytesIsRefusedBeforeItIsInflated() {
        var frame = Array("FGX".utf8) + [1, 1, 1]
        var length: UInt64 = 10 << 30
        while length > 0x7f {
            frame.append(UInt8(length & 0x7f) | 0x80)
            length >>= 7
        }
        frame.append(UInt8(length))
        frame += [0x28, 0xb5, 0x2f, 0xfd]
        #expect(
            throws: WireError.tooLarge(
                bytes: 10 << 30, limit: ExchangeRequest.Limit.bodyBytes)
        ) {
            _ = try ExchangeCodec.decodeRequest(frame)
        }
    }

    @Test func aBodyThatInflatesMoreThanHonestDataCanIsRefused() throws {
        // 16 MiB of zeros as zstd: one run-length block of 128 KiB, 128 times.
        var bomb: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x80, 0x58, 0x00, 0x00, 0x00, 0x01]
        for block in 0..<128 { bomb += [block == 127 ? 0x03 : 0x02, 0x00, 0x10, 0x00] }
        let frame = Array("FGX".utf8) + [1, 1, 1, 0x80, 0x80, 0x80, 0x08] + bomb
        #expect(throws: WireError.tooLarge(bytes: 16 << 20, limit: 522 * Frame.Limit.ratio)) {
            _ = try Frame.unwrap(frame, kind: .exchangeRequest)
        }
    }

    @Test func honestDataThatShrinksLikeABombStillTravels() throws {
        let zeros = [UInt8](repeating: 0, count: 8 << 20)
        let frame = Frame.wrap(zeros, kind: .exchangeRequest)
        #expect(try Frame.unwrap(frame, kind: .exchangeRequest) == zeros)
    }

    @Test func aPortalsPageIsNotAMessage() {
        #expect(throws: WireError.notFieldgrid) {
            _ = try ExchangeCodec.decodeReply(Array("<html>请登录</html>".utf8))
        }
    }

    @Test func anIdleExchangeIsUnderThreeHundredBytesEachWay() {
        var request = WireFixture.request
        request.batch = nil
        request.positions[ScopeCode("220602")] = Position(70_000)
        var reply = ExchangeReply(
            epoch: WireFixture.epoch, time: HybridTime(milliseconds: 1_784_856_009_000),
            schema: request.schema)
        reply.positions = request.positions
        #expect(request.audit != nil)
        #expect(ExchangeCodec.encode(request, number: { _ in nil }).count <= 300)
        #expect(ExchangeCodec.encode(reply).count <= 300)
    }
}
