import FieldgridModel

extension RecordService {
    func answer(_ request: ConflictRequest) throws -> ServiceReply {
        switch request {
        case .list(let all, let conditions):
            let filter = try ConflictFilter(conditions)
            let found = try conflicts { (all || $0.waitsForPerson) && filter.accepts($0) }
            let documents = try found.map(document(of:))
            return ServiceReply(
                .array(documents), needsPerson: found.contains(where: \.waitsForPerson))
        case .show(let id):
            let conflict = try conflict(id)
            return ServiceReply(
                try document(of: conflict), needsPerson: conflict.waitsForPerson)
        case .resolve(let ids, let choice, let note, let source):
            let conflicts = try ids.map(conflict)
            return try resolve(
                conflicts, choice: choice, note: note, source: source, preview: false)
        case .undo(let ids, let note):
            return try undo(try ids.map(conflict), note: note)
        case .resolveAll(let conditions, let choice, let note, let preview, let source):
            let filter = try ConflictFilter(conditions)
            let found = try conflicts {
                filter.accepts($0) && ($0.waitsForPerson || filter.namesState)
            }
            return try resolve(
                found, choice: choice, note: note, source: source, preview: preview)
        }
    }

    func document(of conflict: ConflictRecord) throws -> JSONValue {
        let reason = conflict.reasonText
        let render = { (value: UnitValue) in
            conflict.unit?.document(value, of: conflict.type) ?? .null
        }
        var explanation: [JSONValue.Member] = [
            .init("zh", .text(reason.zh)), .init("en", .text(reason.en)),
        ]
        explanation += conflict.reason.members
        return .object([
            "id": .text(conflict.id.description), "kind": .text(conflict.kind),
            "type": .text(conflict.type.name), "record": .text(conflict.record.description),
            "record_name": .optional(try title(of: conflict)),
            "scope": .text(conflict.scope.text), "unit": .text(conflict.unitName),
            "policy": .text(conflict.policy), "base": conflict.base.map(render) ?? .null,
            "sides": .array(
                conflict.sides.map { side in
                    let raw = conflict.isAboutUnit ? nil : side.document
                    return document(of: side, value: raw?["value"] ?? render(side.value))
                }),
            "winner": conflict.winner > 0 ? .integer(Int64(conflict.winner)) : .null,
            "reason": .object(explanation), "state": .text(conflict.state),
            "opened_at": .optional(conflict.openedAt.map(Instants.text)),
            "settled_by": .optional(conflict.settledBy),
            "settled_at": .optional(conflict.settledAt.map(Instants.text)),
            "note": .optional(conflict.note),
        ])
    }

    private func document(
        of side: ConflictRecord.Side, value: JSONValue
    ) -> JSONValue {
        let document = JSONValue.object([
            "value": value, "author": .text(side.author),
            "node": .optional(side.node), "at": .text(side.at), "source": .text(side.source),
            "clamped": .bool(side.isClamped),
            "incarnation": .optional(side.identity?.incarnation.description),
            "seq": side.identity.map { .integer($0.seq) } ?? .null,
        ])
        return ["record", "scope", "unit"].reduce(document) { document, name in
            side.document[name].isNull ? document : document.adding(name, side.document[name])
        }
    }

    /// The name of the record a conflict is about, as it is here; of one that
    /// was merged away, as the conflict has it.
    private func title(of conflict: ConflictRecord) throws -> String? {
        guard let name = conflict.type.title, let field = conflict.type.field(named: name) else {
            return nil
        }
        let record = try store.record(conflict.record, type: conflict.type)
        return record?.values[field.number]?.text
            ?? conflict.sides.first { $0.record == conflict.record }?.document["value"][name].text
    }
}

/// `--where` of the conflict commands.
struct ConflictFilter {
    static let keys = [
        "kind", "type", "unit", "policy", "state", "record", "scope", "rule", "author",
    ]

    private let conditions: [(key: String, value: String)]

    init(_ texts: [String]) throws(ServiceError) {
        var conditions: [(key: String, value: String)] = []
        for text in texts {
            let (key, value) = try Assignment.split(text)
            guard Self.keys.contains(key) else {
                throw ServiceError(
                    "condition.unknown", "Conflicts cannot be filtered by “\(key)”.",
                    hint: Nearest.hint(
                        to: key, among: Self.keys,
                        otherwise: "Use one of \(Self.keys.joined(separator: ", "))."),
                    exitStatus: .wrongUsage)
            }
            let known: [String]? =
                switch key {
                case "kind": ConflictKind.allCases.map(\.rawValue)
                case "state": ConflictState.allCases.map(\.rawValue)
                default: nil
                }
            if let known, !known.contains(value) {
                throw ServiceError(
                    "condition.unknown", "No conflict has the \(key) “\(value)”.",
                    hint: Nearest.hint(
                        to: value, among: known,
                        otherwise: "Use one of \(known.joined(separator: ", "))."),
                    exitStatus: .wrongUsage)
            }
            conditions.append((key, value))
        }
        self.conditions = conditions
    }

    /// Whether the filter itself says which states it means.
    var namesState: Bool { conditions.contains { $0.key == "state" } }

    func accepts(_ conflict: ConflictRecord) -> Bool {
        conditions.allSatisfy { key, value in
            switch key {
            case "kind": conflict.kind == value
            case "type": conflict.type.name == value
            case "unit": conflict.unitName == value
            case "policy": conflict.policy == value
            case "state": conflict.state == value
            case "record": conflict.record.description == value.lowercased()
            case "scope": conflict.scope.text == value
            case "rule": conflict.rule?.rawValue == value
            case "author": conflict.sides.contains { $0.author == value }
            default: false
            }
        }
    }
}
