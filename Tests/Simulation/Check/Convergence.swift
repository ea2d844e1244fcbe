import FieldgridHub
import FieldgridModel
import FieldgridReplica

/// What holds when the faults are over and everybody has exchanged.
extension Simulation {
    /// How many syncs a node may need until nothing waits.
    static let syncsMax = 3

    /// A core of the nodes is healed and must converge; then all must.
    func converge() throws {
        try heal()
        let known = nodes.filter { isKnown($0.index) }
        try settleDown(known.filter { $0.index % 2 == 0 })
        try settleDown(known)
        try noteMarks()
        try checkPromises()
        try checkReference()
        try checkAudit()
        try checkHealth()
    }

    /// Whether the hub talks to a node.
    private func isKnown(_ index: Int) -> Bool {
        let device = nodes[index].device.node
        return ledger.enrolled.contains(device) && !ledger.revoked.contains(device)
    }

    private func settleDown(_ some: [SimulatedNode]) throws {
        // What a repair finds takes another round.
        let rounds = marks.isDisjoint(with: [.damaged, .hubRestored, .hubRewound]) ? 2 : 4
        for _ in 0..<rounds {
            for node in some { try settleDown(node) }
        }
        for node in some {
            try act(as: node.index) { try self.checkEqual(node) }
        }
    }

    private func settleDown(_ node: SimulatedNode) throws {
        for _ in 0..<Self.syncsMax {
            try act(as: node.index) { try self.sync(node, legs: []) }
            if try node.replica.counts().outbox == 0 { return }
        }
        throw Violation("I15", "node \(node.index) still has an outbox after healing")
    }

    // MARK: I5

    /// The rows of a node are those of the hub, restricted to its scope.
    func checkEqual(_ node: SimulatedNode) throws {
        let held = try heldBack(node)
        for type in hub.hub.schema.types {
            // An old program carries what it does not know, and does not show it.
            let fields = Set(node.replica.schema.type(type.number)?.fields.map(\.number) ?? [])
            let truth = try lines(of: hub.hub, type, held, fields) {
                covers(node.scope, $0)
                    || (type.shared && covers($0, node.scope))
            }
            guard let local = node.replica.schema.type(type.number) else { continue }
            let rows = try lines(of: node.replica, local, held, fields) { _ in true }
            // As bytes: Swift calls some different texts equal.
            guard truth.map({ Array($0.utf8) }) != rows.map({ Array($0.utf8) }) else { continue }
            let missing = truth.filter { !rows.contains($0) }.prefix(2)
            let extra = rows.filter { !truth.contains($0) }.prefix(2)
            throw Violation(
                "I5",
                "\(type.name) differs at node \(node.index) of \(node.scope); hub: "
                    + missing.joined(separator: " | ") + "; node: "
                    + extra.joined(separator: " | "))
        }
    }

    /// Records whose rows legitimately show a value that the hub set aside.
    private func heldBack(_ node: SimulatedNode) throws -> Set<RecordID> {
        Set(try node.replica.quarantined().flatMap(\.changeset.changes).map(\.record))
    }

    private func lines(
        of store: any RecordStore, _ type: RecordType, _ held: Set<RecordID>,
        _ fields: Set<UnitNumber>, _ isWanted: (ScopeCode) -> Bool
    ) throws -> [String] {
        var lines: [String] = []
        try store.forEachRecord(of: type, where: []) { record in
            guard isWanted(record.scope), !held.contains(record.id) else { return true }
            let values = record.values.filter { fields.contains($0.key) }
                .sorted { $0.key < $1.key }
                .map { "\($0.key.value)=\(text($0.value))" }
            lines.append("\(record.id) \(record.scope) \(values.joined(separator: " "))")
            return true
        }
        return lines.sorted()
    }

    private func text(_ value: Value) -> String {
        switch value {
        case .null: "-"
        case .integer(let number): String(number)
        case .text(let text): text
        }
    }

    // MARK: I1, I2, I3

    /// Every value that was reported saved is in the hub's history once, or
    /// waits there with its reason.
    func checkPromises() throws {
        var histories: [RecordID: [HistoryRow]] = [:]
        for saved in ledger.saved
        where saved.machine == Operation.hub || isKnown(saved.machine) {
            let rows =
                try histories[saved.record]
                ?? hub.store.read { try $0.history(of: saved.record) }
            histories[saved.record] = rows
            // A settlement, which has a note, offers a value once more.
            let found = rows.flatMap(\.units).filter {
                $0.unit == saved.unit && $0.value == saved.value && $0.note == nil
            }.count
            if found == 0, try saved.isExcused || waits(saved) { continue }
            guard found > 0 else {
                throw Violation(
                    "I1",
                    "unit \(saved.unit.value) of \(saved.record), saved at machine "
                        + "\(saved.machine), is not in the hub's history")
            }
            guard found == 1 || saved.isForeign else {
                throw Violation(
                    "I3",
                    "unit \(saved.unit.value) of \(saved.record) is in the hub's history "
                        + "\(found) times")
            }
        }
        for (identity, outcome) in ledger.receipts {
            let kept = try hub.store.read {
                try $0.answers(identity.incarnation, identity.seq...identity.seq)
            }
            guard kept.first?.outcome == outcome || isRelease(kept.first?.outcome) else {
                throw Violation("I2", "the hub forgot its receipt for \(word(identity))")
            }
        }
    }

    private func isRelease(_ outcome: Receipt.Outcome?) -> Bool {
        if case .quarantined? = outcome { return true }
        return false
    }

    private func waits(_ saved: Ledger.Saved) throws -> Bool {
        let names =
            saved.machine == Operation.hub
            ? [] : ledger.incarnations[saved.machine, default: []].sorted()
        let waiting = try hub.store.read { view in
            try names.flatMap { try view.waiting(for: [saved.record], of: $0) }
        }
        return waiting.flatMap(\.changeset.changes).contains {
            $0.record == saved.record && $0.unit == saved.unit && $0.value == saved.value
        }
    }
}
