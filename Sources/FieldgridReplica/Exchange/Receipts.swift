import FieldgridModel
import FieldgridSync
import GRDB

extension ReplyApplication {
    /// Whether the receipts are of what this very database sealed.
    ///
    /// Those of a bundle may be older than the database: put back meanwhile,
    /// it has given the same names to other changesets.
    private func areOfThisLife() throws -> Bool {
        guard let head = reply.receiptsHead, let last = reply.receipts.map(\.seq).max() else {
            return true
        }
        let identity = ChangesetIdentity(
            incarnation: reply.incarnation ?? memory.state.incarnation, seq: last)
        guard let number = memory.state.line.number(of: identity), number <= memory.state.seq
        else { return false }
        // What is not kept any more was acknowledged long ago.
        return try Outbox.digest(number, db).map { $0 == head } ?? true
    }

    mutating func applyReceipts() throws {
        guard !reply.receipts.isEmpty else { return }
        guard try areOfThisLife() else {
            isOfOtherLife = true
            return
        }
        let hadQuarantine = try Outbox.count(.quarantined, db) > 0
        let incarnation = reply.incarnation ?? memory.state.incarnation
        for receipt in reply.receipts {
            let identity = ChangesetIdentity(incarnation: incarnation, seq: receipt.seq)
            // What another life of this database did under the same name is not ours.
            guard let seq = memory.state.line.number(of: identity), seq <= memory.state.seq else {
                continue
            }
            let before = result.accepted + result.quarantined
            switch receipt.outcome {
            case .accepted(let scope, let position):
                try accept(seq, scope, position)
                if hadQuarantine { try absorbQuarantined(into: seq) }
            case .quarantined(let code, let message):
                try quarantine(seq, code, message)
            }
            if receipt.isTimeMoved, result.accepted + result.quarantined > before,
                incarnation == memory.state.incarnation
            {
                clockWasMoved = true
            }
        }
    }

    /// What the hub replayed from quarantine by itself counts as accepted.
    mutating func applyReleased() throws {
        for release in reply.released {
            guard let seq = memory.state.line.number(of: release.identity),
                try Outbox.state(seq, db) == .quarantined
            else { continue }
            try accept(seq, release.scope, release.position)
        }
    }

    /// A receipt is fixed for ever, but a quarantined changeset that the hub
    /// replayed by itself gets another one.
    private mutating func accept(
        _ seq: Int64, _ scope: ScopeCode, _ position: Position
    ) throws {
        try db.run(
            """
            UPDATE fg_outbox SET state = 1, scope = ?, position = ?, code = NULL, message = NULL
            WHERE seq = ? AND state IN (0, 2)
            """, .text(scope.text), .integer(position.value), .integer(seq))
        let isNews = db.changesCount > 0
        result.accepted += db.changesCount
        guard isNews else { return }
        if let pulled = memory.state.positions[scope], pulled >= position { try decidePulled(seq) }
        if try !hearsOfAll(in: scope) { try decideGone(seq) }
    }

    /// Whether this node hears of every record of a scope, and not only of what is shared.
    private mutating func hearsOfAll(in scope: ScopeCode) throws -> Bool {
        if let known = heardWhole[scope] { return known }
        let hears = try memory.check(scope, db) == .writable
        heardWhole[scope] = hears
        return hears
    }

    /// A change was accepted where this node does not hear of everything: a
    /// record that had left it before is not coming back because of it.
    private func decideGone(_ seq: Int64) throws {
        for var entry in try PendingEntry.every(of: seq, db) {
            guard let presence = entry.units[.presence], presence.isPulled, !presence.isDecided,
                presence.base != .alive
            else { continue }
            entry.units[.presence]?.isDecided = true
            try entry.write(db)
        }
    }

    /// The hub had accepted a change before a reply that was applied already:
    /// what that brought for its units is the hub's decision.
    private func decidePulled(_ seq: Int64) throws {
        for var entry in try PendingEntry.every(of: seq, db) {
            let pulled = entry.units.filter { $0.value.isPulled && !$0.value.isDecided }
            guard !pulled.isEmpty else { continue }
            for (number, unit) in pulled {
                guard unit.operation == nil else {
                    try takeBack(entry, number, base: unit.base)
                    entry.units[number] = nil
                    continue
                }
                entry.units[number]?.isDecided = true
            }
            try entry.write(db)
        }
    }

    /// An operation that the pulled value had in it already was done twice to
    /// the row.
    private func takeBack(
        _ entry: PendingEntry, _ number: UnitNumber, base: UnitValue
    ) throws {
        let layout = try memory.layout(entry.type)
        guard let unit = layout.unit(number), let policy = unit.operation,
            let row = try RecordRow.find(entry.id, layout, db)
        else { return }
        var value = base
        for later in try PendingEntry.all(of: entry.id, db) where later.seq > entry.seq {
            guard let operation = later.units[number]?.operation else { continue }
            value = UnitOperation.apply(operation, to: value, policy: policy)
        }
        let columns = Dictionary(
            zip(unit.columns, value.members), uniquingKeysWith: { first, _ in first })
        try db.uncaptured { try write(columns, to: row.rec, layout) }
    }

