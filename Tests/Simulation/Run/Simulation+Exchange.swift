import CSimulationVFS
import FieldgridHub
import FieldgridModel
import FieldgridNode
import FieldgridReplica
import FieldgridSync

/// A replica that lets the ledger read along.
private final class WatchedReplica: ExchangingReplica {
    private let simulation: Simulation
    private let node: SimulatedNode

    init(_ simulation: Simulation, _ node: SimulatedNode) {
        self.simulation = simulation
        self.node = node
    }

    var positions: [ScopeCode: Position] { node.replica.positions }

    func nextRequest(
        maxChangesets: Int, maxBytes: Int, naming: RecordNaming
    ) throws -> (request: ExchangeRequest, encoded: [UInt8]) {
        let next = try node.replica.nextRequest(
            maxChangesets: maxChangesets, maxBytes: maxBytes, naming: naming)
        node.asked = next.request
        try simulation.noteSent(next.request, by: node)
        return next
    }

    func apply(_ reply: ExchangeReply) throws -> AppliedReply {
        try simulation.apply(reply, at: node)
    }
}

/// The way to the hub and back, with a fault for each request of a sync.
private final class FaultyTransport: HTTPTransport {
    let address = "http://hub.simulated"
    private let simulation: Simulation
    private let node: SimulatedNode
    private var legs: [Leg]

    init(_ simulation: Simulation, _ node: SimulatedNode, _ legs: [Leg]) {
        self.simulation = simulation
        self.node = node
        self.legs = legs
    }

    func send(_ call: HTTPCall) throws(TransportFailure) -> HTTPAnswer {
        let leg = legs.isEmpty ? .fine : legs.removeFirst()
        do {
            return try simulation.carry(call, from: node, leg)
        } catch let failure as TransportFailure {
            throw failure
        } catch {
            simulation.hubFailure = error
            throw .unreachable("the hub failed: \(ErrorWord.of(error))", mayHaveArrived: true)
        }
    }
}

extension Simulation {
    // MARK: What the program does

    /// Exchanges until nothing waits, with the production's driver.
    func sync(_ node: SimulatedNode, legs: [Leg]) throws {
        node.awaited = nil
        requests += 1
        let client = node.client(
            FaultyTransport(self, node, legs), hub: hub.key.publicKey, draws: requests)
        defer { node.clockOffset = client.clockOffset }
        var driver = ExchangeDriver(
            replica: WatchedReplica(self, node), client: client, stamps: node.stamps)
        hubFailure = nil
        let offset = node.clockOffset
        do {
            if node.isEmpty { try fetchFirstCopy(of: node, client) }
            let report = try driver.run()
            trace.note("synced \(report.pushed) \(report.pulled) \(report.quarantined)")
        } catch {
            if let hubFailure { throw hubFailure }
            throw error
        }
        if client.clockOffset != offset { marks.insert(.wrongTime) }
    }

    private func fetchFirstCopy(of node: SimulatedNode, _ client: HubClient) throws {
        let fetched = try SnapshotFetch(
            folder: node.disk.folder, replica: node.replica, client: client
        ).run { _ in }
        node.isEmpty = false
        if fetched > 0 { marks.insert(.firstCopy) }
    }

    /// One signed request to the hub and the answer back.
    func carry(_ call: HTTPCall, from node: SimulatedNode, _ leg: Leg) throws -> HTTPAnswer {
        timeline.advance(to: timeline.now + leg.delay)
        switch leg.fault {
        case .busy:
            return HTTPAnswer(status: 503, headers: [], body: Array("busy".utf8))
        case .portal:
            marks.insert(.portal)
            return HTTPAnswer(
                status: 200, headers: [HeaderField("content-type", "text/html")],
                body: Array("<html>sign in</html>".utf8))
        case .none, .lost, .cut, .altered: break
        }
        var call = call
        if case .altered(let place) = leg.fault, place % 2 == 0, !call.body.isEmpty {
            call.body = damaged(call.body, .altered(place))
        }
        fg_sim_set_time(max(1, hub.clock.milliseconds))
        var answer = try hub.answer(call)
        fg_sim_set_time(max(1, node.clock.milliseconds))
        timeline.advance(to: timeline.now + leg.delay)
        trace.note("answer \(answer.status)", answer.body)
        if answer.status == 200, call.target.path == ExchangeDriver.path {
            try noteAnswered(answer.body, to: node)
        }
        switch leg.fault {
        case .lost:
            marks.insert(.lostReply)
            throw TransportFailure.unreachable("lost", mayHaveArrived: true)
        case .cut:
            marks.insert(.cutReply)
            answer.body = damaged(answer.body, leg.fault)
        case .altered(let place) where place % 2 == 1:
            answer.body = damaged(answer.body, leg.fault)
        default: break
        }
        return answer
    }

