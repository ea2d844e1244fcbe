/// What people type and read, and the canonical values it stands for.
package enum FieldInput {
    /// Reads what a person typed into a field: a command's `field=value`, a
    /// cell of a table, a form's input.
    ///
    /// Empty is null. Ranges, shapes and check digits are not looked at:
    /// ``RecordType/violations(ofField:value:others:schema:today:)`` does
    /// that for every origin of a value. Text must already be NFC.
    package static func parse(
        _ text: String, for field: Field, type: RecordType, schema: Schema
    ) -> Result<Value, Violation> {
        let trimmed = trim(text)
        if trimmed.isEmpty { return .success(.null) }
        switch field.kind {
        case .text: return parseText(trimmed, for: field)
        case .code(let list, _): return parseCode(trimmed, for: field, list: list, schema: schema)
        case .set: return parseSet(trimmed, for: field)
        case .integer: return parseDecimal(trimmed, scale: 0, for: field)
        case .money: return parseDecimal(trimmed, scale: 2, for: field)
        case .decimal(let scale): return parseDecimal(trimmed, scale: scale, for: field)
        case .boolean, .date, .month, .instant, .reference, .grid, .attachment:
            return plain(trimmed, for: field)
        }
    }

    /// Writes a canonical value the way ``parse(_:for:type:schema:)`` reads
    /// it: money in 元, decimals with their scale, sets with semicolons.
    package static func display(_ value: Value, for field: Field) -> String {
        switch (field.kind, value) {
        case (_, .null): ""
        case (.money, .integer(let number)): Decimals.text(number, scale: 2)
        case (.decimal(let scale), .integer(let number)): Decimals.text(number, scale: scale)
        case (.boolean, .integer(let number)): number == 0 ? "否" : "是"
        case (.instant, .integer(let number)): Instants.text(number)
        case (.set, .text(let text)): TextSet.decode(text)?.joined(separator: ";") ?? text
        case (_, .integer(let number)): String(number)
        case (_, .text(let text)): text
        }
    }

    /// Without white space at either end, in the wide sense of Unicode: the
    /// ideographic space and the byte order mark are typed by accident too.
    package static func trim(_ text: String) -> String {
        let scalars = text.unicodeScalars
        let isSpace = { (scalar: Unicode.Scalar) in
            scalar.properties.isWhitespace || scalar.value == 0xfeff
        }
        guard let first = scalars.firstIndex(where: { !isSpace($0) }),
            let last = scalars.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(scalars[first...last])
    }

    private static func plain(_ text: String, for field: Field) -> Result<Value, Violation> {
        let value: Value? =
            switch field.kind {
            case .boolean: booleans[text.lowercased()].map { .integer($0) }
            case .date: LocalDate(text).map { .text($0.description) }
            case .month: LocalDate(text + "-01").map { _ in .text(text) }
            case .instant: Instants.milliseconds(text).map { .integer($0) }
            case .attachment: AttachmentName.isValid(text) ? .text(text) : nil
            case .reference: RecordID(text.lowercased()).map { .text($0.description) }
            default: field.textViolation(text, maxLength: 64) == nil ? .text(text) : nil
            }
        return value.map { .success($0) } ?? .failure(field.wrongType(.text(text)))
    }

    private static let booleans: [String: Int64] = [
        "true": 1, "1": 1, "yes": 1, "是": 1, "false": 0, "0": 0, "no": 0, "否": 0,
    ]

    private static func parseText(_ text: String, for field: Field) -> Result<Value, Violation> {
        var text = text
        for case .checkDigit(let scheme) in field.checks {
            text = text.uppercased()
            // The printed form of an organisation code has a hyphen.
            if scheme == .orgCode { text.removeAll { $0 == "-" } }
        }
        return field.typeViolation(.text(text)).map { .failure($0) } ?? .success(.text(text))
    }

    private static func parseDecimal(
        _ text: String, scale: Int, for field: Field
    ) -> Result<Value, Violation> {
        do {
            return .success(.integer(try Decimals.scaled(text, scale: scale)))
        } catch .tooLarge {
            return .failure(
                .of(
                    field, "value.range",
                    expected: Label(zh: "64位整数以内的数", en: "a number that fits 64 bits"),
                    found: text))
        } catch {
            return .failure(field.wrongType(.text(text)))
        }
    }

    private static func parseSet(_ text: String, for field: Field) -> Result<Value, Violation> {
        let elements = text.split { $0 == ";" || $0 == "；" }.map { trim(String($0)) }
        guard let canonical = TextSet.encode(elements) else { return .success(.null) }
        let value = Value.text(canonical)
        return field.typeViolation(value).map { .failure($0) } ?? .success(value)
    }

    /// A code itself, or exactly a code's label in either language.
    private static func parseCode(
        _ text: String, for field: Field, list: String, schema: Schema
    ) -> Result<Value, Violation> {
        if let wrong = field.textViolation(text, maxLength: 64) { return .failure(wrong) }
        let codes = schema.codeList(named: list)?.versions.flatMap(\.codes) ?? []
        if let code = codes.first(where: { $0.code == text }) { return .success(.text(code.code)) }
        let named = codes.filter { $0.label.zh == text || $0.label.en == text }
        let candidates = Set(named.map(\.code)).sorted()
        if let only = candidates.first, candidates.count == 1 { return .success(.text(only)) }
        guard candidates.isEmpty else {
            let choices = candidates.joined(separator: ", ")
            return .failure(
                .of(
                    field, "value.code-ambiguous",
                    expected: Label(zh: "以下代码之一：\(choices)", en: "one of the codes \(choices)"),
                    found: text))
        }
        let unknown = schema.codeViolation(text, of: field, list: list, version: nil)
        return .failure(unknown ?? field.wrongType(.text(text)))
    }
}

extension FieldInput {
    /// A number of a kind as a person writes it, in canonical units; nil when
    /// it is none, or too precise, or too large.
    package static func number(_ text: String, kind: FieldKind) -> Int64? {
        switch kind {
        case .integer: try? Decimals.scaled(text, scale: 0)
        case .money: try? Decimals.scaled(text, scale: 2)
        case .decimal(let scale): try? Decimals.scaled(text, scale: scale)
        default: nil
        }
    }
}
