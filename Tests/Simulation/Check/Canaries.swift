import FieldgridHub
import FieldgridModel
import FieldgridSync

/// Marks in texts that say which record they belong to.
enum Canary {
    /// The text with the record's mark, at its end.
    static func mark(_ text: String, _ record: Int) -> String { "\(text)〈\(record)〉" }

    private static let opening = Array("〈".utf8)

    /// The records whose marks are in some bytes.
    static func records(in bytes: [UInt8]) -> Set<Int> {
        var found: Set<Int> = []
        var place = 0
        while place + 3 < bytes.count {
            guard bytes[place] == opening[0], bytes[place + 1] == opening[1],
                bytes[place + 2] == opening[2]
            else {
                place += 1
                continue
            }
            place += 3
            let start = place
            var number = 0
            while place < bytes.count, (0x30...0x39).contains(bytes[place]), place < start + 9 {
                number = number * 10 + Int(bytes[place] - 0x30)
                place += 1
            }
            // Without a number it is no mark of ours.
            if place > start { found.insert(number) }
        }
        return found
    }
}

/// Where records have been, and what they became one with.
struct Whereabouts {
    private var parents: [Int: Int] = [:]
    private var places: [Int: Set<ScopeCode>] = [:]

    private func root(_ record: Int) -> Int {
        var record = record
        while let parent = parents[record] { record = parent }
        return record
    }

    mutating func place(_ record: Int, in scope: ScopeCode) {
        places[root(record), default: []].insert(scope)
    }

    /// What is said of one may be said of the other from now on.
    mutating func unite(_ first: Int, _ second: Int) {
        let (one, other) = (root(first), root(second))
        guard one != other else { return }
        parents[other] = one
        places[one, default: []].formUnion(places.removeValue(forKey: other) ?? [])
    }

    func scopes(of record: Int) -> Set<ScopeCode> { places[root(record)] ?? [] }
}

extension Simulation {
    /// I11: no byte of a record that was never in a device's scopes is in
    /// anything said to it: values, conflicts, tasks or reasons.
    func checkCanaries(_ frame: [UInt8], to node: SimulatedNode) throws {
        ledger.heard[node.index, default: []].formUnion(hub.hub.grids.subtree(of: node.scope))
        let body = try Frame.unwrap(frame, kind: .exchangeReply)
        let heard = ledger.heard[node.index] ?? []
        for record in Canary.records(in: body).sorted()
        where ledger.whereabouts.scopes(of: record).isDisjoint(with: heard) {
            throw Violation(
                "I11",
                "node \(node.index) of \(node.scope) was told something of record \(record), "
                    + "which was never there")
        }
    }
}
