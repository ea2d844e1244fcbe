import FieldgridModel
import FieldgridSync
import GRDB

/// How much is compared with the hub in one exchange.
private enum CheckLimit {
    /// Record numbers of one range, as a power of two.
    static let rangeBits: Int64 = 10
}

extension Replica {
    /// The ranges whose turn it is; nil while own changes are under way, for
    /// then the rows are not what the hub has.
    func checkInTurn(_ db: Database) throws -> ScopeCheck? {
        guard memory.state.epoch != nil, !memory.state.isSalvaging,
            memory.state.resendFrom == nil, memory.state.leaving.isEmpty,
            try Comparison.isQuiet(db)
        else { return nil }
        let ranges = try Comparison.ranges(memory, db)
        guard !ranges.isEmpty else { return nil }
        let start = memory.state.checkNext < ranges.count ? Int(memory.state.checkNext) : 0
        return ScopeCheck(.combined, Array(ranges[start...].prefix(ScopeCheck.rangesMax)))
    }
}

/// What of this database is compared, and what it comes to.
private enum Comparison {
    /// Whether no own change waits for the hub's decision.
    static func isQuiet(_ db: Database) throws -> Bool {
        try db.integer("SELECT 1 FROM fg_outbox WHERE state IN (0, 1) LIMIT 1") == nil
    }

    /// Ranges of about a thousand records each, which together are all there
    /// is, but for those with own quarantined changes.
    static func ranges(_ memory: ReplicaMemory, _ db: Database) throws -> [CheckRange] {
        var present: [ScopeCode: Set<Int64>] = [:]
        for scope in memory.state.positions.keys { present[scope] = [0] }
        for layout in memory.orderedLayouts {
            let query = try Query(
                db,
                """
                SELECT DISTINCT scope, num >> \(CheckLimit.rangeBits) FROM \(layout.sql.table)
                WHERE num IS NOT NULL
                """)
            while try query.step() {
                present[ScopeCode(query.text(0))]?.insert(query.integer(1))
            }
        }
        let held = try heldRanges(memory, db)
        var ranges: [CheckRange] = []
        for (scope, numbers) in present.sorted(by: { $0.key < $1.key }) {
            let starts = numbers.sorted()
            for (place, start) in starts.enumerated() {
                let isLast = place + 1 == starts.count
                let end = isLast ? Int64.max >> CheckLimit.rangeBits : starts[place + 1]
                guard !held.contains(where: { (start..<end).contains($0) }) else { continue }
                ranges.append(
                    CheckRange(
                        scope, from: RecordNumber(start << CheckLimit.rangeBits),
                        to: RecordNumber(isLast ? 0 : end << CheckLimit.rangeBits)))
            }
        }
        return ranges
    }

    /// Where records with own changes are that the hub has not accepted.
    private static func heldRanges(
        _ memory: ReplicaMemory, _ db: Database
    ) throws -> Set<Int64> {
        var held: Set<Int64> = []
        for entry in try PendingEntry.every(db) {
            if let layout = memory.layouts[entry.type],
                let number = try RecordRow.find(entry.id, layout, db)?.number
            {
                held.insert(number >> CheckLimit.rangeBits)
            }
            let gone = try Query(db, "SELECT num FROM fg_gone WHERE id = ?")
            gone.bind(1, entry.id.blob)
            if try gone.step(), let number = gone.integerIfAny(0) {
                held.insert(number >> CheckLimit.rangeBits)
            }
            gone.finish()
        }
        return held
    }

    /// The rows of a range.
    static func rows(
        _ range: CheckRange, _ layout: TypeLayout, _ db: Database,
        _ body: (RecordRow) throws -> Void
    ) throws {
        let columns = layout.type.fields.map { Identifier.quote($0.name) }
        let query = try Query(
            db,
            """
            SELECT \((["rec", "id", "scope", "num"] + columns).joined(separator: ", "))
            FROM \(layout.sql.table) WHERE num >= ? AND num < ? AND scope = ?
            """)
        query.bind(1, range.from.value)
        query.bind(2, range.to.value == 0 ? Int64.max : range.to.value)
        query.bind(3, range.scope.text)
        while try query.step() { try body(RecordRow(query, columns: layout.columnCount)) }
    }

    static func sum(
        _ range: CheckRange, _ memory: ReplicaMemory, _ db: Database
    ) throws -> RecordSum {
        var sum = RecordSum()
        for layout in memory.orderedLayouts {
            try rows(range, layout, db) { row in
                guard let id = row.id, let number = row.number else { return }
                sum += RecordSum(
                    of: id, layout.type.number, in: row.scope, number: RecordNumber(number),
                    units: layout.units.map { ($0.number, layout.value(of: $0, in: row.values)) })
            }
        }
        return sum
    }
}

extension ReplyApplication {
    /// Compares what the hub says of some ranges with what is here, at exactly
    /// the positions of its reply.
    ///
    /// - Returns: what to ask next to find a difference, or to put it right.
    mutating func compare(_ check: ScopeCheck, at now: Int64) throws -> ScopeCheck? {
        guard !result.isStale, !result.epochChanged, try Comparison.isQuiet(db) else { return nil }
        var next: ScopeCheck?
        switch check.level {
        case .combined:
            guard let theirs = reply.sums.first else { return nil }
            var ours = RecordSum()
            for range in check.ranges { ours += try Comparison.sum(range, memory, db) }
            if ours != theirs {
                next = ScopeCheck(.each, check.ranges)
            } else {
                try advance(check, at: now)
            }
        case .each:
            guard reply.sums.count == check.ranges.count else { return nil }
            let apart = try zip(check.ranges, reply.sums).filter { range, theirs in
                try Comparison.sum(range, memory, db) != theirs
            }
            if !apart.isEmpty { next = ScopeCheck(.records, apart.map(\.0)) }
        case .records:
            guard let checked = reply.checked else { return nil }
            try repair(check.ranges, with: checked, at: now)
        }
        if next != nil { result.hasMore = true }
        return next
    }

