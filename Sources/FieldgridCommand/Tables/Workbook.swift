import CXlsxwriter
import FieldgridService

/// A workbook with one sheet, written row by row: memory does not grow with
/// its length.
final class Workbook {
    enum Cell {
        case text(String)
        case number(Double)
    }

    private let path: String
    private var book: UnsafeMutablePointer<lxw_workbook>?
    private let sheet: UnsafeMutablePointer<lxw_worksheet>?
    private var row: lxw_row_t = 0

    init(path: String, sheet name: String) throws {
        self.path = path
        var options = lxw_workbook_options()
        options.constant_memory = 1
        book = workbook_new_opt(path, &options)
        guard let book else { throw Self.failure(path) }
        sheet = workbook_add_worksheet(book, String(name.prefix(31)))
        guard let sheet else {
            workbook_close(book)
            throw Self.failure(path)
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

    func close() throws {
        guard let open = book else { return }
        book = nil
        guard workbook_close(open) == LXW_NO_ERROR else { throw Self.failure(path) }
    }

    private static func failure(_ path: String) -> ServiceError {
        ServiceError(
            "export.failed", "The workbook \(path) could not be written.",
            hint: "Check the path, your rights to it, and the space on the disk.")
    }
}
