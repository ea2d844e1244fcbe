import FieldgridModel
import FieldgridSync
import Foundation

/// Numbers of the fixture schema.
enum Unit {
    static let name = UnitNumber(2)
    static let uscc = UnitNumber(3)
    static let phone = UnitNumber(4)
    static let total = UnitNumber(5)
    static let male = UnitNumber(6)
    static let female = UnitNumber(7)
    static let arrears = UnitNumber(8)
    static let industry = UnitNumber(9)
    static let headcount = UnitNumber(20)
    /// Of the newer schema only.
    static let email = UnitNumber(11)
}

private func same(_ text: String) -> Label { Label(zh: text, en: text) }

private func field(
    _ number: Int, _ name: String, _ zh: String, _ kind: FieldKind = .text(maxLength: 400)
) -> Field {
    Field(number: UnitNumber(number), name: name, label: Label(zh: zh, en: name), kind: kind)
}

extension Schema {
    static let empty = Schema(
        name: "", version: 0, label: same(""), types: [], codeLists: [])

    /// Employers with a group, money and a code; grids; conflicts.
    static func fixture(version: Int = 1) -> Schema {
        var employer = RecordType(
            number: TypeNumber(1), name: "employer", label: same("用人单位"),
            fields: [
                field(2, "name", "名称"), field(3, "uscc", "统一社会信用代码"), field(4, "phone", "电话"),
                field(5, "total", "人数", .integer), field(6, "male", "男", .integer),
                field(7, "female", "女", .integer), field(8, "arrears", "欠薪", .money),
                field(9, "industry", "行业", .code(list: "industry", versionField: nil)),
            ],
            groups: [
                FieldGroup(
                    number: Unit.headcount, name: "headcount", label: same("人数"),
                    members: ["total", "male", "female"], policy: .review)
            ],
            naturalKeys: [["uscc"]], title: "name")
        if version > 1 { employer.fields.insert(field(11, "email", "邮箱"), at: 2) }
        let texts = { (names: [String]) in
            names.enumerated().map { field($0.offset + 2, $0.element, $0.element) }
        }
        let grid = RecordType(
            number: TypeNumber(2), name: "grid", label: same("网格"), shared: true, hubOnly: true,
            fields: texts(["code", "name", "parent", "level"]))
        let conflict = SystemTypes.Conflict.self
        let conflicts = RecordType(
            number: TypeNumber(3), name: conflict.name, label: same("冲突"), hubOnly: true,
            fields: texts([conflict.state, conflict.record, conflict.unit]))
        let list = CodeList(
            name: "industry", label: same("行业"),
            versions: [
                CodeListVersion(
                    version: "2017",
                    codes: [Code(code: "E47", label: Label(zh: "房屋建筑业", en: "Building"))])
            ])
        return Schema(
            name: "fixture", version: version, label: same("样例"),
            types: [employer, grid, conflicts], codeLists: [list])
    }

    var document: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return (try? encoder.encode(self)).map { Array($0) } ?? []
    }

    var employer: RecordType { types[0] }
}

extension RecordID {
    /// The n-th record of a test.
    static func fixture(_ number: UInt64) -> RecordID {
        RecordID(UUIDBits(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0000 | number))
    }
}

extension ScopeCode {
    static let township = ScopeCode("220602103")
    static let other = ScopeCode("220602104")
    static let district = ScopeCode("220602")
}

extension EpochID {
    static let first = EpochID(UUIDBits(high: 7, low: 1))
    static let second = EpochID(UUIDBits(high: 7, low: 2))
}

extension ActionDraft {
    static func fixture(_ edits: RecordEdit..., at: Int64 = 1_760_000_000_000) -> ActionDraft {
        ActionDraft(author: "王芳", source: .onSite, savedAt: at, edits: edits)
    }
}

extension RecordEdit {
    static func create(
        _ id: UInt64, _ values: [UnitNumber: Value], in scope: ScopeCode = .township
    ) -> RecordEdit {
        RecordEdit(type: TypeNumber(1), id: .fixture(id), kind: .create(scope), values: values)
    }

    static func update(_ id: UInt64, _ values: [UnitNumber: Value]) -> RecordEdit {
        RecordEdit(type: TypeNumber(1), id: .fixture(id), kind: .update, values: values)
    }

    static func delete(_ id: UInt64) -> RecordEdit {
        RecordEdit(type: TypeNumber(1), id: .fixture(id), kind: .delete)
    }

    static func move(_ id: UInt64, to scope: ScopeCode) -> RecordEdit {
        RecordEdit(type: TypeNumber(1), id: .fixture(id), kind: .move(scope))
    }
}

extension ExchangeReply {
    /// A reply of a hub that has the fixture schema.
    static func fixture(
        receipts: [Receipt] = [], positions: [ScopeCode: Position] = [.township: Position(1)],
        records: [RecordDelta] = [], schema: Schema = .fixture(), sendsSchema: Bool = false,
        chain: ChainAnswer = .follows
    ) -> ExchangeReply {
        ExchangeReply(
            epoch: .first, time: HybridTime(milliseconds: 1_760_000_000_500),
            schema: SchemaTag(document: schema.document),
            schemaDocument: sendsSchema ? schema.document : nil, receipts: receipts, chain: chain,
            positions: positions, records: records)
    }

    /// The same reply from a hub in another life.
    func of(_ epoch: EpochID) -> ExchangeReply {
        var reply = self
        reply.epoch = epoch
        return reply
    }
}

extension RecordDelta {
    /// A delta of an employer, by field; numbered like its id.
    static func fixture(
        _ id: UInt64, _ presence: Presence = .alive, _ values: [UnitNumber: Value] = [:],
        scope: ScopeCode = .township, number: Int64? = nil, named: Bool = false
    ) -> RecordDelta {
        let group = [Unit.total, Unit.male, Unit.female]
        var units = values.filter { !group.contains($0.key) }.sorted { $0.key < $1.key }.map {
            UnitDelta(unit: $0.key, value: UnitValue($0.value))
        }
        if group.contains(where: { values[$0] != nil }) {
            let members = UnitValue(group.map { values[$0] ?? .null })
            units.append(UnitDelta(unit: Unit.headcount, value: members))
        }
        return RecordDelta(
            scope: scope, number: RecordNumber(number ?? Int64(id)),
            id: named || presence == .whole ? .fixture(id) : nil, type: TypeNumber(1),
            presence: presence, units: units)
    }
}

extension Receipt {
    static func accepted(_ seq: Int64, at position: Int64) -> Receipt {
        Receipt(seq: seq, outcome: .accepted(.township, Position(position)))
    }

    static func quarantined(_ seq: Int64) -> Receipt {
        Receipt(seq: seq, outcome: .quarantined(.rule, message: "男女之和不等于人数"))
    }
}
