import Fieldgrid
import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The way to the hub by the platform's own HTTP, in the place of libcurl.
final class SessionTransport: HubTransport {
    private let arrivals = Arrivals()
    private let session: URLSession

    init() {
        let configuration = URLSessionConfiguration.ephemeral
        configuration.urlCache = nil
        session = URLSession(configuration: configuration, delegate: arrivals, delegateQueue: nil)
    }

    deinit { session.invalidateAndCancel() }

    func send(_ request: HubRequest) async throws -> HubAnswer {
        guard let url = URL(string: request.url) else { throw URLError(.badURL) }
        var outgoing = URLRequest(url: url)
        outgoing.httpMethod = request.method
        // It begins anew with every byte that comes or goes.
        outgoing.timeoutInterval = TimeInterval(request.silentSeconds)
        if request.method == "POST" { outgoing.httpBody = Data(request.body) }
        for header in request.headers {
            outgoing.setValue(header.value, forHTTPHeaderField: header.name)
        }
        let task = session.dataTask(with: outgoing)
        defer { arrivals.forgetCancellation(of: task) }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                arrivals.expect(task, of: request, continuation)
            }
        } onCancel: {
            arrivals.cancel(task)
        }
    }
}

/// Hands over the head of each answer at once, and its body as it arrives.
private final class Arrivals: NSObject, URLSessionDataDelegate, Sendable {
    private typealias Pieces = AsyncThrowingStream<[UInt8], any Error>

    private enum Arrival {
        case expected(CheckedContinuation<HubAnswer, any Error>, bytesMax: Int)
        case begun(Pieces.Continuation, bytesLeft: Int)
        /// Nobody waits for it any more, or will.
        case cancelled
    }

    private let arrivals = Mutex<[Int: Arrival]>([:])

    /// Starts a task, unless it was cancelled before it could be.
    func expect(
        _ task: URLSessionTask, of request: HubRequest,
        _ head: CheckedContinuation<HubAnswer, any Error>
    ) {
        let isCancelled = arrivals.withLock { arrivals in
            if case .cancelled? = arrivals[task.taskIdentifier] { return true }
            arrivals[task.taskIdentifier] = .expected(head, bytesMax: request.answerBytesMax)
            return false
        }
        if isCancelled { return head.resume(throwing: CancellationError()) }
        task.resume()
    }

    /// Lets whoever waits for the head go at once: what the session says of a
    /// task that is cancelled may come before the task was started, or late.
    func cancel(_ task: URLSessionTask) {
        let head: CheckedContinuation<HubAnswer, any Error>? = arrivals.withLock { arrivals in
            switch arrivals[task.taskIdentifier] {
            case .expected(let head, _):
                arrivals[task.taskIdentifier] = .cancelled
                return head
            case .begun: return nil
            case .cancelled, nil:
                arrivals[task.taskIdentifier] = .cancelled
                return nil
            }
        }
        task.cancel()
        head?.resume(throwing: CancellationError())
    }

    func forgetCancellation(of task: URLSessionTask) {
        arrivals.withLock { arrivals in
            if case .cancelled? = arrivals[task.taskIdentifier] {
                arrivals[task.taskIdentifier] = nil
            }
        }
    }

    private func begin(_ task: URLSessionTask, _ response: URLResponse) {
        guard let response = response as? HTTPURLResponse else { return task.cancel() }
        let (pieces, body) = Pieces.makeStream()
        // Where nobody reads on, what still comes is not fetched.
        body.onTermination = { if case .cancelled = $0 { task.cancel() } }
        let head: CheckedContinuation<HubAnswer, any Error>? = arrivals.withLock { arrivals in
            guard case .expected(let head, let bytes)? = arrivals[task.taskIdentifier] else {
                return nil
            }
            arrivals[task.taskIdentifier] = .begun(body, bytesLeft: bytes)
            return head
        }
        head?.resume(
            returning: HubAnswer(
                status: response.statusCode,
                headers: response.allHeaderFields.map {
                    HTTPHeader(name: "\($0.key)", value: "\($0.value)")
                }, pieces: pieces))
    }

    /// URLSession does not wait for whoever reads, so what came is counted here too.
    private func take(_ piece: [UInt8], of task: URLSessionTask) {
        let isTooLong = arrivals.withLock { arrivals in
            guard case .begun(let body, let left)? = arrivals[task.taskIdentifier], left >= 0 else {
                return true
            }
            body.yield(piece)
            arrivals[task.taskIdentifier] = .begun(body, bytesLeft: left - piece.count)
            return left < piece.count
        }
        if isTooLong { task.cancel() }
    }

    private func end(_ task: URLSessionTask, _ error: (any Error)?) {
        let arrival = arrivals.withLock { arrivals -> Arrival? in
            if case .cancelled? = arrivals[task.taskIdentifier] { return nil }
            return arrivals.removeValue(forKey: task.taskIdentifier)
        }
        switch arrival {
        case .expected(let head, _): head.resume(throwing: Self.reason(error))
        case .begun(let body, _): body.finish(throwing: error)
        case .cancelled, nil: break
        }
    }

    /// Says where the hub has certainly not received what was to be sent.
    private static func reason(_ error: (any Error)?) -> any Error {
        guard let error = error as? URLError else { return error ?? URLError(.badServerResponse) }
        switch error.code {
        case .notConnectedToInternet, .cannotFindHost, .dnsLookupFailed, .cannotConnectToHost:
            return RequestNotSent(error.localizedDescription)
        default: return error
        }
    }

    // A network's sign-in page redirects everything to itself, and its answer is not the hub's:
    // the redirect itself is what came.
    func urlSession(
        _ session: URLSession, task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
        completionHandler: @escaping (URLRequest?) -> Void
    ) {
        begin(task, response)
        end(task, nil)
        completionHandler(nil)
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        begin(dataTask, response)
        completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        take(Array(data), of: dataTask)
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
    ) {
        end(task, error)
    }
}
