package import FieldgridModel
package import FieldgridSync

/// The exchange as JSON, for people with `curl`: the same content as the
/// binary form, with types, fields and units by name.
///
/// Values are canonical, as in SQLite: money in 分, decimals scaled, instants
/// as UTC milliseconds, booleans 0 and 1. A group's value is an object.
package struct ExchangeDocument {
    /// What is wrong with a request document, and where.
    package struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
        package var path: String
        package var expected: String
        package var description: String { "\(path): expected \(expected)" }
    }

    private let schema: Schema

    package init(schema: Schema) { self.schema = schema }

    // MARK: Requests

    package func request(_ bytes: [UInt8]) throws -> ReceivedRequest {
        let document = try JSONReader.read(bytes)
        guard let incarnation = document["incarnation"].text.flatMap({ IncarnationID($0) }) else {
            throw Fault(path: "incarnation", expected: "a lower-case UUID")
        }
        let tag =
            try optional(document["schema"], "schema", "16 hexadecimal digits") {
                $0.text.flatMap { UInt64($0, radix: 16) }
            } ?? 0
        var request = ReceivedRequest(
            schema: SchemaTag(tag), epoch: try epoch(document["epoch"], "epoch"),
            positions: try positions(document["positions"], "positions"),
            incarnation: incarnation,
            replyBytesMax: Int(
                try optional(document["reply_bytes_max"], "reply_bytes_max", "a size in bytes") {
                    $0.integer.flatMap { $0 >= 0 ? $0 : nil }
                } ?? 4 << 20),
            batch: try batch(document["batch"], incarnation, SchemaTag(tag))
                .map(ReceivedBatch.init))
        request.stands.pulls = try pulls(document["pulls"], "pulls")
        request.sealed = try optional(
            document["sealed"], "sealed", "a sequence, below 2^53", Self.below53)
        request.held = try identities(document["held"], "held")
        guard request.held.count <= ExchangeRequest.heldMax else {
            throw Fault(path: "held", expected: "at most \(ExchangeRequest.heldMax) changesets")
        }
        return request
    }

    // MARK: Members that may be missing, and are of one kind where they are there

    private func optional<Result>(
        _ value: JSONValue, _ path: String, _ expected: String, _ read: (JSONValue) -> Result?
    ) throws -> Result? {
        if value.isNull { return nil }
        guard let result = read(value) else { throw Fault(path: path, expected: expected) }
        return result
    }

    private func array(_ value: JSONValue, _ path: String) throws -> [JSONValue] {
        try optional(value, path, "an array") { value in
            if case .array(let elements) = value { elements } else { nil }
        } ?? []
    }

    private func object(_ value: JSONValue, _ path: String) throws -> [JSONValue.Member] {
        try optional(value, path, "an object") { value in
            if case .object(let members) = value { members } else { nil }
        } ?? []
    }

    /// A sequence or a position.
    private static func below53(_ value: JSONValue) -> Int64? {
        value.integer.flatMap { (0..<(1 << 53)).contains($0) ? $0 : nil }
    }

    // MARK: Parts

    private func identities(_ value: JSONValue, _ path: String) throws -> [ChangesetIdentity] {
        try array(value, path).enumerated().map { place, element in
            guard let incarnation = element["incarnation"].text.flatMap({ IncarnationID($0) }),
                let seq = element["seq"].integer, (0..<(1 << 53)).contains(seq)
            else {
                throw Fault(path: "\(path)[\(place)]", expected: "incarnation and seq")
            }
            return ChangesetIdentity(incarnation: incarnation, seq: seq)
        }
    }

    private func epoch(_ value: JSONValue, _ path: String) throws -> EpochID? {
        if value.isNull { return nil }
        guard let epoch = value.text.flatMap({ EpochID($0) }) else {
            throw Fault(path: path, expected: "a lower-case UUID, or null")
        }
        return epoch
    }

    private func positions(
        _ value: JSONValue, _ path: String
    ) throws -> [ScopeCode: Position] {
        var positions: [ScopeCode: Position] = [:]
        for member in try object(value, path) {
            guard let position = member.value.integer, (0..<(1 << 53)).contains(position) else {
                throw Fault(path: "\(path).\(member.key)", expected: "a position, 0 or greater")
            }
            positions[ScopeCode(member.key)] = Position(position)
        }
        return positions
    }

    private func pulls(_ value: JSONValue, _ path: String) throws -> [ScopeCode: ScopePull] {
        var pulls: [ScopeCode: ScopePull] = [:]
        for member in try object(value, path) {
            let each = try positions(member.value, "\(path).\(member.key)")
            guard let base = each[ScopeCode("base")], let told = each[ScopeCode("told")] else {
                throw Fault(path: "\(path).\(member.key)", expected: "base and told")
            }
            pulls[ScopeCode(member.key)] = ScopePull(base: base, told: told)
        }
        return pulls
    }

    private func batch(
        _ value: JSONValue, _ incarnation: IncarnationID, _ schema: SchemaTag
    ) throws -> ChangesetBatch? {
        guard !value.isNull else { return nil }
        _ = try object(value, "batch")
        let elements = try array(value["changesets"], "batch.changesets")
        try checkSize(elements)
        let previous = try digest(value["previous"], "batch.previous") ?? .start
        let changesets = try elements.enumerated().map { place, element in
            try changeset(element, incarnation, schema, "batch.changesets[\(place)]")
        }
        guard !changesets.isEmpty else {
            throw Fault(path: "batch.changesets", expected: "at least one changeset")
        }
        for (place, pair) in zip(changesets, changesets.dropFirst()).enumerated()
        where pair.0.identity.seq + 1 != pair.1.identity.seq {
            throw Fault(
                path: "batch.changesets[\(place + 1)].seq", expected: "consecutive sequences")
        }
        var batch = ChangesetBatch(following: previous, changesets)
        if !value["parent"].isNull {
            batch.parent = try identities(.array([value["parent"]]), "batch.parent").first
        }
        // Who cannot compute digests leaves the head out and trusts the
        // signature of the request alone.
        if let head = try digest(value["head"], "batch.head") { batch.head = head }
        return batch
    }

    private func checkSize(_ changesets: [JSONValue]) throws {
        typealias Limit = ExchangeRequest.Limit
        guard changesets.count <= Limit.changesets else {
            throw Fault(
                path: "batch.changesets", expected: "at most \(Limit.changesets) changesets")
        }
        let changes = changesets.reduce(0) { $0 + $1["changes"].elements.count }
        guard changes <= Limit.changes else {
            throw Fault(path: "batch.changesets", expected: "at most \(Limit.changes) changes")
        }
    }

    private func digest(_ value: JSONValue, _ path: String) throws -> ContentDigest? {
        if value.isNull { return nil }
        let digits = Array((value.text ?? "").utf8)
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...($0 + 1)], as: UTF8.self), radix: 16)
        }
        guard digits.count == 64, let digest = ContentDigest(bytes) else {
            throw Fault(path: path, expected: "64 hexadecimal digits")
        }
        return digest
    }

    private func changeset(
        _ value: JSONValue, _ incarnation: IncarnationID, _ schema: SchemaTag, _ path: String
    ) throws -> Changeset {
        guard let seq = value["seq"].integer, (1..<(1 << 53)).contains(seq) else {
            throw Fault(path: "\(path).seq", expected: "a sequence from 1, below 2^53")
        }
        guard let author = value["author"].text else {
            throw Fault(path: "\(path).author", expected: "the author's name")
        }
        guard let time = value["time"].integer, time >= 0 else {
            throw Fault(path: "\(path).time", expected: "a hybrid time (milliseconds × 65536)")
        }
        let source =
            try optional(value["source"], "\(path).source", "a word", \.text)
            ?? ValueSource.onSite.rawValue
        guard let source = ValueSource(rawValue: source), source != .hub else {
            let known = ValueSource.allCases.filter { $0 != .hub }.map(\.rawValue)
            throw Fault(path: "\(path).source", expected: known.joined(separator: ", "))
        }
        guard let epoch = try epoch(value["epoch"], "\(path).epoch") else {
            throw Fault(path: "\(path).epoch", expected: "the hub's epoch")
        }
        let elements = try array(value["changes"], "\(path).changes")
        let changes = try elements.enumerated().map { place, element in
            try change(element, "\(path).changes[\(place)]")
        }
        return Changeset(
            identity: ChangesetIdentity(incarnation: incarnation, seq: seq), author: author,
            time: HybridTime(raw: time), source: source, schema: schema, epoch: epoch,
            context: try positions(value["context"], "\(path).context"), changes: changes)
    }

    private func change(_ value: JSONValue, _ path: String) throws -> Change {
        guard let type = value["type"].text.flatMap({ schema.type(named: $0) }) else {
            throw Fault(path: "\(path).type", expected: "the name of a record type")
        }
        guard let record = value["record"].text.flatMap({ RecordID($0) }) else {
            throw Fault(path: "\(path).record", expected: "a lower-case UUID")
        }
        guard let unit = value["unit"].text.flatMap({ type.unitNumber(named: $0) }) else {
            throw Fault(path: "\(path).unit", expected: "the name of a unit of \(type.name)")
        }
        return Change(
            type: type.number, record: record, unit: unit,
            value: try unitValue(value["value"], unit, type, "\(path).value"),
            seenThrough: try optional(
                value["seen_through"], "\(path).seen_through", "a position, below 2^53",
                Self.below53
            ).map(Position.init),
            settles: try settlement(value["settles"], "\(path).settles"))
    }

    private func unitValue(
        _ value: JSONValue, _ unit: UnitNumber, _ type: RecordType, _ path: String
    ) throws -> UnitValue {
        guard let group = type.groups.first(where: { $0.number == unit }) else {
            let policy = type.field(unit)?.policy
            guard policy == .set || policy == .append else {
                return UnitValue(try canonical(value, path))
            }
            // What is added alone, or beside it what is taken out.
            guard case .object = value else {
                return UnitValue([try canonical(value, path), .null])
            }
            return UnitValue(
                try ["added", "removed"].map { try canonical(value[$0], "\(path).\($0)") })
        }
        _ = try object(value, path)
        return UnitValue(
            try group.members.map { try canonical(value[$0], "\(path).\($0)") })
    }

    private func canonical(_ value: JSONValue, _ path: String) throws -> Value {
        switch value {
        case .null: return .null
        case .integer(let integer): return .integer(integer)
        case .text(let text): return text.isEmpty ? .null : .text(text)
        case .bool, .number, .array, .object:
            throw Fault(path: path, expected: "a canonical value: null, an integer or a text")
        }
    }

    private func settlement(_ value: JSONValue, _ path: String) throws -> Settlement? {
        guard !value.isNull else { return nil }
        _ = try object(value, path)
        guard let conflict = value["conflict"].text.flatMap({ RecordID($0) }) else {
            throw Fault(path: "\(path).conflict", expected: "the id of a conflict")
        }
        let sides = try identities(value["sides"], "\(path).sides")
        return Settlement(
            conflict: conflict, sides: sides,
            note: try optional(value["note"], "\(path).note", "a text", \.text),
            isUndo: try optional(
                value["takes_back"], "\(path).takes_back", "true or false", \.bool) ?? false)
    }
}
