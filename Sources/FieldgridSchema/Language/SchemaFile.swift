/// One file of a schema or seed folder: where it came from, and its text.
package struct SchemaFile: Hashable, Sendable {
    package var path: String
    package var text: String

    package init(path: String, text: String) {
        self.path = path
        self.text = text
    }
}

/// One thing wrong with a schema or seed, where it stands.
package struct SchemaMistake: Hashable, Sendable, CustomStringConvertible {
    package var file: String
    /// Counted from 1.
    package var line: Int
    package var reason: String

    package init(file: String, line: Int, reason: String) {
        self.file = file
        self.line = line
        self.reason = reason
    }

    package var description: String { "\(file):\(line): \(reason)" }
}

/// Everything wrong with a schema, with seeds or with an import map; never empty.
package struct SchemaMistakes: Error, Hashable, Sendable, CustomStringConvertible {
    /// What somebody gave in which the mistakes are.
    package enum Subject: Hashable, Sendable {
        case schema
        case seeds
        /// The file of an import map.
        case map(String)
    }

    package let mistakes: [SchemaMistake]
    package private(set) var subject = Subject.schema

    package init(_ mistakes: [SchemaMistake]) {
        precondition(!mistakes.isEmpty, "without a mistake there is nothing to throw")
        self.mistakes = mistakes.sorted { ($0.file, $0.line) < ($1.file, $1.line) }
    }

    package var description: String {
        mistakes.map(\.description).joined(separator: "\n")
    }

    /// What is refused, and a line for each mistake.
    package var message: String {
        let refused =
            switch subject {
            case .schema: "The schema is refused"
            case .seeds: "The seeds are refused"
            case .map(let path): "The import map \(path) is refused"
            }
        return "\(refused):\n\(description)"
    }

    /// The same mistakes, in what was read with the schema language besides a schema.
    package func concerning(_ subject: Subject) -> SchemaMistakes {
        var mistakes = self
        mistakes.subject = subject
        return mistakes
    }
}
