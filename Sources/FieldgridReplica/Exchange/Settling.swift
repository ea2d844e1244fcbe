import FieldgridModel
import FieldgridSync
import GRDB

extension ReplyApplication {
    private static let settled = 3

    /// Lets go of accepted changes whose answer has been pulled: where the
    /// hub decided on another value, the row takes it.
    mutating func settlePending() throws {
        try markSettled()
        try forgetNumbersOfMoved()
        try tellEarlierOnes()
        let query = try Query(
            db,
            """
            SELECT DISTINCT id FROM fg_pending WHERE pulled = 1
            AND seq IN (SELECT seq FROM fg_outbox WHERE state = \(Self.settled))
            """)
        var decided: [RecordID] = []
        while try query.step() {
            if let id = RecordID(blob: query.blob(0)) { decided.append(id) }
        }
        for id in decided {
            // Read again each time: letting go of one entry may change the next.
            while let entry = try PendingEntry.all(of: id, db).first(where: { try isSettled($0) }) {
                let later = try PendingEntry.all(of: id, db).filter { $0.seq > entry.seq }
                try settle(entry, later: later)
                try entry.delete(db)
            }
        }
        try db.run(
            """
            DELETE FROM fg_pending WHERE seq IN
            (SELECT seq FROM fg_outbox WHERE state = \(Self.settled))
            """)
        try KeptChangesets.keep(from: Int64(Self.settled), db)
    }

    /// Receipts need not come in order: what a later change came to is what the hub has below an
    /// earlier one, of which nothing has been heard yet.
    private func tellEarlierOnes() throws {
        let settled = "(SELECT seq FROM fg_outbox WHERE state = \(Self.settled))"
        let query = try Query(
            db,
            """
            SELECT DISTINCT id FROM fg_pending WHERE seq IN \(settled) AND seq >
            (SELECT min(seq) FROM fg_pending WHERE seq NOT IN \(settled))
            """)
        var ids: [RecordID] = []
        while try query.step() {
            if let id = RecordID(blob: query.blob(0)) { ids.append(id) }
        }
        for id in ids {
            var entries = try PendingEntry.all(of: id, db)
            guard let type = entries.first?.type, let layout = memory.layouts[type],
                let row = try RecordRow.find(id, layout, db)
            else { continue }
            for (place, entry) in entries.enumerated() where try isSettled(entry) {
                for unit in layout.units where unit.operation == nil {
                    guard let own = entry.units[unit.number] else { continue }
                    let next = entries.dropFirst(place + 1).lazy
                        .compactMap { $0.units[unit.number] }.first
                    let value =
                        own.isDecided
                        ? own.base : next?.base ?? layout.value(of: unit, in: row.values)
                    for earlier in entries.indices.prefix(place)
                    where entries[earlier].units[unit.number] != nil {
                        entries[earlier].units[unit.number]?.base = value
                        entries[earlier].units[unit.number]?.isPulled = true
                    }
                }
            }
            for entry in entries where try !isSettled(entry) { try entry.write(db) }
        }
    }

    /// A record that moved has a number of its new grid, which comes when that is pulled: until
    /// then the one it had means another record there.
    private func forgetNumbersOfMoved() throws {
        let condition = "seq IN (SELECT seq FROM fg_outbox WHERE state = \(Self.settled))"
        let moved = Dictionary(
            try PendingEntry.moves(condition, db).map { ($0.id, $0.type) }
        ) { first, _ in first }
        for (id, type) in moved {
            let layout = try memory.layout(type)
            let entries = try PendingEntry.all(of: id, db).filter { $0.units[.scope] != nil }
            // The number is one of where the hub had it when it was told of last.
            guard let told = entries.first?.units[.scope], !told.isDecided,
                let row = try RecordRow.find(id, layout, db)
            else { continue }
            let next = try entries.first { try !isSettled($0) }
            let place = next?.units[.scope]?.base.single.text ?? row.scope.text
            guard told.base.single.text != place else { continue }
            try db.run(
                layout.sql.setNumber, .text(row.scope.text), .null, .integer(row.rec))
        }
    }

    /// Marks what was accepted no later than where the node now stands, or
    /// in a scope that the node does not receive: what lives there goes.
    private mutating func markSettled() throws {
        let scopes = try Query(
            db, "SELECT DISTINCT scope FROM fg_outbox WHERE state = 1 AND scope IS NOT NULL")
        var names: [String] = []
        while try scopes.step() { names.append(scopes.text(0)) }
        for name in names {
            let scope = ScopeCode(name)
            let position = memory.state.positions[scope]?.value ?? Int64.max
            if memory.state.positions[scope] == nil { memory.state.leaving.insert(scope) }
            try db.run(
                """
                UPDATE fg_outbox SET state = \(Self.settled)
                WHERE state = 1 AND scope = ? AND position <= ?
                """, .text(name), .integer(position))
        }
    }

