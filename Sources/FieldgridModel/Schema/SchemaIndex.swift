/// A schema laid out for the merge: what a unit is, by number, without
/// searching.
package struct SchemaIndex: Sendable {
    /// One merge unit of a type.
    ///
    /// A class, like ``Entry``: the merge looks them up for every change, and must not
    /// copy what they hold.
    package final class Unit: Sendable {
        package let number: UnitNumber
        package let name: String
        package let policy: UnitPolicy
        package let members: [Field]

        init(_ number: UnitNumber, name: String, policy: UnitPolicy, members: [Field]) {
            self.number = number
            self.name = name
            self.policy = policy
            self.members = members
        }
    }

    /// A rule and the units whose fields it reads.
    package struct Rule: Sendable {
        package var rule: CrossFieldRule
        package var units: Set<UnitNumber>
    }

    /// One record type.
    package final class Entry: Sendable {
        package let type: RecordType
        /// In the order of their numbers.
        package let units: [Unit]
        package let parentUnit: UnitNumber?
        package let requiredUnits: [Unit]
        package let rules: [Rule]
        /// For each natural key the units and member places of its fields.
        package let naturalKeys: [[KeyPart]]
        /// The units that any natural key reads.
        package let keyUnits: Set<UnitNumber>
        /// The unit that says whether a refreshed record is active.
        package let statusUnit: UnitNumber?
        /// The unit that names the record to people.
        package let titleUnit: UnitNumber?

        init(
            _ type: RecordType, units: [Unit], rules: [Rule],
            naturalKeys: [[KeyPart]]
        ) {
            self.type = type
            self.units = units
            self.rules = rules
            self.naturalKeys = naturalKeys
            keyUnits = Set(naturalKeys.joined().map(\.unit))
            parentUnit = type.parent.flatMap { type.field(named: $0.field) }
                .map { type.unit(of: $0) }
            statusUnit = type.refresh.flatMap { type.field(named: $0.statusField) }
                .map { type.unit(of: $0) }
            titleUnit = type.title.flatMap { type.field(named: $0) }.map { type.unit(of: $0) }
            requiredUnits = units.filter { $0.members.contains(where: \.required) }
        }

        package func unit(_ number: UnitNumber) -> Unit? {
            let place = units.place(of: number.value) { $0.number.value }
            return place < units.count && units[place].number == number ? units[place] : nil
        }
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
        let units = ([.presence, .scope] + type.unitNumbers).compactMap { number in
            type.policy(of: number).map { policy in
                Unit(
                    number, name: type.unitName(number), policy: policy,
                    members: type.members(of: number) ?? [])
            }
        }
        let keys = type.naturalKeys.map { key in
            key.compactMap { name -> KeyPart? in
                guard let field = type.field(named: name) else { return nil }
                let unit = type.unit(of: field)
                let place = type.members(of: unit)?.firstIndex { $0.name == name }
                return place.map { KeyPart(unit: unit, member: $0) }
            }
        }
        let rules = type.rules.map { rule in
            let fields = rule.fields.compactMap { type.field(named: $0) }
            return Rule(rule: rule, units: Set(fields.map { type.unit(of: $0) }))
        }
        return Entry(type, units: units, rules: rules, naturalKeys: keys)
    }
}
