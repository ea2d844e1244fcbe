/// A function, initialiser or subscript found in Swift source by counting
/// brackets.
struct SwiftFunction: Equatable {
    let name: String
    /// The line of the `func`, counted from 1.
    let line: Int
    /// Lines from the `func` to its closing bracket; 1 without a body.
    let length: Int
    let parameterCount: Int
    /// An initialiser that stores each parameter and does nothing else: Swift
    /// writes none with `package` access, so that a struct of many parts has
    /// to spell it out.
    let storesItsParameters: Bool

    /// Every function of `code`, nested ones too; comments and strings must
    /// be gone.
    static func all(in code: [String]) -> [SwiftFunction] {
        var scanner = FunctionScanner(source: Array(code.joined(separator: "\n").utf8))
        return scanner.scan()
    }
}

private struct FunctionScanner {
    private let source: [UInt8]
    private var position = 0
    private var line = 1

    init(source: [UInt8]) { self.source = source }

    mutating func scan() -> [SwiftFunction] {
        var found: [SwiftFunction] = []
        while position < source.count {
            let start = position
            let word = word(at: position)
            if declares(word, at: start), let function = function(keyword: word, at: start) {
                found.append(function)
            }
            let end = start + max(word.utf8.count, 1)
            if source[start] == UInt8(ascii: "\n") { line += 1 }
            position = end
        }
        return found
    }

    private func declares(_ word: String, at start: Int) -> Bool {
        let before = start > 0 ? source[start - 1] : UInt8(ascii: "\n")
        guard before != UInt8(ascii: "."), before != UInt8(ascii: "`") else { return false }
        switch word {
        case "func": return true
        case "init", "subscript":
            let next = start + word.utf8.count
            return next < source.count && "(<?!".utf8.contains(source[next])
        default: return false
        }
    }

    private func function(keyword: String, at start: Int) -> SwiftFunction? {
        guard let opening = index(of: "(", from: start),
            let closing = closingBracket(of: opening)
        else { return nil }
        let parameters = source[(opening + 1)..<closing]
        let heading = String(decoding: source[start..<opening], as: UTF8.self)
        let name = keyword == "func" ? String(heading.dropFirst(5)) : keyword
        let count = parameterCount(Array(parameters))
        guard let bodyStart = bodyStart(after: closing), let end = closingBracket(of: bodyStart)
        else {
            return SwiftFunction(
                name: name, line: line, length: 1, parameterCount: count,
                storesItsParameters: false)
        }
        let lengthInLines = source[start...end].count { $0 == UInt8(ascii: "\n") } + 1
        let body = String(decoding: source[(bodyStart + 1)..<end], as: UTF8.self)
        return SwiftFunction(
            name: name, line: line, length: lengthInLines, parameterCount: count,
            storesItsParameters: keyword == "init" && onlyStores(body))
    }

    private func onlyStores(_ body: String) -> Bool {
        let statements = body.split(whereSeparator: { "\n;".contains($0) })
            .map { $0.drop(while: \.isWhitespace) }
            .filter { !$0.isEmpty }
        return statements.allSatisfy { statement in
            let sides = statement.split(separator: " = ", maxSplits: 1)
            return sides.count == 2
                && sides.allSatisfy { side in
                    side.utf8.allSatisfy { isWordByte($0) || $0 == UInt8(ascii: ".") }
                }
        }
    }

    /// The body's bracket, or nil where the signature ends without one, as in
    /// a protocol.
    private func bodyStart(after closing: Int) -> Int? {
        let others = ["func", "var", "let", "init", "subscript", "associatedtype", "mutating"]
        var index = closing + 1
        while index < source.count {
            switch source[index] {
            case UInt8(ascii: "{"): return index
            case UInt8(ascii: "}"), UInt8(ascii: "@"): return nil
            default:
                let word = word(at: index)
                if others.contains(word) { return nil }
                index += max(word.utf8.count, 1)
            }
        }
        return nil
    }

    /// Commas outside inner brackets, plus one; a trailing comma adds none.
    private func parameterCount(_ parameters: [UInt8]) -> Int {
        var depth = 0
        var count = 0
        var sawText = false
        for (index, byte) in parameters.enumerated() {
            switch Unicode.Scalar(byte) {
            case "(", "[", "{", "<": depth += 1
            case ")", "]", "}": depth -= 1
            case ">" where index > 0 && parameters[index - 1] != UInt8(ascii: "-"): depth -= 1
            case "," where depth == 0:
                count += 1
                sawText = false
                continue
            case " ", "\n": continue
            default: break
            }
            sawText = true
        }
        return count + (sawText ? 1 : 0)
    }

    private func closingBracket(of opening: Int) -> Int? {
        let open = source[opening]
        let close = open == UInt8(ascii: "(") ? UInt8(ascii: ")") : UInt8(ascii: "}")
        var depth = 0
        for index in opening..<source.count {
            if source[index] == open { depth += 1 }
            if source[index] == close { depth -= 1 }
            if depth == 0 { return index }
        }
        return nil
    }

    private func index(of character: Unicode.Scalar, from start: Int) -> Int? {
        source[start...].firstIndex(of: UInt8(ascii: character))
    }

    /// The identifier or keyword at `start`, empty where none begins.
    private func word(at start: Int) -> String {
        var end = start
        while end < source.count, isWordByte(source[end]) { end += 1 }
        return String(decoding: source[start..<end], as: UTF8.self)
    }

    private func isWordByte(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || byte >= 0x80
            || (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z"))
            || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
    }
}
