import FieldgridModel
import FieldgridSync
import GRDB

/// Who made an action, and what its screen had shown.
struct ActionHead {
    var author: String
    var source: ValueSource
    /// Wall time of the action, UTC milliseconds.
    var savedAt: Int64
    /// What the action said about its records, where it was one of ours.
    var edits: [RecordID: RecordEdit] = [:]
    /// Nobody made it knowingly: it has seen nothing, and its time is one that
    /// the hub has to move, so that it overwrites nothing by itself.
    var isUnderReview = false
}

/// Makes one changeset of what an action did, and puts it in the outbox.
enum Sealing {
    /// Seals the differences of one action.
    ///
    /// - Returns: the sequence, or nil when there was nothing to seal.
    /// - Throws: `changeset.too-large`.
    @discardableResult
    static func seal(
        _ differences: [RecordDifference], as head: ActionHead, _ memory: inout ReplicaMemory,
        _ db: Database
    ) throws -> Int64? {
        var changes: [Change] = []
        var context: [ScopeCode: Position] = [:]
        var entries: [PendingEntry] = []
        let seq = memory.state.seq + 1
        for difference in differences {
            let edit = head.edits[difference.id]
            var unsealed = UnsealedRecord(
                difference, edit: edit, pending: try PendingEntry.all(of: difference.id, db),
                positions: memory.state.positions, gone: try Stubs.find(difference.id, db)?.scope)
            let isChanged = unsealed.makeChanges(seq: seq)
            try unsealed.correctRow(db)
            guard isChanged else { continue }
            for scope in unsealed.scopes {
                context[scope] = max(context[scope] ?? .zero, unsealed.position(of: scope))
            }
            changes += unsealed.changes
            if unsealed.holds { entries.append(unsealed.entry) }
        }
        guard !changes.isEmpty else { return nil }
        except(&changes, from: context, entries)
        var clock = memory.state.clock
        var time = clock.tick(
            wallMilliseconds: PlantedBug.sealKeepsNoTime.isActive ? 0 : head.savedAt)
        if head.isUnderReview {
            time = HybridTime(milliseconds: 1)
            for index in changes.indices { changes[index].seenThrough = .zero }
        }
        let changeset = Changeset(
            identity: memory.state.line.identity(of: seq),
            author: head.author, time: time, source: head.source, schema: memory.tag,
            epoch: memory.state.epochOrNone, context: context, changes: changes)
        let body = CanonicalEncoder.bytes(of: changeset, after: memory.state.head)
        try checkSize(changeset, body)
        let digest = ContentDigest.of(body)
        try Outbox.insert(seq, changeset, digest: digest, body: body, db)
        for entry in entries { try entry.write(db) }
        memory.state.seq = seq
        memory.state.head = digest
        memory.state.clock = clock
        return seq
    }

    /// Gives each change its own position where its author's screen had
    /// shown less than the changeset's context says.
    private static func except(
        _ changes: inout [Change], from context: [ScopeCode: Position], _ entries: [PendingEntry]
    ) {
        var byRecord: [RecordID: PendingEntry] = [:]
        for entry in entries { byRecord[entry.id] = entry }
        for index in changes.indices {
            guard let entry = byRecord[changes[index].record] else { continue }
            let seen =
                entry.kind == .update ? entry.seen(changes[index].unit) : entry.seen
            if seen < context[entry.scope] ?? .zero { changes[index].seenThrough = seen }
        }
    }

    private static func checkSize(_ changeset: Changeset, _ body: [UInt8]) throws {
        let limit = Changeset.Limit.self
        guard changeset.changes.count <= limit.changes, body.count <= limit.bytes else {
            throw ReplicaError(
                .changesetTooLarge,
                "the action has \(changeset.changes.count) changes and \(body.count) bytes, at "
                    + "most \(limit.changes) and \(limit.bytes) go into one",
                hint: "Save it in smaller steps")
        }
    }
}

/// One record's part of an action that is being sealed.
private struct UnsealedRecord {
    let difference: RecordDifference
    let edit: RecordEdit?
    /// Own changes that the hub has not decided on, oldest first.
    let pending: [PendingEntry]
    let positions: [ScopeCode: Position]
    /// Where the record was, if it is not there.
    let gone: ScopeCode?
    private(set) var changes: [Change] = []
    private(set) var entry: PendingEntry
    /// What the row has to show where an edit of a combining unit did less
    /// than was written: entries are not taken back by clearing them.
    private var corrections: [Int: Value] = [:]

    init(
        _ difference: RecordDifference, edit: RecordEdit?, pending: [PendingEntry],
        positions: [ScopeCode: Position], gone: ScopeCode?
    ) {
        self.gone = gone
        self.difference = difference
        self.edit = edit
        self.pending = pending
        self.positions = positions
        let scope =
            difference.before?.scope ?? difference.after?.scope ?? gone ?? ScopeCode("")
        entry = PendingEntry(
            id: difference.id, seq: 0, type: difference.layout.type.number, kind: .update,
            scope: scope, seen: .zero, units: [:])
        entry.seen = position(of: scope)
    }

    /// The scopes the record was and is in.
    var scopes: [ScopeCode] {
        let known = [difference.before?.scope, difference.after?.scope].compactMap { $0 }
        return known.isEmpty ? [gone].compactMap { $0 } : known
    }

    /// The position that the author's screen was at.
    func position(of scope: ScopeCode) -> Position {
        if let loaded = edit?.loadedAt, scope == entry.scope { return loaded }
        return positions[scope] ?? .zero
    }

