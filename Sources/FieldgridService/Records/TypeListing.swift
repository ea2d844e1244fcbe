import FieldgridModel

extension RecordService {
    /// What can be recorded: every type with its fields and codes.
    func types(named name: String?) throws -> ServiceReply {
        let types = try name.map { [try type($0)] } ?? schema.types
        return ServiceReply(.array(types.map(document(of:))))
    }

    private func document(of type: RecordType) -> JSONValue {
        .object([
            "name": .text(type.name), "label_zh": .text(type.label.zh),
            "label_en": .text(type.label.en), "shared": .bool(type.shared),
            "hub_only": .bool(type.hubOnly), "parent": .optional(type.parent?.type),
            "title": .optional(type.title),
            "natural_keys": .array(type.naturalKeys.map(JSONValue.texts)),
            "fields": .array(type.fields.map { document(of: $0, in: type) }),
            "rules": .array(
                type.rules.map {
                    .object([
                        "name": .text($0.name), "label_zh": .text($0.label.zh),
                        "label_en": .text($0.label.en),
                    ])
                }),
        ])
    }

    private func document(of field: Field, in type: RecordType) -> JSONValue {
        let group = type.group(containing: field.name)
        return .object([
            "name": .text(field.name), "label_zh": .text(field.label.zh),
            "label_en": .text(field.label.en), "kind": .text(field.kind.word),
            "expects_zh": .text(field.kind.expectation.zh),
            "expects_en": .text(field.kind.expectation.en),
            "codes": codes(of: field), "required": .bool(field.required),
            "unit": .optional(field.unit), "group": .optional(group?.name),
            "policy": .text(UnitPolicy.declared(group?.policy ?? field.policy).name),
            "sensitivity": .text(field.sensitivity.rawValue),
            "stamped": .bool(field.stamp != nil),
        ])
    }

    /// Short lists are told in full; long ones only by name, to be read with
    /// the type itself.
    private func codes(of field: Field) -> JSONValue {
        guard case .code(let name, _) = field.kind, let list = schema.codeList(named: name) else {
            return .null
        }
        let versions = list.versions.map { version in
            JSONValue.object([
                "version": .text(version.version),
                "codes": .array(
                    version.codes.map {
                        .object([
                            "code": .text($0.code), "label_zh": .text($0.label.zh),
                            "label_en": .text($0.label.en),
                        ])
                    }),
            ])
        }
        return .object(["list": .text(name), "versions": .array(versions)])
    }
}

extension FieldKind {
    /// The schema language's word for it.
    var word: String {
        switch self {
        case .text: "text"
        case .integer: "integer"
        case .money: "money"
        case .decimal: "decimal"
        case .boolean: "boolean"
        case .date: "date"
        case .month: "month"
        case .instant: "instant"
        case .code: "code"
        case .reference: "reference"
        case .grid: "grid"
        case .set: "set"
        case .attachment: "attachment"
        }
    }
}
