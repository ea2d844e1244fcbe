import FieldgridModel
import FieldgridReplica
import Foundation
import Testing

/// `Benchmarks/Capture` measures what a replica really does.
@Suite struct CaptureBenchmarkTests {
    private var file: URL {
        URL(filePath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Benchmarks/Capture/employers.sql")
    }

    /// The fields of the benchmark's table; whole numbers end in `#`.
    private static let fields = [
        "name", "uscc", "address", "phone", "legal_rep", "industry", "headcount#", "contracts#",
        "insured#", "wage_day#", "arrears#", "lat#", "lon#", "verified_on", "notes",
    ]

    /// Run with `FIELDGRID_RECORD=1` to write the file anew.
    @Test func measuredTableIsTheOneReplicasHave() throws {
        let fields = Self.fields.enumerated().map { index, name in
            let isInteger = name.hasSuffix("#")
            let plain = isInteger ? String(name.dropLast()) : name
            return Field(
                number: UnitNumber(index + 2), name: plain, label: Label(zh: plain, en: plain),
                kind: isInteger ? .integer : .text(maxLength: 400))
        }
        let label = Label(zh: "样例", en: "Example")
        let type = RecordType(
            number: TypeNumber(1), name: "employer", label: label, fields: fields)
        let schema = Schema(
            name: "bench", version: 1, label: label, types: [type], codeLists: [])
        let statements = try CaptureLayout.statements(for: schema, scope: ScopeCode("220602103"))
        let text = statements.map { $0 + ";\n" }.joined()
        if ProcessInfo.processInfo.environment["FIELDGRID_RECORD"] != nil {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == text)
    }
}
