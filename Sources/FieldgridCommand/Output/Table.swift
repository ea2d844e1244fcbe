/// Aligned columns for people.
struct Table {
    struct Column {
        var title: String
        var isNumber = false
        var widthMax = 60

        init(_ title: String, isNumber: Bool = false, widthMax: Int = 60) {
            self.title = title
            self.isNumber = isNumber
            self.widthMax = widthMax
        }
    }

    let columns: [Column]
    private var rows: [[String]] = []

    init(_ columns: [Column]) { self.columns = columns }

    var isEmpty: Bool { rows.isEmpty }

    mutating func add(_ cells: [String]) {
        rows.append(
            zip(columns, cells).map { column, cell in
                let line = String(cell.map { $0.isNewline || $0 == "\t" ? " " : $0 })
                return DisplayWidth.clipped(line, to: column.widthMax)
            })
    }

    var text: String {
        let all = [columns.map(\.title)] + rows
        let widths = columns.indices.map { place in
            all.map { DisplayWidth.of($0[place]) }.max() ?? 0
        }
        return all.map { row in
            let cells = columns.indices.map { place in
                let isLast = place == columns.count - 1 && !columns[place].isNumber
                return isLast
                    ? row[place]
                    : DisplayWidth.padded(
                        row[place], to: widths[place], onLeft: columns[place].isNumber)
            }
            return cells.joined(separator: "  ").trimmingSpacesAtEnd
        }.joined(separator: "\n")
    }
}

extension String {
    fileprivate var trimmingSpacesAtEnd: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
