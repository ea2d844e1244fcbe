/// Writes comma-separated values as RFC 4180 has them, rows ended by CRLF.
package enum CSVWriter {
    /// One cell: a text that people wrote, or something the program made.
    package enum Cell: Hashable, Sendable {
        /// Guarded: a spreadsheet would run a text that begins with `=`.
        case text(String)
        /// Numbers, dates and codes, as they are.
        case plain(String)
    }

    /// One row with its line end.
    package static func row(_ cells: [Cell]) -> String {
        cells.map(field).joined(separator: ",") + "\r\n"
    }

    private static func field(_ cell: Cell) -> String {
        switch cell {
        case .text(let text): quoted(guarded(text))
        case .plain(let text): quoted(text)
        }
    }

    /// An apostrophe before what a spreadsheet takes for a formula.
    private static func guarded(_ text: String) -> String {
        switch text.unicodeScalars.first {
        case "=", "+", "-", "@", "\t", "\r": "'" + text
        default: text
        }
    }

    private static func quoted(_ text: String) -> String {
        let needsQuotes = text.utf8.contains { byte in
            byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n")
                || byte == UInt8(ascii: "\r")
        }
        guard needsQuotes else { return text }
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" { result += "\"" }
            result.unicodeScalars.append(scalar)
        }
        return result + "\""
    }
}
