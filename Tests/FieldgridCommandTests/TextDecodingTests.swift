import FieldgridService
import Testing

@testable import FieldgridCommand

@Suite struct TextDecodingTests {
    @Test func utf8IsLeftAsItIs() throws {
        let (bytes, encoding) = try TextDecoding.decode(Array("单位名称".utf8), of: "表.csv")
        #expect(String(decoding: bytes, as: UTF8.self) == "单位名称")
        #expect(encoding == .utf8)
    }

    @Test func gb18030IsRecognisedAndConverted() throws {
        // 名称, and a character of four bytes: 㐀.
        let office: [UInt8] = [0xc3, 0xfb, 0xb3, 0xc6, 0x81, 0x39, 0xee, 0x39]
        let (bytes, encoding) = try TextDecoding.decode(office, of: "表.csv")
        #expect(String(decoding: bytes, as: UTF8.self) == "名称㐀")
        #expect(encoding == .gb18030)
    }

    @Test func aTextLongerThanTheBufferIsConvertedWhole() throws {
        let office = [UInt8](repeating: 0, count: 100_000).flatMap { _ in [0xc3, 0xfb] as [UInt8] }
        let (bytes, _) = try TextDecoding.decode(office, of: "表.csv")
        #expect(String(decoding: bytes, as: UTF8.self).count == 100_000)
    }

    @Test(arguments: [[0xff, 0xfe, 0x41, 0x00], [0xc3, 0xfb, 0xff]] as [[UInt8]])
    func anythingElseIsRefused(_ bytes: [UInt8]) {
        let error = #expect(throws: ServiceError.self) {
            try TextDecoding.decode(bytes, of: "表.csv")
        }
        #expect(error?.message.contains("表.csv") == true)
    }

    @Test func theRejectedFileStandsBesideItsTable() {
        #expect(TableImport.rejectedPath(of: "a/b.CSV") == "a/b.rejected.csv")
    }
}
