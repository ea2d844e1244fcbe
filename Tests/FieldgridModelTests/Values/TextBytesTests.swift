import FieldgridModel
import Testing

/// Texts are what their bytes are: as the wire and SQLite have them.
@Suite struct TextBytesTests {
    private static func text(_ bytes: [UInt8]) -> String? {
        bytes.withUnsafeBufferPointer { String(exactly: $0) }
    }

    @Test(arguments: ["", "a", "虚构甲", "虚构商贸有限公司第十二号", "1234567", "12345678", "👩🏽‍🌾"])
    func bytesOfATextAreThatText(text: String) {
        #expect(Self.text(Array(text.utf8)) == text)
    }

    @Test(
        arguments: [
            // Repaired, each of them is as long as it was: U+FFFD has three bytes.
            [0xF0, 0x9F, 0x98], [0x61, 0xF0, 0x9F, 0x98, 0x61, 0x61, 0x61, 0x61, 0x61],
            // A half of a surrogate pair, a needlessly long form, a byte alone, an end that is cut.
            [0xED, 0xA0, 0x80], [0xC0, 0x80], [0x80], [0xE8, 0x99],
        ] as [[UInt8]])
    func bytesThatAreNotUTF8AreNoText(bytes: [UInt8]) {
        #expect(Self.text(bytes) == nil)
    }

    @Test func textsThatLookAlikeHaveOtherBytes() {
        #expect("\u{F90A}" == "\u{91D1}")
        #expect(!"\u{F90A}".hasBytes(of: "\u{91D1}"))
        #expect(!"12345678虚".hasBytes(of: "12345678实"))
        #expect("12345678虚".hasBytes(of: "12345678虚"))
    }
}
