/// Why a message does not count.
///
/// The codes are stable.
package enum SignatureProblem: Error, Hashable, Sendable {
    case missing(String)
    case altered(String)
    /// The signer's clock is outside the window around the hub's.
    case wrongTime(hubMilliseconds: Int64, createdMilliseconds: Int64)
    case digestMismatch
    case deviceUnknown(keyID: String)
    case deviceRevoked(keyID: String)
    /// An answer is signed by another hub's key than the one we know.
    case keyUnexpected(found: String, expected: String)

    package var code: String {
        switch self {
        case .missing: "signature.missing"
        case .altered: "signature.altered"
        case .wrongTime: "signature.wrong-time"
        case .digestMismatch: "digest.mismatch"
        case .deviceUnknown: "device.unknown"
        case .deviceRevoked: "device.revoked"
        case .keyUnexpected: "signature.key-unexpected"
        }
    }

    package var message: String {
        switch self {
        case .missing(let what): "The message has no \(what)."
        case .altered(let what): "The signature does not fit the message: \(what)."
        case .wrongTime(let hub, let created):
            "The message was signed \(Self.apart(created - hub)) the hub's time; up to "
                + "\(MessageSignature.windowSeconds / 60) minutes are allowed."
        case .digestMismatch: "The body is not the one that was signed."
        case .deviceUnknown(let keyID): "No device with the key \(keyID) is enrolled here."
        case .deviceRevoked(let keyID): "The device with the key \(keyID) was revoked."
        case .keyUnexpected(let found, let expected):
            "The key \(found) signed it; expected is \(expected)."
        }
    }

    package var hint: String {
        switch self {
        case .missing: "Sign the request as the wire format says; the fieldgrid program does."
        case .altered, .digestMismatch: "Something on the way changed the message. Send it again."
        case .wrongTime: "Sign again with the hub's time, which this answer carries."
        case .deviceUnknown: "Enrol the device: fieldgrid node join --code CODE."
        case .deviceRevoked: "Ask the hub for a new enrolment code. Nothing here is lost."
        case .keyUnexpected: "Check the hub's address."
        }
    }

    private static func apart(_ milliseconds: Int64) -> String {
        let seconds = milliseconds.magnitude / 1000
        let side = milliseconds < 0 ? "before" : "after"
        return seconds < 7200 ? "\(seconds / 60) min \(side)" : "\(seconds / 3600) h \(side)"
    }
}
