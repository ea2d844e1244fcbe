package import FieldgridModel

/// An import in two steps: first what the columns mean, then the rows in
/// batches, each of which is one transaction.
package enum ImportRequest: Hashable, Sendable, Codable {
    /// Decides what each column means. Without a map, one of the schema's is
    /// taken whose columns are the file's, or the fields' own names.
    case plan(type: String, headers: [String], mapName: String?, map: ImportMap?)
    case rows(batch: ImportBatch)
}

/// What the columns of one file mean.
package struct ImportPlan: Hashable, Sendable, Codable {
    package var type: String
    /// The file's first row.
    package var headers: [String]
    package var map: ImportMap
    /// Which map it is, for the report; nil when the headers are the
    /// fields' own.
    package var mapName: String?
    /// The place of the column with record ids, as an export of ours has it.
    package var idPlace: Int?
    /// The place of the column with codes of grids, likewise.
    package var scopePlace: Int?
    /// Columns that are left out, and why.
    package var notes: [String]
}

/// Rows of one file, in its order.
package struct ImportBatch: Hashable, Sendable, Codable {
    package var plan: ImportPlan
    package var rows: [ImportRow]
    /// The grid of records for which the rows name none.
    package var scope: String?
    /// Decide everything and save nothing.
    package var dryRun: Bool

    package init(plan: ImportPlan, rows: [ImportRow], scope: String?, dryRun: Bool) {
        self.plan = plan
        self.rows = rows
        self.scope = scope
        self.dryRun = dryRun
    }
}

package struct ImportRow: Hashable, Sendable, Codable {
    /// Counted from 1, the header line included.
    package var line: Int
    package var cells: [String]

    package init(line: Int, cells: [String]) {
        self.line = line
        self.cells = cells
    }
}

/// What became of one row.
package struct ImportOutcome: Hashable, Sendable, Codable {
    package enum Effect: String, Hashable, Sendable, Codable {
        case created, updated, unchanged, rejected
    }

    package var line: Int
    package var effect: Effect
    package var scope: String?
    package var gridUnknown: Bool
    package var rejections: [ImportRejection]

    package init(
        line: Int, effect: Effect, scope: String? = nil, gridUnknown: Bool = false,
        rejections: [ImportRejection] = []
    ) {
        self.line = line
        self.effect = effect
        self.scope = scope
        self.gridUnknown = gridUnknown
        self.rejections = rejections
    }
}

/// Why a row was refused; at which column, where it is one.
package struct ImportRejection: Hashable, Sendable, Codable {
    /// Counted from 1.
    package var column: Int?
    package var header: String?
    package var code: String
    package var reason: String

    package init(column: Int?, header: String?, code: String, reason: String) {
        self.column = column
        self.header = header
        self.code = code
        self.reason = reason
    }
}
