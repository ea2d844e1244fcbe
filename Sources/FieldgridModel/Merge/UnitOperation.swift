/// What an edit of a unit does, where the unit is not a register
/// (sync.md 9.10).
///
/// The value of such a change, by policy:
/// - `counter`: one integer, the increment;
/// - `set`: two members, the added and the removed elements (``TextSet``);
/// - `append`: two members, the new entry, and the names of entries taken
///   back (``TextSet`` of ``name(of:)``).
package enum UnitOperation {
    /// What turns one row's value into another; nil when nothing does.
    ///
    /// A text that does not begin with the old one is an entry of its own:
    /// nothing that was typed is lost.
    package static func between(
        _ old: UnitValue, _ new: UnitValue, policy: MergePolicy
    ) -> UnitValue? {
        guard old != new else { return nil }
        switch policy {
        case .counter:
            let (increment, overflow) = (new.single.integer ?? 0)
                .subtractingReportingOverflow(old.single.integer ?? 0)
            guard !overflow, increment != 0 else { return nil }
            return UnitValue(.integer(increment))
        case .set:
            let before = elements(old.single)
            let after = elements(new.single)
            let added = after.filter { !before.contains($0) }
            let removed = before.filter { !after.contains($0) }
            if added.isEmpty, removed.isEmpty { return nil }
            return UnitValue([text(added), text(removed)])
        case .append:
            guard let entry = new.single.text else { return nil }
            let start = old.single.text.map { $0 + separator } ?? ""
            let rest =
                entry.utf8.starts(with: start.utf8)
                ? String(entry.unicodeScalars.dropFirst(start.unicodeScalars.count)) : entry
            return rest.isEmpty ? nil : UnitValue([.text(rest), .null])
        case .latest, .review, .precedence, .max, .min, .hub, .fixed: return new
        }
    }

    /// A row's value after an operation.
    package static func apply(
        _ operation: UnitValue, to value: UnitValue, policy: MergePolicy
    ) -> UnitValue {
        switch policy {
        case .counter:
            let sum = sum([value.single.integer ?? 0, operation.single.integer ?? 0])
            return UnitValue(.integer(sum))
        case .set:
            let removed = elements(operation.members.last ?? .null)
            let kept = elements(value.single).filter { !removed.contains($0) }
            return UnitValue(text(kept + elements(operation.members.first ?? .null)))
        case .append:
            guard let entry = operation.members.first?.text else { return value }
            return UnitValue(.text(value.single.text.map { $0 + separator + entry } ?? entry))
        case .latest, .review, .precedence, .max, .min, .hub, .fixed: return operation
        }
    }

    /// Between the entries of an `append` unit, as a row shows them.
    package static let separator = "\n"

    /// What a removal calls an entry.
    package static func name(of entry: ChangesetIdentity) -> String {
        "\(entry.incarnation)/\(entry.seq)"
    }

    static func elements(_ value: Value) -> [String] {
        value.text.flatMap { TextSet.decode($0) } ?? []
    }

    static func text(_ elements: [String]) -> Value {
        TextSet.encode(elements).map { .text($0) } ?? .null
    }

    /// The sum, at the bounds of 64 bits where it would leave them.
    static func sum(_ integers: some Sequence<Int64>) -> Int64 {
        integers.reduce(0) { total, next in
            let (sum, overflow) = total.addingReportingOverflow(next)
            return overflow ? (next > 0 ? .max : .min) : sum
        }
    }
}

extension UnitState {
    /// The value that shows; nil for a unit without sides.
    package func value(policy: UnitPolicy) -> UnitValue? {
        guard !sides.isEmpty else { return nil }
        switch policy {
        case .declared(.counter):
            return UnitValue(
                .integer(UnitOperation.sum(sides.map { $0.value.single.integer ?? 0 })))
        case .declared(.set):
            return UnitValue(UnitOperation.text(sides.compactMap(\.value.single.text)))
        case .declared(.append):
            let entries = sides.sorted {
                ($0.offer.time, $0.offer.identity) < ($1.offer.time, $1.offer.identity)
            }
            let texts = entries.compactMap(\.value.single.text)
            return UnitValue(
                texts.isEmpty
                    ? .null : .text(texts.joined(separator: UnitOperation.separator)))
        default: return sides[decision(policy: policy).winner].value
        }
    }

    /// Combines an operation with what stands.
    ///
    /// - A counter has one side for each origin, its total.
    /// - Each element of a set is a side for each time it was added, so that a
    ///   removal takes only the additions it had seen.
    /// - Each entry of an `append` unit is a side for ever.
    mutating func combine(
        _ offered: Side, seen: Seen, policy: UnitPolicy
    ) -> MergeOutcome {
        let members = offered.value.members
        changed = max(changed, offered.offer.position)
        var outcome = MergeOutcome(effect: .combines, rule: .counter)
        if case .declared(.set) = policy {
            outcome.rule = .set
            let added = UnitOperation.elements(members.first ?? .null)
            let removed = UnitOperation.elements(members.last ?? .null)
            sides.removeAll { side in
                guard let element = side.value.single.text, seen.includes(side) else {
                    return false
                }
                return removed.contains(element) || added.contains(element)
            }
            for element in added {
                var side = offered
                side.value = UnitValue(.text(element))
                sides.append(side)
            }
        } else if case .declared(.append) = policy {
            outcome.rule = .append
            let removed = UnitOperation.elements(members.count > 1 ? members[1] : .null)
            sides.removeAll { removed.contains(UnitOperation.name(of: $0.offer.identity)) }
            if let entry = members.first?.text {
                var side = offered
                side.value = UnitValue(.text(entry))
                sides.append(side)
            }
        } else if let index = sides.firstIndex(where: { $0.origin == offered.origin }) {
            let total = UnitOperation.sum(
                [sides[index], offered].map { $0.value.single.integer ?? 0 })
            sides[index] = offered
            sides[index].value = UnitValue(.integer(total))
        } else {
            sides.append(offered)
        }
        return outcome
    }
}
