import CXlsxwriter

/// A workbook with one sheet, written row by row: memory does not grow with
/// its length.
final class Workbook {
    enum Cell {
        case text(String)
        case number(Double)
    }

    private var book: UnsafeMutablePointer<lxw_workbook>?
    private let sheet: UnsafeMutablePointer<lxw_worksheet>?
    private var row: lxw_row_t = 0

    /// Nil where none can be written.
    init?(path: String, sheet name: String) {
        var options = lxw_workbook_options()
        options.constant_memory = 1
        book = workbook_new_opt(path, &options)
        guard let book else {
            sheet = nil
            return nil
        }
        sheet = workbook_add_worksheet(book, String(name.prefix(31)))
        guard let sheet else {
            workbook_close(book)
            self.book = nil
            return nil
        }
        worksheet_freeze_panes(sheet, 1, 0)
    }

    deinit { if let book { workbook_close(book) } }

    func add(_ cells: [Cell]) {
        for (place, cell) in cells.enumerated() {
            let column = lxw_col_t(place)
            switch cell {
            case .text(let text) where text.isEmpty: continue
            case .text(let text): worksheet_write_string(sheet, row, column, text, nil)
            case .number(let number): worksheet_write_number(sheet, row, column, number, nil)
            }
        }
        row += 1
    }

    /// Whether it was written whole.
    func close() -> Bool {
        guard let open = book else { return true }
        book = nil
        return workbook_close(open) == LXW_NO_ERROR
    }
}
