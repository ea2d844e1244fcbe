import FieldgridModel
import FieldgridSync
import GRDB

extension Replica {
    /// The ranges whose turn it is; nil while own changes are under way, for
    /// then the rows are not what the hub has.
    func checkInTurn(_ db: Database) throws -> ScopeCheck? {
        guard memory.state.epoch != nil, !memory.state.isSalvaging, !memory.state.isRebasing,
            memory.unread == nil, memory.state.resendFrom == nil, try Comparison.isQuiet(db)
        else { return nil }
        try memory.findNumbers(db)
        let ranges = try Comparison(memory, db).turn().ranges(at: memory.state.checkNext)
        return ranges.isEmpty ? nil : ScopeCheck(.combined, ranges)
    }
}

extension ReplyApplication {
    /// Compares what the hub says of some ranges with what is here, at exactly
    /// the positions of its reply.
    ///
    /// - Returns: what to ask next to find a difference, or to put it right.
    mutating func compare(_ check: ScopeCheck, at now: Int64) throws -> ScopeCheck? {
        guard !result.isStale, !result.epochChanged, !result.rebased, try Comparison.isQuiet(db)
        else { return nil }
        var next: ScopeCheck?
        try memory.findNumbers(db)
        let comparison = try Comparison(memory, db)
        switch check.level {
        case .combined:
            guard let theirs = reply.sums.first else { return nil }
            var ours = RecordSum()
            for sum in try comparison.sums(check.ranges) { ours += sum }
            if ours != theirs {
                next = ScopeCheck(.each, check.ranges)
            } else {
                try advance(check, comparison.turn(), at: now)
            }
        case .each:
            guard reply.sums.count == check.ranges.count else { return nil }
            let sums = try comparison.sums(check.ranges)
            let apart = check.ranges.indices.filter { sums[$0] != reply.sums[$0] }
            if apart.isEmpty {
                // What was different a moment ago is not any more.
                try advance(check, comparison.turn(), at: now)
            } else {
                next = ScopeCheck(.records, apart.map { check.ranges[$0] })
            }
        case .records:
            guard let checked = reply.checked else { return nil }
            try repair(check.ranges, with: checked, comparison, at: now)
            // What cannot be put right, or does not stay so, keeps nothing else from being
            // compared: it has its next turn.
            try advance(check, comparison.turn(), at: now)
        }
        if next != nil { result.hasMore = true }
        return next
    }

    /// Moves on to the ranges after these; where a turn begins, rows that the
    /// hub has never given a number are looked for.
    private mutating func advance(
        _ check: ScopeCheck, _ turn: CheckTurn, at now: Int64
    ) throws {
        guard let last = check.ranges.last else { return }
        if turn.isStart(memory.state.checkNext) { try sealUnknown(at: now) }
        memory.state.checkNext = turn.place(after: last)
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
        _ ranges: [CheckRange], with records: [RecordDelta], _ comparison: Comparison,
        at now: Int64
    ) throws {
        var known: Set<RecordID> = []
        for delta in records {
            guard let id = delta.id, let layout = memory.layouts[delta.type] else { continue }
            known.insert(id)
            guard !comparison.isHeld(id) else { continue }
            let row = try RecordRow.find(id, layout, db)
            var theirs = Self.values(of: delta, layout)
            if let row, row.scope == delta.scope, row.number == delta.number.value,
                comparison.values(of: row) == theirs
            {
                continue
            }
            // What shows an own change that waits for somebody is no difference.
            for column in comparison.hidden(of: id) {
                theirs[column] = row?.values[column] ?? theirs[column]
            }
            note(id, layout, row == nil ? .missing : .changed)
            try db.uncaptured { try apply(delta) }
            guard let row, row.values != theirs, !layout.type.hubOnly else { continue }
            try sealForReview(row, id, over: delta, theirs, layout, at: now)
        }
        for range in ranges {
            for layout in memory.orderedLayouts {
                var extra: [RecordRow] = []
                try comparison.rows(range, layout) { row in
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
