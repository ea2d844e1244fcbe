import FieldgridModel

extension RecordService {
    /// Every value that was ever offered, oldest first, with who, when, and
    /// why it won or lost.
    func history(_ typeName: String, id: String) throws -> ServiceReply {
        let type = try type(typeName)
        let record = try anyRecord(id, of: type)
        let entries = try store.history(record.id)
        let authors = Dictionary(
            entries.map { ($0.identity, $0.author) }, uniquingKeysWith: { first, _ in first })
        let documents = entries.map { document(of: $0, type: type, authors: authors) }
        return ServiceReply(.array(documents))
    }

    private func document(
        of entry: HistoryEntry, type: RecordType, authors: [ChangesetIdentity: String]
    ) -> JSONValue {
        let unit = Unit(entry.unit, of: type)
        let reason = HistoryReason(entry: entry, authors: authors).label
        return .object([
            "unit": .text(unitName(entry.unit, of: type)),
            "value": unit?.document(entry.value, of: type) ?? .null,
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
    }
}

/// Why one offered value stands, or does not, in a sentence.
struct HistoryReason {
    let entry: HistoryEntry
    /// Who offered what else the record's history has.
    let authors: [ChangesetIdentity: String]

    var label: Label {
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
        case .settles:
            return Label(zh: "裁决了争议，采用此值", en: "It settled a conflict.")
        }
    }
}
