import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridService
import GRDB

extension Simulation {
    func carryOut(_ operation: Operation) throws {
        let who = operation.who
        switch operation.what {
        case .create(let record, let grid, let values, let source):
            try create(record, in: Town.grids[grid], values, source, at: who)
        case .child(let record, let parent, let values):
            try createChild(record, of: parent, values, at: who)
        case .edit(let record, let values, let source):
            try save([edit(record, .update, values)], source, at: who)
        case .delete(let record): try save([edit(record, .delete, [])], 2, at: who)
        case .move(let record, let grid):
            try save([edit(record, .move(Town.grids[grid]), [])], 2, at: who)
        case .batch(let first, let count, let grid):
            try batch(first, count, in: Town.grids[grid], at: who)
        case .settle(let place, let side, let value):
            try settle(place, side: side, value: value, at: who)
        case .verify(let record): try verify(record, at: who)
        case .clock(let offset, let drift):
            let clock = clock(of: who)
            if offset < clock.offset { marks.insert(.clockBack) }
            clock.offset = offset
            clock.drift = drift
        case .refresh, .tick, .revoke: try administer(operation)
        case .send, .sync, .crash, .restart, .disk, .foreign: try runMachine(operation)
        case .backUp, .restore, .clone:
            if nodes.indices.contains(who) { try copy(nodes[who], operation.what) }
        }
    }

    private func administer(_ operation: Operation) throws {
        switch operation.what {
        case .refresh(let open):
            let period = RefreshPeriod(at: hub.clock.milliseconds)
            if open {
                try hub.hub.openRefresh(period)
                marks.insert(.refreshOpened)
            } else if try hub.hub.refreshStatus(period).isOpen {
                try hub.hub.closeRefresh(period)
            }
        case .tick: try hub.hub.tick()
        case .revoke:
            guard nodes.indices.contains(operation.who) else { return }
            let node = nodes[operation.who]
            _ = try hub.hub.revoke(node.device.node.description)
            for other in nodes where other.device.node == node.device.node {
                ledger.revoked.insert(other.index)
            }
            marks.insert(.revoked)
        default: return
        }
    }

    private func runMachine(_ operation: Operation) throws {
        let who = operation.who
        switch operation.what {
        case .crash(let after, let chance):
            if after == 0 {
                try crash(who, chance: chance)
            } else {
                arm(who, after: after, chance: chance)
            }
        case .restart:
            if who == Operation.hub { try hub.restart() } else { try nodes[who].restart() }
        case .disk(let failure, let after, let count):
            guard failure != .power else { return }
            disk(of: who).fail(failure, after: after, count: count)
        case .send(let link):
            if nodes.indices.contains(who) { try send(from: nodes[who], link) }
        case .sync(let legs):
            if nodes.indices.contains(who) { try sync(nodes[who], legs: legs) }
        case .foreign(let record, let values):
            if nodes.indices.contains(who) { try foreignEdit(record, values, at: nodes[who]) }
        default: return
        }
    }

    // MARK: Copies

    private func copy(_ node: SimulatedNode, _ action: Action) throws {
        switch action {
        case .backUp: try node.backUp()
        case .restore(let wholeMachine):
            guard node.hasBackup else { return }
            ledger.excuse(node.index)
            try node.restore(wholeMachine: wholeMachine)
            ledger.lastSequence[node.index] = node.replica.lastSequence
            marks.insert(wholeMachine ? .machineRestored : .restored)
        case .clone:
            guard nodes.count < 8 else { return }
            try node.replica.close()
            let copy = try SimulatedNode(nodes.count, copyOf: node, timeline)
            nodes.append(copy)
            try node.restart()
            ledger.copied.formUnion([node.index, copy.index])
            if ledger.revoked.contains(node.index) { ledger.revoked.insert(copy.index) }
            marks.insert(.cloned)
        default: return
        }
    }

    // MARK: Saving

    func store(of machine: Int) -> any RecordStore {
        machine == Operation.hub ? hub.hub : nodes[machine].replica
    }

    static func isVisit(_ record: Int) -> Bool { record >= 1_000_000 }

    func type(of record: Int, at machine: Int) throws -> RecordType? {
        try store(of: machine).schema.type(
            Self.isVisit(record) ? Town.Visit.type : Town.Site.type)
    }

    func stored(_ record: Int, at machine: Int) throws -> StoredRecord? {
        guard let type = try type(of: record, at: machine) else { return nil }
        let found = try store(of: machine).record(.simulated(record), type: type)
        return found?.isAlive == true ? found : nil
    }

    private func edit(_ record: Int, _ kind: RecordEdit.Kind, _ values: [Entry]) -> RecordEdit {
        var numbered: [UnitNumber: Value] = [:]
        for entry in values { numbered[UnitNumber(entry.field)] = entry.value }
        return RecordEdit(
            type: Self.isVisit(record) ? Town.Visit.type : Town.Site.type,
            id: .simulated(record), kind: kind, values: numbered)
    }

    private func create(
        _ record: Int, in grid: ScopeCode, _ values: [Entry], _ source: Int, at who: Int
    ) throws {
        guard try type(of: record, at: who) != nil, try !exists(record, at: who) else { return }
        try save([edit(record, .create(grid), values)], source, at: who, isNew: true)
    }

    private func createChild(_ record: Int, of parent: Int, _ values: [Entry], at who: Int) throws {
        guard try !exists(record, at: who), let above = try stored(parent, at: who) else { return }
        var child = edit(record, .create(above.scope), values)
        child.values[Town.Visit.site] = .text(RecordID.simulated(parent).description)
        try save([child], 2, at: who, isNew: true)
    }

