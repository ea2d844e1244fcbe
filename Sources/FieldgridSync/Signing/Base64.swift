/// Base64 of RFC 4648 section 4, padded; one spelling for each value.
package enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var word: UInt32 = 0
        var held = 0
        for byte in bytes {
            word = word << 8 | UInt32(byte)
            held += 1
            guard held == 3 else { continue }
            append(word, sextets: 4, to: &text)
            (word, held) = (0, 0)
        }
        if held > 0 {
            append(word << UInt32(8 * (3 - held)), sextets: held + 1, to: &text)
            text.append(contentsOf: repeatElement(UInt8(ascii: "="), count: 3 - held))
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil for anything that ``encode(_:)`` would not have written: missing
    /// padding, foreign characters, spare bits that are set.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 4) else { return nil }
        let padding = digits.suffix(2).count { $0 == UInt8(ascii: "=") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 4 * 3)
        var word: UInt32 = 0
        for (offset, digit) in digits.dropLast(padding).enumerated() {
            guard let sextet = value(of: digit) else { return nil }
            word = word << 6 | sextet
            guard offset % 4 == 3 else { continue }
            append(word, octets: 3, to: &bytes)
            word = 0
        }
        if padding > 0 {
            append(word << UInt32(6 * padding), octets: 3 - padding, to: &bytes)
        }
        return encode(bytes).utf8.elementsEqual(digits) ? bytes : nil
    }

    private static func append(_ word: UInt32, sextets: Int, to text: inout [UInt8]) {
        for index in 0..<sextets {
            text.append(alphabet[Int(word >> UInt32(18 - 6 * index) & 0x3f)])
        }
    }

    private static func append(_ word: UInt32, octets: Int, to bytes: inout [UInt8]) {
        for index in 0..<octets {
            bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(16 - 8 * index)))
        }
    }

    private static func value(of digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
