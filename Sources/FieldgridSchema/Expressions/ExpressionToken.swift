/// A word, number, text or sign of a rule.
enum ExpressionToken: Hashable, CustomStringConvertible {
    case word(String)
    case number(Int64)
    case text(String)
    case symbol(String)

    var description: String {
        switch self {
        case .word(let text), .symbol(let text): "“\(text)”"
        case .number(let number): "“\(number)”"
        case .text(let text): "'\(text)'"
        }
    }

    static func all(in text: String) throws(ExpressionFault) -> [ExpressionToken] {
        var rest = Substring(text)
        var tokens: [ExpressionToken] = []
        while let first = rest.first {
            if first.isWhitespace {
                rest.removeFirst()
            } else {
                tokens.append(try next(&rest, first))
            }
        }
        return tokens
    }

    private static func next(
        _ rest: inout Substring, _ first: Character
    ) throws(ExpressionFault) -> ExpressionToken {
        if isWord(first), !first.isNumber { return .word(String(take(&rest, while: isWord))) }
        if ("0"..."9").contains(first) {
            let digits = take(&rest) { ("0"..."9").contains($0) }
            guard let number = Int64(digits) else {
                throw ExpressionFault(reason: "has a number too large: \(digits)")
            }
            return .number(number)
        }
        if first == "'" {
            rest.removeFirst()
            let text = take(&rest) { $0 != "'" }
            guard rest.popFirst() != nil else {
                throw ExpressionFault(reason: "has a text without a closing '")
            }
            return .text(String(text))
        }
        for symbol in symbols where rest.hasPrefix(symbol) {
            rest.removeFirst(symbol.count)
            return .symbol(symbol)
        }
        throw ExpressionFault(reason: "has a sign it cannot have: “\(first)”")
    }

    /// Longer ones first.
    private static let symbols = [
        "==", "!=", "<=", ">=", "..", "<", ">", "+", "-", "(", ")", "[", "]",
    ]

    private static func isWord(_ character: Character) -> Bool {
        ("a"..."z").contains(character) || ("0"..."9").contains(character) || character == "_"
    }

    private static func take(
        _ rest: inout Substring, while condition: (Character) -> Bool
    ) -> Substring {
        let taken = rest.prefix(while: condition)
        rest = rest[taken.endIndex...]
        return taken
    }
}