    private mutating func quarantine(
        _ seq: Int64, _ code: QuarantineCode, _ message: String
    ) throws {
        try db.run(
            "UPDATE fg_outbox SET state = 2, code = ?, message = ? WHERE seq = ? AND state = 0",
            .text(code.rawValue), .text(message), .integer(seq))
        guard db.changesCount > 0, try !withdraw(by: seq) else { return }
        result.quarantined += 1
        for entry in try PendingEntry.every(of: seq, db) {
            try retell(code, message, to: entry)
        }
    }

    /// The hub judged a change together with those it had refused of the same
    /// units: what it says now is what holds of all of them.
    private func retell(
        _ code: QuarantineCode, _ message: String, to entry: PendingEntry
    ) throws {
        let earlier = try PendingEntry.all(of: entry.id, db).filter { $0.seq < entry.seq }
        let isNew = earlier.contains { $0.kind == .creation }
        for other in earlier where isNew || entry.overlaps(other) {
            try db.run(
                "UPDATE fg_outbox SET code = ?, message = ? WHERE seq = ? AND state = 2",
                .text(code.rawValue), .text(message), .integer(other.seq))
        }
    }

    /// Ends the matter of records that were made here, refused, and deleted
    /// here again: they never were anywhere else, and there is nothing left
    /// that anybody could put right.
    ///
    /// - Returns: whether nothing of this changeset is left.
    private func withdraw(by seq: Int64) throws -> Bool {
        guard let changes = try Outbox.entry(seq, db)?.changeset.changes else { return false }
        let deleted = Set(
            changes.filter { $0.unit == .presence && $0.value == .deleted }.map(\.record))
        guard !deleted.isEmpty else { return false }
        let refused = try Outbox.refused(through: seq, db)
        let made = Set(
            refused.flatMap(\.changes).filter { $0.unit == .presence && $0.value == .alive }
                .map(\.record))
        let gone = deleted.intersection(made)
        for id in gone {
            for entry in try PendingEntry.all(of: id, db) { try entry.delete(db) }
        }
        var isOver = false
        for item in refused where item.changes.allSatisfy({ gone.contains($0.record) }) {
            try forgetIfSettled(item.seq)
            if item.seq == seq { isOver = true }
        }
        return isOver
    }

    /// The correction of a quarantined change is the next edit of its units:
    /// the hub validated and accepted the fold of both (sync.md 9.4), so the
    /// earlier hold becomes a part of the later one.
    private func absorbQuarantined(into seq: Int64) throws {
        guard let changeset = try Outbox.entry(seq, db)?.changeset else { return }
        for id in Set(changeset.changes.map(\.record)) {
            let entries = try PendingEntry.all(of: id, db)
            guard var later = entries.first(where: { $0.seq == seq }) else { continue }
            var absorbed = false
            for earlier in entries.reversed() where earlier.seq < seq {
                guard try Outbox.state(earlier.seq, db) == .quarantined,
                    later.overlaps(earlier)
                else { continue }
                later.absorb(earlier)
                absorbed = true
                try earlier.delete(db)
                try forgetIfSettled(earlier.seq)
            }
            if absorbed { try later.write(db) }
        }
    }

    /// Is done with a changeset that holds no record any more.
    func forgetIfSettled(_ seq: Int64) throws {
        try db.run(
            """
            UPDATE fg_outbox SET state = 4, settles = NULL WHERE seq = ?1 AND state <> 0
            AND NOT EXISTS(SELECT 1 FROM fg_pending WHERE seq = ?1)
            """, .integer(seq))
    }
}

extension PendingEntry {
    func overlaps(_ other: PendingEntry) -> Bool {
        if other.kind != .update || kind != .update { return true }
        return other.units.keys.contains { units[$0] != nil }
    }

    /// Takes over what an earlier change of this record held.
    mutating func absorb(_ earlier: PendingEntry) {
        if earlier.kind == .creation {
            // Made and deleted before the hub took either: the row is gone, and comes back from
            // what the deletion holds if the hub says so.
            if kind == .deletion { return }
            kind = .creation
            seen = earlier.seen
            units = [:]
            return
        }
        units.merge(earlier.units) { _, old in old }
    }

    /// What one changeset holds, by record.
    static func every(of seq: Int64, _ db: Database) throws -> [PendingEntry] {
        let query = try Query(
            db, "SELECT \(columns) FROM fg_pending WHERE seq = ? ORDER BY id")
        query.bind(1, seq)
        var entries: [PendingEntry] = []
        while try query.step() {
            if let entry = try PendingEntry(query) { entries.append(entry) }
        }
        return entries
    }

    /// Every entry there is, oldest first.
    static func every(_ db: Database) throws -> [PendingEntry] {
        let query = try Query(db, "SELECT \(columns) FROM fg_pending ORDER BY seq, id")
        var entries: [PendingEntry] = []
        while try query.step() {
            if let entry = try PendingEntry(query) { entries.append(entry) }
        }
        return entries
    }
}
