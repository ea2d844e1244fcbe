import FieldgridHub
import FieldgridModel
import FieldgridReplica
import FieldgridService
import FieldgridSync
import Testing

/// Random edits offline, random exchanges, over the real merge and stores.
@Suite struct ConvergenceTests {
    static let grids = ["220602103201", "220602103202", "220602103203"].map(ScopeCode.init)
    static let fields = ["name", "phone", "hr_phone"]

    /// What a test remembers of one edit, to say apart from the engine which
    /// edits were concurrent: those neither of which knew the other.
    private struct Note {
        var place: Int
        var unit: String
        var known: Set<Int>
    }

    private struct Story {
        var notes: [Note] = []
        /// Edits each node had heard of at its last exchange, and its own.
        var known: [Set<Int>] = [[], []]
        /// Edits that reached the hub.
        var atHub: Set<Int> = []

        mutating func edit(_ node: Int, _ unit: String) {
            let place = notes.count
            notes.append(Note(place: place, unit: unit, known: known[node]))
            known[node].insert(place)
        }

        mutating func exchange(_ node: Int) {
            atHub.formUnion(known[node])
            known[node] = atHub
        }

        /// The units in which two edits did not know of each other.
        var contested: Set<String> {
            var units: Set<String> = []
            for (index, first) in notes.enumerated() {
                for second in notes[(index + 1)...]
                where first.unit == second.unit && !second.known.contains(first.place)
                    && !first.known.contains(second.place)
                {
                    units.insert(first.unit)
                }
            }
            return units
        }
    }

    private func conflicts(_ hub: TestHub) throws -> [String] {
        let type = try hub.type("conflict")
        let record = try #require(type.field(named: "record")).number
        let unit = try #require(type.field(named: "unit")).number
        var found: [String] = []
        try hub.hub.forEachRecord(of: type, where: []) { conflict in
            found.append(
                "\(conflict.values[record]?.text ?? "") \(conflict.values[unit]?.text ?? "")")
            return true
        }
        return found.sorted()
    }

    private func expectEqual(_ hub: TestHub, _ nodes: [RealNode], _ seed: UInt64) throws {
        for name in ["employer", "conflict", "task", "grid"] {
            let type = try hub.type(name)
            let truth = try Dump.lines(of: hub.hub, type: type)
            for node in nodes {
                let lines = try Dump.lines(of: node.replica, type: type)
                let apart = Dump.difference(hub: truth, node: lines)
                #expect(apart == "", "\(name) of \(node.device.holder), seed \(seed)")
            }
        }
        for node in nodes {
            #expect(try node.replica.counts().outbox == 0, "outboxes are empty, seed \(seed)")
        }
        let service = try RecordService(
            store: hub.hub, place: .hub, author: "虚构·录入员", clock: hub.clock,
            newID: { .test(0) })
        for (conflict, reason) in try service.storedReasons() {
            #expect(reason.replayed == reason.stored, "reason of \(conflict), seed \(seed)")
        }
    }

    @Test(arguments: UInt64(1)...12)
    func replicasEqualTheHubAndEveryContestedUnitIsOneConflict(seed: UInt64) throws {
        let hub = try TestHub()
        var random = SeededRandom(seed: seed)
        let nodes = try (0..<2).map {
            try RealNode(hub, try hub.enrol("虚构·\($0)", TestHub.township))
        }
        var story = Story()
        var employers: [[RecordID]] = [[], []]
        var unique = 13_800_000_000
        for step in 0..<120 {
            hub.clock.advance(minutes: Int64.random(in: -3...9, using: &random))
            let mine = Int.random(in: 0..<2, using: &random)
            unique += 1
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                let id = RecordID.test(UInt64(step) + 1)
                let grid = Self.grids[Int.random(in: 0..<3, using: &random)]
                try nodes[mine].edit(id, .create(grid), ["name": .text("虚构\(unique)")])
                story.edit(mine, "\(id) name")
                employers[mine].append(id)
            case 1...2:
                try nodes[mine].exchange()
                story.exchange(mine)
                employers[mine] = try known(nodes[mine])
            default:
                guard let id = employers[mine].randomElement(using: &random) else { continue }
                let field = Self.fields[Int.random(in: 0..<3, using: &random)]
                let value = field == "name" ? "虚构\(unique)" : "\(unique)"
                try nodes[mine].edit(id, .update, [field: .text(value)])
                story.edit(mine, "\(id) \(field)")
            }
        }
        for _ in 0..<2 { for node in nodes { try node.exchange() } }
        try expectEqual(hub, nodes, seed)
        let apart = Dump.difference(
            hub: try conflicts(hub), node: story.contested.sorted())
        #expect(apart == "", "conflicts at the hub, and contested units; seed \(seed)")
    }

    private func known(_ node: RealNode) throws -> [RecordID] {
        var ids: [RecordID] = []
        try node.replica.forEachRecord(of: node.hub.type("employer"), where: []) { record in
            ids.append(record.id)
            return true
        }
        return ids
    }

    @Test(arguments: UInt64(1)...8)
    func deletesAndMovesConvergeToo(seed: UInt64) throws {
        let hub = try TestHub()
        var random = SeededRandom(seed: seed &* 77)
        let nodes = try (0..<2).map {
            try RealNode(hub, try hub.enrol("虚构·\($0)", TestHub.township))
        }
        for step in 0..<100 {
            hub.clock.advance(minutes: 1)
            let node = nodes[Int.random(in: 0..<2, using: &random)]
            let ids = try known(node)
            let grid = Self.grids[Int.random(in: 0..<3, using: &random)]
            switch Int.random(in: 0..<9, using: &random) {
            case 0, 1:
                try node.edit(
                    .test(UInt64(step) + 1), .create(grid), ["name": .text("虚构\(step)")])
            case 2: if let id = ids.randomElement(using: &random) { try node.edit(id, .delete) }
            case 3:
                if let id = ids.randomElement(using: &random) { try node.edit(id, .move(grid)) }
            case 4: try node.exchange()
            default:
                if let id = ids.randomElement(using: &random) {
                    try node.edit(id, .update, ["phone": .text("\(13_800_000_000 + step)")])
                }
            }
        }
        for _ in 0..<3 { for node in nodes { try node.exchange() } }
        try expectEqual(hub, nodes, seed)
    }
}
