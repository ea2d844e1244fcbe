package import FieldgridModel
package import Foundation

/// What a command asks of a folder: the same words whether the folder's own
/// process, a server on this machine, or a hub far away answers.
package enum ServiceRequest: Hashable, Sendable, Codable {
    case schema
    case record(ask: RecordRequest)
    case imports(ask: ImportRequest)
    case conflicts(ask: ConflictRequest)
    case tasks(period: String?, openOnly: Bool)
    case refresh(ask: RefreshRequest)
    case hub(ask: HubRequest)
    case node(ask: NodeRequest)
    case attachment(ask: AttachmentRequest)
}

package enum RecordRequest: Hashable, Sendable, Codable {
    case types(named: String?)
    case create(type: String, fields: [String], scope: String?, source: ValueSource?)
    case set(type: String, id: String, fields: [String], source: ValueSource?)
    /// Whether a `create`, or with an id a `set`, would be taken: nothing is saved, and what is
    /// wrong is thrown as by these.
    case check(type: String, id: String?, fields: [String])
    case show(type: String, id: String)
    /// A page of the records that meet all conditions, `field=value` each.
    case list(type: String, conditions: [String], skip: Int, limit: Int?)
    /// Confirmed on a day, `YYYY-MM-DD`; without one, today.
    case verify(type: String, id: String, date: String? = nil)
    case history(type: String, id: String)
    case delete(type: String, id: String)
    case move(type: String, id: String, scope: String)
}

package enum ConflictRequest: Hashable, Sendable, Codable {
    case list(all: Bool, conditions: [String])
    case show(id: String)
    /// `source` says how the value was learnt; without one, as the side that is taken.
    case resolve(
        ids: [String], choice: ConflictChoice, note: String?, source: ValueSource? = nil)
    /// Takes back what a rule or a person decided.
    case undo(ids: [String], note: String?)
    /// Every waiting conflict that meets all conditions.
    case resolveAll(
        conditions: [String], choice: ConflictChoice, note: String?, preview: Bool,
        source: ValueSource? = nil)
}

/// How a person settles a conflict.
package enum ConflictChoice: Hashable, Sendable, Codable {
    /// The side with this number, counted from 1 as listed.
    case side(number: Int)
    /// The side that shows now.
    case winner
    /// What all sides started from.
    case base
    /// A value of the person's own; of several fields `field=value` parts between commas.
    case value(text: String)
    /// The same as one `field=value` for each field, in which commas stand for themselves.
    case values(fields: [String])
    /// Two records of one thing become one.
    case merge
    /// Two records with one natural key are two things after all.
    case apart
}

package enum RefreshRequest: Hashable, Sendable, Codable {
    case status(period: String?)
    case open(period: String)
    case close(period: String)
    /// What the hub does by itself when the date comes.
    case run
}

package enum HubRequest: Hashable, Sendable, Codable {
    case enrol(scope: String, holder: String, role: String)
    case devices
    case revoke(device: String)
    case status
    /// A device's bundle, byte for byte.
    case importBundle(file: Data, reply: Bool)
    case exportBundle(device: String)
    /// Everything that the hub has set aside.
    case quarantine
    /// What revoked devices brought in; lets through what one of them did.
    case review(letThrough: String?)
    /// A backup is about to be made.
    case backupBegins
    /// The backup made since is whole.
    case backupDone
    /// A schema in canonical JSON.
    case publish(schema: Data)
    /// Lets go of what no device within the lease needs any more; without a
    /// lease, within the hub's own.
    case trim(leaseDays: Int64?, dryRun: Bool)
}

package enum NodeRequest: Hashable, Sendable, Codable {
    case status
    /// With at most so many bytes of files after the data; stays for so many
    /// seconds when nothing comes.
    case sync(attachmentBudget: Int, waitSeconds: Int)
    /// From a sequence on, or from the oldest that was not acknowledged; with
    /// at most so many bytes of files, those behind one of the part before.
    case exportBundle(from: Int64?, attachmentBudget: Int, after: String?)
    case importBundle(file: Data)
    /// The heads that are kept of the hub's audit logs; with `accept`, the
    /// hub's present ones are taken for true after an alarm.
    case audit(accept: Bool)
}

/// Files beside the data.
package enum AttachmentRequest: Hashable, Sendable, Codable {
    /// Keeps a file and answers with its name.
    case add(file: Data)
    /// The file's bytes, fetched first where it is not here.
    case get(name: String, budget: Int)
}
