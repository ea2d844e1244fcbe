/// What the hub keeps of one record: its units, and where it lives.
///
/// - `number` belongs to the epoch and to `scope`, and is never reused.
/// - `entered` is the position in `scope` at which the record came into it;
///   a node whose position is before it does not know the number yet.
/// - `latest` is the greatest position at which anything of it changed.
package struct RecordState: Hashable, Sendable {
    package var type: TypeNumber
    package var id: RecordID
    package var scope: ScopeCode
    package var number: RecordNumber
    package var entered: Position
    package var latest: Position
    package var units: UnitTable
    /// What the merged record breaks.
    package var broken: [BrokenRule] = []

    package init(
        type: TypeNumber, id: RecordID, scope: ScopeCode, number: RecordNumber, entered: Position
    ) {
        self.type = type
        self.id = id
        self.scope = scope
        self.number = number
        self.entered = entered
        latest = entered
        units = UnitTable()
    }

    /// True unless a delete stands, or the record was merged into another.
    package var isAlive: Bool {
        guard let presence = units[.presence] else { return true }
        return presence.value(policy: .presence).map { $0 == .alive } ?? true
    }

    /// The record that this one was merged into, being the same thing in the
    /// world.
    package var alias: RecordID? {
        units[.presence]?.value(policy: .presence)?.single.text.flatMap { RecordID($0) }
    }
}

/// What a merged record breaks, and the conflict that says so (sync.md 9.17,
/// 9.21).
package struct BrokenRule: Hashable, Sendable {
    /// What is broken: a rule over several units, or what the present schema
    /// asks of one field.
    package enum Subject: Hashable, Sendable {
        case rule(String)
        case field(String)

        /// No rule has a colon in its name.
        private static let fieldMark = "field:"

        package init(text: String) {
            self =
                text.hasPrefix(Self.fieldMark)
                ? .field(String(text.dropFirst(Self.fieldMark.count))) : .rule(text)
        }

        package var text: String {
            switch self {
            case .rule(let name): name
            case .field(let name): Self.fieldMark + name
            }
        }

        /// As people know it.
        package var name: String {
            switch self {
            case .rule(let name), .field(let name): name
            }
        }
    }

    package var subject: Subject
    package var conflict: RecordID

    package init(_ subject: Subject, conflict: RecordID) {
        self.subject = subject
        self.conflict = conflict
    }
}

extension RecordType {
    /// The policy of a unit of this type.
    package func policy(of unit: UnitNumber) -> UnitPolicy? {
        if unit == .presence { return .presence }
        if unit == .scope { return .declared(.latest) }
        if let group = groups.first(where: { $0.number == unit }) { return .declared(group.policy) }
        guard let field = field(unit), group(containing: field.name) == nil else { return nil }
        return .declared(hubOnly ? .hub : field.policy)
    }

    /// The fields a unit is made of, in the order of its members; nil when
    /// the type has no such unit.
    package func members(of unit: UnitNumber) -> [Field]? {
        if let group = groups.first(where: { $0.number == unit }) {
            return group.members.compactMap { field(named: $0) }
        }
        guard let field = field(unit), group(containing: field.name) == nil else { return nil }
        return [field]
    }

    /// The unit that a field belongs to.
    package func unit(of field: Field) -> UnitNumber {
        group(containing: field.name)?.number ?? field.number
    }

    /// The name of a unit, in commands, conflicts and history.
    package func unitName(_ unit: UnitNumber) -> String {
        switch unit {
        case .presence: "presence"
        case .scope: "scope"
        default:
            groups.first { $0.number == unit }?.name ?? field(unit)?.name ?? "unit-\(unit.value)"
        }
    }

    /// The number of a unit by its name; nil when there is none.
    package func unitNumber(named name: String) -> UnitNumber? {
        if name == "presence" { return .presence }
        if name == "scope" { return .scope }
        if let group = groups.first(where: { $0.name == name }) { return group.number }
        return field(named: name).map { unit(of: $0) }
    }

    /// Every declared unit, in number order.
    package var unitNumbers: [UnitNumber] {
        let grouped = groups.map(\.number)
        let alone = fields.filter { group(containing: $0.name) == nil }.map(\.number)
        return (grouped + alone).sorted()
    }
}

extension RecordState {
    /// The record's values that show, by field number; grouped fields apart.
    package func values(type: RecordType) -> [UnitNumber: Value] {
        var values: [UnitNumber: Value] = [:]
        for element in units.elements {
            guard let policy = type.policy(of: element.number),
                let members = type.members(of: element.number),
                let shown = element.state.value(policy: policy)
            else { continue }
            for (field, value) in zip(members, shown.members) where !value.isNull {
                values[field.number] = value
            }
        }
        return values
    }

    /// Merges an edit's bearing on whether the record is there.
    ///
    /// An edit made without having seen a delete revives the record, and a
    /// delete made without having seen an edit does not destroy it: both are
    /// one open conflict of the presence unit.
    package mutating func reconcilePresence(
        with offer: Offer, deletes: Bool, seen: Seen,
        conflictID: (ChangesetIdentity, ChangesetIdentity) throws -> RecordID
    ) rethrows -> MergeOutcome? {
        var presence = units[.presence] ?? .empty
        if deletes {
            let unseen = units.elements.filter { $0.number != .presence }
                .flatMap(\.state.sides).filter { !seen.includes($0.offer) }
            if let edit = unseen.max(by: { $0.offer.position < $1.offer.position }),
                !PlantedBug.deleteDestroysEdit.isActive
            {
                presence.sides = [Side(value: .alive, offer: edit.offer)]
            }
        } else {
            let deleted = presence.sides.contains { $0.value == .deleted }
            guard deleted else { return nil }
        }
        let side = Side(value: deletes ? .deleted : .alive, offer: offer)
        let duplicate = deletes ? presence.takeDuplicate(unless: side, seen: seen) : nil
        let outcome = try presence.merge(
            side, seen: seen, policy: .presence, conflictID: conflictID, base: { .alive })
        if let duplicate { presence.conflict = duplicate }
        units[.presence] = presence
        return outcome
    }
}

extension UnitState {
    /// Takes out the open question whether the record doubles another: whoever
    /// deletes it does not answer that.
    ///
    /// Nil where the deletion is contested, and one conflict says both.
    fileprivate mutating func takeDuplicate(
        unless deletion: Side, seen: Seen
    ) -> ConflictReference? {
        guard let present = conflict, present.kind == .duplicate, present.state.waitsForPerson,
            sides.allSatisfy({ seen.includes($0) || $0.value == deletion.value })
        else { return nil }
        conflict = nil
        return present
    }
}

extension UnitValue {
    /// The presence of a record that is there.
    package static let alive = UnitValue(.integer(1))
    /// The presence of a record that was deleted.
    package static let deleted = UnitValue(.integer(0))

    /// The presence of a record that was merged into another.
    package static func merged(into survivor: RecordID) -> UnitValue {
        UnitValue(.text(survivor.description))
    }
}
