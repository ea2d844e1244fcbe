import FieldgridModel

/// Finds rules that can never mean anything: unknown fields, a text compared
/// with a number, money added to people.
struct ExpressionTyping {
    let kinds: [String: FieldKind]

    private enum Meaning: Hashable {
        case number(String)
        /// A written number, which fits beside any other.
        case literal
        case text, date, month, truth

        var words: String {
            switch self {
            case .number(let unit): "a number (\(unit))"
            case .literal: "a number"
            case .text: "a text"
            case .date: "a date"
            case .month: "a month"
            case .truth: "a condition"
            }
        }
    }

    func requireCondition(_ expression: Expression) throws(ExpressionFault) {
        let meaning = try meaning(of: expression)
        // `true` and `false` are read as 1 and 0.
        guard meaning == .truth else {
            throw ExpressionFault(reason: "needs a condition where \(meaning.words) stands")
        }
    }

    private func meaning(of expression: Expression) throws(ExpressionFault) -> Meaning {
        switch expression {
        case .field(let name): return try meaning(ofField: name)
        case .integer: return .literal
        case .text: return .text
        case .today: return .date
        case .sum(let parts):
            var result = Meaning.literal
            for part in parts { result = try common(result, try number(part), "added to") }
            return result
        case .difference(let left, let right):
            return try common(try number(left), try number(right), "less")
        case .compare(_, let left, let right):
            _ = try common(try meaning(of: left), try meaning(of: right), "compared with")
            return .truth
        case .all(let parts), .any(let parts):
            for part in parts { try requireCondition(part) }
            return .truth
        case .not(let inner):
            try requireCondition(inner)
            return .truth
        case .implies(let left, let right), .iff(let left, let right):
            try requireCondition(left)
            try requireCondition(right)
            return .truth
        case .isNull(let inner):
            _ = try meaning(of: inner)
            return .truth
        case .slice(let inner, _, _):
            let meaning = try meaning(of: inner)
            guard meaning == .text else {
                throw ExpressionFault(reason: "takes a slice of \(meaning.words)")
            }
            return .text
        }
    }

    private func number(_ expression: Expression) throws(ExpressionFault) -> Meaning {
        let meaning = try meaning(of: expression)
        switch meaning {
        case .number, .literal: return meaning
        default: throw ExpressionFault(reason: "adds \(meaning.words)")
        }
    }

    private func common(
        _ left: Meaning, _ right: Meaning, _ verb: String
    ) throws(ExpressionFault) -> Meaning {
        if left == right { return left }
        switch (left, right) {
        case (.literal, .number), (.literal, .truth): return right
        case (.number, .literal), (.truth, .literal): return left
        case (.date, .text), (.month, .text): return left
        case (.text, .date), (.text, .month): return right
        default:
            throw ExpressionFault(reason: "has \(left.words) \(verb) \(right.words)")
        }
    }

    private func meaning(ofField name: String) throws(ExpressionFault) -> Meaning {
        guard let kind = kinds[name] else {
            throw ExpressionFault(reason: "names “\(name)”, which is no field of the type")
        }
        return switch kind {
        case .text, .code, .reference, .grid, .set, .attachment: .text
        case .integer: .number("whole")
        case .money: .number("money")
        case .decimal(let scale): .number("\(scale) decimals")
        case .boolean: .truth
        case .date: .date
        case .month: .month
        case .instant: .number("instant")
        }
    }
}
