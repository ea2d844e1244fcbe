import FieldgridModel
import Yams

/// Takes the keys out of one YAML mapping and remembers what was wrong.
///
/// Scalars are read as their text, so that `no` is a word and `2026-07-24`
/// is not a timestamp. Every key must be asked for before ``finish()``,
/// which reports those nobody asked for.
struct MappingReader {
    let file: String
    let line: Int
    private var entries: [String: (node: Node, line: Int)] = [:]
    private var known: Set<String> = []
    private(set) var mistakes: [SchemaMistake] = []

    init(_ node: Node, file: String) {
        self.file = file
        line = node.mark?.line ?? 1
        guard let mapping = node.mapping else {
            fault("expected a mapping of keys to values")
            return
        }
        for (key, value) in mapping {
            let line = key.mark?.line ?? line
            guard let name = key.scalar?.string else {
                fault("a key must be a word", line: line)
                continue
            }
            entries[name] = (value, line)
        }
    }

    /// The line of a key, or of the mapping where the key is missing.
    func line(of key: String) -> Int { entries[key]?.line ?? line }

    func has(_ key: String) -> Bool { entries[key] != nil }

    mutating func fault(_ reason: String, line: Int? = nil) {
        mistakes.append(SchemaMistake(file: file, line: line ?? self.line, reason: reason))
    }

    mutating func fault(at key: String, _ reason: String) { fault(reason, line: line(of: key)) }

    mutating func absorb(_ others: [SchemaMistake]) { mistakes += others }

    /// The mistakes found, with the keys nobody asked for.
    mutating func finish() -> [SchemaMistake] {
        for (key, entry) in entries where !known.contains(key) {
            fault(
                "unknown key “\(key)”; expected one of: "
                    + known.sorted().joined(separator: ", "),
                line: entry.line)
        }
        return mistakes
    }

    // MARK: Values

    mutating func node(_ key: String) -> Node? {
        known.insert(key)
        return entries[key]?.node
    }

    /// The text of a scalar; nil, and a mistake where it is required, when it
    /// is missing or empty.
    mutating func text(_ key: String, required: Bool = true) -> String? {
        guard let node = node(key) else {
            if required { fault("“\(key)” is missing") }
            return nil
        }
        guard let text = node.scalar?.string, !text.isEmpty else {
            fault(at: key, "“\(key)” must be a text")
            return nil
        }
        return text
    }

    mutating func integer(
        _ key: String, in range: ClosedRange<Int>, required: Bool = true
    ) -> Int? {
        guard let text = text(key, required: required) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            fault(
                at: key,
                "“\(key)” must be a whole number from \(range.lowerBound) to \(range.upperBound),"
                    + " found “\(text)”")
            return nil
        }
        return number
    }

    mutating func flag(_ key: String) -> Bool {
        guard let text = text(key, required: false) else { return false }
        if text != "true" && text != "false" {
            fault(at: key, "“\(key)” must be true or false, found “\(text)”")
        }
        return text == "true"
    }

    /// A name in snake case that no column of the engine has.
    mutating func name(_ key: String) -> String? {
        guard let text = text(key) else { return nil }
        let scalars = text.unicodeScalars
        let isWellFormed =
            scalars.count <= 63 && scalars.first.map { ("a"..."z").contains($0) } == true
            && scalars.allSatisfy {
                ("a"..."z").contains($0) || ("0"..."9").contains($0) || $0 == "_"
            }
        guard isWellFormed else {
            fault(
                at: key,
                "“\(text)” is no name: lower-case letters, digits and _, a letter first, at most 63"
            )
            return nil
        }
        return text
    }

    /// One of the raw values of an enumeration; nil where the key is absent.
    mutating func choice<Choice>(
        _ key: String, of type: Choice.Type
    ) -> Choice? where Choice: RawRepresentable & CaseIterable, Choice.RawValue == String {
        guard let text = text(key, required: false) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        fault(at: key, "“\(key)” must be one of \(known); found “\(text)”")
        return nil
    }

    /// `label: { zh: …, en: … }`, both required.
    mutating func label() -> Label? {
        guard var reader = mapping("label") else {
            if !has("label") { fault("“label” is missing: label: { zh: …, en: … }") }
            return nil
        }
        let label = reader.labelKeys()
        absorb(reader.finish())
        return label
    }

    /// The keys `zh` and `en` of this mapping.
    mutating func labelKeys() -> Label? {
        let zh = text("zh")
        let en = text("en")
        guard let zh, let en else { return nil }
        return Label(zh: zh, en: en)
    }

    mutating func mapping(_ key: String) -> MappingReader? {
        guard let node = node(key) else { return nil }
        guard node.mapping != nil else {
            fault(at: key, "“\(key)” must be a mapping of keys to values")
            return nil
        }
        return MappingReader(node, file: file)
    }

    /// The elements of a list; empty where the key is absent.
    mutating func list(_ key: String) -> [Node] {
        guard let node = node(key) else { return [] }
        guard let sequence = node.sequence else {
            fault(at: key, "“\(key)” must be a list")
            return []
        }
        return Array(sequence)
    }

    /// The texts of a list, each with its line.
    mutating func texts(_ key: String) -> [(text: String, line: Int)] {
        list(key).compactMap { node in
            let line = node.mark?.line ?? self.line(of: key)
            guard let text = node.scalar?.string, !text.isEmpty else {
                fault("“\(key)” must be a list of texts", line: line)
                return nil
            }
            return (text, line)
        }
    }
}
