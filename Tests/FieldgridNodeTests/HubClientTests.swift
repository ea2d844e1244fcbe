import FieldgridModel
import FieldgridSync
import Testing

@testable import FieldgridNode

@Suite struct HubClientTests {
    private typealias Hub = FakeHubTransport

    @Test func aSignedAnswerIsBelieved() {
        let hub = Hub { _, signature in Hub.answer(signature, body: [1, 2, 3]) }
        let client = hub.client()
        #expect((try? client.exchange().get()) == [1, 2, 3])
        #expect(client.traffic.bytesUp == 5)
        #expect(client.traffic.bytesDown == 3)
    }

    @Test func anAnswerThatAnotherKeySignedIsRefused() {
        let hub = Hub { _, signature in Hub.answer(signature, body: [1], key: .fixture(9)) }
        #expect(
            hub.client().exchange().failure
                == .wrongHub(
                    found: DeviceKey.fixture(9).publicKey.keyID,
                    expected: Hub.key.publicKey.keyID, address: "a test"))
    }

    @Test func anAnswerThatWasAlteredIsRefused() {
        let hub = Hub { _, signature in
            var answer = Hub.answer(signature, body: [1])
            answer.body = [2]
            return answer
        }
        #expect(hub.client().exchange().failure?.code == "hub.not-fieldgrid")
    }

    @Test func anAnswerThatIsReplayedIsRefused() {
        var first: HTTPAnswer?
        let hub = Hub { _, signature in
            let answer = first ?? Hub.answer(signature, body: [1])
            first = answer
            return answer
        }
        let client = hub.client()
        #expect(client.exchange().failure == nil)
        #expect(client.exchange().failure?.code == "hub.not-fieldgrid")
    }

    @Test func anAnswerOfAnotherTypeIsNoAnswer() {
        let hub = Hub { _, signature in Hub.answer(signature, type: "text/html", body: [1]) }
        #expect(hub.client().exchange().failure?.code == "hub.not-fieldgrid")
    }

    @Test func aSignedTimeIsFollowedBySignaturesOnly() {
        let hub = Hub { _, signature in
            signature.parameters.created == Hub.now / 1000
                ? Hub.answer(signature, body: [1])
                : Hub.refusal(signature, 401, "signature.wrong-time")
        }
        let client = hub.client(clock: 0)
        #expect(client.exchange().failure == nil)
        #expect(client.clockOffset == Hub.now)
        #expect(client.traffic.requests == 2)
        #expect(client.exchange().failure == nil)
        #expect(client.traffic.requests == 3)
    }

    @Test func aClockThatIsPutRightAfterDecadesAheadFindsTheHubsTimeAgain() {
        let hub = Hub { _, signature in
            signature.parameters.created == Hub.now / 1000
                ? Hub.answer(signature, body: [1])
                : Hub.refusal(signature, 401, "signature.wrong-time")
        }
        let client = hub.client(clock: Hub.now, offset: -2_300_000_000_000)
        #expect(client.exchange().failure == nil)
        #expect(client.clockOffset == 0)
    }

    @Test func aTimeThatNobodySignedIsNotFollowed() {
        let hub = Hub { _, signature in
            var answer = Hub.refusal(signature, 401, "signature.wrong-time")
            answer.headers.removeAll { $0.name == "signature" }
            return answer
        }
        let client = hub.client(clock: 0)
        #expect(client.exchange().failure?.code == "hub.not-fieldgrid")
        #expect(client.clockOffset == 0)
        #expect(client.traffic.requests == 1)
    }

    @Test func aHubThatNeverLikesTheTimeIsAskedTwice() {
        let hub = Hub { _, signature in Hub.refusal(signature, 401, "signature.wrong-time") }
        let client = hub.client(clock: 0)
        #expect(client.exchange().failure?.code == "signature.wrong-time")
        #expect(client.traffic.requests == 2)
    }

    @Test(arguments: [(429, true), (503, true), (507, true), (403, false), (400, false)])
    func whetherToTryLaterDependsOnTheRefusal(status: Int, isTemporary: Bool) {
        let hub = Hub { _, signature in Hub.refusal(signature, status, "some.code") }
        let failure = hub.client().exchange().failure
        #expect(failure?.code == "some.code")
        #expect(failure?.isTemporary == isTemporary)
    }

    @Test func aWaitGrowsToItsLongestAndIsNeverTheSameForAll() {
        let backOff = BackOff(first: 1_000, longest: 60_000)
        var random = SeededRandom(seed: 1)
        for (failures, whole) in [(1, 1_000), (2, 2_000), (5, 16_000), (9, 60_000), (500, 60_000)] {
            let waits = (0..<50).map { _ in
                backOff.wait(afterFailures: failures, using: &random)
            }
            #expect(waits.allSatisfy { (Int64(whole) / 2...Int64(whole)).contains($0) })
            #expect(Set(waits).count > 10)
        }
    }

    @Test func theHubsOwnWaitIsAFloor() {
        var random = SeededRandom(seed: 1)
        let wait = BackOff(first: 1_000, longest: 60_000)
            .wait(afterFailures: 1, hubAsksFor: 90_000, using: &random)
        #expect(wait == 90_000)
    }
}