    /// False when nothing changed.
    mutating func makeChanges(seq: Int64) -> Bool {
        entry.seq = seq
        switch (difference.before, difference.after) {
        case (nil, nil):
            guard let settlement = edit?.settlements[.presence] else { return false }
            add(.presence, settlement.isUndo || edit?.kind == .delete ? .deleted : .alive)
        case (nil, let after?): makeCreation(after)
        case (let before?, nil): makeDeletion(before)
        case (let before?, let after?): makeUpdate(before, after)
        }
        return !changes.isEmpty
    }

    private mutating func add(_ unit: UnitNumber, _ value: UnitValue) {
        changes.append(
            Change(
                type: entry.type, record: entry.id, unit: unit, value: value,
                settles: edit?.settlements[unit]))
    }

    private mutating func makeCreation(_ after: RecordRow) {
        entry.kind = .creation
        let layout = difference.layout
        changes.reserveCapacity(layout.units.count + 2)
        add(.presence, .alive)
        add(.scope, UnitValue(.text(after.scope.text)))
        for unit in layout.units {
            let value = layout.value(of: unit, in: after.values)
            if value.isNull { continue }
            guard let policy = unit.operation else {
                add(unit.number, value)
                continue
            }
            let operation = UnitOperation.between(UnitValue(.null), value, policy: policy)
            if let operation { add(unit.number, operation) }
        }
        noteEarlier(of: nil)
    }

    private mutating func makeDeletion(_ before: RecordDifference.Snapshot) {
        entry.kind = .deletion
        if case .merge(let survivor)? = edit?.kind {
            add(.presence, .merged(into: survivor))
        } else {
            add(.presence, .deleted)
        }
        entry.units[.presence] = unit(base: .alive)
        entry.units[.scope] = unit(base: UnitValue(.text(before.scope.text)))
        for declared in difference.layout.units {
            entry.units[declared.number] = unit(
                base: difference.layout.value(of: declared, in: before.values))
        }
        noteEarlier(of: nil)
    }

    private mutating func makeUpdate(_ before: RecordDifference.Snapshot, _ after: RecordRow) {
        let isUndo = edit?.settlements[.scope]?.isUndo == true
        if isUndo { add(.scope, UnitValue(.text(after.scope.text))) }
        if !isUndo, before.scope != after.scope || edit?.settlements[.scope] != nil {
            add(.scope, UnitValue(.text(after.scope.text)))
            entry.units[.scope] = unit(base: UnitValue(.text(before.scope.text)))
            noteEarlier(of: .scope)
        }
        for declared in difference.layout.units {
            let old = difference.layout.value(of: declared, in: before.values)
            let new = difference.layout.value(of: declared, in: after.values)
            let settlement = edit?.settlements[declared.number]
            guard old != new || settlement != nil || isRestated(declared) else { continue }
            if let policy = declared.operation {
                let operation = UnitOperation.between(old, new, policy: policy)
                let shown = operation.map { UnitOperation.apply($0, to: old, policy: policy) }
                if (shown ?? old) != new {
                    for (column, value) in zip(declared.columns, (shown ?? old).members) {
                        corrections[column] = value
                    }
                }
                guard let operation else { continue }
                add(declared.number, operation)
                entry.units[declared.number] = unit(base: old)
                entry.units[declared.number]?.operation = operation
            } else {
                let lost = zip(new.members, old.members).map { $0 == $1 ? .null : $0 }
                add(declared.number, PlantedBug.groupMemberLost.isActive ? UnitValue(lost) : new)
                // What an undo brings back is the hub's to say.
                if settlement?.isUndo == true { continue }
                entry.units[declared.number] = unit(base: old)
            }
            noteEarlier(of: declared.number)
        }
        if let settlement = edit?.settlements[.presence] {
            add(.presence, .alive)
            if !settlement.isUndo { entry.units[.presence] = unit(base: .alive) }
        }
    }

    /// Whether a person chose what shows already.
    private func isRestated(_ unit: TypeLayout.Unit) -> Bool {
        guard let edit, edit.restates, unit.operation == nil else { return false }
        let fields = difference.layout.type.fields
        return unit.columns.contains { edit.values[fields[$0].number] != nil }
    }

    /// Puts into the row what is true of it once the edit is sealed.
    func correctRow(_ db: Database) throws {
        guard !corrections.isEmpty, let row = difference.after else { return }
        let columns = corrections.keys.sorted()
        try db.uncaptured {
            let query = try Query(db, difference.layout.sql.update(columns))
            for (place, column) in columns.enumerated() {
                query.bind(place + 1, corrections[column] ?? .null)
            }
            query.bind(columns.count + 1, row.rec)
            try query.run()
        }
    }

    /// Whether any own value shows until the hub has answered.
    var holds: Bool { entry.kind != .update || !entry.units.isEmpty }

    private func unit(base: UnitValue) -> PendingEntry.Unit {
        PendingEntry.Unit(seen: entry.seen, base: base, isDecided: false)
    }

    /// An own change that still waits hides what was pulled since: the new change has
    /// seen no more than that one had.
    ///
    /// For a whole record, no more than the least of them.
    private mutating func noteEarlier(of unit: UnitNumber?) {
        if let unit {
            guard let earlier = pending.last(where: { $0.covers(unit) })?.seen(unit) else { return }
            entry.units[unit]?.seen = min(entry.seen, earlier)
        } else {
            for earlier in pending {
                let least = earlier.units.values.map(\.seen).min() ?? earlier.seen
                entry.seen = min(entry.seen, min(least, earlier.seen))
            }
        }
    }
}
