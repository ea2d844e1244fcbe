import FieldgridModel
import FieldgridNode
import FieldgridReplica
import FieldgridService

extension FieldNode {
    /// What is wrong with the values of a new record, as ``create(_:_:in:source:)`` would say it,
    /// while they are still being typed: nothing is saved.
    ///
    /// Values that cannot be read come first: as long as there is one, the rules are not looked
    /// at. What is required and still empty is among the problems too, with `value.required`.
    ///
    /// - Parameter type: The type's name.
    /// - Parameter values: By the names of fields, as far as they are there.
    /// - Returns: Every problem; none where these values would be saved.
    /// - throws: ``FieldgridError`` for what no other values would mend: `type.unknown`,
    ///   `field.unknown`, `field.stamped`, `type.hub-only`.
    public func problems(
        creating type: String, _ values: [String: FieldValue]
    ) throws -> [FieldProblem] {
        try problems { session in
            let base = session.replica.schema.type(named: type)
            let fields = try FieldValue.assignments(values, of: base)
            _ = try ask(.record(ask: .check(type: type, id: nil, fields: fields)), of: session)
        }
    }

    /// What is wrong with new values of a record, as ``edit(_:_:source:)`` would say it, while
    /// they are still being typed: nothing is saved.
    ///
    /// - Parameter record: The record that the screen shows.
    /// - Parameter values: What the person has changed so far, by the names of fields.
    /// - Returns: Every problem; none where these values would be saved.
    /// - throws: ``FieldgridError`` for what no other values would mend: `record.deleted`,
    ///   `field.unknown`, `field.hub-only`, `field.append-only`.
    public func problems(
        editing record: Record, _ values: [String: FieldValue]
    ) throws -> [FieldProblem] {
        try problems { session in
            let base = session.replica.schema.type(named: record.type)
            let fields = try FieldValue.assignments(
                try record.replaced(by: values, of: base), of: base)
            let id = record.id.description
            _ = try ask(
                .record(ask: .check(type: record.type, id: id, fields: fields)), of: session,
                editing: record)
        }
    }

    private func problems(_ body: (NodeSession) throws -> Void) throws -> [FieldProblem] {
        do {
            try use(body)
            return []
        } catch let error as FieldgridError where !error.problems.isEmpty {
            return error.problems
        }
    }
}
