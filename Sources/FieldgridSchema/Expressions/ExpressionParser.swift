import FieldgridModel

/// Why a rule cannot be read.
///
/// The reason continues the sentence “the rule … ”.
struct ExpressionFault: Error, Hashable {
    var reason: String
}

/// Reads the conditions of cross-field rules.
///
///     condition  = implication [ "iff" implication ]
///     implication = alternative [ "implies" alternative ]
///     alternative = conjunction { "or" conjunction }
///     conjunction = negation { "and" negation }
///     negation   = "not" negation | comparison
///     comparison = sum [ ("==" "!=" "<" "<=" ">" ">=") sum | "is" ["not"] "null" ]
///     sum        = term { ("+" | "-") term }
///     term       = primary [ "[" number ".." number "]" ]
///     primary    = number | 'text' | "today" | "true" | "false" | field | "(" condition ")"
struct ExpressionParser {
    private var tokens: ArraySlice<ExpressionToken>

    static func parse(_ text: String) throws(ExpressionFault) -> Expression {
        var parser = ExpressionParser(tokens: try ExpressionToken.all(in: text)[...])
        let expression = try parser.condition(depth: 0)
        if let rest = parser.tokens.first {
            throw ExpressionFault(reason: "was understood only up to \(rest)")
        }
        return expression
    }

    // MARK: Conditions

    private mutating func condition(depth: Int) throws(ExpressionFault) -> Expression {
        // Keeps a hostile file from exhausting the stack.
        if depth > 32 { throw ExpressionFault(reason: "is nested too deeply") }
        let left = try implication(depth)
        guard take(.word("iff")) else { return left }
        return .iff(left, try implication(depth))
    }

    private mutating func implication(_ depth: Int) throws(ExpressionFault) -> Expression {
        let left = try alternative(depth)
        guard take(.word("implies")) else { return left }
        return .implies(left, try alternative(depth))
    }

    private mutating func alternative(_ depth: Int) throws(ExpressionFault) -> Expression {
        var parts = [try conjunction(depth)]
        while take(.word("or")) { parts.append(try conjunction(depth)) }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private mutating func conjunction(_ depth: Int) throws(ExpressionFault) -> Expression {
        var parts = [try negation(depth)]
        while take(.word("and")) { parts.append(try negation(depth)) }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func negation(_ depth: Int) throws(ExpressionFault) -> Expression {
        if depth > 32 { throw ExpressionFault(reason: "is nested too deeply") }
        if take(.word("not")) { return .not(try negation(depth + 1)) }
        return try comparison(depth)
    }

    private mutating func comparison(_ depth: Int) throws(ExpressionFault) -> Expression {
        let left = try sum(depth)
        if take(.word("is")) {
            let negated = take(.word("not"))
            guard take(.word("null")) else { throw expected("“null” after “is”") }
            return negated ? .not(.isNull(left)) : .isNull(left)
        }
        guard case .symbol(let symbol)? = tokens.first,
            let comparison = Expression.Comparison(rawValue: symbol)
        else { return left }
        tokens.removeFirst()
        return .compare(comparison, left, try sum(depth))
    }

    // MARK: Values

    private mutating func sum(_ depth: Int) throws(ExpressionFault) -> Expression {
        var result = try term(depth)
        while true {
            if take(.symbol("+")) {
                let next = try term(depth)
                if case .sum(let parts) = result {
                    result = .sum(parts + [next])
                } else {
                    result = .sum([result, next])
                }
            } else if take(.symbol("-")) {
                result = .difference(result, try term(depth))
            } else {
                return result
            }
        }
    }

    private mutating func term(_ depth: Int) throws(ExpressionFault) -> Expression {
        let inner = try primary(depth)
        guard take(.symbol("[")) else { return inner }
        guard case .number(let from)? = tokens.popFirst(), take(.symbol("..")),
            case .number(let through)? = tokens.popFirst(), take(.symbol("]")),
            (1...1_000_000).contains(from), (from...1_000_000).contains(through)
        else { throw ExpressionFault(reason: "needs a slice like [9..17], counted from 1") }
        return .slice(inner, from: Int(from), through: Int(through))
    }

    private mutating func primary(_ depth: Int) throws(ExpressionFault) -> Expression {
        if take(.symbol("(")) {
            let inner = try condition(depth: depth + 1)
            guard take(.symbol(")")) else { throw expected("“)”") }
            return inner
        }
        switch tokens.first {
        case .number(let number):
            tokens.removeFirst()
            return .integer(number)
        case .text(let text):
            tokens.removeFirst()
            return .text(text)
        case .word(let word) where !Self.keywords.contains(word):
            tokens.removeFirst()
            return switch word {
            case "today": .today
            case "true": .integer(1)
            case "false": .integer(0)
            default: .field(word)
            }
        default: throw expected("a field, a number, a 'text' or “(”")
        }
    }

    private static let keywords: Set<String> = ["and", "or", "not", "implies", "iff", "is", "null"]

    private mutating func take(_ token: ExpressionToken) -> Bool {
        guard tokens.first == token else { return false }
        tokens.removeFirst()
        return true
    }

    private func expected(_ what: String) -> ExpressionFault {
        let found = tokens.first.map { "\($0)" } ?? "the end"
        return ExpressionFault(reason: "needs \(what) where \(found) stands")
    }
}
