package import FieldgridModel

/// Why a conflict stands as it does, in one sentence a clerk can follow.
///
/// Values are not repeated in it: they stand beside it, and some are about
/// people.
struct ReasonText {
    let conflict: ConflictRecord

    var label: Label {
        let subject = conflict.unit?.label ?? Label(zh: conflict.unitName, en: conflict.unitName)
        if conflict.kind == ConflictKind.duplicate.rawValue { return duplicate }
        if conflict.kind == ConflictKind.inconsistent.rawValue { return inconsistent }
        if let by = conflict.reason["undone_by"].text { return undone(subject, by: by) }
        if conflict.state == ConflictState.settled.rawValue { return settled(subject) }
        guard let rule = conflict.rule else {
            return Label(
                zh: "“\(subject.zh)”被同时修改，请人工确认。",
                en: "“\(subject.en)” was changed concurrently; a person has to decide.")
        }
        let (who, shown) = (people, leader)
        switch rule {
        case .revival:
            return Label(
                zh: "\(who.zh)：有人删除了这条记录，同时另有人在修改它。记录已保留，请确认删除还是保留。",
                en: "\(who.en): one deleted the record while another was editing it. It was kept; "
                    + "confirm whether to delete or to keep it.")
        case .settlement:
            return Label(
                zh: "“\(subject.zh)”曾由人裁决，之后又有不同的值，已重新打开，请再次确认。\(who.zh)。",
                en: "“\(subject.en)” was settled by a person and contradicted since: \(who.en). "
                    + "It was reopened.")
        case .only, .latest, .precedence, .review, .clampedTime, .max, .min, .hubOnly, .fixed,
            .counter, .set, .append:
            let rule = Self.rule(rule)
            let ending =
                conflict.waitsForPerson
                ? Label(
                    zh: "现暂显示\(shown.zh)的值，请人工确认", en: "meanwhile the value of \(shown.en) shows")
                : Label(zh: "已采用\(shown.zh)的值，可以推翻", en: "the value of \(shown.en) leads")
            return Label(
                zh: "“\(subject.zh)”被同时修改（\(who.zh)）：\(rule.zh)；\(ending.zh)。",
                en:
                    "“\(subject.en)” was changed concurrently (\(who.en)): "
                    + "\(rule.en); \(ending.en)."
            )
        }
    }

    /// What a rule of the merge says, without names.
    static func rule(_ rule: Decision.Rule) -> Label {
        switch rule {
        case .only: Label(zh: "只有一个值", en: "there is one value")
        case .latest: Label(zh: "以较晚的时间为准", en: "the later time decides")
        case .precedence:
            Label(zh: "以来源的优先次序为准", en: "how the value was learnt decides")
        case .review: Label(zh: "此项须由人确认", en: "a person decides this one")
        case .clampedTime:
            Label(
                zh: "较晚的一方时钟不可信，不能按时间判定",
                en: "the later clock was not to be trusted, so time cannot decide")
        case .settlement: Label(zh: "以人的裁决为准", en: "a person's decision stands")
        case .max: Label(zh: "以较大的值为准", en: "the greater value stands")
        case .min: Label(zh: "以较小的值为准", en: "the lesser value stands")
        case .hubOnly: Label(zh: "此项只由中心填写", en: "only the hub writes this")
        case .fixed:
            Label(zh: "此项一经填写不再改变，以最早的为准", en: "it is set once, and the earliest value stands")
        case .counter: Label(zh: "各方的增减相加", en: "increments add up")
        case .set: Label(zh: "各方增减的项合并", en: "additions and removals are combined")
        case .append: Label(zh: "各方的记录都保留", en: "every entry is kept")
        case .revival:
            Label(zh: "删除不覆盖修改", en: "a delete never destroys an edit")
        }
    }

    private func settled(_ subject: Label) -> Label {
        guard conflict.settledAt != nil else {
            return Label(
                zh: "“\(subject.zh)”的争议已在本机裁决，等待上报。",
                en: "The conflict about “\(subject.en)” was settled here; the hub has not "
                    + "answered yet.")
        }
        let by = conflict.settledBy ?? "?"
        let at = conflict.settledAt.map { ShownTime.text(Instants.text($0)) } ?? "?"
        let note = conflict.note.map { Label(zh: "，说明：\($0)", en: ", note: \($0)") }
        return Label(
            zh: "“\(subject.zh)”的争议已由\(by)于\(at)裁决\(note?.zh ?? "")。",
            en: "The conflict about “\(subject.en)” was settled by \(by) at \(at)\(note?.en ?? "")."
        )
    }

    private func undone(_ subject: Label, by author: String) -> Label {
        let at = conflict.reason["at"].text.map(ShownTime.text) ?? "?"
        let shown = leader
        return Label(
            zh: "“\(subject.zh)”的裁决已由\(author)于\(at)撤销，恢复各方的值，暂显示\(shown.zh)的值，请重新确认。",
            en:
                "The decision about “\(subject.en)” was taken back by \(author) at \(at): the "
                + "sides stand again, meanwhile the value of \(shown.en) shows.")
    }

