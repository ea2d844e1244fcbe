import ArgumentParser
import FieldgridHub
import FieldgridNode
import FieldgridReplica
import FieldgridSchema
import FieldgridService
import FieldgridSync
import Foundation

/// What any error means for the person at the terminal: the one mapping from
/// errors to sentences and exit codes.
struct ErrorReport {
    var message: String
    var hint: String?
    var status: ExitStatus

    /// Nil for errors that ArgumentParser words itself.
    init?(_ error: any Error) {
        switch error {
        case let error as ServiceError:
            self.init(error.message, error.hint, error.exitStatus)
        case let error as HubError:
            self.init(error.message, error.hint)
        case let error as ReplicaError:
            self.init(error.message, error.hint)
        case let error as FolderError:
            self.init(error.message, error.hint)
        case let error as HubFailure:
            self.init(error.message, error.hint, error.isTemporary ? .unreachable : .failed)
        case let error as SyncFailure:
            self.init(error.message, error.hint)
        case let error as BundleProblem:
            self.init(error.message, error.hint)
        case let error as SchemaMistakes:
            self.init(error.message, "Correct the lines named above; nothing was changed.")
        case let error as WireError:
            self.init(error.description, "Use the same version of fieldgrid on both sides.")
        case is ValidationError, is ExitCode, is CleanExit:
            return nil
        case let error as CocoaError:
            let path = error.filePath ?? error.url?.path
            let why =
                path.map(Self.isFolder) == true
                ? "it is a folder"
                : error.localizedDescription.replacing(
                    "The operation could not be completed. ", with: "")
            self.init(
                path.map { "\($0) cannot be read or written: \(why)" } ?? why,
                "Check the path and your rights to it.")
        default:
            // ArgumentParser's own, such as a request for help, is thrown as a
            // type that it does not publish; it says and ends it best itself.
            if String(reflecting: type(of: error)).hasPrefix("ArgumentParser.") { return nil }
            self.init(String(describing: error), nil)
        }
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            && isFolder.boolValue
    }

    private init(_ message: String, _ hint: String?, _ status: ExitStatus = .failed) {
        self.message = message
        self.hint = hint
        self.status = status
    }

    /// The same as an answer for another process.
    var serviceError: ServiceError {
        ServiceError(code, message, hint: hint, exitStatus: status)
    }

    private var code: String { status == .unreachable ? "hub.unreachable" : "failed" }

    func write() {
        Console.complain("error: \(Self.sentence(message))")
        if let hint, !hint.isEmpty { Console.complain("hint: \(Self.advice(hint))") }
    }

    /// What to do, as a sentence: it begins with a verb, or with a command as
    /// it is typed.
    static func advice(_ text: String) -> String {
        let word = text.prefix { $0 != " " && $0 != "," }
        let isWord = word.allSatisfy { $0.isASCII && $0.isLetter }
        return sentence(isWord ? word.prefix(1).uppercased() + text.dropFirst() : text)
    }

    /// The words with which our own messages begin.
    ///
    /// Any other word may be somebody's: the name of a file, a type, a field.
    private static let openings: Set<Substring> = [
        "a", "an", "another", "both", "its", "it", "more", "neither", "no", "nothing", "one",
        "only", "something", "that", "the", "there", "these", "this", "what", "who", "without",
    ]

    /// As a sentence: it begins with a capital where it begins with a word of
    /// ours, and ends with a mark.
    ///
    /// Names stay as they are written: files, options, types, fields, people.
    static func sentence(_ text: String) -> String {
        var text = text
        if openings.contains(text.prefix { $0 != " " && $0 != "," }) {
            text = text.prefix(1).uppercased() + text.dropFirst()
        }
        return text.last.map { $0.isLetter || $0.isNumber || ")]`".contains($0) } == true
            ? text + "." : text
    }
}

extension ServiceError {
    /// Any error, with its own code where it has one.
    static func of(_ error: any Error) -> ServiceError {
        switch error {
        case let error as ServiceError: error
        case let error as HubError: ServiceError(error.code, error.message, hint: error.hint)
        case let error as ReplicaError:
            ServiceError(error.code.rawValue, error.message, hint: error.hint)
        case let error as SyncFailure:
            ServiceError(error.code, error.message, hint: error.hint)
        case let error as BundleProblem:
            ServiceError(error.code, error.message, hint: error.hint)
        case let error as HubFailure:
            ServiceError(
                error.code, error.message, hint: error.hint,
                exitStatus: error.isTemporary ? .unreachable : .failed)
        default: ErrorReport(error)?.serviceError ?? .unexpected(error)
        }
    }
}
