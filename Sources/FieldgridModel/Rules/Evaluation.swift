extension Expression {
    /// The fields the expression reads.
    package var fields: Set<String> {
        switch self {
        case .field(let name): [name]
        case .integer, .text, .today: []
        case .sum(let parts), .all(let parts), .any(let parts):
            parts.reduce(into: []) { $0.formUnion($1.fields) }
        case .difference(let left, let right), .compare(_, let left, let right),
            .implies(let left, let right), .iff(let left, let right):
            left.fields.union(right.fields)
        case .not(let inner), .isNull(let inner), .slice(let inner, _, _): inner.fields
        }
    }

    /// The expression's value; conditions give 1, 0, or null when a field
    /// they need is empty.
    ///
    /// Never fails: a sum too large for 64 bits is null.
    package func value(in values: (String) -> Value, today: LocalDate) -> Value {
        switch self {
        case .field(let name): return values(name)
        case .integer(let number): return .integer(number)
        case .text(let text): return .text(text)
        case .today: return .text(today.description)
        case .sum(let parts):
            return Self.sum(parts.map { $0.value(in: values, today: today).integer })
        case .difference(let left, let right):
            return Self.subtract(
                left.value(in: values, today: today).integer,
                right.value(in: values, today: today).integer)
        case .slice(let inner, let from, let through):
            return Self.slice(inner.value(in: values, today: today), from: from, through: through)
        case .compare, .all, .any, .not, .implies, .iff, .isNull:
            guard let truth = truth(in: values, today: today) else { return .null }
            return .integer(truth ? 1 : 0)
        }
    }

    /// Whether the condition holds; nil when it cannot be known because a
    /// field is empty.
    ///
    /// `and`, `or` and `implies` follow Kleene: one false operand settles an
    /// `and` whatever the others are.
    package func truth(in values: (String) -> Value, today: LocalDate) -> Bool? {
        switch self {
        case .field, .integer, .text, .today, .sum, .difference, .slice:
            return value(in: values, today: today).integer.map { $0 != 0 }
        case .compare(let comparison, let left, let right):
            return comparison.holds(
                left.value(in: values, today: today), right.value(in: values, today: today))
        case .all(let parts):
            return Self.conjunction(parts.map { $0.truth(in: values, today: today) })
        case .any(let parts):
            let denied = parts.map { $0.truth(in: values, today: today).map { !$0 } }
            return Self.conjunction(denied).map { !$0 }
        case .not(let inner): return inner.truth(in: values, today: today).map { !$0 }
        case .implies(let left, let right):
            let denied = [
                left.truth(in: values, today: today),
                right.truth(in: values, today: today).map { !$0 },
            ]
            return Self.conjunction(denied).map { !$0 }
        case .iff(let left, let right):
            guard let left = left.truth(in: values, today: today),
                let right = right.truth(in: values, today: today)
            else { return nil }
            return left == right
        case .isNull(let inner): return inner.value(in: values, today: today).isNull
        }
    }

    private static func conjunction(_ truths: [Bool?]) -> Bool? {
        if truths.contains(false) { return false }
        return truths.contains(nil) ? nil : true
    }

    private static func sum(_ parts: [Int64?]) -> Value {
        var total: Int64 = 0
        for part in parts {
            guard let part else { return .null }
            let (next, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { return .null }
            total = next
        }
        return .integer(total)
    }

    private static func subtract(_ left: Int64?, _ right: Int64?) -> Value {
        guard let left, let right else { return .null }
        let (difference, overflow) = left.subtractingReportingOverflow(right)
        return overflow ? .null : .integer(difference)
    }

    private static func slice(_ value: Value, from: Int, through: Int) -> Value {
        guard let text = value.text else { return .null }
        let scalars = Array(text.unicodeScalars)
        guard from >= 1, from <= through, through <= scalars.count else { return .null }
        var part = String.UnicodeScalarView()
        part.append(contentsOf: scalars[(from - 1)...(through - 1)])
        return .text(String(part))
    }
}

extension Expression.Comparison {
    /// Nil when a side is empty, or the sides are of different kinds.
    func holds(_ left: Value, _ right: Value) -> Bool? {
        switch (left, right) {
        case (.integer, .integer), (.text, .text): break
        default: return nil
        }
        return switch self {
        case .equal: left == right
        case .notEqual: left != right
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        }
    }
}

extension CrossFieldRule {
    /// The fields the rule reads.
    package var fields: Set<String> { condition.fields }
}
