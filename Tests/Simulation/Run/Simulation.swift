import CSimulationVFS
import FieldgridHub
import FieldgridModel
import FieldgridNode
import FieldgridReplica
import FieldgridSync

/// One world: a hub, its nodes, the network between them, and what they
/// promised so far.
///
/// Everything happens on the thread that calls it.
final class Simulation {
    let plan: Plan
    let timeline = Timeline()
    let hub: SimulatedHub
    var nodes: [SimulatedNode] = []
    var queue: EventQueue
    var trace = Trace()
    var marks: Set<Mark> = []
    var ledger = Ledger()
    /// Sticks that lie about, the newest last.
    var sticks: [Stick] = []
    /// Heads of the hub's audit logs, as a witness outside keeps them.
    var witnessed: [SignedHead] = []
    /// How many operations were performed.
    private(set) var step = 0
    /// Requests sent so far, to tell replies apart.
    var requests = 0
    /// What a hub threw inside a node's sync, for the node to be blamed or not.
    var hubFailure: (any Error)?
    /// What a disk that lost power loses, by machine.
    private var armed: [Int: UInt64] = [:]
    private var failuresKnown: [Int: Int64] = [:]
    private var lastMoment: Int64

    init(_ plan: Plan) throws {
        self.plan = plan
        queue = EventQueue(seed: plan.seed)
        lastMoment = timeline.now
        fg_sim_set_time(timeline.now)
        hub = try SimulatedHub(
            timeline, seed: plan.seed, replyBytes: plan.replyBytes)
        for (index, grid) in plan.nodes.enumerated() {
            let node = try SimulatedNode(
                index, scope: Town.grids[grid], hub: hub, timeline, seed: plan.seed,
                isOld: plan.old?.contains(index) == true)
            nodes.append(node)
            ledger.enrolled.insert(node.device.node)
        }
        for node in nodes { try joined(node) }
        noteHub()
    }

    deinit { fg_sim_set_time(0) }

    private func joined(_ node: SimulatedNode) throws {
        for _ in 0..<100 {
            let request = try node.replica.nextRequest()
            let bytes = try hub.hub.exchange(request.encoded, device: node.device)
            let applied = try node.replica.apply(ExchangeCodec.decodeReply(bytes))
            if !applied.hasMore { return }
        }
    }

    /// Performs one operation, after everything that arrives before it.
    func perform(_ operation: Operation) throws {
        step += 1
        let moment = lastMoment + max(0, operation.after)
        lastMoment = moment
        try deliver(by: moment)
        timeline.advance(to: moment)
        try act(as: operation.who) { try self.carryOut(operation) }
        noteHub()
        if step % 10 == 0 { try checkGroups() }
        if step % 50 == 0 { try checkHealth() }
        if step % 100 == 0 { try checkAudit() }
        trace.note("\(step) \(timeline.now) \(operation.who) \(name(of: operation.what))")
    }

    /// Lets everything arrive that is under way until then.
    func deliver(by moment: Int64) throws {
        while let (time, message) = queue.next(by: moment) {
            timeline.advance(to: time)
            try receive(message)
        }
        lastMoment = max(lastMoment, moment == .max ? timeline.now : moment)
    }

    /// Notes what the hub goes by now.
    func noteHub() { ledger.hubIncarnations.insert(hub.hub.identity.incarnation) }

    private func name(of action: Action) -> String {
        let text = String(describing: action)
        return String(text.prefix { $0 != "(" })
    }

    // MARK: Machines

    func disk(of machine: Int) -> Disk {
        machine == Operation.hub ? hub.disk : nodes[machine].disk
    }

    func clock(of machine: Int) -> WrongClock {
        machine == Operation.hub ? hub.clock : nodes[machine].clock
    }

    /// Runs something at a machine under its own clock; what a broken disk
    /// throws is part of life, everything else is a violation.
    func act(as machine: Int, _ body: () throws -> Void) throws {
        guard machine == Operation.hub || nodes.indices.contains(machine) else { return }
        fg_sim_set_time(max(1, clock(of: machine).milliseconds))
        defer { fg_sim_set_time(max(1, timeline.now)) }
        do {
            try body()
        } catch {
            try absorb(error, at: machine)
        }
        try recoverDisk(of: machine)
        if machine != Operation.hub { try recoverDisk(of: Operation.hub) }
    }

    private func absorb(_ error: any Error, at machine: Int) throws {
        trace.note("\(machine) failed: \(ErrorWord.of(error))")
        if error is Violation || error is SimulationError { throw error }
        let isBroken = disk(of: machine).failures > failuresKnown[machine, default: 0]
        let isHubBroken = hub.disk.failures > failuresKnown[Operation.hub, default: 0]
        let isRewound = marks.contains(.hubRewound) && ErrorWord.of(error) == "sync.hub-went-back"
        guard isBroken || isHubBroken || isRewound || ErrorWord.isExpected(error) else {
            throw Violation("unexpected", "machine \(machine): \(error)")
        }
    }

    /// Cuts the power of a machine whose disk is off, and starts it again.
    private func recoverDisk(of machine: Int) throws {
        let failures = disk(of: machine).failures
        guard failures > failuresKnown[machine, default: 0] else { return }
        failuresKnown[machine] = failures
        if let chance = armed.removeValue(forKey: machine) {
            try crash(machine, chance: chance)
        } else {
            try bringUp(machine)
        }
    }

    /// A machine that did not come up again: somebody sees to its disk.
    private func bringUp(_ machine: Int) throws {
        if machine == Operation.hub {
            guard (try? hub.store.read({ try $0.heads() })) == nil else { return }
            disk(of: machine).heal()
            try hub.restart()
        } else {
            guard (try? nodes[machine].replica.counts()) == nil else { return }
            disk(of: machine).heal()
            try nodes[machine].restart()
        }
    }

    /// Lets the power go at a later operation of the disk.
    func arm(_ machine: Int, after operations: Int, chance: UInt64) {
        armed[machine] = chance
        disk(of: machine).fail(.power, after: operations)
    }

    func crash(_ machine: Int, chance: UInt64) throws {
        armed[machine] = nil
        if machine == Operation.hub {
            try hub.crash(chance: chance)
            marks.insert(.hubCrash)
        } else {
            try nodes[machine].crash(chance: chance)
            try checkReported(nodes[machine])
            marks.insert(.crash)
        }
        failuresKnown[machine] = disk(of: machine).failures
        if disk(of: machine).fates.torn > 0 { marks.insert(.tornSectors) }
    }

    /// No machine fails from here on, and every clock is right.
    func heal() throws {
        for machine in [Operation.hub] + Array(nodes.indices) {
            disk(of: machine).heal()
            armed[machine] = nil
            try bringUp(machine)
            clock(of: machine).offset = 0
            clock(of: machine).drift = 0
        }
        // A hub believes once an hour that its file was put back without a word.
        if marks.contains(.hubRewound) { timeline.advance(to: timeline.now + 3_700_000) }
        try deliver(by: .max)
    }
}
