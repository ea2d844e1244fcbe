/// The types and fields that the engine itself reads and writes.
///
/// A schema must declare them; their labels and further fields are the schema's
/// own.
package enum SystemTypes {
    package enum Grid {
        package static let name = "grid"
        package static let code = "code"
        package static let title = "name"
        package static let parent = "parent"
        package static let level = "level"
    }

    package enum Task {
        package static let name = "task"
        package static let record = "record"
        package static let recordType = "record_type"
        package static let title = "name"
        package static let period = "period"
        package static let due = "due"
        package static let state = "state"
        package static let doneAt = "done_at"
        package static let doneBy = "done_by"
    }

    package enum Campaign {
        package static let name = "campaign"
        package static let period = "period"
        package static let openedAt = "opened_at"
        package static let due = "due"
        package static let state = "state"
    }

    package enum Device {
        package static let name = "device"
        package static let node = "node"
        package static let holder = "holder"
        package static let role = "role"
        package static let state = "state"
        package static let publicKey = "public_key"
        package static let enrolledAt = "enrolled_at"
        package static let revokedAt = "revoked_at"
    }

    package enum Conflict {
        package static let name = "conflict"
        package static let kind = "kind"
        package static let type = "type"
        package static let record = "record"
        package static let unit = "unit"
        package static let policy = "policy"
        package static let base = "base"
        package static let sides = "sides"
        package static let winner = "winner"
        package static let reason = "reason"
        package static let state = "state"
        package static let openedAt = "opened_at"
        package static let settledBy = "settled_by"
        package static let settledAt = "settled_at"
        package static let note = "note"
    }

    /// What a schema must have, for its reader to check.
    package static let required: [(type: String, fields: [String])] = [
        (Grid.name, [Grid.code, Grid.title, Grid.parent, Grid.level]),
        (
            Task.name,
            [
                Task.record, Task.recordType, Task.title, Task.period, Task.due, Task.state,
                Task.doneAt, Task.doneBy,
            ]
        ),
        (
            Device.name,
            [
                Device.node, Device.holder, Device.role, Device.state, Device.publicKey,
                Device.enrolledAt, Device.revokedAt,
            ]
        ),
        (
            Campaign.name,
            [Campaign.period, Campaign.openedAt, Campaign.due, Campaign.state]
        ),
        (
            Conflict.name,
            [
                Conflict.kind, Conflict.type, Conflict.record, Conflict.unit, Conflict.policy,
                Conflict.base, Conflict.sides, Conflict.winner, Conflict.reason, Conflict.state,
                Conflict.openedAt, Conflict.settledBy, Conflict.settledAt, Conflict.note,
            ]
        ),
    ]
}
