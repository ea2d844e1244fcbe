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

/// Everything wrong with a schema or seed; never empty.
package struct SchemaMistakes: Error, Hashable, Sendable, CustomStringConvertible {
    package let mistakes: [SchemaMistake]

    package init(_ mistakes: [SchemaMistake]) {
        precondition(!mistakes.isEmpty, "without a mistake there is nothing to throw")
        self.mistakes = mistakes.sorted { ($0.file, $0.line) < ($1.file, $1.line) }
    }

    package var description: String {
        mistakes.map(\.description).joined(separator: "\n")
    }
}
