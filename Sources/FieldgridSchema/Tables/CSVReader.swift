/// Reads comma-separated values as RFC 4180 has them, one row at a time.
///
/// Strict where a guess could lose data: a quote inside an unquoted field, a
/// quoted field that never ends and a field above the limit are faults, after
/// which there are no more rows. A byte order mark at the front is skipped;
/// rows end with LF, CRLF or the end of the text; empty lines are left out.
package struct CSVReader {
    /// One row, and the line on which it begins, counted from 1.
    package struct Row: Hashable, Sendable {
        package var line: Int
        package var cells: [String]
    }

    /// Why the text cannot be read any further.
    package struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
        package var line: Int
        package var reason: String
        package var description: String { "line \(line): \(reason)" }
    }

    private let bytes: [UInt8]
    private let fieldBytesMax: Int
    private var index = 0
    private var line = 1

    /// A field has at most `fieldBytesMax` bytes; a missing quote would
    /// otherwise swallow the rest of the file.
    package init(_ bytes: [UInt8], fieldBytesMax: Int = 1 << 20) {
        self.bytes = bytes
        self.fieldBytesMax = fieldBytesMax
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { index = 3 }
    }

    package init(_ text: String, fieldBytesMax: Int = 1 << 20) {
        self.init(Array(text.utf8), fieldBytesMax: fieldBytesMax)
    }

    /// How much was read, for progress.
    package var bytesRead: Int { index }

    /// The next row; nil at the end.
    package mutating func next() throws(Fault) -> Row? {
        while index < bytes.count {
            if skipLineEnd() { continue }
            let start = line
            var cells: [String] = []
            repeat { cells.append(try cell()) } while take(UInt8(ascii: ","))
            if index < bytes.count, !skipLineEnd() {
                throw fault("there is text behind a closing quote; double the quotes inside")
            }
            return Row(line: start, cells: cells)
        }
        return nil
    }

    /// Every row, for small tables.
    package static func rows(_ text: String) throws(Fault) -> [Row] {
        var reader = CSVReader(text)
        var rows: [Row] = []
        while let row = try reader.next() { rows.append(row) }
        return rows
    }

    private mutating func cell() throws(Fault) -> String {
        if index < bytes.count, bytes[index] == UInt8(ascii: "\"") { return try quotedCell() }
        let start = index
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: ","), UInt8(ascii: "\n"): return try text(bytes[start..<index])
            case UInt8(ascii: "\r") where isLineEnd(index): return try text(bytes[start..<index])
            case UInt8(ascii: "\""):
                throw fault("there is a quote inside a field that does not begin with one")
            default: index += 1
            }
        }
        return try text(bytes[start..<index])
    }

    private mutating func quotedCell() throws(Fault) -> String {
        let start = line
        var content: [UInt8] = []
        index += 1
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\"") {
                guard take(UInt8(ascii: "\"")) else { return try text(content[...]) }
                content.append(byte)
            } else if byte == UInt8(ascii: "\r"), isLineEnd(index - 1) {
                // A line end inside a field is one newline, whoever wrote it.
                continue
            } else {
                if byte == UInt8(ascii: "\n") { line += 1 }
                content.append(byte)
            }
            if content.count > fieldBytesMax { break }
        }
        throw Fault(
            line: start,
            reason: content.count > fieldBytesMax
                ? "a field is larger than \(fieldBytesMax) bytes; is a closing quote missing?"
                : "a quoted field never ends")
    }

    private func text(_ content: ArraySlice<UInt8>) throws(Fault) -> String {
        if content.count > fieldBytesMax {
            throw fault("a field is larger than \(fieldBytesMax) bytes")
        }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw fault("there is a field that is not UTF-8")
        }
        return text
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private func isLineEnd(_ position: Int) -> Bool {
        position + 1 == bytes.count || bytes[position + 1] == UInt8(ascii: "\n")
    }

    private mutating func skipLineEnd() -> Bool {
        switch bytes[index] {
        case UInt8(ascii: "\n"): index += 1
        case UInt8(ascii: "\r") where isLineEnd(index): index = min(index + 2, bytes.count)
        default: return false
        }
        line += 1
        return true
    }

    private func fault(_ reason: String) -> Fault { Fault(line: line, reason: reason) }
}
