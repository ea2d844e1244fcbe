import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridService
import GRDB

extension Simulation {
    func carryOut(_ operation: Operation) throws {
        switch operation.what {
        case .create, .child, .family, .edit, .operate, .delete, .move, .batch:
            try write(operation.what, at: operation.who)
        case .settle, .undo, .verify: try decide(operation.what, at: operation.who)
        case .refresh, .tick, .revoke, .hubBackUp, .hubRestore, .publish, .regrid, .join:
            try administer(operation)
        case .trim(let lease): try trim(lease: lease)
        case .send, .sync, .crash, .restart, .disk, .clock: try runMachine(operation)
        case .foreign, .damage, .backUp, .restore, .clone, .exportStick, .readStick:
            try handle(operation)
        }
    }

    private func write(_ action: Action, at who: Int) throws {
        switch action {
        case .create(let record, let grid, let values, let source):
            try create(record, in: Town.grids[grid], values, source, at: who)
        case .child(let record, let parent, let values):
            try createChild(record, of: parent, values, at: who)
        case .family(let record, let visit, let grid, let values):
            try createFamily(record, visit, in: Town.grids[grid], values, at: who)
        case .edit(let record, let values, let source):
            try save([edit(record, .update, values)], source, at: who)
        case .operate(let record, let what, let remove):
            try operate(record, what, removing: remove, at: who)
        case .delete(let record): try save([edit(record, .delete, [])], 2, at: who)
        case .move(let record, let grid):
            try save([edit(record, .move(Town.grids[grid]), [])], 2, at: who)
        case .batch(let first, let count, let grid):
            try batch(first, count, in: Town.grids[grid], at: who)
        default: return
        }
    }

    private func runMachine(_ operation: Operation) throws {
        let who = operation.who
        switch operation.what {
        case .clock(let offset, let drift):
            let clock = clock(of: who)
            if offset < clock.offset { marks.insert(.clockBack) }
            clock.offset = offset
            clock.drift = drift
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
        default: return
        }
    }

    /// What hands do to a folder.
    private func handle(_ operation: Operation) throws {
        let who = operation.who
        if case .readStick(let place) = operation.what { return try readStick(place, at: who) }
        guard nodes.indices.contains(who) else { return }
        switch operation.what {
        case .foreign(let record, let values, let how):
            try foreignEdit(record, values, how ?? .update, at: nodes[who])
        case .damage(let record, let how): try damage(record, how, at: nodes[who])
        case .exportStick: try exportStick(from: nodes[who])
        default: try copy(nodes[who], operation.what)
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
            node.exportedThrough = 0
            marks.insert(wholeMachine ? .machineRestored : .restored)
        case .clone:
            guard nodes.count < 8 else { return }
            try node.replica.close()
            let copy = try SimulatedNode(nodes.count, copyOf: node, timeline)
            nodes.append(copy)
            // Noted first: the power may go while the other starts again.
            ledger.copied.formUnion([node.index, copy.index])
            ledger.damaged[copy.index] = ledger.damaged[node.index]
            marks.insert(.cloned)
            try node.restart()
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
        for entry in values { numbered[UnitNumber(entry.field)] = entry.value(of: record) }
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

    private func createFamily(
        _ record: Int, _ visit: Int, in grid: ScopeCode, _ values: [Entry], at who: Int
    ) throws {
        guard try type(of: record, at: who) != nil, try !exists(record, at: who),
            try !exists(visit, at: who)
        else { return }
        var child = edit(visit, .create(grid), [Entry(field: Town.Visit.note.value, text: "同时")])
        child.values[Town.Visit.site] = .text(RecordID.simulated(record).description)
        try save([edit(record, .create(grid), values), child], 2, at: who, isNew: true)
        ledger.families.append(Ledger.Family(site: record, visit: visit))
    }

    /// Does something to a unit that combines what people do.
    private func operate(
        _ record: Int, _ what: Entry, removing place: Int?, at who: Int
    ) throws {
        guard let present = try stored(record, at: who) else { return }
        let unit = UnitNumber(what.field)
        guard let policy = Town.schema.type(Town.Site.type)?.field(unit)?.policy else { return }
        let old = UnitValue(present.values[unit] ?? .null)
        var operation = UnitValue([what.value(of: record), .null])
        if policy == .counter { operation = UnitValue(what.value) }
        if policy == .set {
            let present = old.single.text.flatMap { TextSet.decode($0) } ?? []
            let removed = place.flatMap { present.isEmpty ? nil : present[$0 % present.count] }
            operation = UnitValue(
                [
                    TextSet.encode([what.text ?? ""]).map { .text($0) } ?? .null,
                    TextSet.encode(removed.map { [$0] } ?? []).map { .text($0) } ?? .null,
                ])
            if removed != nil { marks.insert(.tagRemoved) }
        }
        let new = UnitOperation.apply(operation, to: old, policy: policy)
        let edit = RecordEdit(
            type: Town.Site.type, id: present.id, kind: .update, values: [unit: new.single])
        try save([edit], 2, at: who, doing: [unit: operation])
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

    /// - Parameter operations: what the new values of some units come from.
    private func save(
        _ edits: [RecordEdit], _ source: Int, at who: Int, isNew: Bool = false,
        doing operations: [UnitNumber: UnitValue] = [:]
    ) throws {
        // A program does not offer the fields of a schema that it does not have.
        let edits = try edits.map { edit in
            var edit = edit
            let type = try store(of: who).schema.type(edit.type)
            let present = try edit.id.simulatedNumber.flatMap { try stored($0, at: who) }
            edit.values = edit.values.filter { field, value in
                // What is there already is no edit.
                type?.field(field) != nil
                    && (present == nil || present?.values[field] ?? .null != value.canonical)
            }
            return edit
        }
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
        try note(saved: draft, at: who, after: before, doing: operations)
        if who == Operation.hub { marks.insert(.hubEdit) }
        for edit in edits {
            if edit.kind == .delete { marks.insert(.deletion) }
            if case .move = edit.kind { marks.insert(.move) }
            if edit.kind != .update, !isNew { ledger.disturb(edit.id) }
        }
    }

    func draft(_ edits: [RecordEdit], source: Int, at who: Int) -> ActionDraft {
        let sources = ValueSource.allCases
        let author = who == Operation.hub ? "虚构文员" : nodes[who].device.holder
        return ActionDraft(
            author: author,
            source: who == Operation.hub ? .registry : sources[source % (sources.count - 1)],
            savedAt: clock(of: who).milliseconds, edits: edits)
    }
}

extension Entry {
    /// The value as it is saved in a record: texts say whose they are.
    func value(of record: Int) -> Value {
        guard let text, Simulation.isVisit(record) || Town.Site.marked.contains(UnitNumber(field))
        else { return value }
        return .text(Canary.mark(text, record))
    }

    var value: Value {
        if let text { return .text(text) }
        if let number { return .integer(number) }
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
