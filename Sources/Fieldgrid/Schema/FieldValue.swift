import FieldgridModel
import FieldgridService
public import Foundation

/// The value of one field.
///
/// Reading gives the case of the field's kind: `.integer`, `.money`, `.decimal`,
/// `.boolean`, `.instant`, `.set`, and `.text` for texts, codes, days (`2026-07-24`),
/// months, references, grids and attachments; ``empty`` where nothing is set.
///
/// Writing takes the same, or `.text` for every kind: then it is read as a person types
/// it, `"12.50"` 元 for money, a code or exactly its label, elements of a set between
/// semicolons. Literals do:
///
/// ```swift
/// import Fieldgrid
///
/// try node.edit(clinic, ["phone": "0999-0000001", "beds": 12, "has_fridge": true])
/// ```
///
/// Text is brought into Unicode's form NFC and loses white space at its ends; an empty
/// text is ``empty``.
///
/// Later versions may add cases, as they may add kinds: a `switch` over it needs an
/// `@unknown default`, and ``description`` is right for every value.
@nonexhaustive public enum FieldValue: Hashable, Sendable {
    /// Nothing; writing it clears the field.
    case empty
    /// Text, and every kind that has no case of its own.
    case text(String)
    /// A whole number.
    case integer(Int64)
    /// An amount in 分, a hundredth of a 元.
    case money(fen: Int64)
    /// `units` of which 10 to the power `scale` make one: 36.6 is 366 of scale 1.
    case decimal(units: Int64, scale: Int)
    /// Yes or no.
    case boolean(Bool)
    /// A moment, in milliseconds since 1970 UTC: exact, as two devices must agree on it.
    case instant(milliseconds: Int64)
    /// Any number of texts, none of which has a semicolon; order does not matter.
    case set([String])
}

extension FieldValue {
    /// Whether nothing is set.
    public var isEmpty: Bool { self == .empty }

    /// The text of ``text(_:)``; nil for every other case.
    public var text: String? {
        if case .text(let text) = self { return text }
        return nil
    }

    /// The number of ``integer(_:)``; nil for every other case.
    public var integer: Int64? {
        if case .integer(let number) = self { return number }
        return nil
    }

    /// The answer of ``boolean(_:)``; nil for every other case.
    public var boolean: Bool? {
        if case .boolean(let bool) = self { return bool }
        return nil
    }

    /// The amount of ``money(fen:)`` in 分; nil for every other case.
    public var fen: Int64? {
        if case .money(let fen) = self { return fen }
        return nil
    }

    /// The moment of ``instant(milliseconds:)``; nil for every other case.
    public var moment: Date? {
        if case .instant(let milliseconds) = self { return Moments.date(milliseconds) }
        return nil
    }

    /// A moment, to the nearest millisecond.
    public static func instant(_ moment: Date) -> FieldValue {
        .instant(milliseconds: Moments.milliseconds(moment))
    }

    /// The texts of ``set(_:)``; nil for every other case.
    public var elements: [String]? {
        if case .set(let elements) = self { return elements }
        return nil
    }
}

extension FieldValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByNilLiteral
{
    /// A text, or what a person would type for another kind.
    public init(stringLiteral value: String) { self = .text(value) }
    /// A whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// Yes or no.
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    /// A set of texts.
    public init(arrayLiteral elements: String...) { self = .set(elements) }
    /// ``empty``.
    public init(nilLiteral: ()) { self = .empty }
}

extension FieldValue: CustomStringConvertible {
    /// As people type it, without its unit: `12.50` for 1250 分.
    public var description: String {
        switch self {
        case .empty: ""
        case .text(let text): text
        case .integer(let number): String(number)
        case .money(let fen): Decimals.text(fen, scale: 2)
        case .decimal(let units, let scale):
            (0...18).contains(scale) ? Decimals.text(units, scale: scale) : "\(units)e-\(scale)"
        case .boolean(let bool): bool ? "是" : "否"
        case .instant(let milliseconds): Instants.text(milliseconds)
        case .set(let elements): elements.joined(separator: ";")
        }
    }
}

