import FieldgridNode
import FieldgridSync
import Foundation
import Synchronization
import Testing

@testable import Fieldgrid

/// What the library makes sure of, whatever an embedder's transport does.
@Suite struct HubTransportTests {
    private static func answer(
        of transport: any HubTransport,
        _ change: (inout ForeignTransport.Bounds) -> Void = { _ in },
        until interruption: Interruption = Interruption()
    ) async throws -> Result<HTTPAnswer, TransportFailure> {
        var bounds = ForeignTransport.Bounds()
        change(&bounds)
        let foreign = Sent(
            ForeignTransport(transport, address: "http://hub", bounds: bounds))
        return try await Waiting.onThread {
            let call = HTTPCall(target: .init(method: "GET", path: "/sync/v1/time"))
            do throws(TransportFailure) {
                return .success(try foreign.transport.send(call, until: interruption))
            } catch {
                return .failure(error)
            }
        }
    }

    /// One thread at a time has it.
    private final class Sent: @unchecked Sendable {
        let transport: ForeignTransport
        init(_ transport: ForeignTransport) { self.transport = transport }
    }

    @Test func aBodyInPiecesIsPutTogether() async throws {
        let transport = Saying {
            HubAnswer(
                status: 200, headers: [HTTPHeader(name: "X-A", value: "b")],
                pieces: AsyncStream([[1, 2], [], [3]]))
        }
        let answer = try await Self.answer(of: transport).get()
        #expect(answer.body == [1, 2, 3])
        #expect(answer.headers == [HeaderField("x-a", "b")])
    }

    @Test func theBoundsOfOurOwnClientAreToldWithEachRequest() async throws {
        let told = Mutex<HubRequest?>(nil)
        let transport = Hearing { request in
            told.withLock { $0 = request }
            return HubAnswer(status: 200, headers: [], body: [])
        }
        _ = try await Self.answer(of: transport)
        let request = try #require(told.withLock { $0 })
        let limits = CurlTransport.Limits()
        #expect(request.silentSeconds == limits.silentSeconds)
        #expect(request.timeoutSeconds == limits.totalSeconds)
        #expect(request.answerBytesMax == limits.answerBytes)
    }

    @Test func anAnswerWithoutAnEndIsTakenNoFurtherThanTheBound() async throws {
        let given = Mutex(0)
        let transport = Saying {
            HubAnswer(
                status: 200, headers: [],
                pieces: AsyncStream {
                    given.withLock { $0 += 1 }
                    return [UInt8](repeating: 0, count: 1 << 20)
                })
        }
        let result = try await Self.answer(of: transport) { $0.bytes = 8 << 20 }
        #expect(result == .failure(.notHTTP("the answer has more than \(8 << 20) bytes")))
        #expect(given.withLock { $0 } == 9)
    }

    @Test func aWholeBodyThatIsTooLongIsRefused() async throws {
        let transport = Saying { HubAnswer(status: 200, headers: [], body: [1, 2, 3]) }
        let result = try await Self.answer(of: transport) { $0.bytes = 2 }
        #expect(result == .failure(.notHTTP("the answer has more than 2 bytes")))
    }

    @Test func whatWasCertainlyNotSentIsToldFromWhatMayHaveArrived() async throws {
        let offline = try await Self.answer(of: Hearing { _ in throw RequestNotSent("no network") })
        #expect(
            offline == .failure(.unreachable("http://hub: no network", mayHaveArrived: false)))
        let cut = try await Self.answer(of: Hearing { _ in throw Broken() })
        #expect(cut == .failure(.unreachable("http://hub: Broken()", mayHaveArrived: true)))
    }

    @Test func aBodyThatStopsIsGivenUpAndSoIsItsTask() async throws {
        let transport = Saying {
            HubAnswer(status: 200, headers: [], pieces: Stopping(piece: [1]))
        }
        let result = try await Self.answer(of: transport) { $0.silent = .milliseconds(30) }
        guard case .failure(.unreachable(let reason, mayHaveArrived: true)) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(reason.contains("the answer stopped"))
    }

    @Test func aTransportThatNeverComesBackIsGivenUpAndCancelled() async throws {
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        let transport = Hearing { _ in
            defer { end.yield() }
            try await Never.comes()
        }
        let result = try await Self.answer(of: transport) { $0.total = .milliseconds(30) }
        guard case .failure(.unreachable(let reason, mayHaveArrived: true)) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(reason.contains("no whole answer came within"))
        for await _ in ends { break }
    }

    @Test func anInterruptedRequestCancelsItsTaskAndEvenOneThatDoesNotNotice() async throws {
        let (begins, begin) = AsyncStream.makeStream(of: Void.self)
        let gate = Gate()
        let transport = Hearing { _ in
            begin.yield()
            await gate.pass()
            return HubAnswer(status: 200, headers: [], body: [])
        }
        let interruption = Interruption()
        async let result = Self.answer(of: transport, until: interruption)
        for await _ in begins { break }
        interruption.ask()
        #expect(try await result == .failure(.interrupted))
        gate.open()
    }
}

/// Says the same to every request.
private struct Saying: HubTransport {
    let answer: @Sendable () -> HubAnswer
    func send(_ request: HubRequest) async throws -> HubAnswer { answer() }
}

/// Answers each request.
struct Hearing: HubTransport {
    let answer: @Sendable (HubRequest) async throws -> HubAnswer
    func send(_ request: HubRequest) async throws -> HubAnswer { try await answer(request) }
}

extension AsyncStream where Element: Sendable {
    fileprivate init(_ elements: [Element]) {
        self.init { continuation in
            for element in elements { continuation.yield(element) }
            continuation.finish()
        }
    }

    fileprivate init(_ next: @escaping @Sendable () -> Element) {
        self.init(unfolding: next)
    }
}

/// One piece, and then nothing until it is cancelled.
private struct Stopping: AsyncSequence, AsyncIteratorProtocol, Sendable {
    var piece: [UInt8]?
    func makeAsyncIterator() -> Stopping { self }

    mutating func next() async throws -> [UInt8]? {
        if let piece {
            self.piece = nil
            return piece
        }
        try await Never.comes()
    }
}

extension Never {
    /// Waits until the task is cancelled.
    static func comes() async throws -> Never {
        let (stream, _) = AsyncStream.makeStream(of: Never.self)
        for await _ in stream {}
        throw CancellationError()
    }
}

/// Holds tasks up until it is opened, also those that are cancelled.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
