/// Blanks comments and the text of string literals in Swift source.
///
/// Knows line and nested block comments, one-line, multi-line and raw
/// strings, and interpolation, whose code is kept. Line breaks stay where
/// they are. Regex literals are taken for code; a quote in one ends with its
/// line.
struct SwiftCode {
    private enum Place: Equatable {
        case code
        /// Code inside an interpolation, with the round brackets open in it.
        case interpolation(brackets: Int)
        case string(hashes: Int, multiline: Bool)
    }

    private let source: [UInt8]
    private var position = 0
    private var result: [UInt8] = []
    private var places: [Place] = [.code]

    static func stripped(_ text: String) -> String {
        var scanner = SwiftCode(source: Array(text.utf8))
        scanner.scan()
        return String(decoding: scanner.result, as: UTF8.self)
    }

    private init(source: [UInt8]) {
        self.source = source
        result.reserveCapacity(source.count)
    }

    private mutating func scan() {
        while position < source.count {
            if case .string(let hashes, let multiline) = places.last {
                scanString(hashes: hashes, multiline: multiline)
            } else {
                scanCode()
            }
        }
    }

    private mutating func scanCode() {
        if follows("/", "/") {
            while position < source.count, source[position] != newline { drop() }
        } else if follows("/", "*") {
            dropBlockComment()
        } else if let opening = stringOpening() {
            keep(opening.length)
            places.append(.string(hashes: opening.hashes, multiline: opening.multiline))
        } else {
            countBracket()
            keep(1)
        }
    }

    private mutating func scanString(hashes: Int, multiline: Bool) {
        let quotes = multiline ? 3 : 1
        if source[position] == backslash, hasHashes(hashes, at: position + 1) {
            let next = position + 1 + hashes
            if next < source.count, source[next] == UInt8(ascii: "(") {
                drop(hashes + 1)
                keep(1)
                places.append(.interpolation(brackets: 1))
            } else {
                drop(hashes + 2)
            }
        } else if hasQuotes(quotes, at: position), hasHashes(hashes, at: position + quotes) {
            keep(quotes + hashes)
            places.removeLast()
        } else {
            // A one-line literal never passes its line: recovers from a stray quote.
            if source[position] == newline, !multiline { places.removeLast() }
            drop()
        }
    }

    /// Leaves an interpolation at the bracket that closes it.
    private mutating func countBracket() {
        guard case .interpolation(var brackets) = places.last else { return }
        if source[position] == UInt8(ascii: "(") { brackets += 1 }
        if source[position] == UInt8(ascii: ")") { brackets -= 1 }
        places.removeLast()
        if brackets > 0 { places.append(.interpolation(brackets: brackets)) }
    }

    private mutating func dropBlockComment() {
        var depth = 0
        repeat {
            if follows("/", "*") {
                depth += 1
                drop(2)
            } else if follows("*", "/") {
                depth -= 1
                drop(2)
            } else {
                drop()
            }
        } while depth > 0 && position < source.count
    }

    private func stringOpening() -> (length: Int, hashes: Int, multiline: Bool)? {
        var hashes = 0
        while hasHashes(hashes + 1, at: position) { hashes += 1 }
        guard hasQuotes(1, at: position + hashes) else { return nil }
        let multiline = hasQuotes(3, at: position + hashes)
        return (hashes + (multiline ? 3 : 1), hashes, multiline)
    }

    private func hasHashes(_ count: Int, at start: Int) -> Bool {
        repeats(UInt8(ascii: "#"), count, at: start)
    }

    private func hasQuotes(_ count: Int, at start: Int) -> Bool {
        repeats(UInt8(ascii: "\""), count, at: start)
    }

    private func repeats(_ byte: UInt8, _ count: Int, at start: Int) -> Bool {
        guard start + count <= source.count else { return false }
        for index in start..<start + count where source[index] != byte { return false }
        return true
    }

    private func follows(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Bool {
        guard position + 1 < source.count else { return false }
        return source[position] == UInt8(ascii: first)
            && source[position + 1] == UInt8(ascii: second)
    }

    private mutating func keep(_ count: Int) {
        for _ in 0..<count where position < source.count {
            result.append(source[position])
            position += 1
        }
    }

    private mutating func drop(_ count: Int = 1) {
        for _ in 0..<count where position < source.count {
            if source[position] == newline { result.append(newline) }
            position += 1
        }
    }
}

private let newline = UInt8(ascii: "\n")
private let backslash = UInt8(ascii: "\\")
