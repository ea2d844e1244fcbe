import Foundation

/// What is wrong with a data folder.
///
/// The codes are stable.
package struct FolderError: Error, Hashable, Sendable, CustomStringConvertible {
    package var code: String
    package var message: String
    package var hint: String

    package var description: String { "\(message) \(hint)" }

    package init(code: String, message: String, hint: String) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    static func busy(_ folder: String, holder: String, waited: Duration) -> FolderError {
        FolderError(
            code: "folder.busy",
            message: "The folder \(folder) is in use by \(holder); waited "
                + "\(waited.components.seconds) s for it.",
            hint: "Let that command finish, or stop it, and try again.")
    }

    static func unusable(_ folder: String, because reason: String) -> FolderError {
        FolderError(
            code: "folder.unusable",
            message: "The folder \(folder) cannot be used: \(reason).",
            hint: "Check that it exists and that you may write there.")
    }

    /// The system's words for one of its errors, such as `No space left on device`.
    package static func systemText(_ number: Int32) -> String {
        let code = POSIXErrorCode(rawValue: number) ?? .EIO
        return POSIXError(code).localizedDescription.replacing(
            "The operation could not be completed. ", with: "")
    }

    /// A file that grows as its bytes arrive cannot grow any further.
    package static func noRoom(for path: String, because error: any Error) -> FolderError {
        FolderError(
            code: "folder.write-failed",
            message: "\(path) could not be written: \(reason(of: error)).",
            hint: "Make room or rights there, and try again; it goes on where it stopped.")
    }

    /// A file that is there cannot be read.
    package static func unreadable(_ path: String, because error: any Error) -> FolderError {
        FolderError(
            code: "folder.read-failed", message: "\(path) cannot be read: \(reason(of: error)).",
            hint: "Check your rights to it and look for errors of the disk (`dmesg`); then try "
                + "again.")
    }

    /// What the system said, without what Foundation says around it.
    private static func reason(of error: any Error) -> String {
        if let error = error as? POSIXError { return systemText(error.code.rawValue) }
        let error = error as NSError
        guard let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError,
            cause.domain == NSPOSIXErrorDomain
        else { return error.localizedDescription }
        return systemText(Int32(cause.code))
    }
}
