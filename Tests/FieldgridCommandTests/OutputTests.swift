import FieldgridService
import Testing

@testable import FieldgridCommand

@Suite struct OutputTests {
    @Test(arguments: [("abc", 3), ("中文", 4), ("e\u{301}", 1), ("（空）", 6), ("", 0)])
    func chineseTakesTwoColumns(_ text: String, _ width: Int) {
        #expect(DisplayWidth.of(text) == width)
    }

    @Test func columnsAreAlignedByDisplayWidth() {
        var table = Table([.init("名称"), .init("n", isNumber: true)])
        table.add(["甲", "1"])
        table.add(["ab\nc", "12"])
        #expect(table.text == "名称   n\n甲     1\nab c  12")
    }

    @Test func aLongCellIsCutWithinItsWidth() {
        #expect(DisplayWidth.clipped("一二三四五", to: 6) == "一二…")
        #expect(DisplayWidth.of(DisplayWidth.clipped("一二三四五", to: 6)) <= 6)
    }

    @Test(arguments: [(0, "0 conflicts wait"), (1, "1 conflict waits"), (2, "2 conflicts wait")])
    func oneIsNotMany(_ number: Int, _ text: String) {
        #expect(Counted.text(number, "conflict waits", "conflicts wait") == text)
    }

    @Test(arguments: [
        ("phone", [], "未上报"), ("phone", ["phone"], "被退回"),
        ("phone name", ["phone"], "未上报 被退回"),
    ])
    func whatWasRefusedIsNotSaidToBeUnsent(
        _ unsynced: String, _ refused: [String], _ marks: String
    ) {
        let document = JSONValue.object([
            "unsynced": .texts(unsynced.split(separator: " ").map(String.init)),
            "quarantine": .array(refused.map { .object(["unit": .text($0)]) }),
        ])
        #expect(RecordText.marks(document) == marks)
    }

    @Test func aCodeIsDrawnAsASquareWithAQuietZone() throws {
        let drawing = try #require(QRDrawing.draw("QE0A-KVA1-CK0E-VB2Z"))
        let lines = drawing.split(separator: "\n")
        #expect(Set(lines.map(\.count)).count == 1)
        #expect(lines.first?.allSatisfy { $0 == "█" } == true)
    }
}
