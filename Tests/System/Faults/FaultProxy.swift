import Foundation
import Synchronization
import TestSupport

/// What a link does with one request and its answer.
enum LinkFault: String, CaseIterable, Sendable {
    case refused
    case requestCut
    case answerCut
    case answerLost
    case answerAborted
    case sentTwice
    case sentTwiceAtOnce
    case late
    /// A network's own page in place of the hub's answer.
    case portal
    /// The hub's answer to the request before.
    case answerOfBefore
}

/// A link between devices and their hub, over real sockets, that fails as a
/// seed says, one request after the other.
final class FaultProxy: Sendable {
    private let listener: Listener
    private let link: Link

    var url: String { listener.url }

    /// Leads to the hub at a port of loopback.
    init(to hub: UInt16, seed: UInt64) throws {
        let link = Link(to: hub, seed: seed)
        self.link = link
        listener = try Listener { link.serve($0) }
    }

    /// From now on every request is passed on.
    func heal() { link.weather.withLock { $0.isHealed = true } }

    /// The next requests meet these, one each, and those after them nothing.
    func plan(_ faults: [LinkFault]) {
        link.weather.withLock { weather in
            weather.planned = faults
            weather.isHealed = true
        }
    }

    /// How often each fault came about.
    var faults: [LinkFault: Int] { link.weather.withLock { $0.faults } }
    var requests: Int { link.weather.withLock { $0.requests } }
}

/// Up for some requests, then down for some.
private struct Weather {
    var random: SeededRandom
    var isHealed = false
    var planned: [LinkFault] = []
    var faults: [LinkFault: Int] = [:]
    var requests = 0
    private var isUp = true

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    /// What happens to the next request, and where it is cut, if it is.
    mutating func next() -> (fault: LinkFault?, place: Double) {
        requests += 1
        let place = Double.random(in: 0..<1, using: &random)
        var fault: LinkFault?
        if !planned.isEmpty {
            fault = planned.removeFirst()
        } else if !isHealed {
            if Int.random(in: 0..<3, using: &random) == 0 { isUp.toggle() }
            fault = isUp ? nil : LinkFault.allCases.randomElement(using: &random)
        }
        if let fault { faults[fault, default: 0] += 1 }
        return (fault, place)
    }
}

/// What the threads of the connections share.
private final class Link: Sendable {
    let weather: Mutex<Weather>
    private let hub: UInt16
    private let answerBefore = Mutex<[UInt8]?>(nil)

    init(to hub: UInt16, seed: UInt64) {
        self.hub = hub
        weather = Mutex(Weather(seed: seed))
    }

    func serve(_ client: Connection) {
        while let request = client.message() {
            let (fault, place) = weather.withLock { $0.next() }
            guard pass(request, of: client, fault, place) else { return }
        }
    }

    /// Returns whether the connection goes on.
    private func pass(
        _ request: [UInt8], of client: Connection, _ fault: LinkFault?, _ place: Double
    ) -> Bool {
        switch fault {
        case .refused:
            client.abort()
            return false
        case .requestCut:
            Connection.open(port: hub)?.send(request.prefix(cut(request, place)))
            return false
        case .portal: return client.send(Self.portal)
        case .answerOfBefore:
            guard let answer = answerBefore.withLock({ $0 }) else { return false }
            return client.send(answer)
        case .sentTwiceAtOnce:
            let other = Connection.open(port: hub)
            other?.send(request)
            let answer = ask(request)
            _ = other?.message()
            return answer.map { client.send($0) } ?? false
        case .sentTwice: _ = ask(request)
        case .late: poll(nil, 0, Int32(50 + place * 250))
        case .answerCut, .answerLost, .answerAborted, nil: break
        }
        guard let answer = ask(request) else { return false }
        switch fault {
        case .answerCut: client.send(answer.prefix(cut(answer, place)))
        case .answerAborted:
            client.send(answer.prefix(cut(answer, place)))
            client.abort()
        case .answerLost: break
        default: return client.send(answer)
        }
        return false
    }

    /// Where a message is cut: before its end, and half of the time in its body.
    private func cut(_ message: [UInt8], _ place: Double) -> Int {
        Int(Double(message.count) * place)
    }

    private func ask(_ request: [UInt8]) -> [UInt8]? {
        guard let connection = Connection.open(port: hub), connection.send(request),
            let answer = connection.message()
        else { return nil }
        answerBefore.withLock { $0 = answer }
        return answer
    }

    private static let portal: [UInt8] = {
        let page = "<html><body>Please accept our terms</body></html>"
        return Array(
            ("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: \(page.utf8.count)"
                + "\r\n\r\n" + page).utf8)
    }()
}
