/// One way in which a value or a record breaks its schema.
///
/// Codes are stable: `value.required`, `value.type`, `value.too-long`,
/// `value.range`, `value.code-unknown`, `value.code-ambiguous`,
/// `value.check-digit`, `value.shape`, `value.date-in-future`,
/// `field.unknown`, `import.column`, `import.unit`, and `rule.<name>` for a
/// cross-field rule.
package struct Violation: Error, Hashable, Sendable, Codable {
    package var code: String
    /// The field at fault; nil for a cross-field rule and for a whole row.
    package var field: String?
    /// What was expected, what was found, what to do.
    ///
    /// Never contains the value of a personal or sensitive field.
    package var message: Label

    package init(code: String, field: String?, message: Label) {
        self.code = code
        self.field = field
        self.message = message
    }
}

extension Violation {
    /// A field that holds something else than it should.
    ///
    /// What was found is given as a person would read it; it is left out of
    /// the message where the field is about a person.
    static func of(
        _ field: Field, _ code: String, expected: Label, found: String?
    ) -> Violation {
        let quoted = found.map { field.quoted($0) }
        return Violation(
            code: code, field: field.name,
            message: Label(
                zh: "\(field.label.zh)（\(field.name)）：应为\(expected.zh)"
                    + (quoted.map { "，现为\($0.zh)" } ?? "") + "。请更正后再保存。",
                en: "\(field.label.en) (\(field.name)): expected \(expected.en)"
                    + (quoted.map { ", found \($0.en)" } ?? "") + ". Correct it and save again."))
    }

    static func required(_ field: Field) -> Violation {
        Violation(
            code: "value.required", field: field.name,
            message: Label(
                zh: "\(field.label.zh)（\(field.name)）：必填，现为空。请填写。",
                en: "\(field.label.en) (\(field.name)): required, found nothing. Fill it in."))
    }

    static func broken(_ rule: CrossFieldRule) -> Violation {
        let names = rule.fields.sorted()
        return Violation(
            code: "rule.\(rule.name)", field: nil,
            message: Label(
                zh: "\(rule.label.zh)。请核对：\(names.joined(separator: "、"))。",
                en: "\(rule.label.en). Check: \(names.joined(separator: ", "))."))
    }

    /// A name that is no field of the type.
    package static func unknownField(_ name: String, of type: RecordType) -> Violation {
        let known = type.fields.map(\.name).joined(separator: ", ")
        return Violation(
            code: "field.unknown", field: name,
            message: Label(
                zh: "“\(type.label.zh)”没有字段“\(name)”。可用的字段：\(known)。",
                en: "“\(type.name)” has no field “\(name)”. Its fields: \(known)."))
    }
}

extension Field {
    /// A value for a message; hidden where the field is about a person.
    func quoted(_ text: String) -> Label {
        switch sensitivity {
        case .personal, .sensitive:
            return Label(zh: "不符合要求的内容（已隐去）", en: "something else (hidden)")
        case .open, .internal:
            let scalars = text.unicodeScalars
            guard scalars.count > 60 else { return Label(zh: "“\(text)”", en: "“\(text)”") }
            let start = String(String.UnicodeScalarView(scalars.prefix(60)))
            return Label(
                zh: "“\(start)…”（\(scalars.count)字）",
                en: "“\(start)…” (\(scalars.count) characters)")
        }
    }
}
