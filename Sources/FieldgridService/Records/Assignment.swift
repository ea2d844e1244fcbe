import FieldgridModel
import Foundation

/// `field=value`, as a person types it.
enum Assignment {
    static func split(_ text: String) throws(ServiceError) -> (name: String, value: String) {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw ServiceError(
                "assignment.malformed", "“\(text)” is not of the form field=value.",
                hint: "Write the field's name, an equals sign and the value, in quotes where "
                    + "the value has spaces; field= clears it.", exitStatus: .wrongUsage)
        }
        return (String(text[..<equals]), String(text[equals...].dropFirst()))
    }

    /// The canonical value of what was typed; text in NFC.
    static func parse(
        _ text: String, for field: Field, of type: RecordType, in schema: Schema
    ) -> Result<Value, Violation> {
        let normal = text.precomposedStringWithCanonicalMapping
        return FieldInput.parse(normal, for: field, type: type, schema: schema)
    }

    /// The same where one wrong value is reason enough to stop.
    static func value(
        _ text: String, for field: Field, of type: RecordType, in schema: Schema
    ) throws(ServiceError) -> Value {
        switch parse(text, for: field, of: type, in: schema) {
        case .success(let value): return value
        case .failure(let violation): throw ServiceError([violation])
        }
    }
}

extension RecordService {
    /// The values of `field=value` texts, by field number.
    ///
    /// - throws: when a field is unknown, named twice, or not for people to
    ///   fill in; otherwise with every value that is wrong.
    func values(
        _ assignments: [String], of type: RecordType
    ) throws(ServiceError) -> [UnitNumber: Value] {
        var values: [UnitNumber: Value] = [:]
        var violations: [Violation] = []
        for assignment in assignments {
            let (name, text) = try Assignment.split(assignment)
            let field = try field(name, of: type)
            try checkWritable(field, of: type)
            var value = Value.null
            switch Assignment.parse(text, for: field, of: type, in: schema) {
            case .success(let parsed): value = parsed
            case .failure(let violation): violations.append(violation)
            }
            guard values.updateValue(value, forKey: field.number) == nil else {
                throw ServiceError(
                    "field.twice", "“\(field.name)” is given twice.",
                    hint: "Give each field once.", exitStatus: .wrongUsage)
            }
        }
        if !violations.isEmpty { throw ServiceError(violations) }
        return values
    }

    func checkWritable(_ field: Field, of type: RecordType) throws(ServiceError) {
        if field.stamp != nil {
            throw ServiceError(
                "field.stamped",
                "\(field.label.zh) (\(field.name)) is filled in by the program itself.",
                hint: "`fieldgrid record verify \(type.name) ID` marks a record confirmed today.")
        }
        if place == .node, field.policy == .hub {
            throw ServiceError(
                "field.hub-only", "\(field.label.zh) (\(field.name)) is written by the hub only.",
                hint: "Ask the district hub to change it.")
        }
    }

    func checkWritable(_ type: RecordType) throws(ServiceError) {
        let engineOwned = [
            SystemTypes.Conflict.name, SystemTypes.Task.name, SystemTypes.Campaign.name,
        ]
        if engineOwned.contains(type.name) {
            throw ServiceError(
                "type.engine-owned", "Records of type “\(type.name)” are written by the program.",
                hint: type.name == SystemTypes.Conflict.name
                    ? "Settle a conflict with `fieldgrid conflicts resolve`."
                    : "The half-yearly refresh makes them: `fieldgrid refresh open`.")
        }
        if place == .node, type.hubOnly {
            throw ServiceError(
                "type.hub-only", "Records of type “\(type.name)” are written at the hub only.",
                hint: "Run this on the hub's folder, or ask the district hub.")
        }
    }
}

extension ServiceError {
    /// Everything that is wrong with what was entered, in one error.
    init(_ violations: [Violation]) {
        self.init(
            violations.first?.code ?? "value.invalid",
            violations.map(\.message.sentence).joined(separator: "\n"))
        self.violations = violations
    }
}

extension Label {
    /// Chinese first, then English, with one full stop at the end.
    package var sentence: String {
        guard zh != en else { return zh }
        return "\(zh.hasSuffix("。") ? String(zh.dropLast()) : zh) / \(en)"
    }
}
