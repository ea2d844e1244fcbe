import Foundation

/// One thing that happens in a simulation, with every choice resolved: a plan
/// is a list of these and needs no generator to run again.
struct Operation: Codable, Hashable {
    /// Milliseconds after the operation before.
    var after: Int64
    /// The node by number; −1 is the hub.
    var who: Int
    var what: Action

    static let hub = -1
}

/// What happens.
///
/// Records are named by number; an operation on a record that is not there
/// does nothing, so that any part of a plan is a plan.
enum Action: Codable, Hashable {
    case create(record: Int, grid: Int, values: [Entry], source: Int)
    case child(record: Int, of: Int, values: [Entry])
    case edit(record: Int, values: [Entry], source: Int)
    case delete(record: Int)
    case move(record: Int, grid: Int)
    /// Makes a record and a visit to it in one save.
    case family(record: Int, visit: Int, grid: Int, values: [Entry])
    /// Counts, tags or notes something; `remove` takes out the tag at that
    /// place.
    case operate(record: Int, what: Entry, remove: Int?)
    /// Makes `count` records, one changeset each, in one transaction.
    case batch(first: Int, count: Int, grid: Int)
    /// Settles the conflict that is `place`-th in order of id, by a side or,
    /// where `side` is 0, by a new value.
    case settle(place: Int, side: Int, value: Int)
    /// Takes back the decision that is `place`-th in order of id.
    case undo(place: Int)
    case verify(record: Int)
    /// Sends one request; the reply comes when the network brings it.
    case send(link: Link)
    /// Exchanges until nothing waits, as the program does.
    case sync(legs: [Leg])
    /// Power goes after so many disk operations, at once when 0.
    case crash(after: Int, chance: UInt64)
    case restart
    case disk(failure: Disk.Failure, after: Int, count: Int)
    /// Another program edits the file while the node is stopped.
    case foreign(record: Int, values: [Entry], how: Foreign?)
    /// A row is changed behind the triggers.
    case damage(record: Int, how: Damage)
    case clock(offset: Int64, drift: Int64)
    case refresh(open: Bool)
    case tick
    /// The hub waits for no node that it has not heard for so many milliseconds.
    case trim(lease: Int64)
    case backUp
    case restore(wholeMachine: Bool)
    /// A copy of the node's folder begins to be used beside it.
    case clone
    case revoke
    /// A new device gets its first copy as a file.
    case join(grid: Int, legs: [Leg])
    /// What waits goes onto a stick, for the hub.
    case exportStick
    /// A stick is read, any of those that lie about; the hub writes its
    /// answer onto another one.
    case readStick(place: Int)
    case hubBackUp(isVerified: Bool)
    /// The hub is put back; unannounced, it has to notice by itself.
    case hubRestore(isAnnounced: Bool)
    /// The second schema.
    case publish
    /// A village goes to another township.
    case regrid(grid: Int, under: Int)
}

/// How another program edits a row.
enum Foreign: String, Codable, Hashable, CaseIterable { case update, replace, delete, insert }

/// What happens to a row that no log explains.
enum Damage: String, Codable, Hashable, CaseIterable { case change, delete, add }

/// One field's new value.
struct Entry: Codable, Hashable {
    var field: Int
    /// Nil with `number` nil clears the field.
    var text: String?
    var number: Int64?
}

/// One way of a message through the network.
struct Leg: Codable, Hashable {
    enum Fault: Codable, Hashable {
        case none, lost, busy, portal
        /// The bytes end early, by thousandths of the length.
        case cut(Int)
        /// One byte is another one.
        case altered(Int)
    }

    var delay: Int64
    var fault: Fault

    static let fine = Leg(delay: 40, fault: .none)
}

/// What the network does to a request and to its reply.
struct Link: Codable, Hashable {
    var up: Leg
    var down: Leg
    /// The request arrives a second time so much later.
    var repeated: Int64?
}

/// A whole run: who there is, and what happens.
struct Plan: Codable, Hashable {
    /// Where the ids, keys and tie-breaks come from.
    var seed: UInt64
    /// 1: what was not synced is lost at a crash.
    ///
    /// 2: each sector by itself,
    /// and disks fail.
    var tier: Int
    /// The grid of each node, by its place in ``Town/grids``.
    var nodes: [Int]
    /// Nodes whose program reads no schema but the first.
    var old: [Int]?
    /// How much a reply holds, where it is so little that many come in parts.
    var replyBytes: Int?
    var operations: [Operation]
    /// Why it was kept.
    var note = ""
}

extension Plan {
    /// One operation on each line, keys in order.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line = { (value: any Encodable) in
            String(decoding: try encoder.encode(value), as: UTF8.self)
        }
        let operations = try operations.map { "    " + (try line($0)) }.joined(separator: ",\n")
        let parts = replyBytes.map { "\"replyBytes\": \($0), " } ?? ""
        return """
            {
              "note": \(try line(note)),
              "seed": \(seed), "tier": \(tier), "nodes": \(try line(nodes)),
              \(parts)"old": \(try line(old ?? [])),
              "operations": [
            \(operations)
              ]
            }
            """
    }

    init(json: String) throws {
        self = try JSONDecoder().decode(Plan.self, from: Data(json.utf8))
    }
}
