import FieldgridService
import Foundation

/// A table's bytes as UTF-8: read as it is, or from GB18030, the two in which
/// offices here write.
enum TextDecoding {
    enum Encoding: String {
        case utf8 = "UTF-8"
        case gb18030 = "GB18030"
    }

    /// `path` is the table's, for whoever is told that the bytes are neither.
    ///
    /// - Throws: ``ServiceError`` with the code `import.encoding`.
    static func decode(
        _ bytes: [UInt8], of path: String
    ) throws(ServiceError) -> (bytes: [UInt8], Encoding) {
        if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
            throw ServiceError(
                "import.encoding", "The file \(path) is UTF-16.",
                hint: "Save it as CSV UTF-8 or as CSV in GB18030 (GBK).")
        }
        if String(validating: bytes, as: UTF8.self) != nil { return (bytes, .utf8) }
        guard let text = convert(bytes, from: Encoding.gb18030.rawValue) else {
            throw ServiceError(
                "import.encoding", "The file \(path) is neither UTF-8 nor GB18030.",
                hint: "Save it as CSV UTF-8.")
        }
        return (text, .gb18030)
    }

    /// Nil when the bytes are not in the encoding.
    private static func convert(_ bytes: [UInt8], from encoding: String) -> [UInt8]? {
        let converter = iconv_open("UTF-8", encoding)
        guard Int(bitPattern: converter) != -1 else { return nil }
        defer { iconv_close(converter) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: 64 << 10)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count * 3 / 2)
        let succeeded = input.withUnsafeMutableBytes { source -> Bool in
            var start = source.baseAddress?.assumingMemoryBound(to: CChar.self)
            var left = source.count
            while left > 0 {
                let step = output.withUnsafeMutableBytes { target -> (code: Int, written: Int) in
                    var place = target.baseAddress?.assumingMemoryBound(to: CChar.self)
                    var room = target.count
                    let code = iconv(converter, &start, &left, &place, &room)
                    let reason = code == Int.max || Int(bitPattern: UInt(bitPattern: code)) == -1
                    return (reason ? Int(errno) : 0, target.count - room)
                }
                result.append(contentsOf: output[..<step.written])
                if step.code != 0, step.code != Int(E2BIG) { return false }
            }
            return true
        }
        return succeeded ? result : nil
    }
}