    /// Moves on to the ranges after these; where all have had their turn, rows
    /// that the hub has never given a number are looked for.
    private mutating func advance(_ check: ScopeCheck, at now: Int64) throws {
        let all = try Comparison.ranges(memory, db).count
        let start = memory.state.checkNext < all ? memory.state.checkNext : 0
        if start == 0 { try sealUnknown(at: now) }
        let next = start + Int64(check.ranges.count)
        memory.state.checkNext = next < all ? next : 0
    }

    private mutating func sealUnknown(at now: Int64) throws {
        for layout in memory.orderedLayouts {
            for row in try unknownToTheHub(layout) {
                if let id = row.id { note(id, layout, .added) }
                try salvage(row, layout, at: now)
            }
        }
        result.outboxLeft = try Outbox.count(.waiting, db)
    }

    private mutating func note(
        _ id: RecordID, _ layout: TypeLayout, _ difference: RepairedRecord.Difference
    ) {
        result.repaired.append(
            RepairedRecord(type: layout.type.name, id: id, difference: difference))
    }

    /// Puts ranges right: what is missing comes, and what differs, or is too
    /// much, is sealed before it gives way.
    private mutating func repair(
        _ ranges: [CheckRange], with records: [RecordDelta], at now: Int64
    ) throws {
        var known: Set<RecordID> = []
        for delta in records {
            guard let id = delta.id, let layout = memory.layouts[delta.type] else { continue }
            known.insert(id)
            guard try !isPending(id) else { continue }
            let row = try RecordRow.find(id, layout, db)
            let theirs = Self.values(of: delta, layout)
            if let row, row.scope == delta.scope, row.number == delta.number.value,
                row.values == theirs
            {
                continue
            }
            note(id, layout, row == nil ? .missing : .changed)
            try db.uncaptured { try apply(delta) }
            guard let row, row.values != theirs, !layout.type.hubOnly else { continue }
            try sealForReview(row, id, over: delta, theirs, layout, at: now)
        }
        for range in ranges {
            for layout in memory.orderedLayouts {
                var extra: [RecordRow] = []
                try Comparison.rows(range, layout, db) { row in
                    if let id = row.id, !known.contains(id) { extra.append(row) }
                }
                for row in extra { try letGo(row, layout, at: now) }
            }
        }
        try rejoin(at: now)
        memory.keys = KeyMemory()
        result.outboxLeft = try Outbox.count(.waiting, db)
    }

    /// From here on, until ``rejoin(at:)``, nothing of this node's counts as
    /// seen by what it seals.
    private mutating func stepAside(at now: Int64) {
        guard interrupted == nil else { return }
        let number = memory.state.seq
        var row = memory.state.line.current
        row.parent = memory.state.line.parent(after: number)
        interrupted = row
        memory.state.line.begin(nextIncarnation(), after: number, of: nil, at: now)
        memory.state.head = .start
    }

    private mutating func rejoin(at now: Int64) throws {
        guard let row = interrupted else { return }
        interrupted = nil
        memory.state.line.begin(
            nextIncarnation(), after: memory.state.seq, of: row.parent, at: now)
        memory.state.head = .start(after: row.parent)
        try memory.state.line.write(db)
    }

    private static func values(of delta: RecordDelta, _ layout: TypeLayout) -> [Value] {
        var values = [Value](repeating: .null, count: layout.columnCount)
        for unit in delta.units {
            guard let declared = layout.unit(unit.unit) else { continue }
            for (column, value) in zip(declared.columns, unit.value.members) {
                values[column] = value
            }
        }
        return values
    }

    /// The value that was here shows on, under review, until the hub has
    /// decided.
    private mutating func sealForReview(
        _ row: RecordRow, _ id: RecordID, over delta: RecordDelta, _ theirs: [Value],
        _ layout: TypeLayout, at now: Int64
    ) throws {
        var after = row
        after.scope = delta.scope
        after.number = delta.number.value
        let difference = RecordDifference(
            layout: layout, id: id,
            before: RecordDifference.Snapshot(
                scope: delta.scope, number: delta.number.value, values: theirs),
            after: after, at: now)
        var head = ActionHead(
            author: Changeset.outsideProgram, source: .import, savedAt: now)
        head.isUnderReview = true
        stepAside(at: now)
        guard try Sealing.seal([difference], as: head, &memory, db) != nil else { return }
        let values = Dictionary(uniqueKeysWithValues: row.values.enumerated().map { ($0, $1) })
        try db.uncaptured { try write(values, to: row.rec, layout) }
    }

    private mutating func letGo(_ row: RecordRow, _ layout: TypeLayout, at now: Int64) throws {
        guard let id = row.id, try !isPending(id) else { return }
        note(id, layout, .added)
        var row = row
        row.number = nil
        try db.uncaptured {
            try db.run("UPDATE \(layout.sql.table) SET num = NULL WHERE rec = ?", .integer(row.rec))
        }
        stepAside(at: now)
        try salvage(row, layout, underReview: true, at: now)
    }
}
