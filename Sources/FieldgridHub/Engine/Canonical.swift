import FieldgridModel
import Foundation

/// The one spelling of values that the engine keeps (``Value``).
enum Canonical {
    /// Text that is NFC, not empty, and without U+0000.
    static func isCanonical(_ value: Value) -> Bool {
        guard case .text(let text) = value else { return true }
        if text.isEmpty || text.utf8.contains(0) { return false }
        if isPlain(text) { return true }
        return text.precomposedStringWithCanonicalMapping.hasBytes(of: text)
    }

    /// As people enter it, made canonical: empty text is null.
    static func canonical(_ value: Value) -> Value {
        guard case .text(let text) = value else { return value }
        if text.isEmpty { return .null }
        return isPlain(text) ? value : .text(text.precomposedStringWithCanonicalMapping)
    }

    /// True for texts of ASCII and of the CJK blocks without decompositions,
    /// which are NFC as they are and need no look at the tables.
    private static func isPlain(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            scalar.value < 0x80 || (0x4e00...0x9fff).contains(scalar.value)
                || (0x3000...0x3029).contains(scalar.value)
                || (0xff01...0xff5e).contains(scalar.value)
        }
    }
}
