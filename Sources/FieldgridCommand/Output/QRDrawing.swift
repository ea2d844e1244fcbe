import CQrencode

/// A QR code in half blocks, two modules above each other in one character.
enum QRDrawing {
    /// Nil when the text does not fit a code.
    static func draw(_ text: String) -> String? {
        guard let code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1) else {
            return nil
        }
        defer { QRcode_free(code) }
        let width = Int(code.pointee.width)
        guard let modules = code.pointee.data else { return nil }
        let quiet = 2
        let isDark = { (x: Int, y: Int) -> Bool in
            guard (0..<width).contains(x), (0..<width).contains(y) else { return false }
            return modules[y * width + x] & 1 == 1
        }
        var lines: [String] = []
        for y in stride(from: -quiet, to: width + quiet, by: 2) {
            var line = ""
            for x in -quiet..<(width + quiet) {
                // Light modules are drawn: terminals are dark more often.
                switch (isDark(x, y), isDark(x, y + 1)) {
                case (true, true): line += " "
                case (true, false): line += "▄"
                case (false, true): line += "▀"
                case (false, false): line += "█"
                }
            }
            lines.append(line)
        }
        return lines.joined(separator: "\n")
    }
}
