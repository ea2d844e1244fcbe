import FieldgridSchema
import Testing

@Suite struct CSVTests {
    private func cells(_ text: String) throws(CSVReader.Fault) -> [[String]] {
        try CSVReader.rows(text).map(\.cells)
    }

    @Test(
        arguments: [
            ("a,b\nc,d\n", [["a", "b"], ["c", "d"]]), ("a,b\r\nc,d", [["a", "b"], ["c", "d"]]),
            ("a\rb,c\n", [["a\rb", "c"]]), ("\u{feff}a\n", [["a"]]), ("a,,\n", [["a", "", ""]]),
            (",\n", [["", ""]]), ("", []), ("\n\n\r\na\n\n", [["a"]]), ("\"\"\n", [[""]]),
            ("\"a,b\",\"c\"\"d\"\n", [["a,b", "c\"d"]]), ("\"a\nb\"\n", [["a\nb"]]),
            ("\"a\r\nb\"\n", [["a\nb"]]), ("\"2,518(万元人民币)\",N/A", [["2,518(万元人民币)", "N/A"]]),
            ("a b , c\n", [["a b ", " c"]]), ("a,b\r", [["a", "b"]]),
        ] as [(String, [[String]])])
    func rowsAreReadAsTheStandardHasThem(text: String, rows: [[String]]) throws {
        #expect(try cells(text) == rows)
    }

    @Test func aRowKnowsTheLineOnWhichItBegins() throws {
        #expect(try CSVReader.rows("a\n\"b\nb\"\n\nc\n").map(\.line) == [1, 2, 5])
    }

    @Test(arguments: [("a\nb\"c\n", 2), ("a\n\n\"b\nc", 3), ("\"a\"b\n", 1), ("\"a\" ,b", 1)])
    func aMisplacedQuoteIsToldWithItsLine(text: String, line: Int) {
        #expect { try cells(text) } throws: { ($0 as? CSVReader.Fault)?.line == line }
    }

    @Test func whatIsNotUTF8IsRefused() {
        var reader = CSVReader([0x61, 0x2c, 0xb0, 0xd7, 0x0a])
        #expect(throws: CSVReader.Fault.self) { try reader.next() }
    }

    @Test(arguments: ["\"", ""])
    func aFieldAboveTheLimitIsRefused(quote: String) {
        var reader = CSVReader(quote + String(repeating: "x", count: 11), fieldBytesMax: 10)
        #expect(throws: CSVReader.Fault.self) { try reader.next() }
    }

    @Test(arguments: ["=1+1", "+1", "-1", "@x", "\tx"])
    func aTextThatLooksLikeAFormulaIsGuarded(text: String) {
        #expect(CSVWriter.row([.text(text)]) == "'\(text)\r\n")
    }

    @Test func aNumberIsNotGuarded() {
        #expect(CSVWriter.row([.plain("-0.05"), .plain("")]) == "-0.05,\r\n")
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let row = ["a,b", "c\"d", "e\nf", "g\rh", "", " 白山 "]
        #expect(try cells(CSVWriter.row(row.map { .text($0) })) == [row])
    }
}
