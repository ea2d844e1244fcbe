/// A schema laid out for the merge: what a unit is, by number, without
/// searching.
package struct SchemaIndex: Sendable {
    /// One merge unit of a type.
    package struct Unit: Sendable {
        package var number: UnitNumber
        package var name: String
        package var policy: UnitPolicy
        package var members: [Field]
    }

    /// A rule and the units whose fields it reads.
    package struct Rule: Sendable {
        package var rule: CrossFieldRule
        package var units: Set<UnitNumber>
    }

    /// One record type.
    package struct Entry: Sendable {
        package var type: RecordType
        package var units: [UnitNumber: Unit]
        package var parentUnit: UnitNumber?
        package var requiredUnits: [Unit]
        package var rules: [Rule]
        /// For each natural key the units and member places of its fields.
        package var naturalKeys: [[KeyPart]]
    }

    /// One field of a natural key: a member of a unit.
    package struct KeyPart: Sendable {
        package var unit: UnitNumber
        package var member: Int
    }

    package let schema: Schema
    package let entries: [TypeNumber: Entry]

    package init(_ schema: Schema) {
        self.schema = schema
        entries = Dictionary(
            schema.types.map { ($0.number, Self.entry(for: $0)) },
            uniquingKeysWith: { first, _ in first })
    }

    package func entry(named name: String) -> Entry? {
        schema.type(named: name).flatMap { entries[$0.number] }
    }

    private static func entry(for type: RecordType) -> Entry {
        var units: [UnitNumber: Unit] = [:]
        for number in [.presence, .scope] + type.unitNumbers {
            guard let policy = type.policy(of: number) else { continue }
            units[number] = Unit(
                number: number, name: type.unitName(number), policy: policy,
                members: type.members(of: number) ?? [])
        }
        let required = units.values.filter { $0.members.contains(where: \.required) }
        let keys = type.naturalKeys.map { key in
            key.compactMap { name -> KeyPart? in
                guard let field = type.field(named: name) else { return nil }
                let unit = type.unit(of: field)
                let place = type.members(of: unit)?.firstIndex { $0.name == name }
                return place.map { KeyPart(unit: unit, member: $0) }
            }
        }
        return Entry(
            type: type, units: units,
            parentUnit: type.parent.flatMap { type.field(named: $0.field) }.map {
                type.unit(of: $0)
            },
            requiredUnits: required.sorted { $0.number < $1.number },
            rules: type.rules.map { rule in
                let fields = rule.fields.compactMap { type.field(named: $0) }
                return Rule(rule: rule, units: Set(fields.map { type.unit(of: $0) }))
            },
            naturalKeys: keys)
    }
}
