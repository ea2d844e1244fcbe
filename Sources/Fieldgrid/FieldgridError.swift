import FieldgridModel
import FieldgridNode
import FieldgridReplica
import FieldgridSchema
import FieldgridService
import FieldgridSync
public import Foundation

/// Why something was not done, in words for the person in front of the app.
///
/// Every function of the library throws this, or `CancellationError`. When one
/// is thrown nothing was half done: what a call was to save is not saved, and
/// what was saved before is safe.
///
/// Decide by ``code``, which is stable; show ``message`` and ``hint``, or words
/// of your own. Messages name records and fields, and never repeat a value of a
/// field that the schema calls personal or sensitive. Where a hint names a
/// command of the program `fieldgrid`, the function of the same purpose does the
/// same.
public struct FieldgridError: Error, Hashable, Sendable {
    /// What it is about and what is wrong, such as `value.required`,
    /// `folder.busy` or `hub.unreachable`.
    ///
    /// Never renamed.
    public let code: String
    /// What was expected and what was found.
    public let message: String
    /// What to do next; empty where there is nothing to add.
    public let hint: String
    /// Everything that is wrong with values that were to be saved; empty for
    /// every other failure.
    public let problems: [FieldProblem]
    /// Whether the same may succeed later without anybody's help, as when there is no
    /// network.
    public let isTemporary: Bool
    /// The code of what lies behind it, as of the failed exchange behind
    /// `join.unsynchronised`; nil where there is nothing to add.
    public let cause: String?

    init(
        _ code: String, _ message: String, hint: String = "", problems: [FieldProblem] = [],
        isTemporary: Bool = false, cause: String? = nil
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.problems = problems
        self.isTemporary = isTemporary
        self.cause = cause
    }
}

extension FieldgridError: CustomStringConvertible {
    /// Message and hint.
    public var description: String { hint.isEmpty ? message : "\(message) \(hint)" }
}

extension FieldgridError: LocalizedError {
    /// ``message``, also where an app shows `localizedDescription`.
    public var errorDescription: String? { message }
    /// ``hint``; nil where it is empty.
    public var recoverySuggestion: String? { hint.isEmpty ? nil : hint }
}

/// One thing that is wrong with values that were to be saved.
public struct FieldProblem: Hashable, Sendable {
    /// The field at fault; nil where a rule over several fields is broken.
    public let field: String?
    /// `value.required`, `value.type`, `value.range`, … or `rule.NAME`.
    public let code: String
    /// A sentence to show beside the field.
    public let message: Label

    init(field: String?, code: String, message: Label) {
        self.field = field
        self.code = code
        self.message = message
    }

    init(_ violation: Violation) {
        self.init(field: violation.field, code: violation.code, message: Label(violation.message))
    }
}

extension FieldgridError {
    /// What an error from below means for the caller: the one mapping there is.
    init(_ error: any Error) {
        switch error {
        case let error as FieldgridError: self = error
        case let error as ServiceError:
            self.init(
                error.code, error.message, hint: error.hint ?? "",
                problems: error.violations.map(FieldProblem.init))
        case let error as ReplicaError:
            self.init(error.code.rawValue, error.message + ".", hint: error.hint + ".")
        case let error as FolderError: self.init(error.code, error.message, hint: error.hint)
        case let error as HubFailure:
            self.init(
                error.code, error.message, hint: error.hint, isTemporary: error.isTemporary)
        case let error as SyncFailure: self.init(error.code, error.message, hint: error.hint)
        case let error as BundleProblem: self.init(error.code, error.message, hint: error.hint)
        case let error as SchemaMistakes:
            self.init(
                "schema.mistakes", "The schema is refused:\n\(error.description)",
                hint: "Correct the lines named above.")
        case let error as WireError:
            self.init(
                "wire.unreadable", error.description,
                hint: "Use the same version of fieldgrid on both sides.")
        default:
            self.init(
                "unexpected", "Something failed that should not: \(error)",
                hint: "Nothing was half done; report this with the message.")
        }
    }

    /// Why a file could not be sent.
    init(_ obstacle: AttachmentObstacle) {
        self.init(obstacle.code, obstacle.message, hint: obstacle.hint)
    }

    /// A device that has joined without hearing from its hub yet.
    static func joinedUnsynchronised(
        _ folder: String, because error: any Error
    ) -> FieldgridError {
        let cause = error is CancellationError ? cancelled : FieldgridError(error)
        return FieldgridError(
            "join.unsynchronised",
            "The device has joined, and its first exchange failed: \(cause.message)",
            hint: "Open the folder \(folder) and synchronise; do not join again.",
            isTemporary: cause.isTemporary, cause: cause.code)
    }

    private static let cancelled = FieldgridError(
        "cancelled", "It was cancelled.", isTemporary: true)

    static let closed = FieldgridError(
        "node.closed", "The node was closed.", hint: "Open its folder again.")
}

/// Runs what may fail below, and throws what the caller can act on.
func translated<Answer>(_ body: () throws -> Answer) throws -> Answer {
    do {
        return try body()
    } catch let error as CancellationError {
        throw error
    } catch {
        throw FieldgridError(error)
    }
}
