package import FieldgridModel

/// Why a request was not carried out, in words for the person who asked.
///
/// Codes are stable. The exit status is decided where the error arises, once.
package struct ServiceError: Error, Hashable, Sendable, Codable {
    package var code: String
    /// What happened, to which record; what was expected and what found.
    package var message: String
    /// What to do next.
    package var hint: String?
    package var exitStatus: ExitStatus
    /// What is wrong with each value that was entered.
    ///
    /// It stays in the process: the message says the same in one text.
    package var violations: [Violation] = []

    package init(
        _ code: String, _ message: String, hint: String? = nil, exitStatus: ExitStatus = .failed
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.exitStatus = exitStatus
    }

    enum CodingKeys: String, CodingKey {
        case code, message, hint
        case exitStatus = "exit_status"
    }
}

/// What a command's exit code says (product.md, contract of the commands).
package enum ExitStatus: Int32, Hashable, Sendable, Codable {
    case done = 0
    case failed = 1
    /// Done, but something waits for a person, and `--exit-code` asked.
    case needsPerson = 2
    case wrongUsage = 64
    /// The hub could not be reached. Nothing is lost; try later.
    case unreachable = 75
}
