import FieldgridModel
import Testing

@Suite struct LocalDateTests {
    @Test(arguments: ["2026-07-24", "0001-01-01", "9999-12-31", "2024-02-29", "2000-02-29"])
    func aDayOfTheCalendarIsReadAndWritten(text: String) {
        #expect(LocalDate(text)?.description == text)
    }

    @Test(arguments: [
        "2026-02-29", "1900-02-29", "2026-13-01", "2026-00-01", "2026-04-31", "2026-7-24",
        "2026/07/24", "0000-01-01", "2026-07-24 ", "２０２６-07-24", "",
    ])
    func whatIsNoDayIsRefused(text: String) {
        #expect(LocalDate(text) == nil)
    }

    @Test func everyDayOfFourCenturiesSurvivesTheWayToDaysAndBack() throws {
        var date = try #require(LocalDate("1799-12-31"))
        for _ in 0..<146_097 {
            let next = date.adding(days: 1)
            guard next > date, LocalDate(next.description) == next,
                next.daysSince1970 == date.daysSince1970 + 1
            else {
                Issue.record("after \(date) came \(next)")
                return
            }
            date = next
        }
        #expect(date.description == "2199-12-31")
    }

    @Test func theDayInShanghaiBeginsEightHoursBeforeThatOfUTC() {
        let lastMillisecond = LocalDate(
            milliseconds: 1_782_835_199_999, offsetMinutes: LocalDate.shanghaiOffsetMinutes)
        let first = LocalDate(
            milliseconds: 1_782_835_200_000, offsetMinutes: LocalDate.shanghaiOffsetMinutes)
        #expect(lastMillisecond.description == "2026-06-30")
        #expect(first.description == "2026-07-01")
        #expect(
            first.startMilliseconds(offsetMinutes: LocalDate.shanghaiOffsetMinutes)
                == 1_782_835_200_000)
    }

    @Test func aTimeBefore1970FallsOnTheDayBefore() {
        #expect(LocalDate(milliseconds: -1, offsetMinutes: 0).description == "1969-12-31")
    }
}
