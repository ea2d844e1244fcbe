import FieldgridModel

/// Finding what a request names, with an answer that helps when it is not
/// there.
extension RecordService {
    func type(_ name: String) throws(ServiceError) -> RecordType {
        if let type = schema.type(named: name) { return type }
        if let type = schema.types.first(where: { $0.label.zh == name }) { return type }
        let names = schema.types.map(\.name)
        throw ServiceError(
            "type.unknown", "There is no record type “\(Nearest.short(name))”.",
            hint: Nearest.hint(
                to: name, among: names,
                otherwise: "The types are: \(names.joined(separator: ", ")).")
        )
    }

    func field(_ name: String, of type: RecordType) throws(ServiceError) -> Field {
        if let field = type.field(named: name) { return field }
        if let field = type.fields.first(where: { $0.label.zh == name }) { return field }
        if let dot = name.firstIndex(of: "."),
            let field = type.field(named: String(name[dot...].dropFirst())),
            type.group(containing: field.name)?.name == String(name[..<dot])
        {
            return field
        }
        throw unknownField(name, of: type)
    }

    private func unknownField(_ name: String, of type: RecordType) -> ServiceError {
        let names = type.fields.map(\.name)
        if name == "scope" || name == "grid" {
            return ServiceError(
                "field.unknown", "The grid of a record is not a field of it.",
                hint: "Use `fieldgrid record move \(type.name) ID --scope CODE`, or --scope with "
                    + "`record new`.")
        }
        if let group = type.groups.first(where: { $0.name == name }) {
            let members = group.members.joined(separator: "=…, ")
            return ServiceError(
                "field.unknown", "“\(name)” is a group of fields, not a field.",
                hint: "Name its members: \(members)=….")
        }
        return ServiceError(
            "field.unknown",
            "\(type.label.zh) (\(type.name)) has no field “\(Nearest.short(name))”.",
            hint: Nearest.hint(
                to: name, among: names,
                otherwise: "Its fields are: \(names.joined(separator: ", ")).")
        )
    }

    func recordID(_ text: String) throws(ServiceError) -> RecordID {
        guard let id = RecordID(text.lowercased()) else {
            throw ServiceError(
                "record.id-malformed", "“\(text)” is not the id of a record.",
                hint: "An id looks like 01890a5d-ac96-774b-bcce-b302099a8057; "
                    + "`fieldgrid record list TYPE` shows them.")
        }
        return id
    }

    /// The record, deleted or not.
    func anyRecord(_ text: String, of type: RecordType) throws -> StoredRecord {
        let id = try recordID(text)
        if let record = try store.record(id, type: type) { return record }
        for other in schema.types where other.number != type.number {
            guard try store.record(id, type: other) != nil else { continue }
            throw ServiceError(
                "record.type-mismatch",
                "The record \(id) is of type “\(other.name)”, not “\(type.name)”.",
                hint: "Ask for it as \(other.name).")
        }
        throw ServiceError(
            "record.unknown", "There is no \(type.name) with the id \(id) here.",
            hint: place == .node
                ? "If it was recorded elsewhere, run `fieldgrid node sync` first; "
                    + "this device holds only its own grids."
                : "`fieldgrid record list \(type.name)` shows what there is.")
    }

    /// The record that an id stands for now: the one it was merged into, if
    /// it was.
    func livingRecord(_ text: String, of type: RecordType) throws -> StoredRecord {
        var record = try anyRecord(text, of: type)
        // Each step leads to a smaller id, so there is no circle.
        while !record.isAlive, let alias = record.alias, alias < record.id,
            let next = try store.record(alias, type: type)
        {
            record = next
        }
        guard record.isAlive else {
            if let alias = record.alias {
                throw ServiceError(
                    "record.deleted",
                    "The \(type.name) \(record.id) was merged into \(alias), which is not here.",
                    hint: "The district hub has it; this folder holds only its own grids.")
            }
            throw ServiceError(
                "record.deleted",
                place == .node
                    ? "The \(type.name) \(record.id) has been deleted, or is in a grid of others."
                    : "The \(type.name) \(record.id) has been deleted.",
                hint: "`fieldgrid record history \(type.name) \(record.id)` shows by whom"
                    + (place == .node ? ", at the hub." : "."))
        }
        return record
    }

    /// The record with this very id: what is done with all of a record must not
    /// happen to the one that it was merged into.
    func ownRecord(_ text: String, of type: RecordType) throws -> StoredRecord {
        let record = try livingRecord(text, of: type)
        let asked = try recordID(text)
        guard record.id == asked else {
            throw ServiceError(
                "record.merged",
                "The \(type.name) \(asked) was merged into \(record.id): they are one now, and "
                    + "nothing was done.",
                hint: "If that one is meant, give its id; `fieldgrid record show \(type.name) "
                    + "\(record.id)` shows it.")
        }
        return record
    }

    func conditions(
        _ texts: [String], of type: RecordType
    ) throws(ServiceError) -> [FieldCondition] {
        var conditions: [FieldCondition] = []
        for text in texts {
            let (name, value) = try Assignment.split(text)
            let field = try field(name, of: type)
            conditions.append(
                FieldCondition(
                    field: field.number,
                    value: try Assignment.value(value, for: field, of: type, in: schema)))
        }
        return conditions
    }
}

/// The nearest of some names, for whoever mistyped one.
enum Nearest {
    /// A name as it fits into a sentence: of an endless one, how it begins.
    static func short(_ name: String) -> String {
        name.count > 60 ? name.prefix(60) + "…" : name
    }

    static func hint(
        to name: String, among names: some Sequence<String>, otherwise: String
    ) -> String {
        guard let nearest = nearest(to: name, among: names) else { return otherwise }
        return "Did you mean “\(nearest)”?"
    }

    /// Nil when nothing is near: more than a third of the letters differ.
    ///
    /// What is far longer than any name is not compared: that would take as long as it is
    /// long, for each of them.
    static func nearest(to name: String, among names: some Sequence<String>) -> String? {
        guard name.utf8.count <= 400 else { return nil }
        let ranked = names.map {
            (name: $0, distance: distance(name.lowercased(), $0.lowercased()))
        }
        guard let best = ranked.min(by: { $0.distance < $1.distance }),
            best.distance <= max(1, name.count / 3)
        else { return nil }
        return best.name
    }

    /// Edits between two words; two letters that changed places are one.
    ///
    /// Source: optimal string alignment, Boytsov 2011.
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left), Array(right))
        var before: [Int] = []
        var above = Array(0...right.count)
        for index in left.indices {
            var row = [index + 1]
            for column in right.indices {
                let isSame = left[index] == right[column]
                var best = min(
                    above[column] + (isSame ? 0 : 1), above[column + 1] + 1, row[column] + 1)
                if index > 0, column > 0, left[index] == right[column - 1],
                    left[index - 1] == right[column]
                {
                    best = min(best, before[column - 1] + 1)
                }
                row.append(best)
            }
            (before, above) = (above, row)
        }
        return above[right.count]
    }
}
