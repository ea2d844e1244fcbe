import FieldgridHub
import FieldgridNode
import FieldgridReplica
import FieldgridService
import FieldgridSync

/// Errors as one stable word, without the paths and addresses in them.
enum ErrorWord {
    static func of(_ error: any Error) -> String {
        switch error {
        case let error as ReplicaError: error.code.rawValue
        case let error as HubError: error.code
        case let error as HubFailure: error.code
        case let error as SyncFailure: error.code
        case let error as ServiceError: error.code
        case let error as BundleProblem: error.code
        case let error as Violation: error.invariant
        case is WireError: "wire"
        default: String(describing: type(of: error))
        }
    }

    /// Refusals that a person or a bad network brings about.
    static func isExpected(_ error: any Error) -> Bool {
        switch error {
        case let error as HubFailure:
            // The network, a revoked device, what did not arrive whole, and a hub whose disk
            // fails; never what an honest node says.
            ["hub.", "signature.", "digest.", "device.", "storage.", "snapshot."].contains {
                error.code.hasPrefix($0)
            }
        // Only where the simulation found the alarm to be right.
        case let error as SyncFailure: error.code == "audit.alarm"
        case is ServiceError: true
        default: false
        }
    }
}
