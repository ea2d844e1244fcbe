/// Crockford's Base32: digits and letters without I, L, O and U, so that a
/// code can be read aloud and copied by hand.
///
/// Only whole groups of five bytes are written, as eight characters each.
package enum CrockfordBase32 {
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    /// - precondition: the number of bytes is a multiple of five.
    package static func encode(_ bytes: some Collection<UInt8>) -> String {
        precondition(bytes.count.isMultiple(of: 5), "\(bytes.count) bytes are no whole groups")
        var text: [UInt8] = []
        var word: UInt64 = 0
        for (offset, byte) in bytes.enumerated() {
            word = word << 8 | UInt64(byte)
            guard offset % 5 == 4 else { continue }
            for shift in stride(from: UInt64(35), through: 0, by: -5) {
                text.append(alphabet[Int(word >> shift & 0x1f)])
            }
            word = 0
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads either case, and O for 0, I and L for 1, as people type them.
    ///
    /// Nil for other characters and for a broken group.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        guard text.utf8.count.isMultiple(of: 8) else { return nil }
        var bytes: [UInt8] = []
        var word: UInt64 = 0
        for (offset, character) in text.utf8.enumerated() {
            guard let digit = value(of: character) else { return nil }
            word = word << 5 | digit
            guard offset % 8 == 7 else { continue }
            for shift in stride(from: UInt64(32), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
            word = 0
        }
        return bytes
    }

    private static func value(of character: UInt8) -> UInt64? {
        let lower = UInt8(ascii: "a")...UInt8(ascii: "z")
        let upper = lower.contains(character) ? character - 32 : character
        switch upper {
        case UInt8(ascii: "O"): return 0
        case UInt8(ascii: "I"), UInt8(ascii: "L"): return 1
        default: return alphabet.firstIndex(of: upper).map(UInt64.init)
        }
    }
}
