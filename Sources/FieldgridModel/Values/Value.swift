/// A canonical value of one field.
///
/// - Text is NFC, has no U+0000 and is never empty (empty is ``null``); two
///   texts are equal when their UTF-8 *bytes* are, as in SQLite.
/// - Money is an integer number of 分, decimals are scaled integers with the
///   scale in the schema, coordinates are integers of 1e-6 degree.
/// - Dates are `YYYY-MM-DD`, months `YYYY-MM`, instants UTC milliseconds,
///   booleans 0 or 1. A set is a JSON array of texts in byte order.
package enum Value: Sendable {
    case null
    case integer(Int64)
    case text(String)

    package var isNull: Bool {
        if case .null = self { return true }
        return false
    }

    package var integer: Int64? {
        if case .integer(let value) = self { return value }
        return nil
    }

    package var text: String? {
        if case .text(let value) = self { return value }
        return nil
    }
}

extension Value: Hashable {
    package static func == (left: Value, right: Value) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.integer(let left), .integer(let right)): left == right
        case (.text(let left), .text(let right)): left.hasBytes(of: right)
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .integer(let value): hasher.combine(value)
        case .text(let value): for byte in value.utf8 { hasher.combine(byte) }
        }
    }
}

extension Value: Comparable {
    /// Null before numbers, numbers before texts, texts by UTF-8 bytes: the
    /// order of SQLite's BINARY collation.
    package static func < (left: Value, right: Value) -> Bool {
        switch (left, right) {
        case (.null, .null): false
        case (.null, _): true
        case (_, .null): false
        case (.integer(let left), .integer(let right)): left < right
        case (.integer, .text): true
        case (.text, .integer): false
        case (.text(let left), .text(let right)):
            left.utf8.lexicographicallyPrecedes(right.utf8)
        }
    }
}

/// The value of one merge unit: one member for a field, the members in the
/// group's declared order for a group.
package struct UnitValue: Hashable, Sendable {
    /// Most units are one field: no array for it, as a hub reads dozens for
    /// every record.
    private enum Storage: Hashable, Sendable {
        case one(Value)
        /// Never exactly one.
        case several([Value])
    }

    private let storage: Storage

    package init(_ members: [Value]) {
        storage = members.count == 1 ? .one(members[0]) : .several(members)
    }

    package init(_ value: Value) { storage = .one(value) }

    package var members: [Value] {
        switch storage {
        case .one(let value): [value]
        case .several(let values): values
        }
    }

    package var count: Int {
        switch storage {
        case .one: 1
        case .several(let values): values.count
        }
    }

    /// The only member of a field's value.
    package var single: Value {
        switch storage {
        case .one(let value): value
        case .several(let values): values.first ?? .null
        }
    }

    /// True when nothing is set.
    package var isNull: Bool {
        switch storage {
        case .one(let value): value.isNull
        case .several(let values): values.allSatisfy(\.isNull)
        }
    }

    /// Its members in their order, without an array for one.
    package func forEachMember(_ body: (Int, Value) -> Void) {
        switch storage {
        case .one(let value): body(0, value)
        case .several(let values): for (place, value) in values.enumerated() { body(place, value) }
        }
    }
}