    private func exists(_ record: Int, at machine: Int) throws -> Bool {
        guard let type = try type(of: record, at: machine) else { return false }
        return try store(of: machine).record(.simulated(record), type: type) != nil
    }

    private func batch(_ first: Int, _ count: Int, in grid: ScopeCode, at who: Int) throws {
        guard try type(of: first, at: who) != nil else { return }
        let drafts = try (first..<(first + count)).filter { try !exists($0, at: who) }.map {
            draft(
                [edit($0, .create(grid), [Entry(field: Town.Site.name.value, text: "批\($0)")])],
                source: 4, at: who)
        }
        let before = lastSequence(at: who)
        try store(of: who).save(drafts)
        marks.insert(.batch)
        for draft in drafts { try note(saved: draft, at: who, after: before) }
    }

    private func lastSequence(at machine: Int) -> Int64 {
        machine == Operation.hub ? 0 : nodes[machine].replica.lastSequence
    }

    private func save(
        _ edits: [RecordEdit], _ source: Int, at who: Int, isNew: Bool = false
    ) throws {
        for edit in edits where !isNew {
            guard let number = edit.id.simulatedNumber, try stored(number, at: who) != nil else {
                return
            }
            if case .move(let grid) = edit.kind {
                guard try stored(number, at: who)?.scope != grid else { return }
            }
        }
        let draft = draft(edits, source: source, at: who)
        let before = lastSequence(at: who)
        try store(of: who).save(draft)
        try note(saved: draft, at: who, after: before)
        if who == Operation.hub { marks.insert(.hubEdit) }
        for edit in edits {
            if edit.kind == .delete { marks.insert(.deletion) }
            if case .move = edit.kind { marks.insert(.move) }
        }
    }

    private func draft(_ edits: [RecordEdit], source: Int, at who: Int) -> ActionDraft {
        let sources = ValueSource.allCases
        let author = who == Operation.hub ? "虚构文员" : nodes[who].device.holder
        return ActionDraft(
            author: author,
            source: who == Operation.hub ? .registry : sources[source % (sources.count - 1)],
            savedAt: clock(of: who).milliseconds, edits: edits)
    }

    // MARK: People

    private func settle(_ place: Int, side: Int, value: Int, at who: Int) throws {
        let open = try openConflicts(at: who)
        guard !open.isEmpty else { return }
        let conflict = open[place % open.count]
        let random = SeededRandom(seed: plan.seed, for: "settle \(step)")
        let service =
            who == Operation.hub ? try hub.service(random) : try nodes[who].service(random)
        let choice: ConflictChoice = side == 0 ? .winner : .side(number: 1 + side % 2)
        do {
            _ = try service.answer(
                .conflicts(
                    ask: .resolve(ids: [conflict.description], choice: choice, note: "选\(value)")))
        } catch let error as ReplicaError where error.code == .recordUnknown {
            // Deleted here meanwhile: there is nothing to settle any more.
            return
        }
        if who != Operation.hub {
            marks.insert(.settledAtNode)
            ledger.lastSequence[who] = nodes[who].replica.lastSequence
        }
    }

    func openConflicts(at who: Int) throws -> [RecordID] {
        let store = store(of: who)
        guard let type = try store.schema.type(named: SystemTypes.Conflict.name),
            let state = type.field(named: SystemTypes.Conflict.state)
        else { return [] }
        var open: [RecordID] = []
        try store.forEachRecord(of: type, where: []) { conflict in
            let word = conflict.values[state.number]?.text.flatMap { ConflictState(rawValue: $0) }
            if word != .settled { open.append(conflict.id) }
            return true
        }
        return open.sorted()
    }

    private func verify(_ record: Int, at who: Int) throws {
        guard let present = try stored(record, at: who), let type = try type(of: record, at: who)
        else { return }
        let random = SeededRandom(seed: plan.seed, for: "verify \(step)")
        let service =
            who == Operation.hub ? try hub.service(random) : try nodes[who].service(random)
        _ = try service.answer(
            .record(ask: .verify(type: type.name, id: present.id.description)))
    }

    // MARK: Other programs

    private func foreignEdit(_ record: Int, _ values: [Entry], at node: SimulatedNode) throws {
        guard let present = try stored(record, at: node.index),
            let type = try type(of: record, at: node.index)
        else { return }
        try node.restart {
            let queue = try DatabaseQueue(path: node.path)
            defer { try? queue.close() }
            try queue.write { db in
                for entry in values {
                    guard let field = type.field(UnitNumber(entry.field)) else { continue }
                    try db.execute(
                        sql: "UPDATE \"\(type.name)\" SET \"\(field.name)\" = ? WHERE id = ?",
                        arguments: [entry.databaseValue, present.id.description])
                }
            }
        }
        if node.replica.openingReport.foreignEditsSealed > 0 { marks.insert(.foreignEdit) }
        ledger.noteForeign(present.id, values, by: node.index)
    }
}

extension Entry {
    var value: Value {
        if let text { return .text(text) }
        if let number { return .integer(number) }
        return .null
    }

    var databaseValue: DatabaseValue {
        if let text { return text.databaseValue }
        if let number { return number.databaseValue }
        return .null
    }
}

extension RecordID {
    /// The number that ``simulated(_:)`` made it from.
    var simulatedNumber: Int? {
        guard bits.high == 0x0198_0000_0000_7000 else { return nil }
        return Int(bits.low & 0x3fff_ffff_ffff_ffff)
    }
}