    func damaged(_ bytes: [UInt8], _ fault: Leg.Fault) -> [UInt8] {
        var bytes = bytes
        switch fault {
        case .cut(let thousandths): return Array(bytes.prefix(bytes.count * thousandths / 1000))
        case .altered(let place):
            guard !bytes.isEmpty else { return bytes }
            bytes[place % bytes.count] ^= 0x41
            return bytes
        default: return bytes
        }
    }

    // MARK: One request as a message

    func send(from node: SimulatedNode, _ link: Link) throws {
        let (request, encoded) = try node.replica.nextRequest()
        try noteSent(request, by: node)
        node.asked = request
        keepStamp(request, of: node)
        let received = try ExchangeCodec.decodeRequest(encoded)
        if received.batch?.references.contains(where: \.isNumber) == true {
            marks.insert(.byNumber)
        }
        requests += 1
        node.awaited = requests
        trace.note("request", encoded)
        let message = Message(
            node: node.index, life: node.lives, number: requests,
            content: .request(encoded, link))
        queue.add(message, at: timeline.now + link.up.delay)
        if let later = link.repeated {
            marks.insert(.repeatedRequest)
            queue.add(message, at: timeline.now + link.up.delay + later)
        }
    }

    func receive(_ message: Message) throws {
        let node = nodes[message.node]
        switch message.content {
        case .request(let bytes, let link):
            try act(as: Operation.hub) {
                try self.request(bytes, link, from: node, message)
            }
        case .reply(let bytes, let fault):
            try act(as: message.node) {
                try self.reply(bytes, fault, to: node, message)
            }
        }
    }

    private func request(
        _ bytes: [UInt8], _ link: Link, from node: SimulatedNode, _ message: Message
    ) throws {
        guard link.up.fault == .none else {
            // The signature or the digest refuses it; reading it must still be safe.
            _ = try? ExchangeCodec.decodeRequest(damaged(bytes, link.up.fault))
            return
        }
        guard let device = try hub.hub.device(keyID: node.device.keyID), device.revokedAt == nil
        else { return }
        let answer = try hub.hub.exchange(bytes, device: node.device)
        trace.note("reply", answer)
        try noteAnswered(answer, to: node)
        let reply = Message(
            node: message.node, life: message.life, number: message.number,
            content: .reply(answer, link.down.fault))
        queue.add(reply, at: timeline.now + link.down.delay)
    }

    private func reply(
        _ bytes: [UInt8], _ fault: Leg.Fault, to node: SimulatedNode, _ message: Message
    ) throws {
        guard fault == .none else {
            if fault == .portal { marks.insert(.portal) }
            if fault == .lost { marks.insert(.lostReply) }
            if case .cut = fault {
                marks.insert(.cutReply)
                _ = try? ExchangeCodec.decodeReply(damaged(bytes, fault))
            }
            return
        }
        guard node.lives == message.life else {
            marks.insert(.crashInExchange)
            return
        }
        // A reply that comes after another one, as by a stick, is read all the same.
        if node.awaited != message.number { marks.insert(.lateReply) }
        try apply(ExchangeCodec.decodeReply(bytes), at: node)
    }
}

extension RecordReference {
    fileprivate var isNumber: Bool {
        if case .number = self { true } else { false }
    }
}
