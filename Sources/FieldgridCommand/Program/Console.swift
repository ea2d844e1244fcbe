import FieldgridService
import Foundation

/// Standard output and standard error.
///
/// Results go to the one, everything else to the other. Output is unbuffered
/// line by line, so that a reader sees a line as soon as it is written.
enum Console {
    static var errorsAreOnTerminal: Bool { isatty(STDERR_FILENO) == 1 }
    static var outputIsOnTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    static func say(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }
    static func complain(_ text: String) { write(text + "\n", to: STDERR_FILENO) }
    /// Without a line end, for prompts and progress.
    static func complain(partial text: String) { write(text, to: STDERR_FILENO) }
    static func say(_ document: JSONValue) { write(document.bytes + [0x0a], to: STDOUT_FILENO) }
    static func say(partial bytes: [UInt8]) { write(bytes, to: STDOUT_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) {
        write(Array(text.utf8), to: descriptor)
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress, $0.count)
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }
}

/// One line on a terminal that is rewritten; silent elsewhere.
struct Progress {
    private let isShown = Console.errorsAreOnTerminal
    private var lastShown: ContinuousClock.Instant?

    mutating func show(_ text: @autoclosure () -> String) {
        guard isShown else { return }
        let now = ContinuousClock.now
        if let lastShown, now - lastShown < .milliseconds(100) { return }
        lastShown = now
        Console.complain(partial: "\r\u{1b}[K\(text())")
    }

    func finish() {
        if lastShown != nil { Console.complain(partial: "\r\u{1b}[K") }
    }
}
