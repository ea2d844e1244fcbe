extension RecordType {
    /// Everything wrong with a whole record, in the order of its fields,
    /// then of its rules.
    ///
    /// Whether a grid or a referenced record exists is the hub's question.
    ///
    /// Values come by field number, members of groups included; a missing
    /// entry is an empty field.
    package func violations(
        of values: [UnitNumber: Value], in schema: Schema, today: LocalDate
    ) -> [Violation] {
        let named = { (name: String) -> Value in
            self.field(named: name).flatMap { values[$0.number] } ?? .null
        }
        let single = fields.flatMap { field in
            violations(
                ofField: field, value: values[field.number] ?? .null, others: named, schema: schema,
                today: today)
        }
        return single + brokenRules(in: named, today: today).map(Violation.broken)
    }

    /// Everything wrong with one field's canonical value.
    ///
    /// The record's other fields are asked by name, for codes whose list
    /// version another field states.
    package func violations(
        ofField field: Field, value: Value, others: (String) -> Value, schema: Schema,
        today: LocalDate
    ) -> [Violation] {
        if value.isNull { return field.required ? [.required(field)] : [] }
        if let wrong = field.typeViolation(value) { return [wrong] }
        if case .code(let list, let versionField) = field.kind, let code = value.text {
            let version = versionField.flatMap { others($0).text }
            if let wrong = schema.codeViolation(code, of: field, list: list, version: version) {
                return [wrong]
            }
        }
        return field.checks.compactMap { field.violation(of: $0, value: value, today: today) }
    }

    /// The cross-field rules that these values break.
    ///
    /// `among` says which rules are asked, all of them when left out;
    /// ``CrossFieldRule/fields`` says what a rule reads.
    package func brokenRules(
        in values: (String) -> Value, today: LocalDate,
        among: (CrossFieldRule) -> Bool = { _ in true }
    ) -> [CrossFieldRule] {
        rules.filter { among($0) && $0.condition.truth(in: values, today: today) == false }
    }

    /// The message for a broken rule.
    package func violation(of rule: CrossFieldRule) -> Violation { .broken(rule) }
}

extension Field {
    /// Nil when the value has the shape that its kind asks for.
    func typeViolation(_ value: Value) -> Violation? {
        switch (kind, value) {
        case (.text(let maxLength), .text(let text)): textViolation(text, maxLength: maxLength)
        case (.integer, .integer), (.money, .integer), (.decimal, .integer): nil
        case (.boolean, .integer(let number)): 0...1 ~= number ? nil : wrongType(value)
        case (.instant, .integer(let number)):
            Field.instants.contains(number) ? nil : wrongType(value)
        case (.date, .text(let text)): LocalDate(text) == nil ? wrongType(value) : nil
        case (.month, .text(let text)): LocalDate(text + "-01") == nil ? wrongType(value) : nil
        case (.code, .text(let text)), (.grid, .text(let text)):
            textViolation(text, maxLength: 64)
        case (.reference, .text(let text)): RecordID(text) == nil ? wrongType(value) : nil
        case (.attachment, .text(let text)):
            AttachmentName.isValid(text) ? nil : wrongType(value)
        case (.set, .text(let text)):
            if let elements = TextSet.decode(text) {
                elements.lazy.compactMap { self.textViolation($0, maxLength: 200) }.first
            } else {
                wrongType(value)
            }
        default: wrongType(value)
        }
    }

    /// Years 0001 to 9999, so that every instant has a date.
    static let instants: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999

    func textViolation(_ text: String, maxLength: Int) -> Violation? {
        if text.isEmpty || text.unicodeScalars.contains(where: Self.isForbidden) {
            return .of(
                self, "value.type",
                expected: Label(
                    zh: "不含控制字符的非空文本", en: "a text that is not empty, without control characters"),
                found: nil)
        }
        let length = text.unicodeScalars.count
        guard length > maxLength else { return nil }
        return .of(
            self, "value.too-long",
            expected: Label(
                zh: "不超过\(maxLength)字（现有\(length)字）",
                en: "at most \(maxLength) characters (there are \(length))"),
            found: nil)
    }

