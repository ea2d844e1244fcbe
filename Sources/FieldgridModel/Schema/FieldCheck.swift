/// A limit on one field's value.
package enum FieldCheck: Hashable, Sendable, Codable {
    /// Least and greatest number, in canonical units (分, scaled integers).
    case range(least: Int64?, greatest: Int64?)
    /// A pattern from a closed vocabulary of shapes, so that the rule is the
    /// same in every language that implements the schema.
    case shape(TextShape)
    /// A check digit.
    case checkDigit(CheckDigitScheme)
    /// A date that is not after today.
    case notAfterToday
}

/// Shapes of text that the schema language knows by name.
package enum TextShape: String, Hashable, Sendable, Codable, CaseIterable {
    /// `1` and ten digits, or `0`, area code, optional hyphen, 7–8 digits.
    case phone
    case email
    /// Six digits.
    case postalCode = "postal_code"
    /// `2026H1` or `2026H2`.
    case halfYear = "half_year"
}

/// Check digits (domain.md section 3 gives standards, algorithms, vectors).
package enum CheckDigitScheme: String, Hashable, Sendable, Codable, CaseIterable {
    /// Unified social credit code, GB 32100-2015, with the inner
    /// organisation code (GB 11714) checked too.
    case uscc
    /// Organisation code, GB 11714-1997, nine characters without hyphen.
    case orgCode = "org_code"
    /// Resident identity number, GB 11643-1999, 18 characters.
    case residentID = "resident_id"
    /// Registration number of 15 digits, GS15-2006; 13 old digits pass
    /// unchecked.
    case registrationNumber = "reg_no"
}

/// A rule over several fields of one record.
package struct CrossFieldRule: Hashable, Sendable, Codable {
    package var name: String
    package var label: Label
    /// True where the record is in order.
    ///
    /// Nil, when a field it needs is empty, counts as true.
    package var condition: Expression

    package init(name: String, label: Label, condition: Expression) {
        self.name = name
        self.label = label
        self.condition = condition
    }
}

/// The expressions of cross-field rules.
///
/// Evaluation is total: a missing operand gives nil, never an error.
package indirect enum Expression: Hashable, Sendable, Codable {
    case field(String)
    case integer(Int64)
    case text(String)
    /// Today's date in Asia/Shanghai.
    case today
    case sum([Expression])
    case difference(Expression, Expression)
    case compare(Comparison, Expression, Expression)
    case all([Expression])
    case any([Expression])
    case not(Expression)
    case implies(Expression, Expression)
    case iff(Expression, Expression)
    case isNull(Expression)
    /// Characters `from` through `through` of a text, counted from 1.
    case slice(Expression, from: Int, through: Int)

    package enum Comparison: String, Hashable, Sendable, Codable {
        case equal = "==", notEqual = "!=", less = "<", lessOrEqual = "<="
        case greater = ">", greaterOrEqual = ">="
    }
}

/// How a file of another program becomes records of a type.
package struct ImportMap: Hashable, Sendable, Codable {
    package var name: String
    package var type: String
    package var label: Label
    package var columns: [ImportColumn]
    /// Cell texts that mean "empty".
    package var emptyTexts: [String]
    /// How the scope is found; nil leaves it to `--scope`.
    package var scope: ImportScope?

    package init(
        name: String, type: String, label: Label, columns: [ImportColumn], emptyTexts: [String],
        scope: ImportScope? = nil
    ) {
        self.name = name
        self.type = type
        self.label = label
        self.columns = columns
        self.emptyTexts = emptyTexts
        self.scope = scope
    }
}

/// One column of an import.
package struct ImportColumn: Hashable, Sendable, Codable {
    package var header: String
    /// The field it fills; nil when the column is known and left out.
    package var field: String?
    package var reading: ImportReading

    package init(header: String, field: String?, reading: ImportReading = .plain) {
        self.header = header
        self.field = field
        self.reading = reading
    }
}

/// How a cell's text becomes a value.
package enum ImportReading: Hashable, Sendable, Codable {
    case plain
    /// `2,518(万元人民币)`: grouped digits, then a unit. The unit says the
    /// factor to 元 and the currency, which goes into `currencyField`.
    case amount(units: [AmountUnit], currencyField: String?)
    /// Words of the other program to codes of ours.
    case words([String: String])
}

/// What the words behind an amount mean.
package struct AmountUnit: Hashable, Sendable, Codable {
    package var text: String
    package var factor: Int64
    package var currency: String

    package init(text: String, factor: Int64, currency: String) {
        self.text = text
        self.factor = factor
        self.currency = currency
    }
}

/// Finding a record's grid in an address.
package struct ImportScope: Hashable, Sendable, Codable {
    /// The field whose text is searched for names of grids.
    package var addressField: String
    /// The field set to 1 when no grid was found and the record stays in
    /// the scope at the top.
    package var unknownField: String

    package init(addressField: String, unknownField: String) {
        self.addressField = addressField
        self.unknownField = unknownField
    }
}
