package import FieldgridModel
package import FieldgridSync

extension ExchangeDocument {
    /// A reply as JSON, records and units by name.
    package static func document(of reply: ExchangeReply, schema: Schema) -> JSONValue {
        let chain: JSONValue =
            switch reply.chain {
            case .follows: .text("follows")
            case .gap(let expected): .object(["gap": .integer(expected)])
            case .fork(let seq): .object(["fork": .integer(seq)])
            }
        return .object([
            "epoch": .text(reply.epoch.description), "time": .integer(reply.time.raw),
            "schema": .text(reply.schema.digits),
            "schema_document": reply.schemaDocument.flatMap { try? JSONReader.read($0) } ?? .null,
            "chain": chain,
            "incarnation": .optional(reply.incarnation?.description),
            "receipts": .array(reply.receipts.map(receipt)),
            "released": .array(reply.released.map(released)),
            "positions": document(of: reply.positions),
            "since": document(of: reply.since), "heads": document(of: reply.heads),
            "records": .array(reply.records.map { record($0, schema) }),
            "has_more": .bool(reply.hasMore), "rebase": .bool(reply.mustRebase),
            "horizons": document(of: reply.horizons),
        ])
    }

    private static func document(of positions: [ScopeCode: Position]) -> JSONValue {
        .object(
            positions.sorted { $0.key < $1.key }.map {
                JSONValue.Member($0.key.text, .integer($0.value.value))
            })
    }

    private static func receipt(_ receipt: Receipt) -> JSONValue {
        switch receipt.outcome {
        case .accepted(let scope, let position):
            .object([
                "seq": .integer(receipt.seq), "code": .text("accepted"),
                "scope": .text(scope.text), "position": .integer(position.value),
                "time_moved": .bool(receipt.isTimeMoved),
            ])
        case .quarantined(let code, let message):
            .object([
                "seq": .integer(receipt.seq), "code": .text(code.rawValue),
                "message": .text(message),
                "time_moved": .bool(receipt.isTimeMoved),
            ])
        }
    }

    private static func released(_ release: Release) -> JSONValue {
        .object([
            "incarnation": .text(release.identity.incarnation.description),
            "seq": .integer(release.identity.seq), "scope": .text(release.scope.text),
            "position": .integer(release.position.value),
        ])
    }

    private static func record(_ delta: RecordDelta, _ schema: Schema) -> JSONValue {
        let type = schema.type(delta.type)
        let presence =
            switch delta.presence {
            case .alive: "changed"
            case .whole: "whole"
            case .deleted: "deleted"
            case .left: "left"
            }
        let units = delta.units.map { unit in
            JSONValue.Member(
                type?.unitName(unit.unit) ?? "unit-\(unit.unit.value)", value(unit, type))
        }
        return .object([
            "type": .text(type?.name ?? "type-\(delta.type.value)"),
            "scope": .text(delta.scope.text), "number": .integer(delta.number.value),
            "id": .optional(delta.id?.description), "presence": .text(presence),
            "units": .object(units),
        ])
    }

    private static func value(_ unit: UnitDelta, _ type: RecordType?) -> JSONValue {
        guard let group = type?.groups.first(where: { $0.number == unit.unit }) else {
            return canonical(unit.value.single)
        }
        return .object(
            zip(group.members, unit.value.members).map {
                JSONValue.Member($0, canonical($1))
            })
    }

    private static func canonical(_ value: Value) -> JSONValue {
        switch value {
        case .null: .null
        case .integer(let integer): .integer(integer)
        case .text(let text): .text(text)
        }
    }
}
