import FieldgridModel
import FieldgridService

/// Conflicts for people: what happened in one sentence, then the sides.
struct ConflictText {
    let schema: Schema

    func list(_ documents: [JSONValue]) -> String {
        guard !documents.isEmpty else { return "没有待处理的争议 (No conflicts wait for a person.)" }
        return documents.map(show).joined(separator: "\n\n")
    }

    func show(_ conflict: JSONValue) -> String {
        let unit = conflict["unit"].text ?? ""
        let type = conflict["type"].text.flatMap { schema.type(named: $0) }
        let label =
            conflict["kind"].text == "duplicate"
            ? "疑似重复" : type.flatMap { Self.label(of: unit, in: $0) } ?? unit
        let name = conflict["record_name"].text ?? conflict["record"].text ?? ""
        var lines = [
            "\(conflict["id"].text ?? "")  [\(Self.state(conflict["state"].text))]  "
                + "\(name) · \(label)",
            "  \(conflict["reason"]["zh"].text ?? "")",
            "  \(conflict["reason"]["en"].text ?? "")",
        ]
        if !conflict["base"].isNull, conflict["kind"].text != "duplicate" {
            lines.append("  base  \(value(conflict["base"], unit, type))")
        }
        let winner = conflict["winner"].integer
        for (place, side) in conflict["sides"].elements.enumerated() {
            let mark = winner == Int64(place + 1) ? "*" : " "
            let shown = self.shown(side, among: conflict["sides"].elements, unit, type)
            lines.append(
                "  \(mark) \(place + 1)   \(shown)  — "
                    + "\(side["author"].text ?? "") \(ShownTime.text(side["at"].text ?? ""))")
        }
        if let note = conflict["note"].text { lines.append("  note  \(note)") }
        return lines.joined(separator: "\n")
    }

    /// A side's value: with the field's name where the sides are of several,
    /// and what tells it apart where they are records.
    private func shown(
        _ side: JSONValue, among sides: [JSONValue], _ unit: String, _ type: RecordType?
    ) -> String {
        guard side["record"].text == nil else { return record(side, among: sides, type) }
        guard let own = side["unit"].text else { return value(side["value"], unit, type) }
        let label = type.flatMap { Self.label(of: own, in: $0) } ?? own
        return "\(label) \(value(side["value"], own, type))"
    }

    func resolved(_ documents: [JSONValue]) -> String {
        guard !documents.isEmpty else { return "没有符合条件的争议 (Nothing to settle.)" }
        let isSaved = documents.allSatisfy { $0["saved"].bool == true }
        let lines = documents.map { document in
            let unit = document["unit"].text ?? ""
            let type = document["type"].text.flatMap { schema.type(named: $0) }
            let id = document["id"].text ?? ""
            let chosen = document["value"]
            if let survivor = chosen["merged_into"].text { return "\(id)  并入 \(survivor)" }
            if chosen.text == "apart", unit == "presence" { return "\(id)  确认是两个单位" }
            if !chosen.elements.isEmpty {
                return "\(id)  " + chosen.elements.compactMap(\.text).joined(separator: ", ")
            }
            let name = unit == "presence" ? Unit.presence.label.zh : unit
            return "\(id)  \(name) = \(value(chosen, unit, type))"
        }
        let ending = isSaved ? "已裁决 \(lines.count) 项" : "预览 \(lines.count) 项，尚未保存"
        return (lines + [ending]).joined(separator: "\n")
    }

    /// A rule's own words, or the name of a unit.
    private static func label(of name: String, in type: RecordType) -> String? {
        Unit(named: name, of: type)?.label.zh ?? type.rules.first { $0.name == name }?.label.zh
    }

    /// One of two records with the same natural key: what tells it apart.
    private func record(
        _ side: JSONValue, among sides: [JSONValue], _ type: RecordType?
    ) -> String {
        let others = sides.filter { $0["record"] != side["record"] }
        let differing = side["value"].members.filter { member in
            !others.allSatisfy { $0["value"][member.key] == member.value }
        }
        let texts = differing.map { member in
            let label = type.flatMap { Unit(named: member.key, of: $0)?.label.zh } ?? member.key
            return "\(label) \(value(member.value, member.key, type))"
        }
        return ([side["record"].text ?? ""] + texts).joined(separator: ", ")
    }

    private func value(_ value: JSONValue, _ unit: String, _ type: RecordType?) -> String {
        guard let type else { return value.description }
        return RecordText(schema: schema).text(value, unit: unit, of: type)
    }

    static func state(_ state: String?) -> String {
        switch state {
        case "open": "待处理"
        case "decided": "规则已定"
        case "settled": "已裁决"
        case "reopened": "重新打开"
        default: state ?? ""
        }
    }
}