    private func isSettled(_ entry: PendingEntry) throws -> Bool {
        let query = try Query(db, "SELECT state FROM fg_outbox WHERE seq = ?")
        query.bind(1, entry.seq)
        defer { query.finish() }
        return try query.step() && query.integer(0) == Self.settled
    }

    private func settle(_ entry: PendingEntry, later: [PendingEntry]) throws {
        let layout = try memory.layout(entry.type)
        var later = later
        var changed: Set<Int> = []
        var values: [Int: Value] = [:]
        var scope: ScopeCode?
        for (number, unit) in entry.units where unit.isDecided && number != .presence {
            if let next = later.firstIndex(where: { $0.covers(number) }) {
                try hand(unit, number, to: &later[next])
                changed.insert(next)
            } else if number == .scope {
                scope = unit.base.single.text.map { ScopeCode($0) }
            } else if let declared = layout.unit(number) {
                for (column, value) in zip(declared.columns, unit.base.members) {
                    values[column] = value
                }
            }
        }
        if let presence = entry.units[.presence], presence.isDecided {
            if later.isEmpty {
                try settlePresence(presence.base, entry, layout)
            } else {
                try hand(presence, .presence, to: &later[0])
                changed.insert(0)
            }
        }
        for index in changed { try later[index].write(db) }
        guard let row = try RecordRow.find(entry.id, layout, db) else { return }
        try write(values, to: row.rec, layout)
        if let scope {
            try db.run(
                "UPDATE \(layout.sql.table) SET scope = ? WHERE rec = ?", .text(scope.text),
                .integer(row.rec))
        }
    }

    /// What the hub decided is what the next own change now stands on.
    private func hand(
        _ unit: PendingEntry.Unit, _ number: UnitNumber, to next: inout PendingEntry
    ) throws {
        if number != .presence, let own = next.units[number], own.isPulled { return }
        // What was pulled before the next change is not what the hub made of that one.
        let isDecided = number == .presence ? try Outbox.isAccepted(next.seq, db) : false
        next.units[number] = PendingEntry.Unit(
            seen: next.seen(number), base: unit.base, isDecided: isDecided, isPulled: true)
    }

    private func settlePresence(
        _ value: UnitValue, _ entry: PendingEntry, _ layout: TypeLayout
    ) throws {
        let row = try RecordRow.find(entry.id, layout, db)
        if value != .alive {
            guard let row else { return }
            // The number is that of the scope where the hub has it, whatever own move waited.
            let place = entry.units[.scope]?.base.single.text.map { ScopeCode($0) } ?? row.scope
            try db.run(layout.sql.delete, .integer(row.rec))
            try Stubs.insert(
                entry.id, entry.type, scope: place, number: row.number,
                alias: value.single.text.flatMap { RecordID($0) }, db)
        } else if row == nil, entry.kind == .deletion {
            try revive(entry, layout)
        }
    }

    /// Somebody's edit revived a record that was deleted here.
    private func revive(_ entry: PendingEntry, _ layout: TypeLayout) throws {
        let stub = try Query(db, "SELECT num FROM fg_gone WHERE id = ?")
        stub.bind(1, entry.id.blob)
        let number = try stub.step() ? stub.integerIfAny(0) : nil
        stub.finish()
        let query = try Query(db, layout.sql.insert)
        query.bind(1, entry.id.description)
        query.bind(2, entry.units[.scope]?.base.single.text ?? entry.scope.text)
        query.bind(3, number)
        for unit in layout.units {
            guard let base = entry.units[unit.number]?.base else { continue }
            for (column, value) in zip(unit.columns, base.members) {
                query.bind(column + 4, value)
            }
        }
        try query.run()
        try Stubs.remove(entry.id, db)
    }
}

extension Outbox {
    /// Whether the hub had accepted a changeset when it made a reply: one that
    /// was made before does not have its decision.
    static func wasAccepted(
        _ seq: Int64, asOf reply: ExchangeReply, _ db: Database
    ) throws -> Bool {
        let query = try Query(db, "SELECT scope, position FROM fg_outbox WHERE seq = ?")
        query.bind(1, seq)
        defer { query.finish() }
        guard try query.step(), let scope = query.textIfAny(0),
            let position = query.integerIfAny(1),
            let head = reply.heads[ScopeCode(scope)]
        else { return true }
        return head.value >= position
    }

    /// Accepted, whether or not its answer has been pulled.
    static func isAccepted(_ seq: Int64, _ db: Database) throws -> Bool {
        let query = try Query(db, "SELECT state IN (1, 3) FROM fg_outbox WHERE seq = ?")
        query.bind(1, seq)
        defer { query.finish() }
        return try query.step() && query.integer(0) == 1
    }
}
