import FieldgridModel

extension RecordService {
    /// Every value that was ever offered, oldest first, with who, when, and
    /// why it won or lost; also what came through the ids that were merged
    /// into it.
    func history(_ typeName: String, id: String) throws -> ServiceReply {
        let type = try type(typeName)
        let record = try anyRecord(id, of: type)
        let lines = try lines(of: record, type)
        let authors = Dictionary(
            lines.map { ($0.entry.identity, $0.entry.author) },
            uniquingKeysWith: { first, _ in first })
        return ServiceReply(.array(lines.map { document(of: $0, type: type, authors: authors) }))
    }

    private struct Line {
        var record: RecordID
        var entry: HistoryEntry
        /// UTC milliseconds; never before that of an earlier line of the record.
        var moment: Int64
        /// It takes back that its record was merged into another.
        var isUnmerging = false
    }

    /// Of a record that was parted again only the merge and the parting are
    /// told: the rest is that record's own.
    private func lines(of record: StoredRecord, _ type: RecordType) throws -> [Line] {
        var lines = try lines(through: record.id)
        // A record is merged into one with a smaller id, so that there is no circle.
        for other in try twins(of: record.id, type) where other.id > record.id {
            let through = try self.lines(through: other.id)
            guard through.contains(where: { $0.entry.isMerge(into: record.id) }) else { continue }
            if other.alias == record.id, !other.isAlive {
                lines += try self.lines(of: other, type)
            } else {
                lines += through.filter { $0.isUnmerging || $0.entry.isMerge(into: record.id) }
            }
        }
        let order = lines.indices.sorted { (lines[$0].moment, $0) < (lines[$1].moment, $1) }
        return order.map { lines[$0] }
    }

    private func lines(through id: RecordID) throws -> [Line] {
        var latest = Int64.min
        var wasMerged = false
        return try store.history(id).map { entry in
            latest = max(latest, entry.acceptedAt ?? entry.savedAt)
            let isPresence = entry.unit == .presence
            let isUnmerging = isPresence && wasMerged && entry.outcome?.effect == .undoes
            if isPresence, entry.value.single.text != nil { wasMerged = true }
            if isUnmerging { wasMerged = false }
            return Line(record: id, entry: entry, moment: latest, isUnmerging: isUnmerging)
        }
    }

    /// The other records that ever had the same natural key, as conflicts tell.
    private func twins(of id: RecordID, _ type: RecordType) throws -> [StoredRecord] {
        guard schema.type(named: SystemTypes.Conflict.name) != nil else { return [] }
        let conflicts = try conflicts { conflict in
            conflict.kind == ConflictKind.duplicate.rawValue
                && conflict.sides.contains { $0.record == id }
        }
        let others = Set(conflicts.flatMap { $0.sides.compactMap(\.record) }).subtracting([id])
        return try others.sorted().compactMap { try store.record($0, type: type) }
    }

    private func document(
        of line: Line, type: RecordType, authors: [ChangesetIdentity: String]
    ) -> JSONValue {
        let entry = line.entry
        let unit = Unit(entry.unit, of: type)
        let reason = HistoryReason(
            entry: entry, authors: authors, isUnmerging: line.isUnmerging
        ).label
        let value = unit?.document(entry.value, of: type) ?? .null
        let document = JSONValue.object([
            "record": .text(line.record.description),
            "unit": .text(unitName(entry.unit, of: type)),
            "value": line.isUnmerging ? .text("unmerged") : value,
            "author": .text(entry.author),
            "node": .optional(entry.node?.description),
            "source": .text(entry.source.rawValue),
            "at": .text(Instants.text(entry.savedAt)),
            "clamped": .bool(entry.isClamped),
            "incarnation": .text(entry.identity.incarnation.description),
            "seq": .integer(entry.identity.seq),
            "position": entry.accepted.map { .integer($0.value) } ?? .null,
            "accepted_at": .optional(entry.acceptedAt.map(Instants.text)),
            "outcome": .optional(entry.outcome?.effect.rawValue),
            "rule": .optional(entry.outcome?.rule.rawValue),
            "conflict": .optional(entry.outcome?.conflict?.description),
            "note": .optional(entry.note),
            "reason": .text(reason.en),
            "reason_zh": .text(reason.zh),
        ])
        guard case .field(let field)? = unit, field.policy == .set,
            let removed = entry.value.members.dropFirst().first, !removed.isNull
        else { return document }
        return document.adding("removed", ValueDocument.document(removed, of: field))
    }
}

extension HistoryEntry {
    fileprivate func isMerge(into survivor: RecordID) -> Bool {
        unit == .presence && value.single.text == survivor.description
    }
}

/// Why one offered value stands, or does not, in a sentence.
struct HistoryReason {
    let entry: HistoryEntry
    /// Who offered what else the record's history has.
    let authors: [ChangesetIdentity: String]
    /// It takes back that the record was merged into another.
    var isUnmerging = false

    var label: Label {
        if isUnmerging {
            return Label(
                zh: "撤销合并，两条记录重新分开", en: "The merge was taken back; the two stand apart.")
        }
        if entry.quarantine != nil {
            return Label(
                zh: "被中心退回，等待更正", en: "Refused by the hub; it waits for a correction.")
        }
        guard let outcome = entry.outcome else {
            return Label(zh: "尚未上报，等待区级处理", en: "Not sent yet, or not answered by the hub.")
        }
        let rivals = outcome.rivals.compactMap { authors[$0] }
        let others = rivals.isEmpty ? "…" : Array(Set(rivals)).sorted().joined(separator: ", ")
        switch outcome.effect {
        case .stands:
            return Label(zh: "没有同时的修改，直接采用", en: "Nothing concurrent: it was taken.")
        case .agrees:
            return Label(
                zh: "与同时修改的\(others)填写一致", en: "Concurrent with \(others), and equal.")
        case .wins:
            return Label(
                zh: "与\(others)同时修改，\(ReasonText.rule(outcome.rule).zh)，采用此值",
                en:
                    "Concurrent with \(others); \(ReasonText.rule(outcome.rule).en); "
                    + "this value leads."
            )
        case .loses:
            return Label(
                zh: "与\(others)同时修改，\(ReasonText.rule(outcome.rule).zh)，未采用此值",
                en: "Concurrent with \(others); \(ReasonText.rule(outcome.rule).en); "
                    + "another value leads.")
        case .refused:
            if outcome.rule == .settlement {
                return Label(
                    zh: "要撤销的裁决已被取代，未撤销",
                    en: "The decision it takes back had been superseded; nothing was undone.")
            }
            let rule = ReasonText.rule(outcome.rule)
            return Label(zh: "\(rule.zh)，未采用", en: "Not merged: \(rule.en).")
        case .combines:
            let rule = ReasonText.rule(outcome.rule)
            return Label(zh: "已计入：\(rule.zh)", en: "Combined: \(rule.en).")
        case .undoes:
            return Label(
                zh: "撤销了裁决，争议重新打开", en: "It took a decision back; the conflict waits again.")
        case .late:
            return Label(
                zh: "该记录此前已并入另一条记录，这次删除只记入历史",
                en: "The record had been merged into another; this delete is only kept here.")
        case .settles where entry.unit == .presence && entry.value.single.text != nil:
            return Label(zh: "合并，裁决了争议", en: "It was merged into the other; that settled it.")
        case .settles:
            return Label(zh: "裁决了争议，采用此值", en: "It settled a conflict.")
        }
    }
}
