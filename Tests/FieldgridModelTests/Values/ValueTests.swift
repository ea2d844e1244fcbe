import FieldgridModel
import Testing

@Suite struct ValueTests {
    @Test func compatibilityIdeographsAreNotTheirTwins() {
        #expect(Value.text("\u{F90A}") != Value.text("\u{91D1}"))
    }

    @Test func valuesAreOrderedAsSQLiteOrdersThem() {
        let order: [Value] = [.null, .integer(-1), .integer(2), .text("A"), .text("a"), .text("中")]
        #expect(order.shuffled().sorted() == order)
    }

    @Test func anIdentifierHasOneSpelling() {
        let text = "018f3a2b-7c4d-7e5f-8a9b-0c1d2e3f4a5b"
        #expect(RecordID(text)?.description == text)
        #expect(RecordID(text.uppercased()) == nil)
        #expect(RecordID(text.dropLast()) == nil)
    }

    @Test func aVersion7IdentifierSortsByItsTime() {
        var random = SeededRandom(seed: 1)
        let early = UUIDBits.version7(milliseconds: 1_000, using: &random)
        let late = UUIDBits.version7(milliseconds: 1_001, using: &random)
        #expect(early < late)
        #expect(Array(early.description)[14] == "7")
    }

    @Test func hybridTimeNeverGoesBackWhateverTheWallClockDoes() {
        var clock = HybridClock()
        let times = [5_000, 4_000, 4_000, 9_000, -1].map { clock.tick(wallMilliseconds: $0) }
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func theGreatestTimeOfAllHasNoneAfterIt() {
        var clock = HybridClock()
        clock.observe(HybridTime(raw: .max))
        #expect(clock.tick(wallMilliseconds: 7) == HybridTime(raw: .max))
    }

    @Test func aFullCounterMovesTheMillisecond() {
        var clock = HybridClock(last: HybridTime(milliseconds: 7, counter: 0xffff))
        #expect(clock.tick(wallMilliseconds: 7) == HybridTime(milliseconds: 8, counter: 0))
    }

    @Test(arguments: [("2026H1", "2026-06-30"), ("2026H2", "2026-12-31")])
    func aHalfIsDueOnItsLastDay(text: String, due: String) throws {
        #expect(try #require(RefreshPeriod(text)).due.description == due)
    }

    @Test func theHalfTurnsAtMidnightInShanghai() throws {
        let before = try #require(Instants.milliseconds("2026-06-30T23:59:59+08:00"))
        #expect(RefreshPeriod(at: before).description == "2026H1")
        #expect(RefreshPeriod(at: before + 1_000).description == "2026H2")
    }

    @Test(arguments: ["2026H3", "2026h1", "26H1", "2026", "2026H11", ""])
    func whatIsNoHalfIsNotRead(text: String) {
        #expect(RefreshPeriod(text) == nil)
    }
}
