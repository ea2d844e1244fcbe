import FieldgridHub
import FieldgridModel
import FieldgridNode
import FieldgridReplica
import FieldgridSync

/// A bundle on its way.
struct Stick {
    /// Whose it is, or for whom.
    var node: Int
    var isForHub: Bool
    var file: [UInt8]
}

/// Exchange by files: in any order, any number of times.
extension Simulation {
    private static let sticksMax = 12

    private func add(_ stick: Stick) {
        sticks.append(stick)
        if sticks.count > Self.sticksMax { sticks.removeFirst() }
    }

    /// What waits, from where the last stick ended or from the oldest.
    func exportStick(from node: SimulatedNode) throws {
        let oldest = try node.replica.firstToSend()
        var next = oldest
        if let oldest, step % 3 == 0, node.exportedThrough >= oldest {
            next = node.exportedThrough + 1
        }
        var sections: [[UInt8]] = []
        while sections.count < 4 {
            let (request, encoded) = try node.replica.request(
                from: next, maxChangesets: 4, naming: .ids)
            if request.batch == nil, !sections.isEmpty { break }
            try noteSent(request, by: node)
            keepStamp(request, of: node)
            sections.append(encoded)
            trace.note("section", encoded)
            guard let batch = request.batch, let first = next else { break }
            next = first + Int64(batch.changesets.count)
            node.exportedThrough = first + Int64(batch.changesets.count) - 1
        }
        let bundle = SealedBundle(
            direction: .toHub, node: node.device.node, incarnation: node.replica.incarnation,
            hub: hub.key.publicKey, madeAt: node.clock.milliseconds, sections: sections)
        add(Stick(node: node.index, isForHub: true, file: bundle.sealed(by: node.key)))
    }

    func readStick(_ place: Int, at who: Int) throws {
        let isHub = who == Operation.hub
        let suitable = sticks.filter { $0.isForHub == isHub && (isHub || $0.node == who) }
        guard !suitable.isEmpty else { return }
        // Seldom it is somebody else's.
        let stick =
            place % 50 == 0 ? sticks[place % sticks.count] : suitable[place % suitable.count]
        do {
            if isHub {
                try readAtHub(stick)
            } else if nodes.indices.contains(who) {
                try read(stick, at: nodes[who])
            }
        } catch let problem as BundleProblem where problem.code != "bundle.damaged" {
            marks.insert(.stickRefused)
        } catch let error as ReplicaError where error.code == .replyAhead {
            // One that comes before it is still on its way.
        }
    }

    private func readAtHub(_ stick: Stick) throws {
        let result = try hub.hub.importBundle(stick.file, key: hub.key)
        if result.waiting > 0 { marks.insert(.waitedForPredecessor) }
        if result.accepted > 0 { marks.insert(.stick) }
        if result.repeated > 0 { marks.insert(.stickRepeated) }
        trace.note("stick \(result.accepted) \(result.repeated) \(result.waiting)")
        guard let reply = result.reply else { return }
        let (bundle, _) = try SealedBundle.open(reply.file, as: .toNode)
        for section in bundle.sections { try noteAnswered(section, to: nodes[stick.node]) }
        add(Stick(node: stick.node, isForHub: false, file: reply.file))
    }

    private func read(_ stick: Stick, at node: SimulatedNode) throws {
        let (bundle, signer) = try SealedBundle.open(stick.file, as: .toNode)
        guard signer == hub.key.publicKey, bundle.node == node.device.node else {
            throw BundleProblem.foreignDevice
        }
        let isForAnyLife = bundle.incarnation.bits == UUIDBits(high: 0, low: 0)
        guard isForAnyLife || bundle.incarnation == node.replica.incarnation else {
            throw BundleProblem.otherIncarnation
        }
        let replies = try bundle.sections.map { try ExchangeCodec.decodeReply($0) }
        if let known = node.replica.epoch, replies.contains(where: { $0.epoch.bits < known.bits }) {
            return
        }
        for reply in replies {
            let applied = try apply(reply, at: node)
            if applied.epochChanged || applied.rebased { try apply(reply, at: node) }
        }
    }

    func keepStamp(_ request: ExchangeRequest, of node: SimulatedNode) {
        guard let last = request.batch?.changesets.last?.identity else { return }
        let known = node.stamps.stamp
        if known?.incarnation != last.incarnation || known.map({ $0.sent < last.seq }) == true {
            node.stamps.keep(SentStamp(incarnation: last.incarnation, sent: last.seq))
        }
    }
}