extension FieldValue {
    /// A value of a document, which the service writes by the kind of its field.
    init(_ document: JSONValue, kind: FieldgridModel.FieldKind?) {
        switch (kind, document) {
        case (_, .null): self = .empty
        case (.money?, .integer(let fen)): self = .money(fen: fen)
        case (.decimal(let scale)?, .integer(let units)):
            self = .decimal(units: units, scale: scale)
        case (.decimal(let scale)?, .number(let literal)):
            let units = FieldInput.number(literal, kind: .decimal(scale: scale))
            self = units.map { .decimal(units: $0, scale: scale) } ?? .text(literal)
        case (.boolean?, .integer(let number)): self = .boolean(number != 0)
        case (.instant?, .integer(let milliseconds)):
            self = .instant(milliseconds: milliseconds)
        case (.instant?, .text(let text)):
            self = Instants.milliseconds(text).map { .instant(milliseconds: $0) } ?? .text(text)
        case (.set?, .text(let text)): self = TextSet.decode(text).map { .set($0) } ?? .text(text)
        case (_, .bool(let bool)): self = .boolean(bool)
        case (_, .integer(let number)): self = .integer(number)
        case (_, .number(let literal)): self = .text(literal)
        case (_, .text(let text)): self = .text(text)
        case (_, .array(let elements)): self = .set(elements.compactMap(\.text))
        case (_, .object): self = .text(document.description)
        }
    }

    /// The whole number that a counter's field stores.
    var count: Value {
        switch self {
        case .integer(let number), .money(let number), .decimal(let number, _): .integer(number)
        default: .null
        }
    }

    /// The value as the service reads it: as a person types it into the field.
    ///
    /// Nil where the case does not fit the field's kind.
    func typed(into kind: FieldgridModel.FieldKind) -> String? {
        switch (self, kind) {
        case (.empty, _): ""
        case (.text(let text), _): text
        case (.integer, .integer), (.money, .money), (.boolean, .boolean), (.instant, .instant):
            description
        case (.integer(let number), .decimal): String(number)
        case (.decimal(let units, let scale), .decimal) where (0...18).contains(scale):
            Decimals.text(units, scale: scale)
        case (.set(let elements), .set):
            elements.contains { $0.contains(";") || $0.contains("；") }
                ? nil : elements.joined(separator: ";")
        default: nil
        }
    }

    /// `field=value` for each value, as the service takes them.
    ///
    /// - throws: ``FieldgridError`` with every value that does not fit its field.
    static func assignments(
        _ values: [String: FieldValue], of type: FieldgridModel.RecordType?
    ) throws -> [String] {
        var problems: [FieldProblem] = []
        let texts = values.sorted { $0.key < $1.key }.map { name, value in
            let field = type?.field(named: name)
            guard let field, let text = value.typed(into: field.kind) else {
                // The service knows how to speak of a field that is not there.
                if let field { problems.append(.unfit(value, for: field)) }
                return "\(name)=\(value)"
            }
            return "\(name)=\(text)"
        }
        guard problems.isEmpty else {
            throw FieldgridError(
                "value.type",
                problems.map { "\($0.message.zh) / \($0.message.en)" }
                    .joined(separator: "\n"), problems: problems)
        }
        return texts
    }
}

extension FieldProblem {
    fileprivate static func unfit(
        _ value: FieldValue, for field: FieldgridModel.Field
    ) -> FieldProblem {
        let expected = field.kind.expectation
        return FieldProblem(
            field: field.name, code: "value.type",
            message: Label(
                zh: "\(field.label.zh)（\(field.name)）：应为\(expected.zh)，给出的值属于另一种类型。",
                en: "\(field.label.en) (\(field.name)): expected \(expected.en), and the value "
                    + "given is of another kind."))
    }
}
