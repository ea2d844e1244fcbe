import FieldgridModel
import Foundation

/// The one spelling of a text (sync.md 9.9): NFC, no U+0000, empty is null.
enum CanonicalText {
    /// - Throws: `value.nul` when the text has a U+0000.
    static func value(of value: Value, field: Field) throws -> Value {
        guard case .text(let text) = value else { return value }
        if text.utf8.isEmpty { return .null }
        guard !text.utf8.contains(0) else {
            throw ReplicaError(
                .valueNUL, "\(field.label.en) (\(field.name)) has a U+0000 character",
                hint: "Remove it and save again")
        }
        if field.kind == .set { return set(text) }
        return isPlain(text) ? value : .text(text.precomposedStringWithCanonicalMapping)
    }

    /// The nearest canonical value of what another program wrote: ends at a
    /// U+0000, which no other store would keep.
    static func nearest(to value: Value, field: Field) -> Value {
        guard case .text(var text) = value else { return value }
        if text.utf8.contains(0) {
            text = String(decoding: text.utf8.prefix { $0 != 0 }, as: UTF8.self)
        }
        if text.utf8.isEmpty { return .null }
        if field.kind == .set { return set(text) }
        return .text(isPlain(text) ? text : text.precomposedStringWithCanonicalMapping)
    }

    /// The elements of any JSON array of texts, in their one order; what is
    /// no such array is one element, so that nothing that was written is lost.
    private static func set(_ text: String) -> Value {
        let parsed = {
            try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
        }
        let elements = TextSet.decode(text) ?? parsed() as? [String] ?? [text]
        let canonical = elements.map(\.precomposedStringWithCanonicalMapping)
        return TextSet.encode(canonical).map { .text($0) } ?? .null
    }

    /// True for texts that are in NFC whatever stands in them: ASCII, CJK
    /// punctuation, unified ideographs U+4E00–U+9FFF, and full-width forms.
    static func isPlain(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.value {
            case 0...0x7f, 0x3001...0x3029, 0x4e00...0x9fff, 0xff01...0xff5e: true
            default: false
            }
        }
    }
}