    /// Control characters other than newline and tab.
    static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0a: false
        case 0x00...0x1f, 0x7f...0x9f: true
        default: false
        }
    }

    func wrongType(_ value: Value) -> Violation {
        let found =
            switch value {
            case .null: ""
            case .integer(let number): String(number)
            case .text(let text): text
            }
        return .of(self, "value.type", expected: kind.expectation, found: found)
    }

    /// Nil when the value passes the check.
    func violation(of check: FieldCheck, value: Value, today: LocalDate) -> Violation? {
        switch (check, value) {
        case (.range(let least, let greatest), .integer(let number)):
            if number >= least ?? .min, number <= greatest ?? .max { return nil }
            return .of(
                self, "value.range", expected: rangeExpectation(least, greatest),
                found: FieldInput.display(value, for: self))
        case (.shape(let shape), .text(let text)):
            if shape.accepts(text) { return nil }
            return .of(self, "value.shape", expected: shape.expectation, found: text)
        case (.checkDigit(let scheme), .text(let text)):
            if scheme.accepts(text) { return nil }
            return .of(self, "value.check-digit", expected: scheme.expectation, found: text)
        case (.notAfterToday, .text(let text)):
            guard let date = LocalDate(text), date > today else { return nil }
            return .of(
                self, "value.date-in-future",
                expected: Label(
                    zh: "不晚于今天（\(today)）的日期", en: "a date not after today (\(today))"),
                found: text)
        default: return nil
        }
    }

    private func rangeExpectation(_ least: Int64?, _ greatest: Int64?) -> Label {
        let unit = unit.map { " \($0)" } ?? ""
        let show = { (number: Int64) in FieldInput.display(.integer(number), for: self) + unit }
        return switch (least.map(show), greatest.map(show)) {
        case (let least?, let greatest?):
            Label(zh: "\(least)至\(greatest)", en: "\(least) to \(greatest)")
        case (let least?, nil): Label(zh: "不小于\(least)", en: "at least \(least)")
        case (nil, let greatest?): Label(zh: "不大于\(greatest)", en: "at most \(greatest)")
        case (nil, nil): Label(zh: "数值", en: "a number")
        }
    }
}

extension Schema {
    /// Nil when the code is in the stated version of the list, or, where none
    /// is stated, in any of them.
    func codeViolation(
        _ code: String, of field: Field, list: String, version: String?
    ) -> Violation? {
        let versions = codeList(named: list)?.versions ?? []
        let asked = version.map { wanted in versions.filter { $0.version == wanted } } ?? versions
        let isKnown = asked.contains { version in
            version.codes.contains { $0.code.hasBytes(of: code) }
        }
        if isKnown { return nil }
        let known = asked.last.map(\.sample) ?? ""
        let name = codeList(named: list)?.label ?? Label(zh: list, en: list)
        let edition = version.map { Label(zh: "（\($0)版）", en: " (version \($0))") }
        return .of(
            field, "value.code-unknown",
            expected: Label(
                zh: "“\(name.zh)”\(edition?.zh ?? "")中的代码：\(known)",
                en: "a code of “\(name.en)”\(edition?.en ?? ""): \(known)"),
            found: code)
    }
}

extension CodeListVersion {
    /// The first codes, for messages.
    var sample: String {
        let first = codes.prefix(12).map(\.code).joined(separator: ", ")
        return codes.count > 12 ? first + ", …" : first
    }
}

extension FieldKind {
    /// What a value of this kind looks like to a person.
    package var expectation: Label {
        switch self {
        case .text(let maxLength):
            Label(zh: "不超过\(maxLength)字的文本", en: "a text of at most \(maxLength) characters")
        case .integer: Label(zh: "整数", en: "a whole number")
        case .money:
            Label(zh: "以元为单位、最多两位小数的金额", en: "an amount in yuan with at most two decimals")
        case .decimal(let scale):
            Label(zh: "最多\(scale)位小数的数", en: "a number with at most \(scale) decimals")
        case .boolean: Label(zh: "是或否", en: "true or false")
        case .date: Label(zh: "日期 YYYY-MM-DD", en: "a date YYYY-MM-DD")
        case .month: Label(zh: "月份 YYYY-MM", en: "a month YYYY-MM")
        case .instant:
            Label(
                zh: "时间 YYYY-MM-DDTHH:MM（北京时间）", en: "a time YYYY-MM-DDTHH:MM (Asia/Shanghai)")
        case .code(let list, _): Label(zh: "“\(list)”中的代码", en: "a code of the list “\(list)”")
        case .reference(let type):
            Label(zh: "“\(type)”记录的标识", en: "the id of a record of type “\(type)”")
        case .grid: Label(zh: "网格代码", en: "the code of a grid")
        case .attachment:
            Label(zh: "文件的 SHA-256（小写十六进制）", en: "the SHA-256 of a file, or @FILE")
        case .set:
            Label(zh: "以分号分隔的若干项", en: "items separated by semicolons")
        }
    }
}
