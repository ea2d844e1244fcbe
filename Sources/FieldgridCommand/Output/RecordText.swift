import FieldgridModel
import FieldgridService

/// Records for people: Chinese labels, codes with their words, 元.
struct RecordText {
    let schema: Schema

    func list(_ documents: [JSONValue], of type: RecordType) -> String {
        guard !documents.isEmpty else {
            return "No \(type.name) yet. Record one with `fieldgrid record new \(type.name) "
                + "field=value …`, or import a file."
        }
        let shown = columns(of: type)
        var table = Table(
            [.init("id", widthMax: 36), .init("网格")]
                + shown.map { .init($0.label.zh, widthMax: 40) }
                + [.init("")])
        for document in documents {
            table.add(
                [document["id"].text ?? "", document["scope"].text ?? ""]
                    + shown.map { text(of: $0, in: document["fields"], type: type) }
                    + [Self.marks(document)])
        }
        return table.text + "\n\(documents.count) 条"
    }

    /// The title and the first few fields that tell records apart.
    private func columns(of type: RecordType) -> [Field] {
        var names = [type.title].compactMap { $0 }
        for name in type.naturalKeys.flatMap({ $0 }) where !names.contains(name) {
            names.append(name)
        }
        for field in type.fields where names.count < 4 && !names.contains(field.name) {
            names.append(field.name)
        }
        return names.prefix(4).compactMap { type.field(named: $0) }
    }

    static func marks(_ document: JSONValue) -> String {
        var marks: [String] = []
        if !unsent(document).isEmpty { marks.append("未上报") }
        if !document["quarantine"].elements.isEmpty { marks.append("被退回") }
        if !document["conflicts"].elements.isEmpty { marks.append("有争议") }
        return marks.joined(separator: " ")
    }

    /// The units whose latest change the hub has not answered; what it refused
    /// was sent.
    private static func unsent(_ document: JSONValue) -> [String] {
        let refused = Set(document["quarantine"].elements.compactMap { $0["unit"].text })
        return document["unsynced"].elements.compactMap(\.text).filter { !refused.contains($0) }
    }

    func show(_ document: JSONValue, of type: RecordType) -> String {
        var table = Table([.init("字段"), .init("标签"), .init("值", widthMax: 100)])
        for field in type.fields {
            let value = text(of: field, in: document["fields"], type: type)
            if !value.isEmpty { table.add([field.name, field.label.zh, value]) }
        }
        var lines = [
            "\(type.label.zh) \(document["id"].text ?? "")  网格 \(document["scope"].text ?? "")",
            table.text,
        ]
        if let merged = document["merged_from"].text { lines.append("由 \(merged) 并入") }
        if let parent = document["parked"].text {
            lines.append("所属记录 \(parent) 不在本机：记录已保留，等它到达")
        }
        let unsynced = Self.unsent(document)
        if !unsynced.isEmpty { lines.append("未上报：\(unsynced.joined(separator: ", "))") }
        for reason in document["quarantine"].elements {
            lines.append(
                "被退回：\(reason["unit"].text ?? "") \(reason["code"].text ?? "") "
                    + "\(reason["message"].text ?? "")")
        }
        for conflict in document["conflicts"].elements.compactMap(\.text) {
            lines.append("有争议：`fieldgrid conflicts show \(conflict)`")
        }
        return lines.joined(separator: "\n")
    }

    /// A field's value out of a record's `fields`, for people.
    func text(of field: Field, in fields: JSONValue, type: RecordType) -> String {
        let holder = type.group(containing: field.name).map { fields[$0.name] } ?? fields
        return text(holder[field.name], of: field)
    }

    func text(_ value: JSONValue, of field: Field) -> String {
        let plain = ValueDocument.display(value, of: field)
        guard !plain.isEmpty else { return "" }
        switch field.kind {
        case .money: return "\(plain) 元"
        case .code(let list, _):
            let versions = schema.codeList(named: list)?.versions ?? []
            let label = versions.reversed().lazy.flatMap(\.codes).first { $0.code == plain }?.label
            return label.map { "\(plain) \($0.zh)" } ?? plain
        default: return field.unit.map { "\(plain) \($0)" } ?? plain
        }
    }

    /// A unit's value as conflicts and history have it.
    func text(_ value: JSONValue, unit: String, of type: RecordType) -> String {
        guard case .object(let members) = value else {
            guard let field = type.field(named: unit) else {
                let words = ["alive": "保留", "deleted": "删除", "unmerged": "撤销合并"]
                return value.text.map { words[$0] ?? $0 } ?? ""
            }
            let text = text(value, of: field)
            return text.isEmpty ? "（空）" : text
        }
        if let survivor = value["merged_into"].text { return "合并，并入 \(survivor)" }
        let parts = members.compactMap { member -> String? in
            guard !member.value.isNull, let field = type.field(named: member.key) else {
                return nil
            }
            return "\(field.label.zh) \(text(member.value, of: field))"
        }
        return parts.isEmpty ? "（空）" : parts.joined(separator: "，")
    }

    func history(_ document: JSONValue, of type: RecordType) -> String {
        let isOfSeveral = Set(document.elements.compactMap { $0["record"].text }).count > 1
        let through: [Table.Column] = isOfSeveral ? [.init("经由记录")] : []
        var table = Table(
            [.init("时间")] + through + [
                .init("单元"), .init("值", widthMax: 50), .init("提交人"), .init("来源"),
                .init("结果", widthMax: 80),
            ])
        for entry in document.elements {
            let unit = entry["unit"].text ?? ""
            let record = isOfSeveral ? [entry["record"].text ?? ""] : []
            table.add(
                [ShownTime.text(entry["at"].text ?? "")] + record + [
                    Unit(named: unit, of: type)?.label.zh ?? unit,
                    change(entry, unit: unit, of: type), entry["author"].text ?? "",
                    ValueSource(rawValue: entry["source"].text ?? "")?.label.zh ?? "",
                    entry["reason_zh"].text ?? "",
                ])
        }
        return table.isEmpty
            ? "本机没有待上报的修改，完整的历史在中心 "
                + "(Nothing waits here; the hub has the whole history.)" : table.text
    }

    /// What one line of a history did: of a set, what was added and what was
    /// taken out.
    private func change(_ entry: JSONValue, unit: String, of type: RecordType) -> String {
        let removed = entry["removed"].elements.compactMap(\.text).joined(separator: ";")
        let text = text(entry["value"], unit: unit, of: type)
        guard !removed.isEmpty else { return text }
        return entry["value"].isNull ? "去掉 \(removed)" : "加入 \(text)，去掉 \(removed)"
    }

    func types(_ document: JSONValue, named name: String?) -> String {
        guard name != nil, let type = document.elements.first else {
            var table = Table([
                .init("type"), .init("标签"), .init("label"), .init("fields", isNumber: true),
            ])
            for type in document.elements {
                table.add([
                    type["name"].text ?? "", type["label_zh"].text ?? "",
                    type["label_en"].text ?? "", String(type["fields"].elements.count),
                ])
            }
            return table.text
        }
        var table = Table([
            .init("field"), .init("标签"), .init("group"), .init("policy"),
            .init("expects", widthMax: 70),
        ])
        for field in type["fields"].elements {
            let isRequired = field["required"].bool == true
            table.add([
                (field["name"].text ?? "") + (isRequired ? " *" : ""), field["label_zh"].text ?? "",
                field["group"].text ?? "", field["policy"].text ?? "",
                field["expects_zh"].text ?? "",
            ])
        }
        return "\(type["name"].text ?? "") \(type["label_zh"].text ?? "")（* 必填）\n\(table.text)"
    }
}