    /// Two records with one natural key.
    private var duplicate: Label {
        let keys = conflict.reason["keys"].elements.map { $0.elements.compactMap(\.text) }
        let labels = keys.joined().compactMap { conflict.type.field(named: $0)?.label }
        let zh = labels.map(\.zh).joined(separator: "、")
        let en = labels.map(\.en).joined(separator: ", ")
        let who = people
        if conflict.state == ConflictState.settled.rawValue {
            return endedDuplicate(Label(zh: zh, en: en))
        }
        return Label(
            zh: "两条记录的\(zh)相同（\(who.zh)），可能是同一单位：请合并，或确认是两个单位。",
            en: "Two records have the same \(en) (\(who.en)); they may be one in the world: merge "
                + "them, or confirm that they are two.")
    }

    /// How it came to be no conflict any more.
    private func endedDuplicate(_ key: Label) -> Label {
        guard conflict.settledAt != nil else {
            return Label(
                zh: "两条记录的\(key.zh)相同，已在本机处理，等待上报。",
                en: "Two records have the same \(key.en); it was settled here, and the hub has not "
                    + "answered yet.")
        }
        let by = conflict.settledBy ?? "?"
        switch conflict.reason["outcome"].text.flatMap(DuplicateOutcome.init) {
        case .merged:
            return Label(
                zh: "两条记录的\(key.zh)相同，已由\(by)合并为一条。",
                en: "Two records had the same \(key.en); \(by) merged them into one.")
        case .apart:
            return Label(
                zh: "两条记录的\(key.zh)相同，\(by)确认是两个单位。",
                en: "Two records have the same \(key.en); \(by) confirmed that they are two.")
        case nil:
            return Label(
                zh: "两条记录的\(key.zh)已不再相同，或其中一条已删除，无需处理。",
                en: "The two records no longer have the same \(key.en), or one is gone; nothing "
                    + "is to be done.")
        }
    }

    /// A rule over several fields, or what the present schema asks of one.
    private var inconsistent: Label {
        let name = conflict.reason["broken_rule"].text ?? conflict.unitName
        let rule = conflict.type.rules.first { $0.name == name }?.label
        let field = conflict.type.field(named: conflict.reason["broken_field"].text ?? name)
        let broken = rule ?? field?.label ?? Label(zh: name, en: name)
        if conflict.state == ConflictState.settled.rawValue {
            return Label(
                zh: "记录已重新符合规则：\(broken.zh)。", en: "The record keeps the rule again: \(broken.en).")
        }
        let expected = conflict.reason["expected"]
        let what = Label(
            zh: expected["zh"].text ?? "\(broken.zh)。请核对并更正。",
            en: expected["en"].text ?? "\(broken.en). Check and correct it.")
        if !conflict.reason["made_under"].isNull {
            return Label(
                zh: "填写时的表结构较旧，内容不符合现行规定：\(what.zh)",
                en: "It was written under an earlier schema, and the present one asks for more: "
                    + what.en)
        }
        return Label(
            zh: "各方的修改合并后不再符合规则：\(what.zh)",
            en: "Merged, the record breaks a rule that both sides kept: \(what.en)")
    }

    /// `张三 10:00, 李四 10:05`.
    private var people: Label {
        let parts = conflict.sides.map { side in
            let who = "\(side.author) \(ShownTime.text(side.at))"
            let source = ValueSource(rawValue: side.source)?.label
            let clamped = side.isClamped ? Label(zh: "时钟不准", en: "wrong clock") : nil
            return Label(
                zh: [who, source?.zh, clamped?.zh].compactMap { $0 }.joined(separator: "，"),
                en: [who, source?.en, clamped?.en].compactMap { $0 }.joined(separator: ", ")
            )
        }
        return Label(
            zh: parts.map(\.zh).joined(separator: "；"), en: parts.map(\.en).joined(separator: "; "))
    }

    private var leader: Label {
        guard conflict.sides.indices.contains(conflict.winner - 1) else {
            return Label(zh: "其中一方", en: "one side")
        }
        let author = conflict.sides[conflict.winner - 1].author
        return Label(
            zh: "第\(conflict.winner)方\(author)", en: "\(author) (side \(conflict.winner))")
    }
}

/// An instant as people read it: the minute in Asia/Shanghai and its seconds.
package enum ShownTime {
    /// Takes what ``Instants/text(_:)`` writes.
    package static func text(_ text: String) -> String {
        guard text.utf8.count >= 19, text.hasSuffix("+08:00") else { return text }
        return String(text.prefix(19)).replacing("T", with: " ")
    }
}

extension ValueSource {
    /// How a value was learnt, for people.
    package var label: Label {
        switch self {
        case .registry: Label(zh: "登记信息", en: "registry")
        case .licence: Label(zh: "证照照片", en: "licence")
        case .onSite: Label(zh: "现场采集", en: "on site")
        case .selfReport: Label(zh: "单位自报", en: "self-report")
        case .import: Label(zh: "批量导入", en: "import")
        case .hub: Label(zh: "中心", en: "hub")
        }
    }
}
