import FieldgridSync

/// Why the hub did not do what it was asked.
///
/// Nothing is lost in any case: an outbox shrinks only by receipts that the
/// hub has signed.
package enum HubFailure: Error, Hashable, Sendable {
    /// `mayHaveArrived` tells whether the hub may have acted on it anyway.
    case unreachable(reason: String, mayHaveArrived: Bool)
    /// Something answered, and it is no hub: a captive portal, a proxy.
    case notFieldgrid(reason: String)
    /// A hub answered, and not the one this device belongs to.
    case wrongHub(found: String, expected: String, address: String)
    /// The hub said no, and its signature stands under it.
    case refused(Refusal)
    /// It was ended here before the hub had answered, which may have acted on it anyway.
    case interrupted

    package struct Refusal: Hashable, Sendable {
        package var status: Int
        package var code: String
        package var message: String
        package var hint: String
        /// UTC milliseconds.
        package var hubTime: Int64?

        package init(
            status: Int, code: String, message: String, hint: String, hubTime: Int64? = nil
        ) {
            self.status = status
            self.code = code
            self.message = message
            self.hint = hint
            self.hubTime = hubTime
        }
    }

    package var code: String {
        switch self {
        case .unreachable: "hub.unreachable"
        case .notFieldgrid: "hub.not-fieldgrid"
        case .wrongHub: "hub.wrong-key"
        case .refused(let refusal): refusal.code
        case .interrupted: "sync.interrupted"
        }
    }

    package var message: String {
        switch self {
        case .unreachable(let reason, _): "The hub cannot be reached: \(Self.clause(reason))."
        case .notFieldgrid(let reason): "What answers is not the hub: \(Self.clause(reason))."
        case .wrongHub(let found, let expected, let address):
            "Another hub answers at \(address): its key is \(found), expected is \(expected)."
        case .refused(let refusal): refusal.message
        case .interrupted: "The request was ended before the hub had answered."
        }
    }

    /// A sentence as a part of another.
    private static func clause(_ sentence: String) -> String {
        sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
    }

    package var hint: String {
        switch self {
        case .unreachable: "Nothing is lost; try again when there is a network."
        case .notFieldgrid:
            "Is this a network with a sign-in page? Sign in, or use another. Nothing is lost."
        case .wrongHub: "Check the address with the people at the hub. Nothing was sent."
        case .refused(let refusal): refusal.hint
        case .interrupted: "Nothing is lost; synchronise again."
        }
    }

    /// Whether the same request may succeed later without anybody's help.
    package var isTemporary: Bool {
        switch self {
        case .unreachable, .notFieldgrid, .interrupted: true
        case .wrongHub: false
        case .refused(let refusal): [429, 503, 507].contains(refusal.status)
        }
    }
}

extension HubFailure: CustomStringConvertible {
    package var description: String { "\(message) \(hint)" }
}

extension HubFailure {
    /// What it means that the answer from an address is not signed as it
    /// should be.
    init(_ problem: SignatureProblem, address: String) {
        switch problem {
        case .keyUnexpected(let found, let expected):
            self = .wrongHub(found: found, expected: expected, address: address)
        default:
            self = .notFieldgrid(reason: "\(address): \(problem.message)")
        }
    }
}
