import Glibc

/// What went wrong with a process of a system test.
struct ProcessError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// A system call that failed, with the reason it gave.
    init(_ call: String, errno code: Int32) {
        description = "\(call): \(String(cString: strerror(code)))"
    }
}
